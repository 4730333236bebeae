"""Archive lines put together to runs: one segment of many chunks costs the writer little more than
one of one, and checking and unpacking all of an object together costs a fraction of doing so chunk
by chunk.

Each chunk keeps its crc and its count in the run, so identity, conflicts and the books stay exact
to the chunk. Lines that are not plain parts of a run (a repeat, damage, times that do not rise) are
left over, to be looked at one by one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pitwall.cloud import Line, keys
from pitwall.cloud.items import MAX_PAYLOAD
from pitwall.store import MAX_SPAN_US, segment_fault
from pitwall.telemetry import (
    BadInput,
    Catalog,
    Group,
    Samples,
    Segment,
    Series,
    decode_many,
    encode,
)
from pitwall.telemetry.clock import SECOND_US

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Filter = Callable[[Series, Line], bool]

_SK = 25
_T_DIGITS = 10 ** np.arange(15, -1, -1, dtype=np.int64)
_N_DIGITS = 10 ** np.arange(7, -1, -1, dtype=np.int64)
_MAX_RUN = 4096
_MIN_RUN = 8
"""Chunks that are worth packing anew."""


@dataclass(frozen=True, slots=True)
class Tail:
    """A series' largest n in the archive: n, the stream's creation time and the event time of its
    last sample, microseconds UTC."""

    n: int
    created_us: int
    t_us: int


@dataclass(slots=True)
class Gathered:
    """What came of some lines.

    Attributes:
        segments: runs, and single chunks.
        samples: of each segment, as unpacking it would give; None where the writer is to look.
        left: lines to be looked at one by one.
        tails: by series.
        repeats: how many of each series' lines were brought by other ways.
    """

    segments: list[Segment] = field(default_factory=list)
    samples: list[Samples | None] = field(default_factory=list)
    left: list[Line] = field(default_factory=list)
    tails: dict[Series, Tail] = field(default_factory=dict)
    repeats: Counter[Series] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Lap:
    """Lines of one series and lap, in order of n, none twice."""

    series: Series
    lap: int
    lines: list[Line]
    out: Gathered


def gather(
    lines: Iterable[Line],
    catalog: Catalog,
    wanted: Callable[[Series, int], bool] | None = None,
    brought: Filter | None = None,
    *,
    squeeze: bool = True,
) -> Gathered:
    """Runs of the chunks in ``lines``, which are all of one session.

    ``wanted`` says by series and n which chunks to take; all without it. Those that were
    ``brought`` by other ways, the same to the byte, are counted alone. Tails count all.
    ``squeeze=False`` leaves the runs' payloads uncompressed, for what comes in short runs and is
    packed lap by lap soon after.
    """
    (found,) = gather_apart([lines], catalog, wanted, brought, squeeze=squeeze)
    return found


def gather_apart(
    parts: Iterable[Iterable[Line]],
    catalog: Catalog,
    wanted: Callable[[Series, int], bool] | None = None,
    brought: Filter | None = None,
    *,
    squeeze: bool = True,
) -> list[Gathered]:
    """As :func:`gather`, of each of several parts by itself; unpacked all together."""
    groups = {group.name: group for group in catalog.groups}
    found: list[Gathered] = []
    laps: dict[str, list[_Lap]] = defaultdict(list)
    for lines in parts:
        out = Gathered()
        found.append(out)
        for lap in _laps(lines, wanted, brought, out):
            if lap.series.group in groups:
                laps[lap.series.group].append(lap)
            else:
                out.left += lap.lines
    for name, same in laps.items():
        _of_group(same, groups[name], catalog.version, squeeze)
    return found


def _laps(
    lines: Iterable[Line],
    wanted: Callable[[Series, int], bool] | None,
    brought: Filter | None,
    out: Gathered,
) -> Iterator[_Lap]:
    by_key: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        by_key[line.pk, line.e].append(line)
    for (pk, epoch), mine in by_key.items():
        try:
            series, lap = keys.series_of(pk, epoch)
        except BadInput:
            out.left += mine
            continue
        mine.sort(key=attrgetter("n"))
        _note_tail(out.tails, series, mine[-1])
        if wanted is not None:
            mine = [line for line in mine if wanted(series, line.n)]
        if brought is not None:
            new = [line for line in mine if not brought(series, line)]
            if len(new) < len(mine):
                out.repeats[series] += len(mine) - len(new)
            mine = new
        mine = _once(mine, out.left)
        if mine:
            yield _Lap(series, lap, mine, out)


def _of_group(laps: list[_Lap], group: Group, version: int, squeeze: bool) -> None:
    """Put the laps' segments to the parts they are of; of laps with anything unusual in them the
    lines are left as they are."""
    lines = [line for lap in laps for line in lap.lines]
    edges = np.cumsum([0, *(len(lap.lines) for lap in laps)])
    t_lo, spans, crcs, plain = _checked(lines, edges)
    counts, samples, bad = decode_many([line.p for line in lines], group, version)
    plain[list(bad)] = False
    usual = np.logical_and.reduceat(plain, edges[:-1]).tolist()
    t = samples.t + np.repeat(t_lo, counts)
    ends = np.concatenate([[0], np.cumsum(counts)]).tolist()
    bounds = edges.tolist()
    for lap, first, past, fine in zip(laps, bounds, bounds[1:], usual, strict=False):
        if not fine:
            lap.out.left += lap.lines
            continue
        for a, z in _runs(lines, first, past):
            lo, hi = ends[a], ends[z]
            start = int(t_lo[a])
            part = Samples(t[lo:hi] - start, samples.values[:, lo:hi])
            payload = (
                lines[a].p
                if z - a == 1
                else encode(t[lo:hi], part.values, group, version, squeeze=squeeze)
            )
            segment = Segment(
                lap.series,
                lines[a].n,
                lines[z - 1].n,
                lap.lap,
                start,
                # as the sample times have it: they are what the crcs vouch for
                start + int(part.t[-1]),
                tuple(counts[a:z].tolist()),
                tuple(crcs[a:z]),
                payload,
            )
            lap.out.segments.append(segment)
            # with a fault the writer is to look, which refuses it with its own words
            sound = not _wild(part.t) and segment_fault(segment) is None
            lap.out.samples.append(part if sound else None)


def _wild(t: Ints) -> bool:
    """True of sample times that no lap has."""
    return int(t.min()) < -MAX_SPAN_US or int(t.max()) > MAX_SPAN_US


def _runs(lines: Sequence[Line], first: int, past: int) -> Iterator[tuple[int, int]]:
    """``(from, to)`` of what becomes one segment each: runs without a gap in n, and chunks that
    stand almost alone."""
    a = first
    for z in range(first + 1, past + 1):
        if z < past and lines[z].n == lines[z - 1].n + 1 and z - a < _MAX_RUN:
            continue
        if z - a < _MIN_RUN:
            yield from ((i, i + 1) for i in range(a, z))
        else:
            yield a, z
        a = z


def _note_tail(tails: dict[Series, Tail], series: Series, last: Line) -> None:
    found = tails.get(series)
    if (found is None or found.n < last.n) and 0 <= last.a < 1e11:
        tails[series] = Tail(last.n, round(last.a * SECOND_US), _time_of(last))


def _time_of(line: Line) -> int:
    try:
        return keys.parse_chunk_sk(line.sk)[0] + max(line.d, 0)
    except BadInput:
        return 0


def _once(lines: list[Line], left: list[Line]) -> list[Line]:
    """``lines``, sorted by n, each n once; repeats go to ``left``."""
    out: list[Line] = []
    last = -1
    for line in lines:
        (left if line.n == last else out).append(line)
        last = line.n
    return out


def _checked(lines: list[Line], edges: Ints) -> tuple[Ints, Ints, list[int], Bools]:
    """Start times, spans, crcs, and which lines are plain: as their keys and crcs say, and after
    the line before. ``edges`` bounds the laps that the lines are of."""
    rows = len(lines)
    sort_keys = [line.sk for line in lines]
    sequences = [line.q for line in lines]
    text = "".join(sort_keys)
    plain = np.ones(rows, np.bool_)
    if (
        set(map(len, sort_keys)) != {_SK}
        or not text.isascii()
        or not "".join(sequences).isdigit()
        or "" in sequences
    ):
        right = [
            len(key) == _SK and key.isascii() and sequence.isdigit()
            for key, sequence in zip(sort_keys, sequences, strict=True)
        ]
        text = "".join(
            [key if fine else "0" * _SK for key, fine in zip(sort_keys, right, strict=True)]
        )
        plain &= right
    digits = np.frombuffer(text.encode("ascii"), np.uint8).reshape(rows, _SK)
    plain &= digits[:, 16] == 35  # '#'
    numbers = digits.astype(np.int64) - 48
    numbers[:, 16] = 0
    plain &= ((numbers >= 0) & (numbers <= 9)).all(axis=1)
    t_lo: Ints = numbers[:, :16] @ _T_DIGITS
    n: Ints = numbers[:, 17:] @ _N_DIGITS
    plain &= (n >= 1) & (n == np.array([line.n for line in lines], np.int64))
    spans = np.array([line.d for line in lines], np.int64)
    plain &= spans >= 0
    rises = np.ones(rows, np.bool_)
    rises[1:] = t_lo[1:] > (t_lo + spans)[:-1]
    rises[edges[:-1]] = True
    plain &= rises
    starts = t_lo.astype("<i8").tobytes()
    crcs = [
        crc32(line.p, crc32(starts[at : at + 8]))
        for line, at in zip(lines, range(0, 8 * rows, 8), strict=True)
    ]
    plain &= np.array([line.c for line in lines], np.int64) == np.array(crcs, np.int64)
    plain &= np.array([0 < len(line.p) <= MAX_PAYLOAD for line in lines], np.bool_)
    return t_lo, spans, crcs, plain
