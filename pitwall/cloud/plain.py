"""Plain items, numbers as attributes, read straight from their JSON into columns.

An answer holds thousands of numbers as text. They are read into floats while the JSON is taken
apart, many items in one go, and no attribute becomes a Python object that is asked what it is:
several times cheaper than the JSON alone would be in plain Python.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
from msgspec import Raw
from msgspec.structs import astuple
from numpy.typing import NDArray

from pitwall.cloud.mapping import PlainMapping
from pitwall.telemetry import BadInput
from pitwall.telemetry.clock import from_iso
from pitwall.telemetry.names import MAX_LAP, is_car, shown

_NAN = float("nan")
_T_MIN, _T_MAX = 946_684_800_000_000.0, 4_102_444_800_000_000.0
"""2000 to 2100, microseconds UTC: a time outside is in another unit."""
_NUMBER_OF = attrgetter("N")
_TOGETHER = 256
_WRONG = (msgspec.MsgspecError, ValueError, RecursionError)
Json = Raw | bytes


class _Number(msgspec.Struct, frozen=True, gc=False):
    """A number; NaN where the attribute is none."""

    N: float = _NAN


class _Word(msgspec.Struct, frozen=True, gc=False):
    """A text, or a number as it is written."""

    S: str = ""
    N: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class PlainRows:
    """Samples, in the order of their items.

    Attributes:
        at: int64[m], place of each sample's item among those that were given.
        cars: m ids.
        t: int64[m], event time, microseconds UTC.
        lap: int64[m], 0 where the item has none.
        values: float64[k, m], a row per channel; NaN where the item has no number.
        odd: place and reason of the items that are wrong. Those without a time or a car, and those
            that the mapping does not match, are no samples and not listed.
    """

    at: NDArray[np.int64]
    cars: list[str]
    t: NDArray[np.int64]
    lap: NDArray[np.int64]
    values: NDArray[np.float64]
    odd: tuple[tuple[int, str], ...]


class _Table:
    """Items taken apart, before they are looked at."""

    def __init__(self, across: int) -> None:
        self.at: list[int] = []
        self.cars: list[str] = []
        self.times: list[float] = []
        self.numbers = [np.empty((0, across))]


class PlainItems:
    """Reads items as a mapping says. Never changes; any thread may call it.

    Args:
        mapping: which attribute is what.
        typed: numbers are ``{"N": "12.5"}``, as tables have them; False for bare JSON numbers, as
            producers put them into a Kinesis stream.
    """

    def __init__(self, mapping: PlainMapping, *, typed: bool = True) -> None:
        number: tuple[Any, Any] = (_Number, _Number()) if typed else (float | None, None)
        word: tuple[Any, Any] = (_Word, _Word()) if typed else (str | int | float | None, None)
        columns = [f"c{i}" for i in range(len(mapping.attributes))]
        names = dict(zip(columns, mapping.attributes, strict=True))
        # Fields that hold numbers come first: they become the columns of a table.
        numbers = list(columns)
        words = ["car"]
        if mapping.lap:
            names["lap"] = mapping.lap
            numbers.insert(0, "lap")
        names["t"] = mapping.time
        if mapping.time_us:
            numbers.insert(0, "t")
        else:
            words.append("t")
        names["car"] = mapping.car
        for i, attribute in enumerate(mapping.match):
            names[f"m{i}"] = attribute
            words.append(f"m{i}")
        fields = [(name, *number) for name in numbers] + [(name, *word) for name in words]
        item: Any = msgspec.defstruct("PlainItem", fields, rename=names, frozen=True, gc=False)
        # Numbers of a table are text: it is read into floats as it is taken apart.
        one = msgspec.json.Decoder(item, strict=not typed)
        self._one = one.decode
        self._lines = one.decode_lines
        self._all = msgspec.json.Decoder(list[item], strict=not typed).decode
        self._mapping = mapping
        self._typed = typed
        self._match = tuple(mapping.match.values())
        self._width = len(columns)
        self._across = len(numbers)

    def parse(self, raw: bytes) -> Any:
        """One item, for :meth:`rows`. Raises BadInput."""
        try:
            return self._one(raw)
        except _WRONG as error:
            raise BadInput(f"a record that cannot be read: {shown(str(error))}") from error

    def parse_lines(self, raw: bytes) -> list[Any]:
        """Items with a newline after each. Raises BadInput when one of them is none."""
        try:
            return self._lines(raw)
        except _WRONG as error:
            raise BadInput(f"records that cannot be read: {shown(str(error))}") from error

    def rows(self, items: Sequence[Any]) -> PlainRows:
        """The samples in items that were read before."""
        table = _Table(self._across)
        for start in range(0, len(items), _TOGETHER):
            part = items[start : start + _TOGETHER]
            self._add(table, part, range(start, start + len(part)))
        return self._rows(table, [])

    def read(self, raws: Sequence[Json]) -> PlainRows:
        """The samples in many items, each a JSON object."""
        odd: list[tuple[int, str]] = []
        table = _Table(self._across)
        # A few hundred at a time: what is made of them stays in the processor's reach.
        for start in range(0, len(raws), _TOGETHER):
            part = raws[start : start + _TOGETHER]
            where: list[int] | range = range(start, start + len(part))
            try:
                items = self._all(b"[%b]" % b",".join(part))
            except (msgspec.DecodeError, UnicodeDecodeError):
                items, where = self._one_by_one(part, start, odd)
            self._add(table, items, where)
        return self._rows(table, odd)

    def _add(self, table: _Table, items: Sequence[Any], where: Sequence[int]) -> None:
        """Put items into the table; ``where`` are their places."""
        if self._match:
            kept = [i for i, item in enumerate(items) if self._matches(item)]
            items, where = [items[i] for i in kept], [where[i] for i in kept]
        table.at += where
        table.cars += self._texts([item.car for item in items])
        if not self._mapping.time_us:
            table.times += [_iso_us(text) for text in self._texts([item.t for item in items])]
        table.numbers.append(self._table(items))

    def _one_by_one(
        self, raws: Sequence[Json], start: int, odd: list[tuple[int, str]]
    ) -> tuple[list[Any], list[int]]:
        items, at = [], []
        for i, raw in enumerate(raws, start):
            try:
                items.append(self._one(raw))
                at.append(i)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                odd.append((i, f"an item that cannot be read: {shown(str(error))}"))
        return items, at

    def _matches(self, item: Any) -> bool:
        words = [getattr(item, f"m{i}") for i in range(len(self._match))]
        return tuple(self._texts(words)) == self._match

    def _texts(self, words: list[Any]) -> list[str]:
        """Words as texts."""
        if self._typed:
            return [word.S or word.N for word in words]
        return words if {*map(type, words)} == {str} else [_text(word) for word in words]

    def _rows(self, held: _Table, odd: list[tuple[int, str]]) -> PlainRows:
        table = np.concatenate(held.numbers)
        cars, at = held.cars, np.array(held.at, np.int64)
        t = table[:, 0] * self._mapping.time_us if self._mapping.time_us else np.array(held.times)
        laps = np.zeros(len(cars))
        if self._mapping.lap:
            laps = np.nan_to_num(table[:, -self._width - 1], posinf=-1.0, neginf=-1.0)
        good = {car: is_car(car) for car in set(cars)}
        right = (t >= _T_MIN) & (t <= _T_MAX) & (laps >= 0) & (laps <= MAX_LAP)
        if not all(good.values()):
            right &= np.array([good[car] for car in cars], np.bool_)
        odd += [
            (int(at[i]), _reason(cars[i], float(t[i]), float(laps[i])))
            for i in np.flatnonzero(~right).tolist()
            if cars[i] and not math.isnan(t[i])
        ]
        if not right.all():
            kept = np.flatnonzero(right)
            cars = [cars[i] for i in kept.tolist()]
            at, t, laps, table = at[kept], t[kept], laps[kept], table[kept]
        return PlainRows(
            at,
            cars,
            np.rint(t).astype(np.int64),
            laps.astype(np.int64),
            np.ascontiguousarray(table[:, -self._width :].T),
            tuple(odd),
        )

    def _table(self, items: Sequence[Any]) -> NDArray[np.float64]:
        """The numbers of each item in a row: time (when it is one), lap (when there is one), and
        the channels."""
        across = self._across
        numbers: Iterable[Any] = chain.from_iterable(astuple(item)[:across] for item in items)
        if self._typed:
            numbers = map(_NUMBER_OF, numbers)
        try:
            flat = np.fromiter(numbers, np.float64, across * len(items))
        except TypeError:
            # A null among bare numbers.
            flat = np.array([astuple(item)[:across] for item in items], np.float64)
        return flat.reshape(len(items), across)


def _text(word: Any) -> str:
    """A bare word as text; a whole number without its point; empty when there is none."""
    if isinstance(word, float) and word.is_integer():
        return str(int(word))
    return "" if word is None else str(word)


def _iso_us(text: str) -> float:
    """Microseconds UTC; NaN without a time, -1 for a wrong one."""
    try:
        return float(from_iso(text)) if text else _NAN
    except BadInput:
        return -1.0


def _reason(car: str, t_us: float, lap: float) -> str:
    if not is_car(car):
        return f"car {shown(car)}: 1 to 16 printable characters without #"
    if not 0 <= lap <= MAX_LAP:
        return f"car {car}: lap {lap:g}: 0 to {MAX_LAP}"
    return f"car {car}: time {t_us:.0f} µs is none of this century: see time_unit in the mapping"
