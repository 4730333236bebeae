"""Where a car's data has holes, in time: for drawing a gap as a gap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pitwall.store.batch import Gap
from pitwall.store.columns import Columns
from pitwall.store.intervals import Interval
from pitwall.store.ledger import SeriesLedger
from pitwall.store.runs import RunFold, Runs
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


def runs_of(columns: Columns) -> Mapping[str, Runs]:
    """Unbroken runs by epoch. O(chapters, and the newest blocks), not samples."""
    fold = RunFold(columns.rule)
    gathered = 0
    for chapter in columns.chapters:
        fold.join(chapter.runs())
        gathered += len(chapter.blocks)
    fold.add(columns.blocks[gathered:])
    return fold.by_epoch(columns.epochs)


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
