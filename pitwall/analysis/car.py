"""One car followed through its data: knots, crossings, stays in the pit lane and laps, kept up to
date at a cost that depends on what is new."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

import numpy as np

from pitwall.analysis.crossings import MAX_SPEED, Crossing, at_gate, find_crossings
from pitwall.analysis.knots import Knots, knots, margin_us
from pitwall.analysis.laps import (
    Lap,
    LapKind,
    Stay,
    build_lap,
    largest_gap_us,
    merged_stays,
    pit_crossings,
    pit_stays,
)
from pitwall.analysis.learn import Circuit
from pitwall.analysis.numbering import Numbers, number_laps, producer_lap
from pitwall.analysis.progress import LapAxis, axis_of
from pitwall.analysis.signals import Signals
from pitwall.analysis.sources import LapSource, gate_passes, line_marks
from pitwall.store import Block, SessionStore

_FOREVER = 1 << 62
_STAY_BACK_US = 30_000_000
_EDGE = 0.1
"""Part of the fastest lap that is no more than an edge of a lap."""


class CarTracker:
    """Follows one car.

    Attributes:
        car: the car.
        laps: all laps so far, the last of which is being driven.
        crossings: all crossings so far.
        stays: stays in the pit lane.
        holes: (from, until) of every time without a position beyond ``limit_us``.
        told: True when the producer's count stands behind the number of the newest lap.
    """

    def __init__(self, car: str, signals: Signals, circuit: Circuit, limit_us: int) -> None:
        self.car = car
        self.laps: list[Lap] = []
        self.crossings: list[Crossing] = []
        self.stays: list[Stay] = []
        self.holes: list[tuple[int, int]] = []
        self.told = False
        self._signals = signals
        self._circuit = circuit
        self._limit = limit_us
        self._seen: dict[str, tuple[Block, ...]] = {}
        self._way = Growing()
        self._settled = 0
        self._axes: dict[int, LapAxis] = {}
        self._pits: set[int] = set()
        self._counts: list[int | None] = []
        self._numbered: tuple[tuple[list[int | None], list[bool]], Numbers] | None = None

    def update(self, store: SessionStore) -> bool:
        """Take in what the store has that was not there before; True when anything changed."""
        changed = self._changed_from(store)
        if changed is None:
            return False
        t_from = min(changed, self._settled)
        latest = store.latest_us(self.car)
        way = knots(store, self._signals, self._circuit, self.car, t_from, latest)
        self._way.replace_from(t_from, way)
        self._find_holes(t_from)
        self._settled = max(latest - margin_us(self._circuit), 0)
        self._find(store, t_from)
        return True

    @property
    def way(self) -> Knots:
        """All knots."""
        return self._way.knots()

    @property
    def limit_us(self) -> int:
        """Time without a sample from which there is a hole."""
        return self._limit

    def numbered(self, number: int) -> Lap | None:
        """The lap of this number; None when there is none."""
        i = bisect_left(self.laps, number, key=lambda lap: lap.number)
        return self.laps[i] if i < len(self.laps) and self.laps[i].number == number else None

    def may_have_lost_laps(self, best_us: int) -> bool:
        """Whether a hole is longer than half of ``best_us``, microseconds, the best lap: the line
        may have been crossed in it more often than was counted."""
        return any(2 * (hi - lo) > best_us for lo, hi in self.holes)

    def lap_way(self, lap: Lap) -> Knots:
        """The knots within a lap."""
        way = self._way.knots()
        lo = int(np.searchsorted(way.t, lap.t_start, "left"))
        hi = int(np.searchsorted(way.t, lap.t_end if lap.t_end is not None else _FOREVER, "right"))
        return way.part(lo, hi)

    def axis(self, lap: Lap) -> LapAxis:
        """The axis of one of this car's laps; kept for finished laps."""
        known = self._axes.get(lap.t_start)
        same = known is not None and known.t[0] == lap.t_start and known.t[-1] == lap.t_end
        if known is not None and same:
            return known
        way, length = self.lap_way(lap), self._circuit.length_m
        axis = axis_of(way, lap.t_start, lap.t_end, length, self._limit)
        if lap.t_end is not None:
            self._axes[lap.t_start] = axis
        return axis

    def _changed_from(self, store: SessionStore) -> int | None:
        """Event time from which something is new; None when nothing is."""
        earliest: int | None = None
        for group in self._signals.groups():
            columns = store.columns(self.car, group)
            blocks = columns.blocks if columns is not None else ()
            before = self._seen.get(group, ())
            if blocks is before or (len(blocks) == len(before) and _same(blocks, before)):
                continue
            at = _first_difference(before, blocks)
            self._seen[group] = blocks
            earliest = at if earliest is None else min(earliest, at)
        return earliest

    def _find(self, store: SessionStore, t_from: int) -> None:
        """Crossings, stays and laps again from ``t_from`` on."""
        keep = bisect_left([c.t_us for c in self.crossings], t_from)
        del self.crossings[keep:]
        way = self._way.knots()
        length = self._circuit.length_m
        since = self.crossings[-1].t_us if self.crossings else 0
        lo = int(np.searchsorted(way.t, since, "right"))
        back = int(np.searchsorted(way.t, t_from)) - 1
        armed = True
        if self.crossings:
            # Far side reached since the last crossing, before the part that is looked at again?
            s = way.s[lo : max(back, lo)]
            armed = bool(((s > 0.25 * length) & (s < 0.9 * length)).any())
            back = max(back, lo)
        if self._circuit.marked:
            marks, _ = line_marks(store, self._signals, self.car, since, store.latest_us(self.car))
            self.crossings += [
                Crossing(m.t_us, m.half_us, sure=True) for m in marks if m.t_us > since
            ]
        else:
            found = find_crossings(
                way.part(max(back, 0), len(way.t)),
                self._circuit,
                store.session.clock,
                self._limit,
                armed,
                begins=back < 0,
                ended=_ended(store, self.car),
            )
            if self._circuit.source is LapSource.GATE:
                found = at_gate(found, gate_passes(store, self._signals, self.car, since))
            self.crossings += found
        self._find_stays(way, t_from)
        self._build(way, keep)

    def _find_holes(self, t_from: int) -> None:
        """Holes again from ``t_from`` on."""
        self.holes = [hole for hole in self.holes if hole[1] < t_from]
        t = self._way.knots().t
        t = t[max(int(np.searchsorted(t, t_from)) - 1, 0) :]
        for i in np.flatnonzero(np.diff(t) > self._limit).tolist():
            self.holes.append((int(t[i]), int(t[i + 1])))

    def _find_stays(self, way: Knots, t_from: int) -> None:
        # What was found before stays; a stay that reaches into the new part goes on there.
        back = t_from - _STAY_BACK_US
        lo = int(np.searchsorted(way.t, back))
        kept = [x if x.t_hi < back else Stay(x.t_lo, back, x.s) for x in self.stays]
        new = pit_stays(way.part(lo, len(way.t)), self._circuit.length_m)
        self.stays = merged_stays([x for x in kept if x.t_lo < back] + new)

    def _build(self, way: Knots, keep: int) -> None:
        """Laps from crossings. Those that end before the first new crossing are kept, unless a
        stay in the pit lane has renamed them."""
        pits = pit_crossings(self.crossings, self.stays, self._circuit.length_m)
        first = min(keep, min(pits ^ self._pits, default=keep))
        self._pits = pits
        del self.laps[first:]
        del self._counts[first:]
        since = self.crossings[first - 1].t_us if first else 0
        for t_start in [t for t in self._axes if t >= since]:
            del self._axes[t_start]
        ends: list[Crossing | None] = [*self.crossings, None]
        for i in range(first, len(ends)):
            start = self.crossings[i - 1] if i else None
            end = ends[i]
            lo = int(np.searchsorted(way.t, start.t_us)) if start else 0
            hi = int(np.searchsorted(way.t, end.t_us, "right")) if end else len(way.t)
            if lo == hi and start is None and end is None:
                break
            part = way.part(lo, hi)
            self._counts.append(None if self._lost(part, start, end) else producer_lap(part))
            self.laps.append(
                build_lap(
                    self.car,
                    i,
                    start,
                    end,
                    part,
                    self._circuit,
                    self._limit,
                    out_of_pit=i - 1 in pits,
                    into_pit=i in pits,
                )
            )
        self._number(first)

    def _lost(self, part: Knots, start: Crossing | None, end: Crossing | None) -> bool:
        """Whether nothing but an edge of what lies between two crossings was seen, so that it may
        be several laps."""
        if start is None or end is None:
            return False
        fastest = self._circuit.length_m / MAX_SPEED * 1e6
        gap = largest_gap_us(part.t, start.t_us, end.t_us)
        return gap > max(fastest, self._limit) and end.t_us - start.t_us - gap < _EDGE * fastest

    def _number(self, first: int) -> None:
        """Call every lap what it is called, those from ``first`` on anew: one late chunk may tell
        of laps before and after it, but most tell nothing new."""
        seen = [True, *(crossing.sure for crossing in self.crossings)]
        basis = (list(self._counts), seen)
        if self._numbered is None or self._numbered[0] != basis:
            self._numbered = (basis, number_laps(self._counts, seen))
            first = 0
        numbers = self._numbered[1]
        self.told = numbers.told
        for i in range(first, len(self.laps)):
            lap, number = self.laps[i], numbers.of[i]
            kind = lap.kind
            if kind in (LapKind.FIRST, LapKind.FLYING):
                kind = LapKind.FIRST if number == 1 else LapKind.FLYING
            if (number, kind) != (lap.number, lap.kind):
                self.laps[i] = replace(lap, number=number, kind=kind)


