"""Looking at the past: everything on screen is of one moment, and says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from pitwall.runtime import Health, State
from pitwall.telemetry.clock import clock_text
from pitwall.ui.main_window import MainWindow
from pitwall.ui.plot.readings import read_laps, read_reference
from pitwall.ui.units import UnitChoice, shown
from tests.ui.session import T0, Wall

Open = Callable[..., MainWindow]
SECOND = 1_000_000


@pytest.fixture
def window(finished: Wall, open_window: Open) -> MainWindow:
    return open_window(finished)


def told(window: MainWindow) -> tuple[str, str, str, tuple[tuple[str, float, float], ...]]:
    """Clock, what the tables say of themselves, the timing table, the map."""
    panes = window.panes
    table = "; ".join(" ".join(cell.text for cell in row.cells) for row in panes.timing.rows)
    dots = tuple((dot.car, dot.x, dot.y) for dot in panes.map._dots)
    return panes.header.text("clock"), panes.timing.remark, table, dots


def test_a_chosen_lap_shows_clock_map_and_timing_of_the_cursor(
    window: MainWindow, finished: Wall
) -> None:
    live = told(window)
    assert live[1] == ""
    assert window.panes.header.item_rect("past") is None
    window.workspace.select_lap(1)
    lap = window.panes.traces.picture.shown.lap
    for moment in (lap.t_start + 20 * SECOND, lap.t_start + 60 * SECOND):
        window.workspace.set_cursor(moment)
        clock, remark, table, dots = told(window)
        assert clock == clock_text(moment - T0)
        assert remark == f"as of {clock}"
        assert remark in window.panes.map.remark
        assert dots != live[3]
        assert table != live[2]
        assert window.panes.header.item_rect("past") is not None
        # the car that is looked at stands under the cursor's ring
        (place,) = [(x, y) for car, x, y in dots if car == lap.car]
        assert place == window.panes.map._cursor
    window.workspace.set_cursor(None)
    assert told(window)[0] == clock_text(lap.t_end - T0)
    window.workspace.go_live()
    assert told(window) == live
    assert "as of" not in window.panes.map.remark
    assert window.panes.header.item_rect("past") is None


def test_scrubbing_moves_clock_map_and_timing_with_the_cursor(window: MainWindow) -> None:
    live = told(window)
    window.workspace.scrub(T0 + 150 * SECOND)
    first = told(window)
    assert first[0] == "00:02:30"
    window.workspace.set_cursor(T0 + 120 * SECOND, pin=True)
    then = told(window)
    assert then[:2] == ("00:02:00", "as of 00:02:00")
    assert then[3] != first[3]
    window.workspace.go_live()
    assert told(window) == live


def test_a_scrubbed_lap_shows_nothing_of_what_came_after(
    window: MainWindow, finished: Wall
) -> None:
    car = window.workspace.view.car
    laps = finished.timing.cars[car].laps
    moment = laps[2].t_start + 40 * SECOND
    window.workspace.scrub(moment)
    rows = {row.key: row for row in window.panes.laps.rows}
    assert set(rows) == {0, 1, 2}
    assert rows[2].cells[1].text == "—"
    assert rows[1].cells[1].text != "—"
    sectors = [cell.text for cell in rows[2].cells[3:6]]
    assert sectors[-1] == "—"
    assert sectors[0] != "—"
    reference = window.panes.traces.picture.reference
    assert reference is None or reference.lap.t_end <= moment


def test_hovering_over_the_live_lap_stays_live(window: MainWindow) -> None:
    live = told(window)
    window.workspace.set_cursor(window.panes.traces.picture.shown.lap.t_start + 5 * SECOND)
    assert told(window) == live


def test_the_cursor_reads_the_same_on_the_traces_and_in_the_list(
    qtbot: QtBot, window: MainWindow, finished: Wall
) -> None:
    window.workspace.select_car(finished.race.cars[0])
    hole = finished.store.holes(finished.race.cars[0])[0]
    laps = finished.timing.cars[finished.race.cars[0]].laps
    lap = next(one for one in laps if one.t_start < hole.t_lo < (one.t_end or 1 << 62))
    window.workspace.select_lap(lap.number)
    traces = window.panes.traces
    dashes = 0
    for moment in (
        lap.t_start + 12_345_678,
        hole.t_lo + SECOND,
        hole.t_hi + 1,
        lap.t_end - 1000,
    ):
        window.workspace.set_cursor(moment)
        traces.grab()
        listed = {row.cells[0].text: row.cells for row in window.panes.values.rows}
        (now,) = read_laps(traces.picture, finished.store, moment)
        then = read_reference(traces.picture, finished.store, moment)
        for trace in traces.picture.traces:
            for reading, cell in ((now, 1), (then, 2)):
                how = shown(trace.channel, UnitChoice())
                assert listed[trace.title][cell].text == how.text(reading.value(trace))
            dashes += now.samples[trace.group] is None
    assert dashes, "nothing is read in a hole"


def test_of_a_file_no_lap_is_called_running(finished: Wall, open_window: Open) -> None:
    live, finished.health = finished.health, Health(State.FILE, source="race.pitwall")
    try:
        window = open_window(finished)
        assert window.panes.laps.rows[0].cells[-1].text == "incomplete"
    finally:
        finished.health = live
    window.refresh()
    assert window.panes.laps.rows[0].cells[-1].text != "incomplete"
