"""Where a car's data has holes, in time: for drawing a gap as a gap."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pitwall.store.batch import Gap
from pitwall.store.columns import Columns
from pitwall.store.intervals import Interval
from pitwall.store.ledger import SeriesLedger
from pitwall.telemetry import Head

BLACKOUT = "no data from the source"


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch of time without data.

    Attributes:
        t_lo, t_hi: bounded by the neighbouring samples, or by the producer's head.
        group: channel group.
        n_lo, n_hi: the chunks that are not here; 0 and 0 when nothing is missing but the source
            itself was silent.
        named_reason: why it cannot be filled; None while a repair may still come.
    """

    t_lo: int
    t_hi: int
    group: str
    n_lo: int
    n_hi: int
    named_reason: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """Samples without a break in between: counters and times of its ends."""

    n_first: int
    n_last: int
    t_first: int
    t_last: int


@dataclass(frozen=True, slots=True)
class Runs:
    """The unbroken runs of one epoch in order of n, and the silences between them."""

    runs: tuple[Run, ...]
    silences: tuple[Interval, ...]

    def before(self, n: int) -> int | None:
        """Time of the last sample of the chunks below ``n``."""
        i = bisect_left(self.runs, n, key=lambda r: r.n_last) - 1
        return self.runs[i].t_last if i >= 0 else None

    def after(self, n: int) -> int | None:
        """Time of the first sample of the chunks above ``n``."""
        i = bisect_right(self.runs, n, key=lambda r: r.n_first)
        return self.runs[i].t_first if i < len(self.runs) else None


def runs_of(columns: Columns) -> dict[str, Runs]:
    """Unbroken runs by epoch. O(blocks and breaks), not samples."""
    found: dict[int, list[Run]] = {}
    silences: dict[int, list[Interval]] = {}
    rule = columns.rule
    for block in columns.blocks:
        edges = [0, *block.starts.tolist(), len(block)]
        for a, z in zip(edges, edges[1:], strict=False):
            n_first, epoch, _, _ = block.piece(a)
            n_last = block.piece(z - 1)[0]
            run = Run(n_first, n_last, int(block.t[a]), int(block.t[z - 1]))
            runs = found.setdefault(epoch, [])
            if runs and not (rule.counted and abs(run.n_first - runs[-1].n_last) > 1):
                before = runs[-1]
                if run.t_first - before.t_last > rule.limit_us:
                    silences.setdefault(epoch, []).append((before.t_last, run.t_first))
                else:
                    run = Run(before.n_first, run.n_last, before.t_first, run.t_last)
                    runs.pop()
            runs.append(run)
    return {
        columns.epochs[epoch]: Runs(
            tuple(sorted(runs, key=lambda r: r.n_first)), tuple(silences.get(epoch, ()))
        )
        for epoch, runs in found.items()
    }


def holes_of(
    columns: Columns | None,
    ledgers: Iterable[SeriesLedger],
    heads: Mapping[tuple[str, str], Head],
    chunk_us: int,
) -> list[Hole]:
    """The holes of one car's group: ``ledgers`` are those of its epochs."""
    by_epoch = runs_of(columns) if columns else {}
    out: list[Hole] = []
    for books in ledgers:
        series = books.series
        runs = by_epoch.get(series.epoch, Runs((), ()))
        head = heads.get((series.car, series.epoch))
        for lo, hi, gap in named_parts(books.absent, books.gaps):
            t_lo, t_hi = runs.before(lo), runs.after(hi)
            if t_lo is None:
                t_lo = head.t_first if head else None
            if t_hi is None:
                t_hi = head.t if head else None
            if t_lo is None or t_hi is None or t_hi < t_lo:
                span = (hi - lo + 1) * chunk_us
                known = t_lo if t_lo is not None else t_hi
                if known is None:
                    continue
                t_lo, t_hi = (known, known + span) if t_lo is not None else (known - span, known)
            reason = gap.reason if gap else None
            out.append(Hole(t_lo, t_hi, series.group, lo, hi, reason))
        out += [Hole(a, z, series.group, 0, 0, BLACKOUT) for a, z in runs.silences]
    return out


def named_parts(
    absent: Iterable[Interval], gaps: Iterable[Gap]
) -> list[tuple[int, int, Gap | None]]:
    """Cut absent intervals by the gaps that name them: ``(n_lo, n_hi, gap or None)`` in order."""
    by_n = sorted(gaps, key=lambda g: g.n_lo)
    out: list[tuple[int, int, Gap | None]] = []
    for lo, hi in absent:
        at = lo
        for gap in by_n:
            a, b = max(gap.n_lo, at), min(gap.n_hi, hi)
            if a > b:
                continue
            if at < a:
                out.append((at, a - 1, None))
            out.append((a, b, gap))
            at = b + 1
        if at <= hi:
            out.append((at, hi, None))
    return out
