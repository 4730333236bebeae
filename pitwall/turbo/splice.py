"""Where archive and stream meet: from which moment the stream is read, and what it cannot bring.

Pure functions of the roster, the books and the archive's tails. The moment is a matter of cost,
not of correctness: every hole is covered either by the stream or by a keyed read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pitwall.store import Ledger
from pitwall.store.holes import named_parts
from pitwall.telemetry import Head, Series
from pitwall.telemetry.clock import SECOND_US
from pitwall.turbo.gather import Tail

FOREIGN_US = 3600 * SECOND_US
"""Event times further than this from server time say nothing about when chunks were written."""
_MARGIN_US = 5 * SECOND_US
"""A chunk is written after the one before it was sampled, less the rounding of creation times and
the error of the clocks' shift: a hole that begins later than the anchor by this much is in the
stream. One that is not, after all, is read by key when the stream has passed."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A run of chunks that is not here and not explained."""

    series: Series
    n_lo: int
    n_hi: int

    @property
    def size(self) -> int:
        """Chunks."""
        return self.n_hi - self.n_lo + 1


@dataclass(frozen=True, slots=True)
class Seam:
    """The decision.

    Attributes:
        anchor_us: server time from which the stream is read; None for all that it has.
        archive_to_us: server time up to which every car is in the archive (or was, before);
            None when nothing was there.
        older: holes that lie before the anchor: only keyed reads can fill them.
    """

    anchor_us: int | None
    archive_to_us: int | None
    older: tuple[Missing, ...]


def targets_of(heads: Sequence[Head], session: str) -> dict[Series, int]:
    """What exists at least, by the producers' word: the newest n of each series."""
    out: dict[Series, int] = {}
    for head in heads:
        for group, n in head.n.items():
            series = Series(session, head.car, group, head.epoch)
            out[series] = max(out.get(series, 0), n)
    return out


def unexplained(ledger: Ledger, series: Series, n_hi: int, *, named: bool = False) -> list[Missing]:
    """Runs of 1..``n_hi`` that are neither applied nor named as gaps; with ``named``, those that
    are named too: another attempt may find them."""
    books = ledger.series.get(series)
    if books is None:
        return [Missing(series, 1, n_hi)] if n_hi > 0 else []
    absent = [(lo, min(hi, n_hi)) for lo, hi in books.absent if lo <= n_hi]
    if n_hi > books.expected:
        absent.append((books.expected + 1, n_hi))
    out: list[Missing] = []
    for lo, hi, gap in named_parts(absent, () if named else books.gaps):
        if gap is not None:
            continue
        if out and out[-1].n_hi + 1 == lo:
            out[-1] = Missing(series, out[-1].n_lo, hi)
        else:
            out.append(Missing(series, lo, hi))
    return out


def complete(ledger: Ledger, targets: Mapping[Series, int]) -> bool:
    """True when everything that ``targets`` speaks of is applied or named."""
    return all(not unexplained(ledger, series, n) for series, n in targets.items())


def raw_since(
    heads: Sequence[Head],
    session: str,
    ledger: Ledger,
    hole_time: Callable[[Missing], tuple[int, int]],
    *,
    now_us: int,
    few: int,
) -> int | None:
    """Server time from which raw archive objects are wanted when the sealed laps are applied; None
    for all of them.

    What the heads promise beyond each series' end is wanted; holes before it too, unless they are
    ``few`` chunks: those are cheaper to read by key.
    """
    if not ledger.applied:
        return None
    shifts = _shifts(heads, {}, now_us)
    ends: list[int | None] = []
    inner: list[int | None] = []
    size = 0
    for head in heads:
        shift = shifts.get((head.car, head.epoch))
        for group, target in head.n.items():
            series = Series(session, head.car, group, head.epoch)
            for hole in unexplained(ledger, series, target, named=True):
                t = _shifted(hole_time(hole)[0], shift)
                if hole.n_hi == target:
                    ends.append(t)
                else:
                    inner.append(t)
                    size += hole.size
    wanted = ends + (inner if size > few else [])
    known = [t for t in wanted if t is not None]
    return None if len(known) < len(wanted) else min(known, default=now_us)


