"""Seconds until a whole race from the archive is in memory and on disk, beside other readers.

40 cars, 3.5 hours, 20 channels at 10 Hz, served by a static server on loopback. Every way runs in a
process of its own. ``ours`` is the app without its window: join, sealed laps, ledger, columns,
recording; the others end with arrays in memory and prove nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.bench.harness import Result, spread
from tests.bench.static_bucket import StaticBucket
from tests.bench.turbo_race import Size, bucket_of

REPEAT = 3
_LIMIT_S = 900.0


def run() -> Result:
    """Ours three times, the others once: they take minutes."""
    size = Size()
    folder = bucket_of(size)
    with StaticBucket(folder) as bucket, StaticBucket(folder, hidden="sealed/") as unsealed:
        ours = [one("ours", folder, bucket.endpoint, size) for _ in range(REPEAT)]
        raw = one("ours", folder, unsealed.endpoint, size)
        least = one("floor", folder, bucket.endpoint, size)
        naive = one("naive", folder, bucket.endpoint, size)
        best = one("best_reader", folder, bucket.endpoint, size)
    everything = spread([each["everything_s"] for each in ours], 3)
    columns_mb = size.column_bytes / 1e6
    done = everything["median"]
    ratios = {
        "everything_vs_naive": naive["everything_s"] / done,
        "raw_archive_vs_naive": naive["everything_s"] / raw["everything_s"],
        "ours_vs_floor": done / least["everything_s"],
        "peak_memory_vs_columns": max(each["peak_mb"] for each in ours) / columns_mb,
    }
    baselines = {"naive": naive, "floor": least}
    if best:
        baselines["best_reader"] = best
        ratios["everything_vs_best_reader"] = best["everything_s"] / done
    return Result(
        {
            "samples": size.samples,
            "values": size.values,
            "columns_mb": round(columns_mb, 1),
            "usable picture, s": spread([each["picture_s"] for each in ours], 3),
            "everything, s": everything,
            "cpu, s": spread([each["cpu_s"] for each in ours], 3),
            "peak, MB": spread([each["peak_mb"] for each in ours], 1),
            "without sealed laps": raw,
        },
        baselines,
        ratios,
    )


def one(way: str, folder: object, endpoint: str, size: Size) -> dict[str, Any]:
    """What one way took; empty when its library is not here."""
    done = subprocess.run(
        [
            sys.executable, "-m", "tests.bench.turbo_worker", way, str(folder), endpoint,
            str(size.cars), str(size.seconds),
        ],
        capture_output=True, text=True, timeout=_LIMIT_S, check=False,
    )  # fmt: skip
    if done.returncode:
        if "ModuleNotFoundError" in done.stderr:
            return {}
        raise RuntimeError(f"{way}: {done.stderr.strip().splitlines()[-1]}")
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
