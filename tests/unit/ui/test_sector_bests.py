"""Purple and green: whose best a sector is."""

from __future__ import annotations

from types import MappingProxyType

from pitwall.analysis import CarTiming, Lap, LapKind, Timing
from pitwall.ui.sector_bests import SectorBook, sector_bests


def lap(car: str, number: int, sectors: tuple[int | None, ...], *, valid: bool = True) -> Lap:
    start = number * 100
    return Lap(car, number, start, start + 90, 90, 0, LapKind.FLYING, valid, "", sectors)


def timing(*laps: Lap) -> Timing:
    cars: dict[str, list[Lap]] = {}
    for one in laps:
        cars.setdefault(one.car, []).append(one)
    made = {c: CarTiming(c, tuple(own), last=own[-1]) for c, own in cars.items()}
    return Timing(1, MappingProxyType(made), tuple(made), None, None)


def test_the_least_of_all_is_purple_and_of_the_car_green():
    bests = sector_bests(
        timing(lap("1", 1, (30, 40)), lap("1", 2, (29, 41)), lap("2", 1, (28, 45))), None
    )
    assert bests.session == (28, 40)
    assert bests.role("2", 0, 28) == "best"
    assert bests.role("1", 0, 29) == "live"
    assert bests.role("1", 0, 30) == "text"
    assert bests.role("1", 1, 40) == "best"
    assert bests.role("3", 0, 31) == "text"


def test_what_does_not_count_is_no_best():
    bests = sector_bests(timing(lap("1", 1, (30, None)), lap("1", 2, (20, 20), valid=False)), None)
    assert bests.session == (30, None)


def test_the_past_does_not_know_the_future():
    told = timing(lap("1", 1, (30, 40)), lap("1", 2, (29, 39)))
    assert sector_bests(told, 195).session == (30, 40)
    book = SectorBook()
    assert book.of(told, 195).session == (30, 40)
    assert book.of(told, None).session == (29, 39)
    assert book.of(told, None) is book.of(told, None)
