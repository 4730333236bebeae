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
from pitwall.telemetry import BadInput, Catalog, Samples, Segment, Series, decode_many, encode
from pitwall.telemetry.clock import SECOND_US

Ints = NDArray[np.int64]

_SK = 25
_T_DIGITS = 10 ** np.arange(15, -1, -1, dtype=np.int64)
_N_DIGITS = 10 ** np.arange(7, -1, -1, dtype=np.int64)
_MAX_SAMPLES = 1 << 19
_MAX_RUN = 16_384


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
        last = mine[-1]
        found = out.tails.get(series)
        if (found is None or found.n < last.n) and 0 <= last.a < 1e11:
            t_us = _time_of(last)
            out.tails[series] = Tail(last.n, round(last.a * SECOND_US), t_us)
        if wanted is not None:
            mine = [line for line in mine if wanted(series, line.n)]
        group = groups.get(series.group)
        if group is None:
            out.left += mine
            continue
        for run in _runs(mine, out.left):
            checked = _checked(run)
            if checked is None:
                out.left += run
                continue
            t_lo, spans, crcs = checked
            counts, samples, bad = decode_many([line.p for line in run], group, version)
            if bad or int(counts.sum()) > _MAX_SAMPLES:
                out.left += run
                continue
            t = samples.t + np.repeat(t_lo, counts)
            out.segments.append(
                Segment(
                    series,
                    run[0].n,
                    run[-1].n,
                    lap,
                    int(t_lo[0]),
                    int(t_lo[-1] + spans[-1]),
                    tuple(counts.tolist()),
                    tuple(crcs),
                    run[0].p
                    if len(run) == 1
                    else encode(t, Samples(t, samples.values).values, group, version),
                )
            )
    return out


def _n_of(line: Line) -> int:
    return line.n


def _time_of(line: Line) -> int:
    try:
        return keys.parse_chunk_sk(line.sk)[0] + max(line.d, 0)
    except BadInput:
        return 0


def _runs(lines: Sequence[Line], left: list[Line]) -> list[list[Line]]:
    """Unbroken runs of n; repeats go to ``left``."""
    runs: list[list[Line]] = []
    run: list[Line] = []
    following = -1
    for line in lines:
        if line.n == following and len(run) < _MAX_RUN:
            run.append(line)
        elif run and line.n < following:
            left.append(line)
            continue
        else:
            run = [line]
            runs.append(run)
        following = line.n + 1
    return runs


def _checked(run: Sequence[Line]) -> tuple[Ints, Ints, list[int]] | None:
    """Start times, spans and crcs of a run's chunks; None when anything about them is unusual."""
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
