"""The mapping file: what it may say, and how it is told what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pitwall.cloud.mapping import load_mapping
from pitwall.telemetry import BadInput

WHOLE = """
title = "Club race"
time = "ts"
time_unit = "ms"
car = "no"
lap = "lap"
group = "logger"
rate_hz = 20

[match]
event = "r1"

[channels.speed]
attribute = "Speed"
unit = "km/h"
resolution = 0.01
low = 0
high = 300

[channels.gear]
low = 0
high = 6
step = true
label = "Gear"
"""


def load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "m.toml"
    path.write_text(text)
    return load_mapping(path)


def test_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(WHOLE)
    mapping = load_mapping(path)
    assert (mapping.time, mapping.time_us, mapping.car, mapping.lap) == ("ts", 1e3, "no", "lap")
    assert mapping.match == {"event": "r1"}
    assert mapping.attributes == ("Speed", "gear")
    (group,) = mapping.catalog.groups
    assert (group.name, group.rate_hz) == ("logger", 20.0)
    speed, gear = group.channels
    assert (speed.name, speed.unit, speed.resolution, speed.high) == ("speed", "km/h", 0.01, 300)
    assert (gear.unit, gear.resolution, gear.step, gear.title) == ("1", 0, True, "Gear")
    session = mapping.session("2025-09-06-club-r1", 5)
    assert (session.title, session.started_us) == ("Club race", 5)
    assert not mapping.bare


def test_what_may_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(
        'time = "t"\ntime_unit = "iso"\ncar = "c"\nrate_hz = 1\n[channels]\nv = {low=0, high=1}'
    )
    mapping = load_mapping(path)
    assert (mapping.lap, mapping.match, mapping.time_us) == ("", {}, 0.0)
    assert mapping.session("2025-09-06-club-r1", 5).title == "2025-09-06-club-r1"
    assert mapping.catalog.groups[0].name == "car"


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ('time = "ts"', "", "time is missing"),
        ('time = "ts"', "time = 5", "time is 5, no text"),
        ('"ms"', '"hours"', "time_unit is 'hours': use one of s, ms"),
        ("rate_hz = 20", 'rate_hz = "20"', "rate_hz is '20'"),
        ("rate_hz = 20", "", "rate_hz is missing"),
        ("rate_hz = 20", "rate_hz = -1", "rate_hz is -1"),
        ("low = 0\nhigh = 300", "high = 300", "channels.speed.low is missing"),
        ('unit = "km/h"', 'units = "km/h"', "channels.speed.units is not known"),
        ('title = "Club race"', 'name = "Club race"', "name is not known"),
        ('attribute = "Speed"', 'attribute = "no"', "one is named twice"),
        ('group = "logger"', 'group = "a#b"', "group 'a#b'"),
        ("step = true", "step = 1", "channels.gear.step is 1: true or false"),
        ("[match]", "[match", "not TOML"),
        ('event = "r1"', "event = 1", "match.event is 1, no text"),
        ("resolution = 0.01", "resolution = -1", "resolution is -1"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, was: str, now: str, told: str) -> None:
    assert was in WHOLE
    with pytest.raises(BadInput) as error:
        load(tmp_path, WHOLE.replace(was, now, 1))
    assert told in str(error.value)
    assert str(tmp_path / "m.toml") in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_mapping(tmp_path / "absent.toml")
    with pytest.raises(BadInput, match="lists none"):
        load(tmp_path, WHOLE.partition("[channels")[0])
    (tmp_path / "m.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="not TOML"):
        load_mapping(tmp_path / "m.toml")
