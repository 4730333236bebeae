"""Units on screen: right to the last figure shown, and stored data never touched."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.telemetry import BadInput, Channel
from pitwall.telemetry.units import UNITS, alike, conversion, to_si
from pitwall.ui.units import PREFERRED, UnitChoice, UnitSystem, shown

SPEED = Channel("speed", "km/h", 0.1, 0.0, 300.0)
WATER = Channel("water", "degC", 0.1, 0.0, 140.0)
ODD = Channel("odd", "furlong", 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("value", "unit", "other", "expected"),
    [
        (100.0, "km/h", "mph", 62.1371),
        (100.0, "degC", "degF", 212.0),
        (-40.0, "degF", "degC", -40.0),
        (2.0, "bar", "psi", 29.00755),
        (1.0, "gal", "l", 3.785411784),
        (1.0, "hp", "kW", 0.7456999),
        (6000.0, "1/min", "Hz", 100.0),
        (1.0, "mi", "ft", 5280.0),
        (1.0, "lbf ft", "Nm", 1.355818),
    ],
)
def test_known_conversions(value: float, unit: str, other: str, expected: float) -> None:
    how = conversion(unit, other)
    assert how.value(value) == pytest.approx(expected, rel=1e-6)
    assert how.back(how.value(value)) == pytest.approx(value)


@given(st.sampled_from(sorted(UNITS)), st.data(), st.floats(-1e4, 1e4))
def test_every_conversion_agrees_with_si(unit: str, data: st.DataObject, value: float) -> None:
    other = data.draw(st.sampled_from(alike(unit)))
    got = conversion(unit, other).value(value)
    assert to_si(got, other)[0] == pytest.approx(to_si(value, unit)[0], rel=1e-9, abs=1e-9)


def test_units_of_different_things_are_not_converted() -> None:
    with pytest.raises(KeyError):
        conversion("km/h", "bar")
    for table in PREFERRED.values():
        for unit, other in table.items():
            conversion(unit, other)


def test_a_difference_of_temperatures_has_no_offset() -> None:
    how = shown(WATER, UnitChoice(UnitSystem.IMPERIAL))
    assert how.unit == "°F"
    assert how.text(100.0) == "212.0"
    assert how.change(100.0, 90.0) == "+18.0"
    assert how.change(None, 90.0) == "—"


def test_the_system_and_a_channels_own_unit() -> None:
    metric, imperial = UnitChoice(UnitSystem.METRIC), UnitChoice(UnitSystem.IMPERIAL)
    assert shown(SPEED, metric).unit == "km/h"
    assert shown(SPEED, imperial).unit == "mph"
    own = UnitChoice(UnitSystem.IMPERIAL, (("speed", "m/s"), ("water", "bar")))
    assert shown(SPEED, own).unit == "m/s"
    assert shown(WATER, own).unit == "°F", "a unit of something else is no choice"
    assert shown(ODD, imperial).unit == "furlong"


def test_the_next_unit_goes_round_all_and_comes_back() -> None:
    for channel in (SPEED, WATER, ODD):
        for system in UnitSystem:
            choice = start = UnitChoice(system)
            seen = [start.unit_of(channel.name, channel.unit)]
            for _ in range(12):
                choice = choice.with_next(channel.name, channel.unit)
                if choice == start:
                    break
                seen.append(choice.unit_of(channel.name, channel.unit))
            assert choice == start
            assert sorted(seen) == sorted(alike(channel.unit))


@given(
    st.builds(
        UnitChoice,
        st.sampled_from(UnitSystem),
        st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), max_size=5).map(tuple),
    )
)
def test_a_choice_comes_back_the_same(choice: UnitChoice) -> None:
    assert UnitChoice.from_plain(json.loads(json.dumps(choice.to_plain()))) == choice


@pytest.mark.parametrize(
    "doc", [[], {"system": "stones"}, {"own": [["speed"]]}, {"own": [["", "m"]]}, {"own": {}}]
)
def test_anything_else_is_bad_input(doc: object) -> None:
    with pytest.raises(BadInput, match="units"):
        UnitChoice.from_plain(doc)
