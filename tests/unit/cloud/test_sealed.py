"""Sealing: bit for bit, within an item's size; the lap book, which closes laps."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.cloud import (
    LapBook,
    chunk_samples,
    parse_sealed,
    seal,
    seal_lap,
    sealed_item,
)
from pitwall.cloud import sealed as module
from pitwall.telemetry import BadInput, Samples, Segment, Series, chunk, decode, encode
from tests.unit.cloud import strategies as made
from tests.unit.cloud.strategies import CATALOG, GROUP, SESSION
from tests.unit.telemetry.strategies import groups, values

SERIES = Series(SESSION.key, "13", GROUP.name, "b1")
V = CATALOG.version


@st.composite
def laps(draw: st.DrawFn) -> tuple[list[Segment], object, Samples]:
    """Chunks of one lap over any group, with NaN, infinite and huge values; times rise."""
    group = draw(groups(3))
    sizes = draw(st.lists(st.integers(1, 9), min_size=1, max_size=8))
    total = sum(sizes)
    t = 10**15 + np.cumsum(draw(st.lists(st.integers(0, 10**7), min_size=total, max_size=total)))
    v = draw(values(len(group.channels), total))
    chunks = []
    at = 0
    for i, size in enumerate(sizes):
        part = slice(at, at + size)
        payload = encode(t[part], v[:, part], group, 5)
        chunks.append(chunk(SERIES, 4 + i, 3, int(t[at]), int(t[at + size - 1]), size, payload))
        at += size
    return chunks, group, Samples(t, v)


@given(laps())
def test_sealing_keeps_every_bit(lap: tuple[list[Segment], object, Samples]) -> None:
    chunks, group, measured = lap
    whole = seal(chunks, group, 5)  # type: ignore[arg-type]
    assert (whole.n_lo, whole.n_hi, whole.lap) == (4, 3 + len(chunks), 3)
    assert (whole.t_lo, whole.t_hi) == (chunks[0].t_lo, chunks[-1].t_hi)
    assert whole.counts == tuple(c.counts[0] for c in chunks)
    assert whole.crcs == tuple(c.crcs[0] for c in chunks)
    got = decode(whole.payload, group, 5)  # type: ignore[arg-type]
    parts = [decode(c.payload, group, 5) for c in chunks]  # type: ignore[arg-type]
    times = np.concatenate([p.t + c.t_lo for p, c in zip(parts, chunks, strict=True)])
    assert np.array_equal(got.t + whole.t_lo, times)
    wanted = np.concatenate([p.values for p in parts], axis=1)
    assert got.values.tobytes() == wanted.tobytes()
    # from the samples at hand: the same to the byte
    assert seal(chunks, group, 5, measured) == whole  # type: ignore[arg-type]
    assert parse_sealed(sealed_item(whole)) == whole


def test_what_cannot_be_sealed_together() -> None:
    chunks = [c for c in made.field(1, 3.0)[0] if c.series.group == GROUP.name]
    with pytest.raises(BadInput, match="nothing"):
        seal([], GROUP, V)
    with pytest.raises(BadInput, match="n 3 after"):
        seal([chunks[0], chunks[2]], GROUP, V)
    with pytest.raises(BadInput, match="lap 9"):
        seal([chunks[0], dataclasses.replace(chunks[1], lap=9)], GROUP, V)
    with pytest.raises(BadInput, match="n 2: payload"):
        seal([chunks[0], dataclasses.replace(chunks[1], payload=b"\xa1junk")], GROUP, V)
    with pytest.raises(BadInput):
        seal(chunks[:2], GROUP, V + 1)


def test_samples_of_other_chunks_are_not_used() -> None:
    chunks = [c for c in made.field(1, 3.0)[0] if c.series.group == GROUP.name][:4]
    wrong = Samples(np.arange(100) * 10_000 + SESSION.started_us + 1, np.zeros((2, 100)))
    assert seal(chunks, GROUP, V, wrong) == seal(chunks, GROUP, V)


def test_holes_and_size_make_several(monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = [c for c in made.field(1, 6.0, 99.0)[0] if c.series.group == GROUP.name]
    one = seal_lap(chunks, GROUP, V)
    assert [(s.n_lo, s.n_hi) for s in one] == [(1, 24)]
    holed = seal_lap(chunks[:5] + chunks[7:], GROUP, V)
    assert [(s.n_lo, s.n_hi) for s in holed] == [(1, 5), (8, 24)]
    monkeypatch.setattr(module, "MAX_SEALED", len(one[0].payload) - 1)
    halves = seal_lap(chunks, GROUP, V)
    assert [(s.n_lo, s.n_hi) for s in halves] == [(1, 12), (13, 24)]
    monkeypatch.setattr(module, "MAX_CHUNKS", 5)
    parts = seal_lap(chunks, GROUP, V)
    assert all(s.chunks <= 5 for s in parts)
    assert [n for s in parts for n in range(s.n_lo, s.n_hi + 1)] == list(range(1, 25))


def test_the_lap_book() -> None:
    chunks, _ = made.field(2, 20.0, 6.0)
    book = LapBook()
    closed = [lap for c in chunks for lap in book.add(c)]
    assert len(closed) == 12  # 2 cars, 2 groups, 3 laps each
    rest = book.finish()
    assert len(rest) == 4
    assert book.finish() == []
    by_lap: dict[tuple[str, int], list[Segment]] = {}
    for c in chunks:
        by_lap.setdefault((c.series.car, c.lap), []).append(c)
    entries = {(e.car, e.lap): e for e in book.entries()}
    assert entries.keys() == by_lap.keys()
    for place, entry in entries.items():
        mine = by_lap[place]
        assert (entry.t_lo, entry.t_hi) == (min(c.t_lo for c in mine), max(c.t_hi for c in mine))
        assert entry.sealed
        for (group, epoch), ((lo, hi),) in entry.ranges.items():
            n = [c.n_lo for c in mine if (c.series.group, c.series.epoch) == (group, epoch)]
            assert n == list(range(lo, hi + 1))
    # the first group of a lap to close leaves the other one open, and counts it so far
    first = closed[0].entry
    assert not first.sealed
    assert set(first.ranges) == {("driver", "boot1"), ("engine", "boot1")}
    assert sum(entry.sealed for entry in (lap.entry for lap in closed)) == 6


def test_a_lap_that_comes_back_is_two_runs() -> None:
    t = SESSION.started_us + np.arange(100) * 10_000
    lap = np.array([1] * 25 + [2] * 25 + [1] * 50)
    chunks = chunk_samples(
        SERIES, GROUP, t, np.zeros((2, 100)), lap, V, origin_us=SESSION.started_us
    )
    book = LapBook()
    closed = [c for x in chunks for c in book.add(x)] + book.finish()
    told = [(c.entry.lap, c.entry.ranges["driver", "b1"], c.entry.sealed) for c in closed]
    assert told == [
        (1, ((1, 1),), True),
        (2, ((2, 2),), False),  # its series is before it again
        (2, ((2, 2),), True),
        (1, ((1, 1), (3, 4)), True),
    ]
    assert [c.entry.version for c in closed] == [1, 1, 1, 2]


def test_a_fast_series_does_not_close_a_lap_that_others_are_still_to_come_to() -> None:
    chunks, _ = made.field(1, 40.0, 6.0)
    fast = [c for c in chunks if c.series.group == "engine"]
    slow = [c for c in chunks if c.series.group == "driver"]
    book = LapBook()
    rest = sorted([*fast[14:], *slow[80:]], key=lambda c: c.t_hi)
    closed = [lap for c in [slow[0], *fast[:14], *slow[1:80], *rest] for lap in book.add(c)]
    assert {lap.entry.version for lap in closed} == {1}
    over = [lap.entry.lap for lap in closed if lap.entry.sealed]
    assert over == sorted(set(over)) == [0, 1, 2, 3, 4, 5]


def test_a_dead_series_is_not_waited_for_and_its_return_is_a_new_version() -> None:
    chunks, _ = made.field(1, 40.0, 6.0)
    alive = [c for c in chunks if c.series.group == "driver"]
    late = [c for c in chunks if c.series.group == "engine"]
    book = LapBook()
    closed = [lap for c in [late[0], *alive] for lap in book.add(c)]
    assert [lap.entry.lap for lap in closed if lap.entry.sealed] == [3, 4, 5]
    back = [lap for c in late[1:] for lap in book.add(c)]
    versions = {lap.entry.lap: lap.entry.version for lap in back if lap.entry.sealed}
    assert versions == {0: 1, 1: 1, 2: 1, 3: 2, 4: 2, 5: 2}


def test_a_restored_book_makes_new_versions() -> None:
    chunks, _ = made.field(1, 20.0, 6.0)
    mine = [c for c in chunks if c.series.group == "driver"]
    first = LapBook()
    entries = [lap.entry for c in mine[:60] for lap in first.add(c)]
    second = LapBook()
    second.restore(entries)
    late = dataclasses.replace(mine[60], lap=1)
    [closed] = [lap for c in [late, mine[61]] for lap in second.add(c)]
    assert closed.entry.version == 2
    assert closed.entry.ranges["driver", "boot1"] == (
        *entries[1].ranges["driver", "boot1"],
        (61, 61),
    )
