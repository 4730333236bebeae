"""The session in memory: what every pane and every analysis reads.

One writer, many readers without locks: the writer builds the next :class:`View` beside the
current one and swaps a single reference.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import numpy as np

from pitwall.store.batch import Applied, Fresh
from pitwall.store.block import NO_TIMES
from pitwall.store.columns import Columns, Window
from pitwall.store.computed import Computed, is_computed
from pitwall.store.fresh_runs import samples_of
from pitwall.store.growth import GrowingColumns
from pitwall.store.holes import Hole, holes_of
from pitwall.store.ledger import Ledger, SeriesLedger
from pitwall.telemetry import Catalog, Group, Head, Session
from pitwall.telemetry.names import UNCOUNTED

Key = tuple[str, str]
"""(car, group)."""
_REMEMBERED = 64
"""Commits of which it is remembered what they changed."""


@dataclass(frozen=True, slots=True)
class View:
    """One consistent version of everything; never changes.

    Attributes:
        version: counts commits, from 0 for an empty store.
        columns: by (car, group).
        cars: in order of first appearance.
        ledger: the books.
        heads: newest head of each (car, epoch).
        meta: the recording's key/value table.
        latest: newest event time of each car.
        recent: what the newest commits changed: ``(version, keys)``, oldest first, without gaps.
    """

    version: int = 0
    columns: Mapping[Key, Columns] = field(default_factory=lambda: MappingProxyType({}))
    cars: tuple[str, ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
    heads: Mapping[tuple[str, str], Head] = field(default_factory=lambda: MappingProxyType({}))
    meta: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    latest: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    recent: tuple[tuple[int, frozenset[Key]], ...] = ()


class Asked(Protocol):
    """Brings back what is paged out: :class:`pitwall.store.pager.Pager`."""

    def ask(self, car: str, group: str, t_lo: int, t_hi: int) -> None:
        """Bring what lies between two times; never waits."""


class SessionStore:
    """Columns, books and heads of one session, and computed channels beside them.

    Reading methods may be called from any thread and never wait. Several reads that must agree
    take :meth:`view` once. :meth:`commit` belongs to the writer's thread.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.pager: Asked | None = None
        """What brings back values that are paged out; None while all of them are here."""
        self.pages = 0
        """Moves when values that were asked for are back; changed by the pager's thread only."""
        self.computed = Computed(session.catalog)
        self._view = View()
        self._growing: dict[Key, GrowingColumns] = {}
        self._holes: dict[str, tuple[object, tuple[Hole, ...]]] = {}

    # reading

    def view(self) -> View:
        """The current version, as a whole."""
        return self._view

    @property
    def version(self) -> int:
        """Counts commits."""
        return self._view.version

    def cars(self) -> tuple[str, ...]:
        """Cars in order of first appearance, also those of which only a head is known."""
        return self._view.cars

    @property
    def catalog(self) -> Catalog:
        """All groups: the session's, and those that are computed here."""
        return self.computed.catalog

    def columns(self, car: str, group: str) -> Columns | None:
        """All samples of a car's group; None when there are none. Looking up a computed group asks
        for it."""
        if is_computed(group):
            return self.computed.columns((car, group))
        return self._view.columns.get((car, group))

    def changed_since(self, version: int) -> frozenset[Key]:
        """The (car, group) whose samples changed after ``version``. Who asks with every commit
        pays for the changes only, not for all columns."""
        view = self._view
        if version >= view.version:
            return frozenset()
        if view.recent and view.recent[0][0] <= version + 1:
            return frozenset().union(*(keys for at, keys in view.recent if at > version))
        return frozenset(k for k, c in view.columns.items() if c.version > version)

    def ready(self, car: str | None, group: str, t_lo: int, t_hi: int) -> bool:
        """Whether all values between two times are in memory. Where not, they are asked for, and
        :attr:`pages` moves when they are back: who must not wait looks here first, and shows
        until then that they are being read. Costs the blocks in between."""
        columns = self._view.columns.get((car or "", group))
        if self.pager is None or columns is None or not columns.away(t_lo, t_hi):
            return True
        self.pager.ask(car or "", group, t_lo, t_hi)
        return False

    def paged(self) -> None:
        """Say that values are back; for the pager."""
        self.pages += 1

    def window(
        self, car: str, group: str, channel_index: int, t_lo: int, t_hi: int, margin: int = 0
    ) -> Window:
        """Samples of one channel with ``t_lo <= t <= t_hi`` and ``margin`` more on each side; an
        empty window when there are none."""
        columns = self.columns(car, group)
        if columns is None:
            return Window(NO_TIMES, np.zeros(0, np.float32), NO_TIMES, ())
        return columns.window(channel_index, t_lo, t_hi, margin)

    def latest_us(self, car: str | None = None) -> int:
        """Newest event time held, of one car or of all; 0 when there is none."""
        latest = self._view.latest
        if car is not None:
            return latest.get(car, 0)
        return max(latest.values(), default=0)

    def earliest_us(self) -> int:
        """Oldest event time held; 0 when there is none."""
        return min((c.t_lo for c in self._view.columns.values()), default=0)

    def ledger(self) -> Ledger:
        """The books."""
        return self._view.ledger

    def heads(self) -> Mapping[tuple[str, str], Head]:
        """Newest head of each (car, epoch)."""
        return self._view.heads

    def meta(self, key: str) -> str | None:
        """An entry of the recording's key/value table."""
        return self._view.meta.get(key)

    def all_meta(self) -> Mapping[str, str]:
        """The whole key/value table, as of this version."""
        return self._view.meta

    def holes(self, car: str) -> tuple[Hole, ...]:
        """A car's holes in order of time: missing chunks bounded by their neighbours, and
        silences of the source (``n_lo = n_hi = 0``). Kept until something of the car changes."""
        view = self._view
        books = tuple(b for b in view.ledger.series.values() if b.series.car == car)
        groups = self.session.catalog.groups
        columns = {g.name: view.columns.get((car, g.name)) for g in groups}
        heads = {key: head for key, head in view.heads.items() if key[0] == car}
        state = (
            tuple((b.series.epoch, b.absent, b.gaps) for b in books),
            tuple(c.version if c else 0 for c in columns.values()),
            tuple(sorted((key, head.t) for key, head in heads.items())),
        )
        cached = self._holes.get(car)
        if cached is not None and cached[0] == state:
            return cached[1]
        out: list[Hole] = []
        for group in groups:
            mine = [b for b in books if b.series.group == group.name]
            out += holes_of(columns[group.name], mine, heads, group.chunk_us)
        holes = tuple(sorted(out, key=lambda h: (h.t_lo, h.group, h.n_lo)))
        self._holes[car] = (state, holes)
        return holes

    # writing, by one thread

    def commit(self, applied: Applied) -> int:
        """Show a committed transaction. Returns the new version."""
        by_key: dict[Key, list[Fresh]] = {}
        for fresh in applied.fresh:
            series = fresh.segment.series
            by_key.setdefault((series.car, series.group), []).append(fresh)
        for key, parts in by_key.items():
            growing = self.growing(key, counted=parts[0].segment.series.epoch != UNCOUNTED)
            for samples in samples_of(parts, growing):
                growing.insert(samples)
        return self.publish(by_key, applied.ledger, applied.heads, applied.meta)

    def tell(self, entries: Mapping[str, str]) -> int:
        """Other entries of the key/value table, for a session that nobody writes (of one that is
        followed a batch brings them). Returns the new version."""
        view = self._view
        meta = MappingProxyType({**view.meta, **entries})
        return self.publish((), view.ledger, view.heads, meta)

    def growing(self, key: Key, *, counted: bool = True) -> GrowingColumns:
        """The writer's handle on the columns of (car, group); whether their chunks are counted by
        their producer is settled by the first."""
        growing = self._growing.get(key)
        if growing is None:
            growing = self._growing[key] = GrowingColumns(self._group(key[1]), counted=counted)
        return growing

    def fold(self, limit_s: float = math.inf) -> bool:
        """Fold bins that were put off, for about so long. False when nothing is left to be done."""
        until = time.monotonic() + limit_s
        for growing in self._growing.values():
            while growing.fold():
                if time.monotonic() > until:
                    return True
        return False

    def publish(
        self,
        changed: Iterable[Key],
        ledger: Ledger,
        heads: Mapping[tuple[str, str], Head],
        meta: Mapping[str, str],
    ) -> int:
        """Make the changed columns and the given books the next version."""
        before = self._view
        version = before.version + 1
        columns = dict(before.columns)
        latest = dict(before.latest)
        keys = frozenset(changed)
        for key in keys:
            new = self._growing[key].snapshot(version)
            columns[key] = new
            latest[key[0]] = max(latest.get(key[0], 0), new.t_hi)
        self._view = View(
            version,
            MappingProxyType(columns),
            _cars(before.cars, ledger.series.values(), heads),
            ledger,
            heads,
            meta,
            MappingProxyType(latest),
            (*before.recent[-_REMEMBERED + 1 :], (version, keys)),
        )
        return version

    def _group(self, name: str) -> Group:
        return self.session.catalog.group(name)


def _cars(
    known: tuple[str, ...],
    books: Iterable[SeriesLedger],
    heads: Mapping[tuple[str, str], Head],
) -> tuple[str, ...]:
    cars = dict.fromkeys(known)
    for ledger in books:
        cars.setdefault(ledger.series.car)
    for car, _ in heads:
        cars.setdefault(car)
    return known if len(cars) == len(known) else tuple(cars)