class Growing:
    """Knots in buffers with room to spare, so that adding to them costs what is added."""

    def __init__(self) -> None:
        self._n = 0
        self._t = np.empty(1024, np.int64)
        self._f = np.empty((5, 1024))

    def knots(self) -> Knots:
        """Views of all knots."""
        n = self._n
        return Knots(self._t[:n], *self._f[:, :n])

    def replace_from(self, t_from: int, new: Knots) -> None:
        """Drop knots from ``t_from`` on and put ``new`` in their place."""
        n = int(np.searchsorted(self._t[: self._n], t_from))
        end = n + len(new.t)
        if end > len(self._t):
            # A quarter more: of forty cars twice as much would be hundreds of megabytes.
            size = max(end, len(self._t) * 5 // 4)
            t, f = np.empty(size, np.int64), np.empty((5, size))
            t[:n], f[:, :n] = self._t[:n], self._f[:, :n]
            self._t, self._f = t, f
        self._t[n:end] = new.t
        for row, values in zip(self._f, (new.s, new.v, new.side, new.delay, new.lap), strict=True):
            row[n:end] = values
        self._n = end


def _ended(store: SessionStore, car: str) -> bool:
    """Whether the producers of this car have said that nothing more comes."""
    ends = [head.ended for (of, _), head in store.heads().items() if of == car]
    return bool(ends) and all(ends)


def _same(a: tuple[Block, ...], b: tuple[Block, ...]) -> bool:
    return all(x is y for x, y in zip(a, b, strict=True))


def _first_difference(before: tuple[Block, ...], now: tuple[Block, ...]) -> int:
    """Event time of the first sample that ``now`` has and ``before`` has not."""
    for old, new in zip(before, now, strict=False):
        if old is new:
            continue
        n = min(len(old), len(new))
        if len(new) >= len(old) and np.array_equal(old.t, new.t[: len(old)]):
            if len(new) > len(old):
                return int(new.t[len(old)])
            continue
        differ = np.flatnonzero(old.t[:n] != new.t[:n])
        at = int(differ[0]) if len(differ) else n - 1
        return int(min(old.t[at], new.t[at]))
    if len(now) > len(before):
        return now[len(before)].t_lo
    return now[-1].t_lo if now else 0
