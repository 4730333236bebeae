"""The race of the ``turbo`` benchmark: built once, kept in the user's cache folder.

40 cars, 3.5 hours, one group of 20 channels at 10 Hz, laps of 45 s. The same samples lie there in
three forms, as objects of a bucket:

* ``sealed/``: what Pitwall's publisher writes, a lap at a time and in blocks,
* ``raw/``: what its archiver and Firehose write, one line of JSON per packed chunk,
* ``plain/``: one plain JSON record per car and sample, as a simple Lambda would write it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import platformdirs
from isal import isal_zlib

from pitwall.cloud import Bundler, format_line
from pitwall.telemetry import (
    Catalog,
    Channel,
    Group,
    Head,
    Segment,
    Series,
    Session,
    chunk,
    encode,
    encode_many,
)

RATE = 10
LAP_S = 45
CHUNK = 10
"""Samples of a chunk: one second."""
T0 = 1_757_184_000_000_000
EPOCH = "bench1"
_CHANNELS = (
    ("speed", "km/h", 0.1, 180.0, 0.6), ("rpm", "rpm", 1.0, 6500.0, 25.0),
    ("throttle", "%", 0.5, 60.0, 2.0), ("brake", "bar", 0.1, 10.0, 0.5),
    ("steering", "deg", 0.1, 0.0, 1.5), ("accel_x", "g", 0.01, 0.0, 0.03),
    ("accel_y", "g", 0.01, 0.0, 0.03), ("accel_z", "g", 0.01, 1.0, 0.02),
    ("yaw_rate", "deg/s", 0.1, 0.0, 0.6), ("gear", "1", 1.0, 4.0, 0.1),
    ("water_temp", "degC", 0.1, 92.0, 0.02), ("oil_temp", "degC", 0.1, 110.0, 0.02),
    ("oil_pressure", "bar", 0.01, 5.0, 0.01), ("fuel", "l", 0.01, 50.0, 0.004),
    ("tyre_temp_fl", "degC", 0.1, 80.0, 0.05), ("tyre_temp_fr", "degC", 0.1, 82.0, 0.05),
    ("tyre_temp_rl", "degC", 0.1, 84.0, 0.05), ("tyre_temp_rr", "degC", 0.1, 85.0, 0.05),
    ("damper_fl", "mm", 0.1, 20.0, 0.5), ("damper_rr", "mm", 0.1, 25.0, 0.5),
)  # fmt: skip
GROUP = Group(
    "chassis", float(RATE), 1_000_000,
    tuple(Channel(name, unit, step, -10_000, 20_000) for name, unit, step, _, _ in _CHANNELS),
)  # fmt: skip
CATALOG = Catalog((GROUP,))
SESSION = Session("2025-09-06-bench-turbo", "Benchmark race", CATALOG, T0, simulated=True)
PLAIN_RECORDS = 13_000
RAW_BYTES = 5 << 20


@dataclass(frozen=True)
class Size:
    """How large the race is."""

    cars: int = 40
    seconds: int = 12_600

    @property
    def samples(self) -> int:
        """Of all cars."""
        return self.cars * self.seconds * RATE

    @property
    def values(self) -> int:
        """Of all channels of all cars."""
        return self.samples * len(GROUP.channels)

    @property
    def column_bytes(self) -> int:
        """Of the columns in memory: a time axis and float32 values."""
        return self.samples * (8 + 4 * len(GROUP.channels))


def bucket_of(size: Size) -> Path:
    """The bucket's folder, built if it is not there yet. ``heads.json`` lies beside the objects."""
    made = hashlib.sha256(Path(__file__).read_bytes() + repr(asdict(size)).encode()).hexdigest()
    home = Path(platformdirs.user_cache_dir("pitwall", appauthor=False)) / "bench"
    folder = home / f"turbo-{made[:16]}"
    if folder.is_dir():
        return folder
    home.mkdir(parents=True, exist_ok=True)
    for old in home.glob("turbo-*"):
        shutil.rmtree(old, ignore_errors=True)
    building = Path(tempfile.mkdtemp(dir=home, prefix="building-"))
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(_packed, building, size, car) for car in range(size.cars)]
        heads = [job.result() for job in jobs]
        steps = size.seconds * RATE
        spans = [(lo, min(lo + 3250, steps)) for lo in range(0, steps, 3250)]
        wide = PLAIN_RECORDS // size.cars
        for lo, hi in spans:
            blocks = [(a, min(a + wide, hi)) for a in range(lo, hi, wide)]
            list(pool.map(_plain, *zip(*[(building, size, a, b) for a, b in blocks], strict=True)))
    _raw(building, size)
    (building / "heads.json").write_text(json.dumps(heads))
    shutil.rmtree(building / "lines")
    building.rename(folder)
    return folder


def head_of(doc: dict[str, Any]) -> Head:
    """A car's last head, from ``heads.json``."""
    return Head(**doc)


def name_of(car: int) -> str:
    """The car's number."""
    return str(car + 1)


