"""Official timing from files made here."""

from __future__ import annotations

import json

import pytest

from pitwall.formats import import_files
from pitwall.formats.registry import detect
from pitwall.formats.timing_text import moment_us, span_us, whole
from pitwall.store import Recording
from pitwall.telemetry import OFFICIAL_META, BadInput, TableClock, official_from_json
from tests.unit.formats import samples


def read(tmp_path, name: str, text: str):
    path = samples.put(tmp_path, name, text.encode())
    (table,) = detect(path).timing([path], None)
    return table


def test_sections_with_a_mark_padded_names_and_a_lap_of_no_time(tmp_path):
    table = read(tmp_path, "23.csv", samples.SECTIONS)
    assert table.clock is TableClock.LOCAL
    first, second, odd = table.laps
    assert (first.car, first.number, first.time_us) == ("3", 1, 114_168_000)
    assert first.sectors == (33_413_000, 43_534_000, 37_221_000)
    assert first.end_us == (13 * 3600 + 42 * 60 + 35) * 1_000_000 + 322_000
    assert second.pit
    assert second.pit_us == 35_158_000
    assert odd.time_us is None
    assert table.notes == ("23.csv: 1 impossible lap time left out",)


def _laps_of_two_cars(order: list[int]) -> str:
    """Cars 3 and 03, both written 3, lap by lap in ``order``; the first of them is slower."""
    rows = []
    for lap in (1, 2, 3):
        for which in order:
            time = (110, 105)[which]
            end = 13 * 3600 + 2 * which + time * lap
            hour = f"{end // 3600}:{end % 3600 // 60}:{end % 60}.000"
            rows.append(f"3;{lap};1:{time - 60}.000;33.0;43.0;37.0;{hour};{hour}")
    return "NUMBER;LAP_NUMBER;LAP_TIME;S1;S2;S3;ELAPSED;HOUR\n" + "\n".join(rows)


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_two_cars_of_one_number_are_told_apart_by_their_best_laps(tmp_path, order):
    table = read(tmp_path, "23.csv", _laps_of_two_cars(order))
    times = {car: {lap.time_us for lap in table.laps if lap.car == car} for car in table.cars()}
    assert times == {"3": {105_000_000}, "3 (2)": {110_000_000}}
    assert table.notes == (
        "23.csv: 3 is the number of more than one car; the quicker is 3, the next 3 (2)",
    )
    results = read(
        tmp_path,
        "03.csv",
        "POSITION;NUMBER;STATUS;LAPS;TOTAL_TIME;GAP_FIRST;FL_LAPNUM;FL_TIME\n"
        "1;3;Classified;3;5:15.000;-;1;1:45.000\n2;3;Classified;3;5:30.000;+15.0;1;1:50.000\n",
    )
    assert [(row.car, row.position) for row in results.results] == [("3", 1), ("3 (2)", 2)]


def test_a_car_without_a_lap_does_not_take_the_number_of_the_one_that_drove(tmp_path):
    results = read(
        tmp_path,
        "03.csv",
        "POSITION;NUMBER;STATUS;LAPS;TOTAL_TIME;GAP_FIRST;FL_LAPNUM;FL_TIME\n"
        "1;3;Classified;3;5:15.000;-;1;1:45.000\n;3;Not started;0;;;;\n",
    )
    assert [(row.car, row.laps) for row in results.results] == [("3", 3), ("3 (2)", 0)]


def test_a_feed_knows_crossings_not_laps(tmp_path):
    table = read(tmp_path, "lap_end.csv", samples.FEED)
    assert table.clock is TableClock.UTC
    assert [lap.number for lap in table.laps] == [2, None]
    assert table.laps[1].time_us == 103_729_000
    assert any("told twice" in note for note in table.notes)
    assert any("unknown" in note for note in table.notes)


def test_deltas_are_merged_and_a_late_time_finds_its_lap(tmp_path):
    table = read(tmp_path, "live.txt", samples.LIVE)
    assert [(lap.number, lap.time_us) for lap in table.laps] == [(8, None), (9, 90_617_000)]
    assert table.laps[1].sectors == (28_900_000, None, 24_600_000)
    assert [(stop.in_us is not None, stop.out_us - stop.in_us) for stop in table.stops] == [
        (True, 60_000_000)
    ]


def test_the_address_before_the_document_is_skipped(tmp_path):
    table = read(tmp_path, "laps.json", samples.NASCAR)
    assert [lap.time_us for lap in table.laps] == [35_735_000, 42_676_000]
    assert table.laps[1].end_us == 78_411_000
    assert [flag.state for flag in table.flags] == ["green"]


def test_official_timing_alone_makes_a_recording(tmp_path):
    path = samples.put(tmp_path / "race", "23.csv", samples.SECTIONS.encode())
    report = import_files([path], tmp_path / "o.pitwall", key="2025-09-06-race-one")
    recording = Recording.open(report.out, read_only=True)
    (table,) = official_from_json(recording.meta(OFFICIAL_META))
    recording.close()
    assert table.cars() == ("3", "7")
    assert report.samples == 0


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1:54.168", 114_168_000),
        ("33.4", 33_400_000),
        ("13:42:35.322", 49_355_322_000),
        ("+0.684", 684_000),
        ("11 Laps", None),
        ("", None),
        ("-", None),
        (float("nan"), None),
        (True, None),
    ],
)
def test_spans(text, us):
    assert span_us(text) == us


def test_numbers_and_moments_that_are_none():
    assert whole("26.0") == 26
    assert whole("x") is None
    assert whole(float("inf")) is None
    assert moment_us("2024-07-05T11:50:40.1747817Z") == 1_720_180_240_174_781
    assert moment_us("yesterday") is None


def test_what_does_not_fit_what_came_before_is_one_line(tmp_path):
    line = {"Type": "TimingData", "Json": {"Lines": {"4": {"NumberOfLaps": 3}}}}
    bad = json.dumps({**line, "DateTime": "never"})
    path = samples.put(tmp_path, "live.txt", f"{samples.LIVE}\n{bad}\n".encode())
    with pytest.raises(BadInput, match=r"live.txt:7: a message with Type, Json and DateTime"):
        detect(path).timing([path], None)
