"""Following items that somebody else's producer wrote.

They carry no counters, so nobody can tell from them what is missing. Here each page's samples of a
car become a chunk with a counter of our own, given when it arrives: the recording, the columns and
the exactly-once of checkpoints work as ever, the books are whole by construction, and because no
head ever states a counter they say "not provable" and never "complete".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.cloud import LapEntry
from pitwall.cloud.image import Image
from pitwall.cloud.mapping import PlainMapping
from pitwall.cloud.plain import Json, PlainItems
from pitwall.store import Quarantined, SessionStore, Source
from pitwall.stream import Decoded, Record, Together
from pitwall.telemetry import Head, Series, chunk, encode
from pitwall.telemetry.names import UNCOUNTED
from pitwall.turbo.table import Found

Ints = NDArray[np.int64]


class NoTable:
    """Keyed reads where there is nothing to be read by key."""

    def heads(self) -> list[Head]:
        """None: there is no roster."""
        return []

    def catalog(self) -> list[LapEntry]:
        """None."""
        return []

    def chunks(self, group: str, lap: int, car: str, t_lo: int, t_hi: int) -> Found:
        """None."""
        return [], []

    def sealed(self, entries: Sequence[LapEntry]) -> Found:
        """None."""
        return [], []


@dataclass(slots=True)
class _Car:
    """What is known of a car beyond the store.

    Attributes:
        n: newest counter given.
        began, newest: times of its first and newest sample.
        pending: counter and times of chunks that are not in the store yet.
    """

    n: int
    began: int
    newest: int
    pending: tuple[tuple[int, Ints], ...] = ()


class PlainDecoder:
    """Turns pages of plain items into chunks. The reader's thread only; one for each reader, made
    when everything that was handed over before is in the store.

    A sample that is there already (same car, same time) is left out, however it came again: a page
    read twice, a record repeated, an item written again.

    Args:
        mapping: which attribute is what.
        store: the session in memory: which times are there, and the counters reached.
    """

    def __init__(self, mapping: PlainMapping, store: SessionStore) -> None:
        self._items = PlainItems(mapping, typed=not mapping.bare)
        self._store = store
        (self._group,) = mapping.catalog.groups
        self._version = mapping.catalog.version
        self._cars: dict[str, _Car] = {}

    def __call__(self, record: Record) -> Decoded:
        """What one record holds."""
        (page,) = self.many([[record]])
        return page.found[0] if page.found else None

    def many(self, pages: Sequence[Sequence[Record]]) -> list[Together]:
        """The samples of pages, and a heartbeat of each car in each; only records without an
        item are left over. What was given counts as given when all of the pages could be."""
        cars: dict[str, _Car] = {}
        out = [self._page(records, cars) for records in pages]
        self._cars.update(cars)
        return out

    def _page(self, records: Sequence[Record], cars: dict[str, _Car]) -> Together:
        held = [record for record in records if record.body is not None]
        rows = self._items.read([_json(record) for record in held])
        out: list[Decoded] = []
        heard: set[str] = set()
        order = np.lexsort((rows.t, rows.lap, np.array(rows.cars, np.str_)))
        for part in _alike(rows.cars, rows.lap, order):
            name, lap = rows.cars[part[0]], int(rows.lap[part[0]])
            car = cars.get(name) or self._car(name)
            t, values = self._new(name, car, rows.t[part], rows.values[:, part])
            if not len(t):
                continue
            first, last = int(t[0]), int(t[-1])
            car = cars[name] = _Car(
                car.n + 1,
                min(car.began or first, first),
                max(car.newest, last),
                (*car.pending, (car.n + 1, t)),
            )
            payload = encode(t, values, self._group, self._version)
            heard.add(name)
            out.append(chunk(self._series(name), car.n, lap, first, last, len(t), payload))
        # States no counter: it says how new the data is, and never what there should be.
        session = self._store.session.key
        out += [
            Head(session, name, UNCOUNTED, cars[name].began, cars[name].newest, 0, {})
            for name in sorted(heard)
        ]
        out += [_poison(held[i], reason) for i, reason in rows.odd]
        return Together(out, (), [record for record in records if record.body is None])

    def _car(self, name: str) -> _Car:
        """What is known of a car, without what the store has by now."""
        books = self._store.ledger().series.get(self._series(name))
        tail = books.tail if books is not None else 0
        car = self._cars.get(name)
        if car is None:
            return _Car(tail, 0, 0)
        car.pending = tuple(each for each in car.pending if each[0] > tail)
        return car

    def _new(
        self, name: str, car: _Car, t: Ints, values: NDArray[np.float64]
    ) -> tuple[Ints, NDArray[np.float64]]:
        """The samples at times that the car has none at, each time once, in order."""
        t, first = np.unique(t, return_index=True)
        held = self._store.window(name, self._group.name, 0, int(t[0]), int(t[-1])).t
        new = ~np.isin(t, np.concatenate([held, *(times for _, times in car.pending)]))
        return t[new], values[:, first[new]]

    def _series(self, car: str) -> Series:
        return Series(self._store.session.key, car, self._group.name, UNCOUNTED)


def _json(record: Record) -> Json:
    """The record's item as JSON, as every source that a follower makes holds it."""
    body: Image | bytes = record.body
    return body.raw if isinstance(body, Image) else body


def _alike(cars: list[str], laps: Ints, order: Ints) -> list[Ints]:
    """``order`` cut where the car or the lap changes."""
    if not len(order):
        return []
    names = np.array(cars, np.str_)[order]
    cuts = np.flatnonzero((names[1:] != names[:-1]) | (np.diff(laps[order]) != 0)) + 1
    return np.split(order, cuts)


def _poison(record: Record, reason: str) -> Quarantined:
    return Quarantined(
        Source.STREAM, f"stream record {record.sequence}", reason, bytes(_json(record))
    )
