"""A change of the sheet as it is typed."""

from __future__ import annotations

import pytest

from pitwall.prerace.sheet import Sheet
from pitwall.prerace.sheet_edit import edited
from pitwall.telemetry import BadInput

OLD = Sheet("22", 1, "road-cup", {"wing": 2.0, "ballast": 0.0}, 5, "as started", "advice/22/4")


@pytest.mark.parametrize(
    ("text", "lap", "values"),
    [
        ("wing 5", 9, {"wing": 5.0}),
        (" Wing 5 , brake bias 61 ", 9, {"wing": 5.0, "brake_bias": 61.0}),
        ("pressure_lf 178.5 lap 12", 12, {"pressure_lf": 178.5}),
        ("wing 2", 9, {}),
    ],
)
def test_what_was_changed(text, lap, values):
    new = edited(text, OLD, "22", 9, 77)
    assert new.values == {**OLD.values, **values}
    assert (new.from_lap, new.written_us, new.vehicle) == (lap, 77, "road-cup")
    assert not new.advice, "the crew's own change is no advice"
    assert not new.note


def test_the_first_sheet_names_its_vehicle_and_counts_from_the_start():
    new = edited("vehicle grand-tourer, wing 4", None, "7", 9, 77)
    assert (new.car, new.from_lap, new.vehicle, new.values) == (
        "7",
        0,
        "grand-tourer",
        {"wing": 4.0},
    )
    assert edited("vehicle stock-car lap 3", OLD, "22", 9, 77).from_lap == 3


@pytest.mark.parametrize(
    ("text", "before", "words"),
    [
        ("", OLD, "say what is changed"),
        ("wing", OLD, "no setting with its value"),
        ("wing many", OLD, "no setting with its value"),
        ("wing nan", OLD, "no setting with its value"),
        ("spoiler 3", OLD, "no setting 'spoiler'; it has"),
        ("wing 99", OLD, "not within"),
        ("wing 5", None, "which vehicle it is first"),
        ("vehicle hovercraft", None, "hovercraft"),
        ("vehicle ", None, "which vehicle"),
    ],
)
def test_what_cannot_be(text, before, words):
    with pytest.raises(BadInput, match=words):
        edited(text, before, "22", 9, 77)
