"""A race's length as it is typed."""

from __future__ import annotations

import pytest

from pitwall.telemetry import BadInput
from pitwall.ui.race_length import read_length


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("45", (45, False)), (" 45 Stop ", (45, True)), ("stop", (None, True)), ("", (None, False))],
)
def test_what_may_be_typed(text, wanted):
    assert read_length(text) == wanted


@pytest.mark.parametrize("text", ["0", "-3", "45 laps", "4.5", "2001", "45 46", "²"])
def test_what_is_no_length(text):
    with pytest.raises(BadInput, match="no length of a race"):
        read_length(text)
