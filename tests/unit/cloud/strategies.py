"""Hypothesis strategies for what travels through the cloud, and a session to play with."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from hypothesis import strategies as st

from pitwall.cloud import Archived, LapEntry, Line, archived, chunk_samples, items
from pitwall.telemetry import (
    Catalog,
    Channel,
    ClockKind,
    Group,
    Head,
    Samples,
    Segment,
    Series,
    Session,
    chunk,
    encode,
)

GROUP = Group(
    "driver",
    100.0,
    250_000,
    (Channel("speed", "km/h", 0.1, 0, 300), Channel("gear", "1", 1, 0, 8, step=True)),
)
SLOW = Group("engine", 4.0, 1_000_000, (Channel("oil", "degC", 0.1, 0, 150),))
CATALOG = Catalog((GROUP, SLOW))
SESSION = Session(
    "2025-09-06-barber-r1", "Barber Race 1", CATALOG, 1_757_000_000_000_000, 2400.5, simulated=True
)

_letters = st.characters(categories=["L", "N", "P", "S"], exclude_characters="#")
cars = st.text(_letters, min_size=1, max_size=16)
group_names = st.text(_letters, min_size=1, max_size=20)
epochs = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=16)
session_keys = st.from_regex(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True
)
all_series = st.builds(Series, session_keys, cars, group_names, epochs)
moments = st.integers(0, 10**15)
counters = st.integers(1, 10**8 - 1)
laps = st.integers(0, 999)
_rng = np.random.default_rng(3)
payloads = st.sampled_from(
    [
        encode(np.arange(n) * 1000, _rng.normal(0, spread, (2, n)), GROUP, 7)
        for n, spread in [(1, 1), (2, 1e4), (5, 0), (25, 3), (25, 3e3), (40, 50), (300, 20)]
    ]
)


@st.composite
def chunks(draw: st.DrawFn) -> Segment:
    payload = draw(payloads)
    t_lo = draw(moments)
    count = int.from_bytes(payload[8:12], "little")
    t_hi = t_lo + draw(st.integers(0, 10**9))
    return chunk(draw(all_series), draw(counters), draw(laps), t_lo, t_hi, count, payload)


@st.composite
def runs(draw: st.DrawFn) -> Segment:
    """Sealed segments: counts that add up, any crcs."""
    first = draw(chunks())
    total = first.counts[0]
    cuts = sorted(draw(st.sets(st.integers(1, total - 1), max_size=6))) if total > 1 else []
    edges = [0, *cuts, total]
    counts = tuple(b - a for a, b in zip(edges, edges[1:], strict=False))
    crcs = tuple(draw(st.integers(0, 2**32 - 1)) for _ in counts)
    n_lo = draw(st.integers(1, 10**7))
    return Segment(
        first.series, n_lo, n_lo + len(counts) - 1, first.lap, first.t_lo, first.t_hi, counts,
        crcs, first.payload,
    )  # fmt: skip


heads = st.builds(
    Head,
    session_keys,
    cars,
    epochs,
    moments,
    moments,
    laps,
    st.dictionaries(group_names, st.integers(0, 10**8 - 1), max_size=6),
    st.booleans(),
)


@st.composite
def _ranges(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    edges = sorted(draw(st.sets(counters, min_size=2, max_size=6)))
    return tuple(zip(edges[::2], edges[1::2], strict=False)) or ((edges[0], edges[1]),)


entries = st.builds(
    LapEntry,
    session_keys,
    cars,
    laps,
    moments,
    moments,
    st.dictionaries(st.tuples(group_names, epochs), _ranges(), max_size=5),
    st.booleans(),
)

sessions = st.builds(
    Session,
    session_keys,
    st.text(st.characters(categories=["L", "N", "Zs", "P"]), max_size=60),
    st.just(CATALOG),
    moments,
    st.integers(0, 10**6).map(lambda n: n / 8),
    st.sampled_from(list(ClockKind)),
    st.booleans(),
    st.just(0) | moments,
    st.just(1.0) | st.integers(1, 8000).map(lambda n: n / 8),
)

_junk: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.binary(max_size=30),
    st.just([]),
    st.just({}),
    st.just({"S": 5}),
    st.just({"N": "-1"}),
    st.just({"N": "1e3"}),
    st.just({"N": "١٢"}),
    st.just({"B": "not base64!"}),
    st.just({"M": {"": {"N": "1"}}}),
    st.just({"M": {"g#e": {"S": "3-2"}}}),
    st.just({"S": "2025-09-06-barber-r1#driver#001#11#x"}),
)


@st.composite
def damaged(draw: st.DrawFn, item: dict[str, Any]) -> dict[str, Any]:
    """``item`` with something in it gone, replaced or out of shape."""
    item = copy.deepcopy(item)
    name = draw(st.sampled_from(sorted(item)))
    how = draw(st.integers(0, 3))
    if how == 0:
        del item[name]
    elif how == 1:
        item[name] = draw(_junk)
    elif how == 2:
        kind = next(iter(item[name]))
        item[name][kind] = draw(_junk)
    else:
        kind, value = next(iter(item[name].items()))
        if isinstance(value, (str, bytes)) and value:
            cut = draw(st.integers(0, len(value) - 1))
            middle = value[:0] if draw(st.booleans()) else value[cut : cut + 1] * 2
            item[name][kind] = value[:cut] + middle + value[cut + 1 :]
        else:
            item[name] = draw(_junk)
    return item


def field(
    cars: int = 2, seconds: float = 20.0, lap_s: float = 6.0, epoch: str = "boot1"
) -> tuple[list[Segment], dict[Series, Samples]]:
    """Chunks of a small field in order of ``t_hi``, and the samples they were cut from. Laps start
    at different times for each car."""
    chunks: list[Segment] = []
    whole: dict[Series, Samples] = {}
    rng = np.random.default_rng(5)
    for car in range(cars):
        for group in (GROUP, SLOW):
            count = int(seconds * group.rate_hz)
            t = SESSION.started_us + (np.arange(count) * 1e6 / group.rate_hz).astype(np.int64)
            values = rng.normal(100, 30, (len(group.channels), count))
            lap = ((t - SESSION.started_us + car * 1_300_000) // int(lap_s * 1e6)).astype(np.int64)
            series = Series(SESSION.key, str(car + 1), group.name, epoch)
            whole[series] = Samples(t, values)
            chunks += chunk_samples(
                series, group, t, values, lap, CATALOG.version, origin_us=SESSION.started_us
            )
    chunks.sort(key=lambda c: c.t_hi)
    return chunks, whole


_PARSERS: dict[str, Callable[[dict[str, Any]], Segment | Head | LapEntry | Session]] = {
    "c": items.parse_chunk,
    "h": items.parse_head,
    "s": items.parse_sealed,
    "l": items.parse_catalog,
    "m": items.parse_session,
}


def parse_item(item: dict[str, Any]) -> Segment | Head | LapEntry | Session:
    """What ``item`` carries, whichever of the table's kinds it is."""
    return _PARSERS[items.kind_of(item)](item)


def parse_line(line: bytes) -> Archived:
    """The chunk of one line of the archive."""
    return archived(msgspec.json.decode(line, type=Line))
