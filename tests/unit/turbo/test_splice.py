"""Where the seam is put, what counts as overdue, which laps are looked into."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.cloud import LapEntry
from pitwall.store import Gap, Ledger, SeriesLedger
from pitwall.store.intervals import IntervalSet
from pitwall.telemetry import Head, Series
from pitwall.turbo.gather import Tail
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.overdue import Overdue
from pitwall.turbo.splice import Missing, Seam, complete, find_seam, targets_of, unexplained
from tests.unit.stream.rig import SECOND, START
from tests.unit.turbo.rig import SESSION, chunk_of, series_of

NOW = START + 3600 * SECOND
REACH = 84_600 * SECOND


def books(
    series: Series, have: list[tuple[int, int]], head: int = 0, gaps: tuple[Gap, ...] = ()
) -> SeriesLedger:
    received = IntervalSet(have)
    expected = max(head, received.last)
    absent = tuple(received.missing(1, expected))
    return SeriesLedger(
        series, expected, head, received.size, received.intervals(), absent, absent, 0, 0, gaps,
        {}, 0, 0, 0, START + received.last * SECOND, True,
    )  # fmt: skip


def ledger(*of: SeriesLedger) -> Ledger:
    return Ledger(
        applied=sum(b.applied for b in of), provable=True, series={b.series: b for b in of}
    )


def head(car: str, n: int, t: int = NOW, ended: bool = False) -> Head:
    return Head(SESSION.key, car, "e1", START, t, 0, {"driver": n}, ended)


def seam(
    heads: list[Head], held: Ledger, tails: Mapping[Series, Tail] | None = None, **options: int
) -> Seam:
    return find_seam(
        heads,
        SESSION.key,
        held,
        tails or {},
        lambda hole: (START + hole.n_lo * SECOND, START + (hole.n_hi + 1) * SECOND),
        now_us=options.get("now_us", NOW),
        overlap_us=120 * SECOND,
        reach_us=options.get("reach_us", REACH),
        most=options.get("most", 2000),
    )


def tail(n: int, created: int) -> Tail:
    return Tail(n, created, created - SECOND)


def test_the_stream_is_read_from_before_the_slowest_car() -> None:
    a, b = series_of("a"), series_of("b")
    held = ledger(books(a, [(1, 3500)]), books(b, [(1, 3300)]))
    tails = {a: tail(3500, NOW - 100 * SECOND), b: tail(3300, NOW - 300 * SECOND)}
    found = seam([head("a", 3600), head("b", 3600)], held, tails)
    assert found.anchor_us == NOW - 420 * SECOND
    assert found.archive_to_us == NOW - 300 * SECOND
    assert found.older == ()


def test_a_car_that_is_complete_does_not_count() -> None:
    a, b = series_of("a"), series_of("b")
    held = ledger(books(a, [(1, 3500)]), books(b, [(1, 20)]))
    tails = {a: tail(3500, NOW - 100 * SECOND), b: tail(20, START + 20 * SECOND)}
    found = seam([head("a", 3600), head("b", 20, ended=True)], held, tails)
    assert found.anchor_us == NOW - 220 * SECOND


def test_case_83_a_car_without_anything_counts_from_its_beginning() -> None:
    """A car that retired while all it sent was in the archive's buffer was never seen."""
    a = series_of("a")
    held = ledger(books(a, [(1, 3500)]))
    tails = {a: tail(3500, NOW - 100 * SECOND)}
    late = Head(SESSION.key, "b", "e1", NOW - 900 * SECOND, NOW - 800 * SECOND, 0, {"driver": 3})
    found = seam([head("a", 3600), late], held, tails)
    assert found.anchor_us == NOW - 900 * SECOND - 120 * SECOND


def test_old_holes_are_read_by_key_and_young_ones_left_to_the_stream() -> None:
    a = series_of("a")
    held = ledger(books(a, [(1, 99), (102, 3390), (3395, 3500)]))
    found = seam([head("a", 3600)], held, {a: tail(3500, START + 3500 * SECOND)})
    assert found.anchor_us == START + 3380 * SECOND
    assert found.older == (Missing(a, 100, 101),)


def test_too_many_old_holes_move_the_anchor_back() -> None:
    a = series_of("a")
    held = ledger(books(a, [(1, 999), (1400, 3500)]))
    found = seam([head("a", 3600)], held, {a: tail(3500, START + 3500 * SECOND)}, most=100)
    # a chunk of t is written a second later by the tails' account
    assert found.anchor_us == START + (1000 + 1 - 120) * SECOND
    assert found.older == ()


def test_older_than_the_stream_reaches() -> None:
    a = series_of("a")
    held = ledger(books(a, [(1, 100)]))
    tails = {a: tail(100, START + 100 * SECOND)}
    found = seam([head("a", 3600)], held, tails, reach_us=600 * SECOND)
    assert found.anchor_us == NOW - 600 * SECOND


def test_a_clock_that_says_nothing_reads_all_of_the_stream() -> None:
    old = START - 300 * 24 * 3600 * SECOND
    a = series_of("a")
    replayed = Head(SESSION.key, "a", "e1", old, old + SECOND, 0, {"driver": 9})
    assert seam([replayed], Ledger()).anchor_us is None
    # with the archive's word for it, it does
    held = ledger(books(a, [(1, 5)]))
    found = seam([replayed], held, {a: Tail(5, NOW - 60 * SECOND, old)})
    assert found.anchor_us == NOW - 180 * SECOND


