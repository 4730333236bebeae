"""Bytes per sample of the packed payload, beside float32 and beside zstd of float32.

A sample is one value of one channel at one time. A chunk holds the times once for all channels of
its group; so do the baselines: int64 microseconds and float32 values, column by column, and the
same bytes through plain zstd at the same level, chunk by chunk.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zstandard

from pitwall.telemetry import Catalog, Channel, Group, decode, encode
from pitwall.telemetry.clock import from_iso
from tests.bench.harness import NotHere, Result, shared_data, spread

SPANS_US = {"250 ms": 250_000, "1 s": 1_000_000, "90 s": 90_000_000}
RESOLUTIONS = (1.0, 0.5, 0.1, 0.05, 0.01, 0.005, 0.001, 1e-4, 1e-5, 1e-6, 1e-7)
ZSTD_LEVEL = 6


@dataclass(frozen=True)
class Sizes:
    """Bytes per sample, by way of packing."""

    ours: float
    float32: float
    zstd: float


Table = tuple[Group, np.ndarray, np.ndarray]
"""A group, times int64[n] and values float64[k, n]."""


def run() -> Result:
    """Six cars of the Barber race as they were received, and two cars of the demo's field."""
    fields: dict[str, Callable[[], list[Table]]] = {"barber": barber, "demo field": demo_field}
    ours: dict[str, object] = {}
    plain: dict[str, object] = {}
    packed: dict[str, object] = {}
    ratios: dict[str, float] = {}
    for title, read in fields.items():
        try:
            tables = read()
        except NotHere as error:
            ours[title] = f"not measured: {error}"
            continue
        for span, span_us in SPANS_US.items():
            sizes = [measure(table, span_us) for table in tables]
            label = f"{title}, {span}, bytes per sample"
            ours[label] = spread([s.ours for s in sizes])
            plain[label] = spread([s.float32 for s in sizes])
            packed[label] = spread([s.zstd for s in sizes])
            for other in ("float32", "zstd"):
                ratio = float(np.median([s.ours / getattr(s, other) for s in sizes]))
                ratios[f"ours / {other}, {title}, {span}"] = ratio
    return Result(ours, {"float32": plain, "zstd of float32": packed}, ratios)


def measure(table: Table, span_us: int) -> Sizes:
    """Bytes per sample of one table cut into chunks of one span; NaN is no sample."""
    group, t, values = table
    version = Catalog((group,)).version
    zstd = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
    ours = plain = packed = samples = 0
    for a, z in cuts(t, span_us):
        part = np.ascontiguousarray(values[:, a:z])
        payload = encode(t[a:z], part, group, version)
        kept = decode(payload, group, version)
        check(group, part, kept.values)
        raw = t[a:z].astype("<i8").tobytes() + part.astype("<f4").tobytes()
        ours += len(payload)
        plain += len(raw)
        packed += min(len(zstd.compress(raw)), len(raw))
        samples += int((~np.isnan(part)).sum())
    return Sizes(ours / samples, plain / samples, packed / samples)


def check(group: Group, wanted: np.ndarray, got: np.ndarray) -> None:
    """A size counts only if what comes back is right."""
    for i, channel in enumerate(group.channels):
        if not np.array_equal(np.isnan(wanted[i]), np.isnan(got[i])):
            raise AssertionError(f"{channel.name}: a NaN was lost")
        if np.nanmax(np.abs(wanted[i] - got[i]), initial=0.0) > channel.resolution / 2 + 1e-9:
            raise AssertionError(f"{channel.name}: beyond its resolution")


def cuts(t: np.ndarray, span_us: int) -> Iterator[tuple[int, int]]:
    """Index ranges of the chunks of one span."""
    slots = (t - t[0]) // span_us
    edges = [0, *(np.flatnonzero(np.diff(slots)) + 1).tolist(), len(t)]
    yield from zip(edges, edges[1:], strict=False)


def barber() -> list[Table]:
    """A table per car: values at receipt times, NaN where a channel has none."""
    folder = shared_data() / "grcup" / "barber-r1" / "telemetry"
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise NotHere("needs grcup/barber-r1/telemetry in the shared data")
    return [_long_csv(file) for file in files]


def _long_csv(file: Path) -> Table:
    columns: dict[str, dict[int, float]] = {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            name = row["telemetry_name"]
            if name != "lap":
                columns.setdefault(name, {})[from_iso(row["meta_time"])] = float(
                    row["telemetry_value"]
                )
    t = np.array(sorted({moment for column in columns.values() for moment in column}), np.int64)
    values = np.full((len(columns), len(t)), np.nan)
    channels = []
    for i, (name, column) in enumerate(columns.items()):
        values[i, np.searchsorted(t, np.array(list(column), np.int64))] = list(column.values())
        low, high = float(np.nanmin(values[i])), float(np.nanmax(values[i]))
        channels.append(Channel(name, "1", resolution_of(values[i]), low, high))
    return Group(file.stem, 5.0, 250_000, tuple(channels)), t, values


def resolution_of(values: np.ndarray) -> float:
    """The coarsest step that all values are multiples of; 1e-7 for what is none of them."""
    found = values[~np.isnan(values)]
    for step in RESOLUTIONS:
        if (np.abs(found / step - np.rint(found / step)) < 1e-4).all():
            return step
    return RESOLUTIONS[-1]


def demo_field() -> list[Table]:
    """Every group of two cars over ten minutes of the demo's field."""
    try:
        from pitwall.cloud.local.field import make_field
    except ImportError as error:
        raise NotHere("the demo's field is not in this build") from error
    field = make_field(seed=1, seconds=600.0, cars=2)
    out: list[Table] = []
    for car in field.cars:
        for group in field.catalog.groups:
            found = field.samples(car.number, group.name)
            out.append((group, found.t_us, found.values))
    return out
