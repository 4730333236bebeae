"""Seconds until a whole race from the archive is in memory and on disk, beside other readers.

40 cars, 3.5 hours, 20 channels at 10 Hz, served by a static server on loopback. Every way runs in a
process of its own. ``ours`` is the app without its window: join, sealed laps, ledger, columns,
recording; the others end with arrays in memory and prove nothing. ``with the window`` is the app as
it is, with a cursor that moves all the time: frames a second while it loads and afterwards.

The best general reader needs pyarrow, which nothing else of the project does: where it cannot be
imported that way is skipped, and says so. Put it where Python finds it (a virtual environment of
its own and ``PYTHONPATH`` will do).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from tests.bench.harness import Result, spread
from tests.bench.static_bucket import StaticBucket
from tests.bench.turbo_race import Size, bucket_of

REPEAT = 3
_LIMIT_S = 900.0
_BASELINES = ("floor", "best_reader", "naive", "stream")


def run() -> Result:
    """Ours three times, the others once: they take minutes."""
    size = Size()
    folder = bucket_of(size)
    with StaticBucket(folder) as bucket, StaticBucket(folder, hidden="sealed/") as unsealed:
        ours = [one("ours", folder, bucket.endpoint, size) for _ in range(REPEAT)]
        window = one("window", folder, bucket.endpoint, size)
        plain = one("plain", folder, bucket.endpoint, size)
        raw = one("ours", folder, unsealed.endpoint, size)
        others = {way: one(way, folder, bucket.endpoint, size) for way in _BASELINES}
    everything = spread([each["everything_s"] for each in ours], 3)
    columns_mb = size.column_bytes / 1e6
    done, naive = everything["median"], others["naive"]["everything_s"]
    ratios = {
        "everything_vs_naive": naive / done,
        "plain_archive_vs_naive": naive / plain["everything_s"],
        "raw_archive_vs_naive": naive / raw["everything_s"],
        "everything_vs_stream_calls": others["stream"]["everything_s"] / done,
        "ours_vs_floor": done / others["floor"]["everything_s"],
        "peak_memory_vs_columns": max(each["peak_mb"] for each in ours) / columns_mb,
        "fps_while_loading": window["fps_loading"] / window["fps_idle"],
    }
    if "everything_s" in others["best_reader"]:
        ratios["everything_vs_best_reader"] = others["best_reader"]["everything_s"] / done
    return Result(
        {
            "samples": size.samples,
            "values": size.values,
            "columns_mb": round(columns_mb, 1),
            "load average": [round(each, 1) for each in os.getloadavg()],
            "usable picture, s": spread([each["picture_s"] for each in ours], 3),
            "everything, s": everything,
            "cpu, s": spread([each["cpu_s"] for each in ours], 3),
            "peak, MB": spread([each["peak_mb"] for each in ours], 1),
            "with the window": window,
            "from the plain archive": plain,
            "without sealed laps": raw,
        },
        others,
        ratios,
    )


def one(way: str, folder: object, endpoint: str, size: Size) -> dict[str, Any]:
    """What one way took; why it was skipped when its library is not here."""
    done = subprocess.run(
        [
            sys.executable, "-m", "tests.bench.turbo_worker", way, str(folder), endpoint,
            str(size.cars), str(size.seconds),
        ],
        capture_output=True, text=True, timeout=_LIMIT_S, check=False,
    )  # fmt: skip
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        if "ModuleNotFoundError" in reason:
            return {"skipped": reason.removeprefix("ModuleNotFoundError: ")}
        raise RuntimeError(f"{way}: {reason}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures
