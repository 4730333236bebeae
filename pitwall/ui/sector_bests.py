"""The best time of each sector, of a car and of the session, as of a moment. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pitwall.analysis import LapKind, Timing

STOPPED = (LapKind.PIT, LapKind.IN)


@dataclass(frozen=True, slots=True)
class SectorBests:
    """Best sectors in microseconds, None where none is known.

    Attributes:
        session: of all cars.
        cars: by car.
    """

    session: tuple[int | None, ...] = ()
    cars: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)

    def role(self, car: str, index: int, us: int) -> str:
        """The role of a sector's colour: ``best`` for the session's best and nothing else, ``live``
        for the car's own best, ``text`` otherwise."""
        if index < len(self.session) and us == self.session[index]:
            return "best"
        own = self.cars.get(car, ())
        return "live" if index < len(own) and us == own[index] else "text"


class SectorBook:
    """Keeps the bests until a lap more is known, or another moment is shown."""

    def __init__(self) -> None:
        self._key: object = None
        self._bests = SectorBests()

    def of(self, timing: Timing, moment: int | None) -> SectorBests:
        """The bests by ``moment``; None for now. Sectors of laps through the pit lane do not
        count."""
        laps = tuple((car.car, len(car.laps), car.last) for car in timing.cars.values())
        key = (laps, moment, id(timing.circuit))
        if key != self._key:
            self._key, self._bests = key, sector_bests(timing, moment)
        return self._bests


def sector_bests(timing: Timing, moment: int | None) -> SectorBests:
    """The best sectors of the laps that were over by ``moment``."""
    cars: dict[str, tuple[int | None, ...]] = {}
    for car in timing.cars.values():
        own: list[int | None] = []
        for lap in car.laps:
            over = lap.t_end is not None and (moment is None or lap.t_end <= moment)
            if over and lap.valid:
                own = _least(own, lap.sectors)
        cars[car.car] = tuple(own)
    session: list[int | None] = []
    for best in cars.values():
        session = _least(session, best)
    return SectorBests(tuple(session), cars)


def _least(known: list[int | None], new: tuple[int | None, ...]) -> list[int | None]:
    size = max(len(known), len(new))
    a = [*known, *[None] * (size - len(known))]
    b = [*new, *[None] * (size - len(new))]
    return [
        min((v for v in pair if v is not None), default=None) for pair in zip(a, b, strict=True)
    ]
