"""The rules of an identity's parts, as the wire format has them."""

from __future__ import annotations

import pytest

from pitwall.telemetry import BadInput, Series
from pitwall.telemetry import names as rules

GOOD = Series("2025-09-06-barber-r1", "GR86-002-78", "driver", "b1")


def test_what_may_be() -> None:
    assert rules.check_series(GOOD) is GOOD
    for car in ("1", "x" * 16, "Č 7", "a/b"):
        assert rules.check_car(car) == car
    assert rules.check_group("g" * 48) == "g" * 48
    assert rules.check_epoch("z9" * 8) == "z9" * 8


@pytest.mark.parametrize("car", ["", "1" * 17, "1#2", "a\nb", "\ud800", "\x00", "a\u2028b"])
def test_cars_that_cannot_be(car: str) -> None:
    assert not rules.is_car(car)
    with pytest.raises(BadInput, match="car"):
        rules.check_car(car)


@pytest.mark.parametrize("group", ["", "g" * 49, "g#1", "g\t"])
def test_groups_that_cannot_be(group: str) -> None:
    with pytest.raises(BadInput, match="group"):
        rules.check_group(group)


@pytest.mark.parametrize("epoch", ["", "b" * 17, "B1", "b-1", "b1\n", "b\u0661"])
def test_epochs_that_cannot_be(epoch: str) -> None:
    assert not rules.is_epoch(epoch)
    with pytest.raises(BadInput, match="epoch"):
        rules.check_epoch(epoch)


@pytest.mark.parametrize(
    "session", ["2025-09-06", "2025-09-06-Barber", "2025-09-0\u0666-barber", "2025-09-06-a\n"]
)
def test_sessions_that_cannot_be(session: str) -> None:
    with pytest.raises(BadInput, match="session key"):
        rules.check_session(session)


def test_what_is_quoted_is_short() -> None:
    assert rules.shown("a#b") == "'a#b'"
    assert len(rules.shown("x" * 10_000)) == 120
