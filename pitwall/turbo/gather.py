"""Archive lines put together to runs: one segment of many chunks costs the writer little more than
one of one, and checking and packing them together costs a fraction of doing so one by one.

Each chunk keeps its crc and its count in the run, so identity, conflicts and the books stay exact
to the chunk. Lines that are not plain parts of a run (a repeat, damage, times that do not rise) are
left over, to be looked at one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pitwall.cloud import Line, keys
from pitwall.cloud.items import MAX_PAYLOAD
from pitwall.telemetry import (
    BadInput,
    Catalog,
    Group,
    Segment,
    Series,
    decode_many,
    encode,
    sample_count,
)
from pitwall.telemetry.clock import SECOND_US
from pitwall.telemetry.payload import MAX_SAMPLES

Ints = NDArray[np.int64]

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
        left: lines to be looked at one by one.
        tails: by series.
    """

    segments: list[Segment] = field(default_factory=list)
    left: list[Line] = field(default_factory=list)
    tails: dict[Series, Tail] = field(default_factory=dict)


def gather(
    lines: Iterable[Line],
    catalog: Catalog,
    wanted: Callable[[Series, int], bool] | None = None,
) -> Gathered:
    """Runs of the chunks in ``lines``, which are all of one session.

    ``wanted`` says by series and n which chunks to take; all without it. Tails count all.
    """
    version = catalog.version
    groups = {group.name: group for group in catalog.groups}
    out = Gathered()
    by_key: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        by_key[line.pk, line.e].append(line)
    for (pk, epoch), mine in by_key.items():
        try:
            series, lap = keys.series_of(pk, epoch)
        except BadInput:
            out.left += mine
            continue
        mine.sort(key=_n_of)
        _note_tail(out.tails, series, mine[-1])
        if wanted is not None:
            mine = [line for line in mine if wanted(series, line.n)]
        mine = _once(mine, out.left)
        group = groups.get(series.group)
        checked = _checked(mine) if group is not None and mine else None
        if group is None or checked is None:
            out.left += mine
            continue
        out.segments += _segments(_Lap(series, lap, mine, checked), group, version, out.left)
    return out


@dataclass(frozen=True, slots=True)
class _Lap:
    """Checked lines of one series and lap, in order of n, none twice."""

    series: Series
    lap: int
    lines: list[Line]
    checked: tuple[Ints, Ints, list[int]]

    def segment(self, a: int, z: int, counts: Sequence[int], payload: bytes) -> Segment:
        """Of lines ``a`` up to ``z``."""
        t_lo, spans, crcs = self.checked
        return Segment(
            self.series,
            self.lines[a].n,
            self.lines[z - 1].n,
            self.lap,
            int(t_lo[a]),
            int(t_lo[z - 1] + spans[z - 1]),
            tuple(counts),
            tuple(crcs[a:z]),
            payload,
        )


def _segments(lap: _Lap, group: Group, version: int, left: list[Line]) -> list[Segment]:
    """Runs as one segment each, packed anew; chunks that stand almost alone as they are."""
    lines = lap.lines
    cuts = [i for i in range(1, len(lines)) if lines[i].n != lines[i - 1].n + 1]
    edges = [0, *cuts, len(lines)]
    runs = [
        (a, min(a + _MAX_RUN, z))
        for start, z in zip(edges, edges[1:], strict=False)
        for a in range(start, z, _MAX_RUN)
    ]
    alone = [i for a, z in runs if z - a < _MIN_RUN for i in range(a, z)]
    out: list[Segment] = []
    for i in alone:
        try:
            out.append(lap.segment(i, i + 1, (sample_count(lines[i].p),), lines[i].p))
        except BadInput:
            left.append(lines[i])
    runs = [(a, z) for a, z in runs if z - a >= _MIN_RUN]
    if not runs:
        return out
    chosen = [i for a, z in runs for i in range(a, z)]
    counts, samples, bad = decode_many([lines[i].p for i in chosen], group, version)
    if bad or int(counts.sum()) > MAX_SAMPLES:
        left += [lines[i] for i in chosen]
        return out
    t = samples.t + np.repeat(lap.checked[0][chosen], counts)
    ends = np.concatenate([[0], np.cumsum(counts)])
    at = 0
    for a, z in runs:
        lo, hi = int(ends[at]), int(ends[at + z - a])
        payload = encode(t[lo:hi], samples.values[:, lo:hi], group, version)
        out.append(lap.segment(a, z, counts[at : at + z - a].tolist(), payload))
        at += z - a
    return out


def _note_tail(tails: dict[Series, Tail], series: Series, last: Line) -> None:
    found = tails.get(series)
    if (found is None or found.n < last.n) and 0 <= last.a < 1e11:
        tails[series] = Tail(last.n, round(last.a * SECOND_US), _time_of(last))


def _n_of(line: Line) -> int:
    return line.n


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


def _checked(run: Sequence[Line]) -> tuple[Ints, Ints, list[int]] | None:
    """Start times, spans and crcs of chunks in order of n; None when anything about them is
    unusual."""
    text = "".join([line.sk for line in run])
    if len(text) != _SK * len(run) or not text.isascii():
        return None
    digits = np.frombuffer(text.encode("ascii"), np.uint8).reshape(len(run), _SK)
    numbers = digits.astype(np.int64) - 48
    if (digits[:, 16] != 35).any():  # '#'
        return None
    numbers[:, 16] = 0
    if ((numbers < 0) | (numbers > 9)).any():
        return None
    t_lo: Ints = numbers[:, :16] @ _T_DIGITS
    n: Ints = numbers[:, 17:] @ _N_DIGITS
    spans = np.array([line.d for line in run], np.int64)
    if n[0] < 1 or (n != np.array([line.n for line in run], np.int64)).any():
        return None
    if (spans < 0).any() or (t_lo[1:] <= (t_lo + spans)[:-1]).any():
        return None
    starts = t_lo.astype("<i8").tobytes()
    crcs: list[int] = []
    at = 0
    for line in run:
        crc = crc32(line.p, crc32(starts[at : at + 8]))
        if crc != line.c or not 0 < len(line.p) <= MAX_PAYLOAD or not line.q.isdigit():
            return None
        crcs.append(crc)
        at += 8
    return t_lo, spans, crcs
