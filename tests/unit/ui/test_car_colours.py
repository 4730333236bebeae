"""A car's colour is its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pitwall.ui.car_colours import CarColours, wish

names = st.integers(0, 999).map(str) | st.text("abcXYZ0123456789", min_size=1, max_size=4)


@given(st.lists(names, unique=True, min_size=1, max_size=10), st.randoms())
def test_the_order_of_arrival_does_not_matter(cars: list[str], random) -> None:
    shuffled = cars.copy()
    random.shuffle(shuffled)
    first, second = CarColours(10), CarColours(10)
    before = {car: first.index(car, cars) for car in cars}
    assert before == {car: second.index(car, shuffled) for car in shuffled}
    assert len(set(before.values())) == len(cars)


@given(st.lists(names, unique=True, min_size=2, max_size=30), st.data())
def test_no_car_changes_when_another_comes(cars: list[str], data) -> None:
    colours = CarColours(10)
    known: list[str] = []
    for car in cars:
        before = {one: colours.index(one, known) for one in known}
        known.append(car)
        data.draw(st.just(colours.index(data.draw(st.sampled_from(known)), known)))
        assert {one: colours.index(one, known) for one in before} == before


def test_a_car_alone_has_the_colour_it_likes() -> None:
    for car in ("7", "13", "088", "A1"):
        assert CarColours(10).index(car, [car]) == wish(car, 10)
    assert wish("7", 10) == wish("17", 10) == 7


def test_more_cars_than_colours_share_them() -> None:
    colours = CarColours(3)
    cars = [str(n) for n in range(9)]
    assert sorted(colours.index(car, cars) for car in cars) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
