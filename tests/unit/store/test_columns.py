"""Columns are one sorted list of samples, whatever the order of arrival."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.store import Source
from pitwall.store.block import lengths
from pitwall.store.columns import Columns, Window, rule_of, values_dtype
from pitwall.store.growth import BLOCK, GrowingColumns
from pitwall.store.holes import runs_of
from pitwall.store.samples import Samples, join
from pitwall.telemetry import Channel, Group

GROUP = Group("g", 10.0, 100, (Channel("a", "1", 0.1, 0, 1), Channel("b", "1", 0.1, 0, 1)))


def samples(
    t: np.ndarray, n: np.ndarray, epoch: np.ndarray | int = 0, source: Source = Source.STREAM
) -> Samples:
    t = np.asarray(t, np.int64)
    return Samples.of(
        t.copy(),
        np.stack([t * 1.0, np.asarray(n) * 1.0]).astype(np.float32),
        np.asarray(n, np.int32),
        np.broadcast_to(np.asarray(epoch, np.uint16), t.shape).copy(),
        np.full(len(t), source.code, np.uint8),
        (np.asarray(n) // 4).astype(np.uint16),
    )


def test_coordinates_are_kept_to_their_step() -> None:
    def kept(resolution: float, high: float) -> type:
        channel = Channel("a", "deg", resolution, -high, high)
        return values_dtype(Group("g", 10.0, 100, (Channel("b", "1", 1, 0, 1), channel))).type

    assert kept(1e-7, 90.0) is np.float64
    assert kept(0.01, 400.0) is np.float32
    assert kept(0.0, 1e9) is np.float32  # no step to be exact to


def chunks(numbers: list[int], epoch: int = 0, source: Source = Source.STREAM) -> Samples:
    """Chunks of 10 samples, 100 ms apart."""
    n = np.repeat(np.array(numbers), 10)
    t = np.concatenate([(k * 10 + np.arange(10)) * 100_000 for k in numbers])
    return samples(t, n, epoch, source)


def each(new: Samples, name: str) -> list[int]:
    return np.repeat(new.pieces[name], lengths(new.pieces, len(new))).tolist()


class Naive:
    """The same as a plain list of (t, epoch, n, source)."""

    def __init__(self, counted: bool = True) -> None:
        self.counted = counted
        self.limit_us = 2_000_000 if counted else 500_000
        self.rows: list[tuple[int, int, int, int]] = []

    def insert(self, new: Samples) -> None:
        self.rows += zip(
            new.t.tolist(),
            each(new, "epoch"),
            each(new, "n"),
            each(new, "source"),
            strict=True,
        )
        self.rows.sort()

    def starts(self, rows: list[tuple[int, int, int, int]]) -> list[int]:
        return [
            i
            for i, b in enumerate(rows)
            if i == 0
            or rows[i - 1][1] != b[1]
            or (self.counted and abs(rows[i - 1][2] - b[2]) > 1)
            or b[0] - rows[i - 1][0] > self.limit_us
        ]

    def sources(self, rows: list[tuple[int, int, int, int]]) -> list[Source]:
        return [Source.of_code(row[3]) for row in rows]


def check(columns: Columns, naive: Naive, t_lo: int, t_hi: int, margin: int = 0) -> None:
    inside = [i for i, row in enumerate(naive.rows) if t_lo <= row[0] <= t_hi]
    if inside:
        rows = naive.rows[max(inside[0] - margin, 0) : inside[-1] + 1 + margin]
    else:
        at = sum(row[0] < t_lo for row in naive.rows)
        rows = naive.rows[max(at - margin, 0) : at + margin] if t_lo <= t_hi else []
    window = columns.window(1, t_lo, t_hi, margin)
    assert window.t.tolist() == [row[0] for row in rows]
    assert window.v.tolist() == [float(row[2]) for row in rows]
    assert window.starts.tolist() == naive.starts(rows)
    assert spread(window) == naive.sources(rows)
    span = columns.span(t_lo, t_hi, margin)
    assert span.t.tolist() == window.t.tolist()
    assert span.values[1].tolist() == window.v.tolist()
    assert span.values[0].tolist() == np.float32(window.t).tolist()
    assert span.starts.tolist() == window.starts.tolist()
    assert span.lap.tolist() == [row[2] // 4 for row in rows]


def spread(window: Window) -> list[Source]:
    assert [w[0] for w in window.sources] == [0, *(w[1] for w in window.sources)][
        : len(window.sources)
    ]
    assert all(a[2] != b[2] for a, b in itertools.pairwise(window.sources))
    return [source for a, z, source in window.sources for _ in range(a, z)]


def check_blocks(columns: Columns) -> None:
    assert all(0 < len(b) <= BLOCK for b in columns.blocks)
    assert all(a.t_hi <= b.t_lo for a, b in itertools.pairwise(columns.blocks))
    for b in columns.blocks:
        assert (b.t_lo, b.t_hi) == (b.t[0], b.t[-1])
        assert (np.diff(b.t) >= 0).all()
        assert not b.t.flags.writeable
        assert not b.values.flags.writeable
    assert columns.samples == sum(map(len, columns.blocks))


@st.composite
def arrivals(draw: st.DrawFn) -> list[Samples]:
    """Chunks of two epochs, each once, in any order and grouping; some stamps jitter."""
    out = []
    for epoch in (0, 1):
        numbers = draw(st.permutations(draw(st.lists(st.integers(1, 40), unique=True))))
        at = 0
        while at < len(numbers):
            size = draw(st.integers(1, 8))
            new = chunks(numbers[at : at + size], epoch, draw(st.sampled_from(list(Source))))
            if epoch:
                new.t += 33_000
            if draw(st.booleans()):
                seed = draw(st.integers(0, 1000))
                # Distinct times: samples of one time have no order among them but their counter.
                jitter = np.random.default_rng(seed).integers(-120_000, 120_000, len(new.t))
                new.t += jitter
                new.values[0] = new.t
            new.values[0] = new.t
            out.append(new)
            at += size
    return draw(st.permutations(out))


@settings(max_examples=60)
@given(arrivals(), st.booleans(), st.data())
def test_any_order_of_arrival(batches: list[Samples], counted: bool, data: st.DataObject) -> None:
    growing, naive = GrowingColumns(GROUP, counted=counted), Naive(counted)
    growing.epoch_index("a"), growing.epoch_index("b")
    shown: list[tuple[Columns, list[int]]] = []
    for new in batches:
        naive.insert(new)
        growing.insert(new)
        columns = growing.snapshot(0)
        shown.append((columns, [row[0] for row in naive.rows]))
    # What a reader holds never changes under it.
    for columns, t in shown:
        check_blocks(columns)
        assert [x for b in columns.blocks for x in b.t.tolist()] == t
    if shown:
        last = shown[-1][0]
        moment = st.integers(-200_000, 45_000_000)
        for _ in range(4):
            check(last, naive, data.draw(moment), data.draw(moment), data.draw(st.integers(0, 3)))
        check(last, naive, -(10**9), 10**9)
        t = data.draw(moment)
        before = [row for row in naive.rows if row[0] <= t]
        found = last.at(t)
        assert (found[0] if found else None) == (before[-1][0] if before else None)


@pytest.mark.parametrize("size", [1, 7, 1000, 5000])
def test_appending_keeps_blocks_large(size: int) -> None:
    growing = GrowingColumns(GROUP)
    total = 20_000
    for at in range(0, total, size):
        t = np.arange(at, min(at + size, total))
        growing.insert(samples(t, t // 10 + 1))
    columns = growing.snapshot(1)
    check_blocks(columns)
    assert len(columns.blocks) == -(-total // BLOCK)
    window = columns.window(1, 0, total)
    assert window.t.tolist() == list(range(total))
    assert window.starts.tolist() == [0]


def test_appending_does_not_copy_what_is_there() -> None:
    growing = GrowingColumns(GROUP)
    growing.insert(samples(np.arange(3000), np.ones(3000)))
    copies = 0
    base = growing.snapshot(0).blocks[-1].t.base
    for at in range(3000, 4000, 10):
        growing.insert(samples(np.arange(at, at + 10), np.ones(10)))
        now = growing.snapshot(0).blocks[-1].t.base
        copies += now is not base
        base = now
    assert copies <= 1


def test_a_window_in_one_block_is_a_view() -> None:
    growing = GrowingColumns(GROUP)
    growing.insert(samples(np.arange(5000), np.ones(5000)))
    columns = growing.snapshot(0)
    window = columns.window(0, 100, 900)
    assert np.shares_memory(window.v, columns.blocks[0].values)
    assert len(columns.window(0, 4000, 4200).t) == 201


def test_a_whole_history_before_the_first_sample_is_cut_into_blocks() -> None:
    growing = GrowingColumns(GROUP)
    growing.insert(samples(np.arange(100_000, 100_500), np.full(500, 10_001)))
    growing.insert(samples(np.arange(100_000), np.arange(100_000) // 10 + 1, 0, Source.ARCHIVE))
    columns = growing.snapshot(0)
    check_blocks(columns)
    assert len(columns.blocks) <= 100_500 // BLOCK + 2
    window = columns.window(0, 0, 10**6)
    assert window.starts.tolist() == [0]
    assert [s[2] for s in window.sources] == [Source.ARCHIVE, Source.STREAM]


def test_laps_that_come_newest_first_touch_no_other_block() -> None:
    growing = GrowingColumns(GROUP)
    for lap in (4, 3, 1, 0, 2):
        t = np.arange(lap * 20_000, lap * 20_000 + 20_000)
        before = growing.snapshot(0).blocks
        growing.insert(samples(t, t // 10 + 1))
        assert set(map(id, before)) <= set(map(id, growing.snapshot(0).blocks))
    columns = growing.snapshot(1)
    check_blocks(columns)
    window = columns.window(1, 0, 10**6)
    assert window.t.tolist() == list(range(100_000))
    assert window.starts.tolist() == [0]


def test_late_chunks_copy_one_block_only() -> None:
    growing = GrowingColumns(GROUP)
    growing.insert(chunks([n for n in range(1, 3000) if n != 700]))
    before = growing.snapshot(0).blocks
    growing.insert(chunks([700]))
    after = growing.snapshot(1).blocks
    assert len(set(map(id, before)) - set(map(id, after))) == 1


def test_a_silence_and_a_hole_start_new_runs() -> None:
    growing = GrowingColumns(GROUP)
    growing.insert(chunks([1, 2, 4]))
    late = chunks([5])
    late.t += 10_000_000
    growing.insert(late)
    window = growing.snapshot(0).window(0, 0, 10**9)
    assert window.starts.tolist() == [0, 20, 30]


def test_a_rate_says_what_is_a_silence() -> None:
    assert rule_of(10.0, counted=True) == (2_000_000, True)
    assert rule_of(0.5, counted=True) == (10_000_000, True)
    assert rule_of(10.0, counted=False) == (500_000, False)
    assert rule_of(0.0, counted=False) == (2_000_000, False)


@pytest.mark.parametrize("way", ["lap by lap", "one late", "stream first"])
def test_numbers_of_our_own_break_nothing_and_time_without_samples_does(way: str) -> None:
    growing = GrowingColumns(GROUP, counted=False)
    growing.epoch_index("plain")
    # newest first and numbered down, as an archive is read, then the stream's own numbers
    parts = [chunks([k]) for k in range(900)]
    numbers = [*range(5000, 5500), *range(1, 401)]
    for part, n in zip(parts, numbers, strict=True):
        part.pieces["n"] = n
    lost = {300, 700}  # one on each side of where the numbers jump, at 500
    history = [k for k in range(499, -1, -1) if k not in lost]
    stream = [k for k in range(500, 900) if k not in lost]
    if way == "stream first":  # the two meet between two blocks
        order = [stream, history[::-1]]
    elif way == "one late":  # the block in which they meet is made anew
        order = [[k] for k in (*history, *stream) if k != 505] + [[505]]
    else:
        order = [[k] for k in (*history, *stream)]
    for some in order:
        growing.insert(join([parts[k] for k in some]))
    columns = growing.snapshot(0)
    wanted = [0, *(1_000_000 * (k + 1) for k in sorted(lost))]
    for found in (
        columns.window(0, 0, 10**9),
        columns.thin([0], 0, 10**9, 5000),
        columns.thin([0], 0, 10**9, 50),
        columns.thin([0], 0, 10**9, 2),
    ):
        assert found.t[found.starts].tolist() == wanted
    silences = runs_of(columns)["plain"].silences
    assert [a for a, _ in silences] == [1_000_000 * k - 100_000 for k in sorted(lost)]