def signals(size: Size, car: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """All samples of a car, float64[channels, samples], rounded as its sensors do."""
    rng = np.random.default_rng(1000 + car)
    n = size.seconds * RATE
    out = np.empty((len(_CHANNELS), n))
    lap = 2 * np.pi * np.arange(n) / (LAP_S * RATE)
    for i, (_, _, step, level, noise) in enumerate(_CHANNELS):
        walk = np.cumsum(rng.normal(0, noise, n))
        walk -= np.convolve(walk, np.ones(201) / 201, "same")
        shape = level * 0.2 * (np.sin(lap * (1 + i % 5)) + 0.3 * np.sin(lap * 7 + i))
        out[i] = np.round((level + shape + walk) / step) * step
    return out


def _packed(folder: Path, size: Size, car: int) -> dict[str, Any]:
    """A car's sealed objects and its raw lines; its last head."""
    values = signals(size, car)
    n = values.shape[1]
    t = T0 + np.arange(n, dtype=np.int64) * (1_000_000 // RATE)
    series = Series(SESSION.key, name_of(car), GROUP.name, EPOCH)
    count = n // CHUNK
    cut = values[:, : count * CHUNK].reshape(len(values), count, CHUNK).transpose(1, 0, 2)
    times = t[: count * CHUNK].reshape(count, CHUNK)
    payloads = encode_many(times, np.ascontiguousarray(cut), GROUP, CATALOG.version)
    laps = (np.arange(count) // LAP_S).tolist()
    chunks = [
        chunk(series, i + 1, laps[i], int(times[i, 0]), int(times[i, -1]), CHUNK, payloads[i])
        for i in range(count)
    ]
    bundler = Bundler()
    for lap in range(laps[-1] + 1):
        a, z = lap * LAP_S, min((lap + 1) * LAP_S, count)
        some = slice(a * CHUNK, z * CHUNK)
        whole = Segment(
            series, a + 1, z, lap, chunks[a].t_lo, chunks[z - 1].t_hi,
            (CHUNK,) * (z - a), tuple(c.crcs[0] for c in chunks[a:z]),
            encode(t[some], values[:, some], GROUP, CATALOG.version),
        )  # fmt: skip
        for key, body in bundler.add(name_of(car), lap, [whole], True):
            _write(folder / key, body)
    created = [round((c.t_hi + 300_000) / 1e6) for c in chunks]
    lines = [
        format_line(c, created[i], str(10**24 + i * 40 + car)).decode()
        for i, c in enumerate(chunks)
    ]
    _write(folder / "lines" / f"{car:03d}", msgspec.msgpack.encode(lines))
    return asdict(
        Head(
            SESSION.key, name_of(car), EPOCH, int(t[0]), int(t[-1]), laps[-1],
            {GROUP.name: count}, True,
        )
    )  # fmt: skip


def _raw(folder: Path, size: Size) -> None:
    """The lines of all cars in order of time, in objects of Firehose's size and name."""
    cars = [
        msgspec.msgpack.decode((folder / "lines" / f"{car:03d}").read_bytes(), type=list[str])
        for car in range(size.cars)
    ]
    some: list[str] = []
    held = opened = 0
    for i in range(len(cars[0]) + 1):
        if i == len(cars[0]) or held > RAW_BYTES:
            _write(_delivered(folder, "raw", opened), _zipped("".join(some).encode()))
            some, held, opened = [], 0, i
        if i < len(cars[0]):
            for car in cars:
                some.append(car[i])
                held += len(car[i])


def _plain(folder: Path, size: Size, lo: int, hi: int) -> None:
    """One object of plain records: samples ``lo`` to ``hi`` of all cars."""
    encoder = msgspec.json.Encoder()
    names = [channel.name for channel in GROUP.channels]
    digits = [max(0, round(-np.log10(c.resolution) + 0.499)) for c in GROUP.channels]
    rows: list[list[list[float]]] = []
    for car in range(size.cars):
        part = _signals_of(size, car)[:, lo:hi]
        rows.append(
            np.stack([np.round(v, d) for v, d in zip(part, digits, strict=True)], 1).tolist()
        )
    out = bytearray()
    for k in range(hi - lo):
        at = lo + k
        for car in range(size.cars):
            record: dict[str, Any] = {
                "car": name_of(car), "lap": at // (LAP_S * RATE),
                "t": T0 // 1000 + at * (1000 // RATE), "seq": at + 1,
            }  # fmt: skip
            record.update(zip(names, rows[car][k], strict=True))
            out += encoder.encode(record) + b"\n"
    _write(_delivered(folder, "plain", lo // RATE), _zipped(bytes(out)))


_kept: dict[int, np.ndarray[Any, np.dtype[np.float64]]] = {}


def _signals_of(size: Size, car: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    if car not in _kept:
        _kept[car] = signals(size, car)
    return _kept[car]


def _delivered(folder: Path, prefix: str, opened_s: int) -> Path:
    moment = datetime.fromtimestamp(T0 // 1_000_000 + opened_s, UTC)
    return folder / prefix / f"{moment:%Y/%m/%d/%H}/pitwall-1-{moment:%Y-%m-%d-%H-%M-%S}-x.gz"


def _zipped(data: bytes) -> bytes:
    packer = isal_zlib.compressobj(2, wbits=31)
    return packer.compress(data) + packer.flush()


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