def find_seam(
    heads: Sequence[Head],
    session: str,
    ledger: Ledger,
    tails: Mapping[Series, Tail],
    hole_time: Callable[[Missing], tuple[int, int]],
    *,
    now_us: int,
    overlap_us: int,
    reach_us: int,
    most: int,
) -> Seam:
    """Decide.

    Args:
        heads: the roster, taken before the archive was listed.
        session: its key.
        ledger: the books after the archive.
        tails: by series, as the archive gave them (only what was loaded this time).
        hole_time: event time bounds of a hole, microseconds UTC.
        now_us: server time when the roster was taken.
        overlap_us: E: how far disorder and retries reach.
        reach_us: how far back the stream can be read.
        most: chunks that keyed reads may bring in place of a longer stream.
    """
    shifts = _shifts(heads, tails, now_us)
    ends: list[int | None] = []
    holes: list[tuple[int | None, Missing]] = []
    for head in heads:
        shift = shifts.get((head.car, head.epoch))
        for group, target in head.n.items():
            series = Series(session, head.car, group, head.epoch)
            tail_n = ledger.tail(series)
            holes += [
                (_shifted(hole_time(hole)[0], shift), hole)
                for hole in unexplained(ledger, series, min(target, tail_n), named=True)
            ]
            if tail_n < target:
                ends.append(_tail_us(series, tail_n, head, ledger, tails, shift))
    promised = targets_of(heads, session)
    for series in ledger.series.keys() - promised.keys():
        # No head speaks of it, so it may go on at any time: the stream is read from its end.
        shift = shifts.get((series.car, series.epoch))
        ends.append(_tail_us(series, ledger.tail(series), None, ledger, tails, shift))
    if any(end is None for end in ends):
        # A clock that cannot be related to the server's: all that the stream has, then.
        anchor: int | None = None
    else:
        known = [end for end in ends if end is not None]
        anchor = min([now_us, *known]) - overlap_us
        older = [(t, hole) for t, hole in holes if t is None or t < anchor + _MARGIN_US]
        if sum(hole.size for _, hole in older) > most:
            times = [t for t, _ in older if t is not None]
            anchor = min(times, default=anchor) - overlap_us
        anchor = max(anchor, now_us - reach_us)
    limit = now_us - reach_us if anchor is None else anchor
    reached = [t for t in ends if t is not None]
    return Seam(
        anchor,
        min(reached) if reached and ledger.applied else (now_us if ledger.applied else None),
        tuple(h for t, h in holes if t is None or t < limit + _MARGIN_US),
    )


def _tail_us(
    series: Series,
    tail_n: int,
    head: Head | None,
    ledger: Ledger,
    tails: Mapping[Series, Tail],
    shift: int | None,
) -> int | None:
    """Server time when the series' largest applied chunk was written; None when it cannot be
    told. Not applied at all: when the producer began."""
    tail = tails.get(series)
    if tail is not None and tail.n == tail_n:
        return tail.created_us
    if not tail_n:
        return _shifted(head.t_first, shift) if head else None
    return _shifted(ledger.series[series].newest_us, shift)


def _shifted(t_us: int, shift: int | None) -> int | None:
    return None if shift is None else t_us + shift


def _shifts(
    heads: Sequence[Head], tails: Mapping[Series, Tail], now_us: int
) -> dict[tuple[str, str], int]:
    """Server time minus event time of each producer, where it can be told: from its chunks in the
    archive, else 0 when its clock agrees with the server's."""
    out: dict[tuple[str, str], int] = {}
    for series, tail in tails.items():
        shift = tail.created_us - tail.t_us
        key = (series.car, series.epoch)
        # The least: delays make creation later than the sample, never earlier.
        out[key] = min(out.get(key, shift), shift)
    for head in heads:
        near = abs(now_us - head.t) < FOREIGN_US or (head.ended and head.t <= now_us)
        if near:
            out.setdefault((head.car, head.epoch), 0)
    return out
