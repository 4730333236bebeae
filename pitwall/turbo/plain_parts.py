"""Objects of somebody else's archive, made into parts: one car's samples of one lap, packed.

Pure; runs in processes of its own (:mod:`pitwall.turbo.plain_child`), because reading JSON cannot
be shared by threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from pitwall.cloud.mapping import PlainMapping
from pitwall.cloud.plain import PlainItems, PlainRows
from pitwall.telemetry import BadInput, encode
from pitwall.turbo.framing import Damaged, Framer
from pitwall.turbo.inflate import inflate

Ints = NDArray[np.int64]
MAX_SAMPLES = 32_768
"""Samples of a part."""
_RAW_KEPT = 64 * 1024
_MAX_ODD = 1000
"""Records of a job that are kept for their faults."""
_BEGIN = b'{"'


class Part(msgspec.Struct, frozen=True):
    """Samples of a car in a lap.

    Attributes:
        car, lap: whose.
        t: int64 times, microseconds UTC, rising, as bytes (little-endian).
        payload: packed, times relative to the first.
    """

    car: str
    lap: int
    t: bytes
    payload: bytes

    @property
    def times(self) -> Ints:
        """int64[n]."""
        return np.frombuffer(self.t, "<i8").astype(np.int64, copy=False)


class Odd(msgspec.Struct, frozen=True):
    """What could not be read: in which object of the job, where, why, and itself."""

    object: int
    where: str
    reason: str
    raw: bytes


class Parts(msgspec.Struct, frozen=True):
    """What some objects held.

    Attributes:
        parts: no time twice in any of one car.
        odd: records that are wrong.
    """

    parts: list[Part]
    odd: list[Odd]


class PlainParts:
    """Reads objects as a mapping says. Never changes; any thread may call it."""

    def __init__(self, mapping: PlainMapping) -> None:
        typed = mapping.archive is not None and mapping.archive.typed
        self._items = PlainItems(mapping, typed=typed)
        (self._group,) = mapping.catalog.groups
        self._version = mapping.catalog.version

    def read(self, objects: Sequence[bytes]) -> Parts:
        """The samples in some objects, as stored."""
        odd: list[Odd] = []
        found = [rows for i, data in enumerate(objects) for rows in self._rows(i, data, odd)]
        return Parts(self._parts(found), odd[:_MAX_ODD])

    def _rows(self, place: int, data: bytes, odd: list[Odd]) -> list[PlainRows]:
        out: list[PlainRows] = []
        framer: Framer[Any] = Framer(self._items.parse, self._items.parse_lines, _BEGIN)
        reason = ""

        def take(framed: list[Any]) -> None:
            items = framed
            if Damaged in set(map(type, framed)):
                items = [each for each in framed if not isinstance(each, Damaged)]
                odd.extend(
                    Odd(place, f"byte {each.offset}", each.reason, each.raw[:_RAW_KEPT])
                    for each in framed
                    if isinstance(each, Damaged)
                )
            rows = self._items.rows(items)
            odd.extend(
                Odd(place, "record", why, msgspec.json.encode(items[i])[:_RAW_KEPT])
                for i, why in rows.odd
            )
            out.append(rows)

        try:
            for block in inflate(data):
                take(list(framer.feed(block)))
        except BadInput as error:
            reason = str(error)
        take(list(framer.end(reason or "ends within an object")))
        if reason:
            odd.append(Odd(place, f"byte {framer.offset}", reason, b""))
        return out

    def _parts(self, found: Sequence[PlainRows]) -> list[Part]:
        names = sorted(set(chain.from_iterable(rows.cars for rows in found)))
        if not names:
            return []
        codes = {car: i for i, car in enumerate(names)}
        cars = np.concatenate(
            [np.fromiter(map(codes.__getitem__, rows.cars), np.int64) for rows in found]
        )
        t = np.concatenate([rows.t for rows in found])
        lap = np.concatenate([rows.lap for rows in found])
        values = np.concatenate([rows.values for rows in found], axis=1)
        order = np.lexsort((t, cars))
        again = np.flatnonzero((np.diff(cars[order]) == 0) & (np.diff(t[order]) == 0)) + 1
        order = np.delete(order, again)
        cars, t, lap = cars[order], t[order], lap[order]
        values = np.take(values, order, axis=1)
        cuts = np.flatnonzero((np.diff(cars) != 0) | (np.diff(lap) != 0)) + 1
        edges = [0, *cuts.tolist(), len(t)]
        return [
            Part(
                names[cars[a]],
                int(lap[a]),
                t[a:z].astype("<i8").tobytes(),
                # Of short runs the recording makes laps soon after, and squeezes those.
                encode(t[a:z], values[:, a:z], self._group, self._version, squeeze=False),
            )
            for first, last in zip(edges, edges[1:], strict=False)
            for a in range(first, last, MAX_SAMPLES)
            for z in (min(a + MAX_SAMPLES, last),)
        ]