def test_a_series_that_no_head_speaks_of_is_read_on_from_its_end() -> None:
    a, x = series_of("a"), series_of("x")
    held = ledger(books(a, [(1, 3600)]), books(x, [(1, 50)]))
    tails = {a: tail(3600, NOW), x: tail(50, NOW - 1000 * SECOND)}
    assert seam([head("a", 3600)], held, tails).anchor_us == NOW - 1120 * SECOND


def test_nothing_at_all_is_read_from_now() -> None:
    assert seam([], Ledger()).anchor_us == NOW - 120 * SECOND


# ---------------------------------------------------------------- holes


@given(st.sets(st.integers(1, 40)), st.sets(st.integers(1, 40)), st.integers(0, 60))
def test_unexplained_is_what_is_neither_here_nor_named(
    have: set[int], named: set[int], n_hi: int
) -> None:
    a = series_of("a")
    gaps = tuple(Gap(a, n, n, 0, 0, "gone") for n in sorted(named - have))
    received = IntervalSet((n, n) for n in have)
    held = ledger(books(a, list(received.intervals()), gaps=gaps))
    found = {n for hole in unexplained(held, a, n_hi) for n in range(hole.n_lo, hole.n_hi + 1)}
    assert found == set(range(1, n_hi + 1)) - have - named
    every = unexplained(held, a, n_hi, named=True)
    found = {n for hole in every for n in range(hole.n_lo, hole.n_hi + 1)}
    assert found == set(range(1, n_hi + 1)) - have


def test_complete_speaks_of_every_series() -> None:
    a, b = series_of("a"), series_of("b")
    held = ledger(books(a, [(1, 9)]))
    assert complete(held, {a: 9, b: 0})
    assert not complete(held, {a: 10})
    assert not complete(held, {a: 9, b: 1})
    assert targets_of([head("a", 9), head("a", 7)], SESSION.key) == {a: 9}


def test_a_missing_chunk_is_overdue_when_it_was_known_of_before_the_limit() -> None:
    a = series_of("a")
    overdue = Overdue(5 * SECOND, 60 * SECOND)
    overdue.note(ledger(books(a, [(1, 10)], head=12)), START)
    later = ledger(books(a, [(1, 10)], head=20))
    overdue.note(later, START + 3 * SECOND)
    assert overdue.holes(later, START - 1, START + 4 * SECOND) == []
    assert overdue.holes(later, START, START + 4 * SECOND) == [Missing(a, 11, 12)]
    assert overdue.holes(later, START + 3 * SECOND, START + 9 * SECOND) == [Missing(a, 11, 20)]


def test_what_is_not_found_waits_ever_longer() -> None:
    a = series_of("a")
    overdue = Overdue(5 * SECOND, 60 * SECOND)
    held = ledger(books(a, [(1, 10), (12, 12)]))
    overdue.note(held, START)
    now, asked = START, []
    for _ in range(4000):
        holes = overdue.holes(held, now, now)
        if holes:
            asked.append(now)
            overdue.tried(holes, holes, now)
        now += SECOND // 10
    pauses = [(b - a) / SECOND for a, b in zip(asked, asked[1:], strict=False)]
    assert pauses[:5] == [5, 10, 20, 40, 60]
    overdue.tried([], [Missing(a, 11, 11)], now)
    assert overdue.holes(held, now, now) == [Missing(a, 11, 11)]


# ---------------------------------------------------------------- laps


def test_laps_of_the_neighbours_bound_a_hole() -> None:
    index = LapIndex()
    a = series_of("a")
    for n in (1, 30, 58, 61, 62, 130):
        index.note(chunk_of("a", n, START + n * SECOND))
    assert list(index.around(a, 40, 45, 9)) == [0]
    assert list(index.around(a, 59, 60, 9)) == [0, 1]
    assert list(index.around(a, 63, 129, 9)) == [1, 2]
    assert list(index.around(a, 131, 140, 3)) == [2, 3]
    assert list(index.around(series_of("b"), 5, 6, 2)) == [0, 1, 2]
    assert index.knows(a, 40)
    assert not index.knows(series_of("b"), 5)


def test_the_catalog_helps_where_nothing_came_by() -> None:
    index = LapIndex()
    b = series_of("b")
    index.learn(
        [
            LapEntry(
                SESSION.key,
                "b",
                lap,
                0,
                0,
                {("driver", "e1"): ((lap * 60 + 1, lap * 60 + 60),)},
                True,
            )  # noqa: E501
            for lap in range(5)
        ]
    )
    assert list(index.around(b, 130, 131, 9)) == [2]
    assert list(index.around(b, 60, 61, 9)) == [0, 1]


@pytest.mark.parametrize("n", [1, 7])
def test_a_hole_at_the_beginning(n: int) -> None:
    index = LapIndex()
    index.note(chunk_of("a", 65, START + 65 * SECOND))
    assert list(index.around(series_of("a"), n, 10, 4)) == [0, 1]
