"""Probabilities as they are said."""

from __future__ import annotations

import pytest

from pitwall.telemetry.probability import chance


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (0.0, "< 1 %"),
        (0.004, "< 1 %"),
        (0.01, "1 %"),
        (0.5, "50 %"),
        (0.99, "99 %"),
        (1.0, "> 99 %"),
    ],
)
def test_nothing_is_sure(p, words):
    assert chance(p) == words
