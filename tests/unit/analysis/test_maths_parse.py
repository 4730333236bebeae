"""Expressions: what is understood, in which unit, and where the error is when it is not."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pitwall.analysis.maths_build import LONGEST_S
from pitwall.analysis.maths_functions import FUNCTIONS
from pitwall.analysis.maths_parse import (
    CONSTANTS,
    MOST_CHARACTERS,
    understand,
)
from pitwall.analysis.maths_tree import MathsError
from pitwall.telemetry import Catalog, Channel, Group

CATALOG = Catalog(
    (
        Group(
            "chassis",
            20.0,
            250_000,
            (
                Channel("speed", "km/h", 0.1, 0, 320),
                Channel("brake", "bar", 0.1, 0, 120),
                Channel("steering", "deg", 0.1, -180, 180),
                Channel("throttle", "%", 0.1, 0, 100),
                Channel("accel_lat", "g", 0.01, -4, 4),
                Channel("yaw_rate", "rad/s", 0.01, -2, 2),
                Channel("gear", "1", 1, 0, 8, step=True),
            ),
        ),
        Group(
            "engine",
            10.0,
            250_000,
            (
                Channel("rpm", "1/min", 1, 0, 9000),
                Channel("oil_temp", "degC", 0.1, 0, 160),
                Channel("water_temp", "degC", 0.1, 0, 130),
                Channel("torque", "N·m", 1, 0, 500),
                Channel("smell", "whiff", 1, 0, 9),
                Channel("Oil press", "bar", 0.1, 0, 9),
            ),
        ),
    )
)


def unit(text: str) -> str:
    return understand(text, CATALOG).unit.symbol


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("speed", "km/h"),
        ("speed + 5", "km/h"),
        ("5 + speed", "km/h"),
        ("2 * speed", "km/h"),
        ("speed / 2", "km/h"),
        ("-speed", "km/h"),
        ("speed - lag(speed, 1)", "km/h"),
        ("speed / speed", "1"),
        ("throttle", "%"),
        ("throttle * speed", "m/s"),
        ("speed ** 2", "m²/s²"),
        ("sqrt(speed ** 2)", "m/s"),
        ("speed * yaw_rate", "m·rad/s²"),
        ("unit(speed * yaw_rate, 'g') - accel_lat", "g"),
        ("torque * rpm", "W"),
        ("unit(torque * rpm * 2 * pi, 'kW')", "kW"),
        ("oil_temp - water_temp", "K"),
        ("oil_temp + (oil_temp - water_temp)", "degC"),
        ("(oil_temp + water_temp) / 2", "degC"),
        ("max(oil_temp, water_temp)", "degC"),
        ("oil_temp > 110", "1"),
        ("speed * (brake > 5)", "km/h"),
        ("where(brake > 5, speed, 0)", "km/h"),
        ("speed if brake > 5 else 0", "km/h"),
        ("brake > 5 and not throttle > 10", "1"),
        ("(brake > 5) & (throttle > 10) | (gear == 0)", "1"),
        ("derivative(speed)", "km/h/s"),
        ("unit(derivative(speed), 'g')", "g"),
        ("derivative(brake)", "bar/s"),
        ("derivative(oil_temp)", "K/s"),
        ("integral(speed)", "m"),
        ("integral(throttle)", "%·s"),
        ("integral(accel_lat)", "m/s"),
        ("sin(steering)", "1"),
        ("atan2(accel_lat, unit(1, 'g'))", "rad"),
        ("unit(atan(0.5), 'deg')", "deg"),
        ("smooth(speed, 0.5)", "km/h"),
        ("mean(speed, unit(500, 'ms'))", "km/h"),
        ("hypot(accel_lat, accel_lat)", "g"),
        ("lookup(rpm, 0, unit(0, 'N·m'), 6000, unit(400, 'N·m'))", "N·m"),
        ("smell * smell", "whiff²"),
        ("chassis.speed", "km/h"),
        ("channel('Oil press') + brake", "bar"),
        ("unit(3, 'm') * speed", "m²/s"),
        ("1 / speed", "s/m"),
        ("gravity", "m/s²"),
        ("0 < speed < 100", "1"),
        ("   speed  ", "km/h"),
    ],
)
def test_the_unit_of_what_is_understood(text: str, wanted: str) -> None:
    assert unit(text) == wanted


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("speed + oil_temp", "oil_temp", "degC cannot be added to km/h"),
        ("speed - oil_temp", "oil_temp", "degC cannot be taken from km/h"),
        ("speed > brake", "brake", "bar cannot be compared with km/h"),
        ("steering + throttle", "throttle", "% cannot be added to deg"),
        ("where(brake, 1, 2)", "brake", "true or false belongs here, not bar"),
        ("where(brake > 1, speed, brake)", "brake)", "put in the place of"),
        ("not speed", "speed", "true or false"),
        ("sin(speed)", "speed", "takes an angle"),
        ("exp(speed)", "speed", "a plain number belongs here"),
        ("speed ** brake", "brake", "raised to a number"),
        ("2 ** speed", "speed", "a plain number belongs here"),
        ("speed ** 9", "9", "simple number"),
        ("sped * 2", "sped", "there is no channel 'sped': speed?"),
        ("sqr(speed)", "sqr", "there is no function 'sqr': sqrt?"),
        ("smooth", "smooth", "is a function"),
        ("smooth(speed)", "smooth(speed)", "takes 2, not 1"),
        ("smooth(speed, 0)", "0", "more than 0 to 60 seconds"),
        ("smooth(speed, brake)", "brake", "a number of seconds"),
        ("lag(speed, 61)", "61", "-60 to 60 seconds"),
        ("unit(speed, 'bar')", "'bar'", "km/h cannot be told in bar"),
        ("unit(speed, bar)", "bar", "a name in quotes"),
        ("engine.speed", "engine.speed", "has no channel"),
        ("motor.rpm", "motor", "there is no group"),
        ("lookup(rpm, 1, 2, 1, 3)", "1, 3", "must rise"),
        ("lookup(rpm, 1, 2, 3)", "lookup", "takes 5 or more, not 4"),
        ("integral(oil_temp)", "oil_temp", "take a difference"),
        ("unit(3, 'K') - oil_temp", "oil_temp", "cannot be taken from a difference"),
        ("speed +", "", "cannot be read"),
        ("(speed", "(", "never closed"),
        ("speed)", ")", "does not fit"),
        ("speed @ 2", "@", "means nothing here"),
        ("2speed", "speed", "a number runs into a name"),
        ("speed; import os", ";", "means nothing here"),
        ("__import__('os')", "__import__", "there is no function"),
        ("speed.__class__", "speed", "there is no group"),
        ("(lambda: 1)()", ":", "means nothing here"),
        ("[1, 2]", "[", "means nothing here"),
        ("speed if 1", "", "cannot be read"),
        ("'speed'", "'speed'", "a number belongs here"),
        ("True", "True", "a number belongs here"),
        ("1e999", "1e999", "too large"),
        ("min(*speed)", "*speed", "not part of the language"),
        ("speed // 2", "speed // 2", "not part of the language"),
        ("speed in brake", "brake", "not part of the language"),
        ("min(speed, speed, key=2)", "key=2", "no names here"),
        ("öl + 1", "öl", "there is no channel"),
        ("", "", "missing"),
        ("   ", "", "missing"),
    ],
)
def test_the_error_is_told_at_its_place(text: str, at: str, words: str) -> None:
    with pytest.raises(MathsError, match=re.escape(words)) as error:
        understand(text, CATALOG)
    found = error.value
    if at and at in text:
        assert found.column == text.index(at) if text.count(at) == 1 else True
    line, caret, said = found.pointed(text).split("\n")
    assert line == text
    assert caret.strip("^ ") == ""
    assert caret.count("^") >= 1
    assert said == str(found)


def test_a_place_counts_characters_and_not_bytes() -> None:
    with pytest.raises(MathsError) as error:
        understand("unit(gravity, 'm/s²') + brake", CATALOG)
    assert (error.value.column, error.value.length) == (24, 5)


OTHERS = {
    "slip": "speed - lag(speed, 0.1)",
    "twice": "slip * 2",
    "loop": "pool",
    "pool": "loop + 1",
}


def test_definitions_are_made_of_others() -> None:
    assert understand("twice + 1", CATALOG, OTHERS).unit.symbol == "km/h"
    with pytest.raises(MathsError, match="in pool: loop would be made of itself"):
        understand("loop", CATALOG, OTHERS)
    with pytest.raises(MathsError, match="slip would be made of itself"):
        understand("twice", CATALOG, OTHERS, "slip")


def test_definitions_of_definitions_are_bounded() -> None:
    others = {"a0": "speed", **{f"a{i}": f"a{i - 1} + a{i - 1}" for i in range(1, 40)}}
    with pytest.raises(MathsError, match="too long or too deeply nested"):
        understand("a39", CATALOG, others)


def test_operations_are_bounded_however_flat() -> None:
    wide = {"b": f"min({', '.join(['speed'] * 30)})", "c": f"min({', '.join(['b'] * 30)})"}
    assert understand("b", CATALOG, wide).unit.symbol == "km/h"
    with pytest.raises(MathsError, match="too long or too deeply nested"):
        understand("c", CATALOG, wide)


def test_numbers_are_worked_out_beforehand() -> None:
    node = understand("2 * pi ** 2", CATALOG)
    assert (node.op, node.numbers) == ("number", (2 * math.pi**2,))
    assert understand("lag(speed, 2 * 0.25)", CATALOG).reach.back_us == 500_000
    assert understand("unit(gravity, 'g')", CATALOG).numbers == (1.0,)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 250 + "speed" + ")" * 245,
        "-" * 490 + "1",
        "not " * 120 + "1",
        "9**" * 160 + "9",
        "+".join(["speed"] * 80),
        "9" * 490,
        "speed" * 200,
        "\ud800",
        "\0",
        "speed\nspeed",
        "speed\\",
    ],
)
def test_no_text_takes_long_or_breaks_anything(text: str) -> None:
    with pytest.raises(MathsError):
        understand(text, CATALOG)


WORDS = [
    *(c.name for g in CATALOG.groups for c in g.channels),
    *FUNCTIONS,
    *CONSTANTS,
    *"+-*/()<>=!&|~,.'\"%^ ",
    "**",
    "==",
    " and ",
    " not ",
    " if ",
    " else ",
    "1",
    "0.5",
    "1e9",
    "'km/h'",
    "chassis.",
    "é",
    "²",
]


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=25).map("".join))
@example("lookup(1,1,1,1,1)")
def test_any_text_is_understood_or_told_at_a_place(text: str) -> None:
    try:
        node = understand(text, CATALOG)
    except MathsError as error:
        assert 0 <= error.column <= max(len(text), MOST_CHARACTERS)  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert node.unit.symbol
        assert max(node.reach.back_us, node.reach.ahead_us) <= 30 * LONGEST_S * 1e6
