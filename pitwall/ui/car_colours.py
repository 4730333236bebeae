"""Which car has which colour.

A car's own number says which colour it would like, so that it looks the same tomorrow and on the
laptop beside. Where two would like the same one, the second gets the next that is free, and what a
car has been given it keeps.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable


class CarColours:
    """Hands out places in a row of ``count`` colours."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._given: dict[str, int] = {}

    def index(self, car: str, cars: Iterable[str]) -> int:
        """The place of ``car``, one of ``cars``, all that are known by now.

        Those that are new are served in the order of their numbers, whatever the order in which
        they came. When all colours are taken, cars share the one that they would like.
        """
        if car not in self._given:
            for one in sorted({car, *cars} - self._given.keys(), key=_in_order):
                self._given[one] = self._place(one)
        return self._given[car]

    def _place(self, car: str) -> int:
        liked = wish(car, self._count)
        taken = set(self._given.values())
        places = ((liked + step) % self._count for step in range(self._count))
        return next((place for place in places if place not in taken), liked)


def wish(car: str, count: int) -> int:
    """Which of ``count`` colours suits a car, by its number alone."""
    return int(car) % count if _is_number(car) else zlib.crc32(car.encode()) % count


def _is_number(car: str) -> bool:
    return car.isascii() and car.isdigit()


def _in_order(car: str) -> tuple[int, str]:
    return (int(car), car) if _is_number(car) else (10**16, car)
