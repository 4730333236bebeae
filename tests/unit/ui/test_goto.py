"""Typed places: session time, clock time, laps, steps; and one clear line for anything else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.analysis import Lap, LapKind
from pitwall.telemetry import BadInput
from pitwall.ui.goto import Found, Known, find
from pitwall.ui.jumps import Stop, next_stop

SECOND = 1_000_000
T0 = int(datetime(2025, 9, 6, 12, 40, tzinfo=UTC).timestamp()) * SECOND


def lap(car: str, number: int, start_s: float) -> Lap:
    t = T0 + int(start_s * SECOND)
    return Lap(car, number, t, t + 90 * SECOND, 90 * SECOND, 0, LapKind.FLYING, True, "", ())


KNOWN = Known(
    T0,
    T0 - 30 * SECOND,
    T0 + 2700 * SECOND,
    T0 + 600 * SECOND,
    "GR86-2",
    {
        "GR86-2": [lap("GR86-2", n, 90.0 * n) for n in range(1, 20)],
        "22": [lap("22", n, 90.0 * n + 5) for n in range(0, 12)],
        "7": [],
    },
    timezone(timedelta(hours=2)),
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0:31:07.250", 31 * 60 + 7.25),
        ("0:31:07,25", 31 * 60 + 7.25),
        ("31:07", 31 * 60 + 7.0),
        ("00:00:00", 0.0),
        (" 1:05 ", 65.0),
        ("@14:45:30", 330.0),  # the zone is two hours ahead
        ("14:45:30.5", 330.5),
        ("12:45:30Z", 330.0),
        ("12:45:30z", 330.0),
        ("+5", 605.0),
        ("-2.5", 597.5),
        ("−2.5 s", 597.5),
    ],
)
def test_times(text: str, wanted: float) -> None:
    assert find(text, KNOWN) == Found(T0 + round(wanted * SECOND))


@pytest.mark.parametrize(
    ("text", "car", "start_s"),
    [
        ("L12", "GR86-2", 1080.0),
        ("l 12", "GR86-2", 1080.0),
        ("lap 3", "GR86-2", 270.0),
        ("GR86-2 L12", "GR86-2", 1080.0),
        ("gr86-2 l12", "GR86-2", 1080.0),
        ("22 L0", "22", 5.0),
        ("car 22 lap 4", "22", 365.0),
        ("#22 L4", "22", 365.0),
    ],
)
def test_laps(text: str, car: str, start_s: float) -> None:
    assert find(text, KNOWN) == Found(T0 + int(start_s * SECOND), car)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "type a place"),
        ("tomorrow", "“tomorrow” is no place"),
        ("L40", "car GR86-2 has no lap 40: it has L1 to L19"),
        ("7 L1", "car 7 has no lap 1: it has none yet"),
        ("99 L1", "there is no car “99”"),
        ("0:31:99", "minutes and seconds go to 59"),
        ("0:77:00", "minutes and seconds go to 59"),
        ("0:50:00", "outside of what is here: 00:00:00 to 00:45:00"),
        ("@25:00:00", "a clock goes to 23:59:59"),
        ("03:00:00", "outside of what is here"),
        ("+99999", "outside of what is here"),
        ("1" * 200, "this is no place"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, words: str) -> None:
    with pytest.raises(BadInput) as error:
        find(text, KNOWN)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@given(st.text(max_size=30))
def test_any_text_is_a_place_within_or_bad_input(text: str) -> None:
    try:
        found = find(text, KNOWN)
    except BadInput:
        return
    assert KNOWN.low_us <= found.t_us <= KNOWN.high_us


def test_a_session_over_midnight() -> None:
    late = int(datetime(2025, 9, 6, 23, 50, tzinfo=UTC).timestamp()) * SECOND
    known = Known(late, late, late + 3600 * SECOND, late, None, {}, UTC)
    assert find("@00:10:00", known).t_us == late + 1200 * SECOND
    with pytest.raises(BadInput, match="no car is selected"):
        find("L1", known)


def test_the_next_stop_is_the_nearest_on_that_side() -> None:
    stops = [Stop(t, "", str(t)) for t in (50, 10, 30)]
    assert next_stop(stops, 10, 1) == stops[2]
    assert next_stop(stops, 30, -1) == stops[1]
    assert next_stop(stops, 50, 1) is None
    assert next_stop(stops, 10, -1) is None
