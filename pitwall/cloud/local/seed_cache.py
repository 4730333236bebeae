"""The packed race on disk, so that only a demo's first start has to make it.

One file per version, seed and make of the machine, under the user's cache folder. It is written
beside its place and moved there; a file that is not whole is made anew. Losing the cache costs
seconds, so nothing here ever fails: what cannot be read or written is left alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import zstandard

import pitwall
from pitwall.cloud.local.seed_log import ChunkLog, SeriesLog
from pitwall.telemetry import Catalog, ClockKind, PitwallError
from pitwall.telemetry.resources import resource_path

_MAGIC = b"pitwall race 1\n"
_KEPT = 4


def cache_folder() -> Path:
    """Where the logs lie."""
    return Path(platformdirs.user_cache_dir("pitwall", appauthor=False)) / "demo"


def cache_name(*settings: object) -> str:
    """File name of the log made with ``settings`` by this very program on this very machine.

    The program's own files are part of it: a race packed by another version would not be
    what the publisher goes on with.
    """
    made = [
        pitwall.__version__, np.__version__, zstandard.__version__, sys.version,
        platform.machine(), *settings,
    ]  # fmt: skip
    digest = hashlib.sha256(repr(made).encode())
    for path in _program_files():
        with contextlib.suppress(OSError):
            if path.suffix in (".py", ".toml", ".csv"):
                digest.update(path.read_bytes())
            else:
                state = path.stat()
                digest.update(f"{state.st_size} {state.st_mtime_ns}".encode())
    return f"race-{digest.hexdigest()[:24]}.log"


def load_log(path: Path) -> ChunkLog | None:
    """The log in ``path``; None when there is none or it is damaged."""
    try:
        data = path.read_bytes()
        if not data.startswith(_MAGIC):
            return None
        end = data.index(b"\n", len(_MAGIC))
        front: dict[str, Any] = json.loads(data[len(_MAGIC) : end])
        body = memoryview(data)[end + 1 :]
        if len(body) != front["bytes"] or zlib.crc32(body) != front["crc"]:
            return None
        return _parsed(front, body)
    except (OSError, ValueError, KeyError, TypeError, PitwallError):
        return None


def save_log(path: Path, log: ChunkLog) -> bool:
    """Write ``log`` to ``path``, all of it or nothing; whether it was written."""
    front, body = _formed(log)
    front |= {"bytes": len(body), "crc": zlib.crc32(body)}
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(_MAGIC + json.dumps(front).encode() + b"\n")
            file.write(body)
        Path(temporary).replace(path)
    except OSError:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        return False
    _tidy(path.parent)
    return True


def _program_files() -> list[Path]:
    here = Path(__file__).resolve().parent
    package = here.parents[1]
    files = [
        *sorted(here.glob("field*.py")),
        *sorted(here.glob("seed*.py")),
        here.parent / "chunking.py",
        here.parent / "feed.py",
        package / "telemetry" / "payload.py",
    ]
    # A frozen build has no such files; there the program is its executable.
    found = [path for path in files if path.is_file()] or [Path(sys.executable)]
    with contextlib.suppress(PitwallError):
        found += sorted(resource_path("tracks").iterdir())
    return found


def _formed(log: ChunkLog) -> tuple[dict[str, Any], bytes]:
    parts: list[bytes] = []
    listed = []
    for s in log.series:
        payloads = b"".join(s.payloads)
        sealed = [(first, len(payload)) for first, payload in s.sealed.items()]
        listed.append([s.car, s.group, len(s.payloads), len(payloads), sealed])
        sizes = np.fromiter(map(len, s.payloads), np.int64, len(s.payloads))
        columns = (s.t_lo, s.t_hi, s.lap, s.counts, sizes)
        parts += [column.astype("<i8").tobytes() for column in columns]
        parts += [payloads, *s.sealed.values()]
    front = {
        "title": log.title,
        "catalog": log.catalog.to_json(),
        "clock": log.clock.value,
        "simulated": log.simulated,
        "history_us": log.history_us,
        "feed_s": log.feed_s,
        "series": listed,
    }
    return front, b"".join(parts)


def _parsed(front: dict[str, Any], body: memoryview) -> ChunkLog:
    at = 0

    def take(size: int) -> memoryview:
        nonlocal at
        at += size
        if size < 0 or at > len(body):
            raise ValueError("log: shorter than it says")
        return body[at - size : at]

    series = []
    for car, group, count, size, sealed in front["series"]:
        columns = [np.frombuffer(take(8 * count), "<i8").astype(np.int64) for _ in range(5)]
        t_lo, t_hi, lap, counts, sizes = columns
        blob = take(size).tobytes()
        ends = np.cumsum(sizes).tolist()
        if (sizes < 0).any() or (ends[-1] if ends else 0) != size:
            raise ValueError("log: payloads do not add up")
        payloads = [blob[a:b] for a, b in zip([0, *ends], ends, strict=False)]
        laps = {int(first): take(length).tobytes() for first, length in sealed}
        series.append(SeriesLog(car, group, t_lo, t_hi, lap, counts, payloads, laps))
    return ChunkLog(
        front["title"],
        Catalog.from_json(front["catalog"]),
        ClockKind(front["clock"]),
        bool(front["simulated"]),
        int(front["history_us"]),
        float(front["feed_s"]),
        tuple(series),
    )


def _tidy(folder: Path) -> None:
    """Keep the newest few logs."""
    with contextlib.suppress(OSError):
        logs = sorted(folder.glob("race-*.log"), key=lambda path: -path.stat().st_mtime)
        for old in logs[_KEPT:]:
            old.unlink()
