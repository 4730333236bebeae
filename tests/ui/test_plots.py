"""Plots, channels, laps and units as a person arranges them: keys, drags, drops, the wheel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QDrag, QDropEvent, QWheelEvent
from pytestqt.qtbot import QtBot

from pitwall.store import Batch, Source
from pitwall.store.block import pieces_of
from pitwall.store.growth import GrowingColumns
from pitwall.store.samples import Samples
from pitwall.telemetry import Channel, Group
from pitwall.ui.main_window import MainWindow
from pitwall.ui.model import Axis
from pitwall.ui.panes.browser import BrowserPane
from pitwall.ui.panes.histogram import HistogramPane
from pitwall.ui.plot.boxes import Box
from pitwall.ui.plot.carrying import packed, unpacked
from pitwall.ui.plot.chart import ChartPane
from pitwall.ui.trace_layout import ChannelName, LapChoice, TraceLayout
from pitwall.ui.units import UnitSystem
from tests.ui.session import HOLE, T0, Wall

Open = Callable[..., MainWindow]
Key = Qt.Key
Alt = Qt.KeyboardModifier.AltModifier
Shift = Qt.KeyboardModifier.ShiftModifier
Control = Qt.KeyboardModifier.ControlModifier
Left = Qt.MouseButton.LeftButton


@pytest.fixture
def window(finished: Wall, open_window: Open) -> MainWindow:
    made = open_window(finished)
    made.activateWindow()
    made.workspace.select_lap(2)
    made.grab()
    return made


def plotted(window: MainWindow) -> list[list[str]]:
    """Names of the channels of each plot, as they are drawn."""
    picture = window.panes.traces.picture
    return [[picture.traces[row].channel.name for row in plot.rows] for plot in picture.stack]


def boxes(window: MainWindow) -> list[Box]:
    window.grab()
    return [strip.box for strip in window.panes.traces._painted.strips]


def drag(qtbot: QtBot, window: MainWindow, start: QPoint, end: QPoint) -> None:
    traces = window.panes.traces
    qtbot.mousePress(traces, Left, pos=start)
    for share in (0.3, 0.6, 1.0):
        at = start + (end - start) * share
        qtbot.mouseMove(traces, at)
    qtbot.mouseRelease(traces, Left, pos=end)
    window.grab()


def label(box: Box) -> QPoint:
    """Where a plot's first name is."""
    return QPoint(20, box.rect.top() + 12)


def drop(window: MainWindow, name: ChannelName, at: QPoint) -> None:
    data = packed(name)
    event = QDropEvent(
        QPointF(at),
        Qt.DropAction.CopyAction,
        data,
        Left,
        Qt.KeyboardModifier.NoModifier,
    )
    window.panes.traces.dropEvent(event)
    window.grab()


USUAL = [["speed"], ["throttle"], ["brake"], ["steering"], ["gear"], ["rpm"]]


def test_a_dropped_channel_lies_over_a_plot_or_gets_its_own(window: MainWindow) -> None:
    assert plotted(window) == USUAL
    second = boxes(window)[1].rect
    drop(window, ChannelName("engine", "fuel"), second.center())
    assert plotted(window)[1] == ["throttle", "fuel"]
    edge = boxes(window)[0].rect
    drop(window, ChannelName("chassis", "accel_lat"), QPoint(300, edge.top() + 2))
    assert plotted(window)[0] == ["accel_lat"]
    assert plotted(window)[2] == ["throttle", "fuel"]
    lines = window.panes.traces.picture.lines
    assert all(len(line.t) for line in lines), "what is dropped is drawn"


def test_a_name_is_dragged_to_another_place_onto_a_plot_and_out(
    qtbot: QtBot, window: MainWindow
) -> None:
    at = boxes(window)
    drag(qtbot, window, label(at[4]), QPoint(30, at[1].rect.top() + 2))
    assert plotted(window)[:3] == [["speed"], ["gear"], ["throttle"]]
    at = boxes(window)
    drag(qtbot, window, label(at[3]), at[2].rect.center())
    assert plotted(window)[2] == ["throttle", "brake"]
    at = boxes(window)
    drag(qtbot, window, label(at[0]), QPoint(-60, at[0].rect.top() + 12))
    assert ["speed"] not in plotted(window)
    window.workspace.change(traces=TraceLayout())
    assert plotted(window) == USUAL


def test_an_edge_is_pulled_and_its_plots_share_the_height(qtbot: QtBot, window: MainWindow) -> None:
    before = [box.rect.height() for box in boxes(window)]
    edge = boxes(window)[0].rect.bottom()
    drag(qtbot, window, QPoint(40, edge), QPoint(40, edge - 50))
    after = [box.rect.height() for box in boxes(window)]
    assert after[0] == pytest.approx(before[0] - 50, abs=3)
    assert after[1] == pytest.approx(before[1] + 50, abs=3)
    assert after[2:] == pytest.approx(before[2:], abs=2)
    assert plotted(window) == USUAL


def test_an_edge_is_that_of_the_plots_that_are_seen(qtbot: QtBot, window: MainWindow) -> None:
    """A channel that this session does not have keeps its plot in the layout, between two."""
    layout = TraceLayout()
    for name in ("throttle", "not_here", "brake"):
        layout = layout.with_plot(ChannelName("driver", name))
    window.workspace.change(traces=layout)
    edge = boxes(window)[0].rect.bottom()
    drag(qtbot, window, QPoint(40, edge), QPoint(40, edge - 60))
    upper, absent, lower = window.workspace.view.traces.plots
    assert upper.height < 1.0 < lower.height
    assert absent.height == 1.0


def test_plots_by_key(qtbot: QtBot, window: MainWindow) -> None:
    traces = window.panes.traces
    for _ in range(3):
        qtbot.keyClick(window, Key.Key_Down, Alt)
    assert traces.plots.current == 2
    qtbot.keyClick(window, Key.Key_Up, Alt | Shift)
    assert plotted(window)[:3] == [["speed"], ["brake"], ["throttle"]]
    before = boxes(window)[1].rect.height()
    qtbot.keyClick(window, Key.Key_Plus, Alt)
    assert boxes(window)[1].rect.height() > before
    qtbot.keyClick(window, Key.Key_Delete)
    assert plotted(window)[:2] == [["speed"], ["throttle"]]
    qtbot.keyClick(window, Key.Key_Delete, Shift)
    assert plotted(window) == USUAL


def test_the_left_margin_is_the_same_for_all_plots(window: MainWindow) -> None:
    drop(window, ChannelName("engine", "rpm"), boxes(window)[0].rect.center())
    assert {box.inner.left() for box in boxes(window)} == {window.panes.traces._boxes.left}


def test_laps_lie_over_each_other_aligned_at_the_line(qtbot: QtBot, window: MainWindow) -> None:
    traces, workspace = window.panes.traces, window.workspace
    qtbot.keyClick(window, Key.Key_O)
    workspace.select_lap(3)
    workspace.toggle_lap(LapChoice(workspace.view.car, 1))
    other_car = window_cars(window)[0]
    workspace.toggle_lap(LapChoice(other_car, 2))
    picture = traces.picture
    assert [(o.shown.car, o.shown.lap.number) for o in picture.others] == [
        (workspace.view.car, 2),
        (workspace.view.car, 1),
        (other_car, 2),
    ]
    for other in picture.others:
        assert other.lines[0].x[0] == pytest.approx(0.0, abs=8.0), "metres after the line"
        assert len(other.lines[0].t) > 1000
    workspace.toggle_axis()
    picture = traces.picture
    assert picture.axis is Axis.TIME
    for other in picture.others:
        lap = other.shown.lap
        assert other.lines[0].x[-1] == pytest.approx((lap.t_end - lap.t_start) / 1e6, abs=0.06)
    window.grab()
    looks = traces._looks
    assert len({(look.inks[0].rgb(), look.dash) for look in looks}) == 4
    assert len({look.inks[1].rgb() for look in looks}) == 4, "nor do their further channels"
    own = [look for look, o in zip(looks[1:], picture.others, strict=True) if o.rank]
    assert len({look.dash for look in own} | {()}) == 3, "laps of one car differ without colour"
    qtbot.keyClick(window, Key.Key_O, Shift)
    assert traces.picture.others == ()


def window_cars(window: MainWindow) -> list[str]:
    car = window.workspace.view.car
    return [str(row.key) for row in window.panes.timing.rows if row.key != car]


def test_laps_apart_have_plots_of_their_own(qtbot: QtBot, window: MainWindow) -> None:
    workspace = window.workspace
    workspace.toggle_lap(LapChoice(window_cars(window)[0], 2))
    qtbot.keyClick(window, Key.Key_S)
    assert plotted(window) == [one for one in USUAL for _ in range(2)]
    assert [plot.lap for plot in window.panes.traces.picture.stack[:4]] == [0, 1, 0, 1]
    window.grab()
    qtbot.keyClick(window, Key.Key_S)
    assert plotted(window) == USUAL


def test_the_running_lap_of_another_car_lies_over_and_goes_on(
    qtbot: QtBot, wall: Wall, open_window: Open
) -> None:
    wall.advance(200)
    window = open_window(wall)
    other = window_cars(window)[0]
    window.workspace.toggle_lap(LapChoice(other))
    (over,) = window.panes.traces.picture.others
    assert over.shown.open
    window.grab()
    grounds = window.panes.traces.ground_renders
    wall.advance(203)
    window.refresh()
    window.grab()
    (later,) = window.panes.traces.picture.others
    assert len(later.lines[0].t) > len(over.lines[0].t)
    assert window.panes.traces.ground_renders == grounds, "only what runs is painted anew"


def test_a_modified_click_lays_another_cars_lap_over(qtbot: QtBot, window: MainWindow) -> None:
    timing, workspace = window.panes.timing, window.workspace
    workspace.go_live()
    car = workspace.view.car
    other = next(i for i, row in enumerate(timing.rows) if row.key != car)
    at = timing.row_rect(other).center()
    qtbot.mouseClick(timing, Left, Control, at)
    assert workspace.view.car == car
    assert [one.shown.car for one in window.panes.traces.picture.others] == [
        str(timing.rows[other].key)
    ]
    window.grab()
    assert any(str(timing.rows[other].key) in text for text in window.panes.traces.title_words)
    qtbot.mouseClick(timing, Left, Control, at)
    assert window.panes.traces.picture.others == ()


def test_a_names_tip_says_what_the_channel_is(window: MainWindow) -> None:
    traces = window.panes.traces
    box = boxes(window)[2]
    tip = traces._margin.tip(
        traces.picture, traces._painted.strips, label(box).y(), window_catalog(window)
    )
    assert tip.startswith("driver/brake, 20 samples a second")
    assert "limits 0 to 100 bar" in tip


def test_the_session_clock_shows_other_cars_too(qtbot: QtBot, window: MainWindow) -> None:
    workspace = window.workspace
    workspace.go_live()
    workspace.toggle_rolling()
    alone = window.panes.traces.grab().toImage()
    workspace.toggle_lap(LapChoice(window_cars(window)[0]))
    assert window.panes.traces.picture.session.others == (window_cars(window)[0],)
    assert window.panes.traces.grab().toImage() != alone


def test_what_a_session_does_not_have_is_said_and_stays_in_the_layout(window: MainWindow) -> None:
    layout = TraceLayout().with_plot(ChannelName("driver", "throttle"))
    layout = layout.with_plot(ChannelName("x", "ride_height")).with_channel(
        ChannelName("x", "warp"), 0
    )
    window.workspace.change(traces=layout)
    assert plotted(window) == [["throttle"]]
    assert "NOT IN THIS SESSION: warp, ride_height" in window.panes.traces.title_words
    assert window.workspace.view.traces == layout


def test_autoscale_keeps_what_was_in_view_and_the_limits_come_back(
    qtbot: QtBot, window: MainWindow
) -> None:
    traces, workspace = window.panes.traces, window.workspace
    group, index = window_catalog(window).find("speed")
    workspace.change(span=(500.0, 900.0))
    window.grab()
    line = traces.picture.lines[0]
    seen = line.y[(line.x > 500) & (line.x < 900)]
    qtbot.keyClick(window, Key.Key_A)
    window.grab()
    scale = traces._painted.strips[0].y[0]
    assert scale.low <= seen.min()
    assert scale.high >= seen.max()
    assert scale.high - scale.low < 2.5 * (seen.max() - seen.min()) + 20
    workspace.change(span=None)
    window.grab()
    kept = traces._painted.strips[0].y[0]
    assert (kept.low, kept.high) == (scale.low, scale.high), "no scale moves by itself"
    qtbot.keyClick(window, Key.Key_A, Shift)
    window.grab()
    scale = traces._painted.strips[0].y[0]
    channel = group.channels[index]
    assert (scale.low, scale.high) == (channel.low, channel.high)


def window_catalog(window: MainWindow):  # noqa: ANN201 - a catalog
    return window._inputs.store.catalog


def test_the_wheel_over_a_name_scales_that_plot_only(window: MainWindow) -> None:
    traces = window.panes.traces
    before = [strip.y[0] for strip in traces._painted.strips]
    box = boxes(window)[1]
    at = QPointF(30.0, float(box.inner.center().y()))
    none = Qt.KeyboardModifier.NoModifier
    turn = QWheelEvent(
        at,
        traces.mapToGlobal(at),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        none,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    traces.wheelEvent(turn)
    window.grab()
    after = [strip.y[0] for strip in traces._painted.strips]
    assert after[1].high - after[1].low < before[1].high - before[1].low
    assert after[1].value(at.y()) == pytest.approx(before[1].value(at.y()), abs=0.5)
    assert [after[i] for i in (0, 2, 3)] == [before[i] for i in (0, 2, 3)]
    assert window.workspace.view.span is None


def test_units_go_round_for_axes_cursor_and_list_and_data_stay(
    qtbot: QtBot, window: MainWindow, finished: Wall
) -> None:
    traces, workspace, values = window.panes.traces, window.workspace, window.panes.values
    workspace.set_cursor(traces.picture.shown.lap.t_start + 30_000_000, pin=True)
    recorded = values.rows[0]
    assert recorded.cells[-1].text == "km/h"
    axis = traces.grab().toImage()
    lines = traces.picture.lines[0].y.copy()
    for system in (UnitSystem.METRIC, UnitSystem.IMPERIAL):
        qtbot.keyClick(window, Key.Key_U)
        assert workspace.view.units.system is system
    imperial = values.rows[0]
    assert imperial.cells[-1].text == "mph"
    there, here = float(recorded.cells[1].text), float(imperial.cells[1].text)
    assert here == pytest.approx(there * 0.621371, abs=0.1)
    assert traces.grab().toImage() != axis
    np.testing.assert_array_equal(traces.picture.lines[0].y, lines)
    strip = traces._painted.strips[0]
    assert strip.ticks.high == pytest.approx(strip.y[0].high * 0.621371, rel=1e-5)
    qtbot.keyClick(window, Key.Key_U, Shift)
    assert dict(workspace.view.units.own)["speed"] not in ("mph", "")
    assert values.rows[0].cells[-1].text == dict(workspace.view.units.own)["speed"]


def test_the_cursor_goes_from_sample_to_sample_by_key(
    qtbot: QtBot, window: MainWindow, finished: Wall
) -> None:
    workspace, traces = window.workspace, window.panes.traces
    car, group = workspace.view.car, traces.picture.traces[0].group
    times = finished.store.columns(car, group).span(0, 1 << 62).t
    start = traces.picture.shown.lap.t_start + 20_000_000
    workspace.set_cursor(start, pin=True)
    qtbot.keyClick(window, Key.Key_Period)
    first = int(times[np.searchsorted(times, start, "right")])
    assert workspace.view.cursor in (first, int(times[np.searchsorted(times, start)]))
    at = int(np.searchsorted(times, workspace.view.cursor))
    for step, keys in ((1, Key.Key_Period), (2, Key.Key_Period), (1, Key.Key_Comma)):
        qtbot.keyClick(window, keys)
        assert workspace.view.cursor == int(times[at + step])
    for _ in range(len(traces.picture.stack)):
        qtbot.keyClick(window, Key.Key_Down, Alt)
    slow = traces.picture.traces[-1]
    assert slow.group != group
    qtbot.keyClick(window, Key.Key_Period)
    held = finished.store.columns(car, slow.group).span(0, 1 << 62).t
    assert workspace.view.cursor in set(held.tolist())


def test_the_list_says_every_plotted_channel_at_both_cursors(
    qtbot: QtBot, window: MainWindow, finished: Wall
) -> None:
    """Values, difference, least, mean and greatest against numpy on the samples themselves."""
    workspace, traces, values = window.workspace, window.panes.traces, window.panes.values
    drop(window, ChannelName("tyre", "tyre_temp_fl"), boxes(window)[0].rect.center())
    start = traces.picture.shown.lap.t_start
    a, b = start + 20_000_000, start + 41_500_000
    workspace.set_cursor(b, pin=True)
    qtbot.keyClick(window, Key.Key_M)
    workspace.set_cursor(a, pin=True)
    car = workspace.view.car
    shown_first = [row.key for row in values.rows][: len(traces.picture.traces)]
    assert shown_first == [trace.key for trace in traces.picture.traces]
    for row in values.rows:
        group, index = row.key
        columns = finished.store.columns(car, group)
        between = columns.span(a, b).values[index].astype(np.float64)
        at_mark, at_cursor = (float(columns.at(t)[1][index]) for t in (b, a))
        texts = [cell.text.replace("−", "-") for cell in row.cells]
        decimals = len(texts[2].partition(".")[2])
        slack = 0.51 * 10**-decimals
        truth = (
            at_mark,
            at_cursor,
            at_cursor - at_mark,
            between.min(),
            between.mean(),
            between.max(),
        )
        for text, value in zip(texts[1:7], truth, strict=True):
            assert float(text) == pytest.approx(value, abs=slack), row.cells[0].text


def test_the_browser_finds_by_fragments_and_plots_by_key(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.keyClick(window, Key.Key_Slash)
    pane = window.bench.pane("browser")
    assert isinstance(pane, BrowserPane)
    assert len(pane.listed) == sum(len(g.channels) for g in window_catalog(window).groups)
    qtbot.keyClicks(pane.field, "ty fr")
    assert [one.name for one in pane.listed][:1] == [ChannelName("tyre", "tyre_temp_fr")]
    cells = [cell.text for cell in pane.rows[0].cells]
    assert cells[1:4] == ["tyre", "°C", "1"]
    assert cells[5] == "all"
    assert plotted(window) == USUAL, "letters in the field are no keys of the window"
    qtbot.keyClick(pane.field, Key.Key_Return)
    assert plotted(window)[-1] == ["tyre_temp_fr"]
    assert pane.rows[0].marked
    qtbot.keyClick(pane.field, Key.Key_Return)
    assert plotted(window) == USUAL
    pane.field.setText("accel")
    qtbot.keyClick(pane.field, Key.Key_Down)
    chosen = pane.listed[pane.at].name
    window.panes.traces.plots.current = 1
    qtbot.keyClick(pane.field, Key.Key_Return, Shift)
    assert plotted(window)[1] == ["throttle", chosen.channel]
    qtbot.keyClick(pane.field, Key.Key_Return, Control)
    assert window.workspace.view.charts.histogram == chosen
    car = window.workspace.view.car
    qtbot.keyClick(pane.field, Key.Key_Up)
    assert window.workspace.view.car == car, "nor are the arrows"


def test_a_row_of_the_browser_is_dragged_as_its_channel(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.keyClick(window, Key.Key_Slash)
    pane = window.bench.pane("browser")
    pane.field.setText("fuel")
    carried = []
    monkeypatch.setattr(QDrag, "exec", lambda drag, *_: carried.append(unpacked(drag.mimeData())))
    at = pane.row_rect(0).center()
    qtbot.mousePress(pane, Left, pos=at)
    qtbot.mouseMove(pane, at + QPoint(4, 2))
    assert carried == [], "a hand that trembles drags nothing"
    qtbot.mouseMove(pane, at + QPoint(30, 10))
    qtbot.mouseRelease(pane, Left, pos=at + QPoint(30, 10))
    assert carried == [pane.listed[0].name]
    assert carried[0].channel == "fuel"


def chart(qtbot: QtBot, window: MainWindow, key: Qt.Key, name: str) -> ChartPane:
    qtbot.keyClick(window, key)
    pane = window.bench.pane(name)
    assert isinstance(pane, ChartPane)
    qtbot.waitUntil(lambda: pane.answers > 0, timeout=20_000)
    return pane


def test_charts_are_of_what_is_in_view(qtbot: QtBot, window: MainWindow, finished: Wall) -> None:
    workspace = window.workspace
    pane = chart(qtbot, window, Key.Key_J, "histogram")
    assert isinstance(pane, HistogramPane)
    shown = window.panes.traces.picture.shown
    group, index = window_catalog(window).find("speed")
    columns = finished.store.columns(shown.car, group.name)
    whole = columns.span(shown.lap.t_start, shown.t_end).values[index]
    assert pane.answer.shares[0].count == len(whole)
    assert pane.answer.shares[0].mean == pytest.approx(whole.mean(dtype=np.float64), abs=1e-3)
    mapping = window.panes.traces.picture.mapping
    workspace.change(span=(500.0, 1500.0))
    lo, hi = mapping.to_time(500.0), mapping.to_time(1500.0)
    part = columns.span(lo, hi).values[index]
    qtbot.waitUntil(lambda: pane.answer.shares[0].count == len(part), timeout=20_000)
    workspace.toggle_lap(LapChoice(window_cars(window)[0], 1))
    qtbot.waitUntil(lambda: {s.part.number for s in pane.answer.shares} >= {0, 1}, timeout=20_000)
    assert pane.grab().toImage().width() > 0


def test_g_g_and_spectrum_by_key(qtbot: QtBot, window: MainWindow) -> None:
    pane = chart(qtbot, window, Key.Key_X, "xy")
    assert pane.title == "Long. acceleration over Lat. acceleration"
    assert "measured together" in pane.remark
    clean = pane.grab().toImage()
    start = window.panes.traces.picture.shown.lap.t_start
    window.workspace.set_cursor(start + 30_000_000, pin=True)
    assert pane.grab().toImage() != clean, "a ring where the cursor is"
    qtbot.keyClick(window, Key.Key_F)
    pane = window.bench.pane("spectrum")
    assert isinstance(pane, ChartPane)
    qtbot.waitUntil(lambda: pane.answers > 0, timeout=20_000)
    assert "resolution" in pane.remark
    assert pane.grab().toImage().height() > 0


def test_how_samples_came_is_drawn(window: MainWindow, finished: Wall) -> None:
    workspace = window.workspace
    workspace.go_live()
    kinds = {band.kind for band in window.panes.traces.picture.bands}
    assert kinds == {"archive", "stream"}
    assert window.panes.traces.picture.shown.t_end > T0


def test_what_came_late_is_lighter_over_an_amber_band(
    qtbot: QtBot, wall: Wall, open_window: Open
) -> None:
    wall.advance(330)
    car, (group, lo, hi) = wall.race.cars[0], HOLE
    late = [
        chunk
        for chunk in wall.race.chunks
        if (chunk.series.car, chunk.series.group) == (car, group)
        and lo < (chunk.t_lo - T0) / 1e6 < hi
    ]
    window = open_window(wall)
    window.workspace.select_car(car)
    moment = T0 + int((lo + hi) / 2 * 1e6)
    laps = wall.timing.cars[car].laps
    lap = next(one for one in laps if one.t_start < moment < (one.t_end or 1 << 62))
    window.workspace.select_lap(lap.number)
    traces = window.panes.traces
    kinds = {band.kind for band in traces.picture.bands}
    assert "late" not in kinds
    wall.store.commit(wall.recording.apply(Batch(Source.STREAM, tuple(late), (), T0)))
    wall.timing = wall.engine.update(wall.store)
    window.refresh(redraw=True)
    bands = [band for band in traces.picture.bands if band.kind == "late"]
    assert {band.group for band in bands} == {group}
    mapping = traces.picture.mapping
    assert mapping.to_time(bands[0].x0) == pytest.approx(late[0].t_lo, abs=60_000)
    assert mapping.to_time(bands[-1].x1) == pytest.approx(T0 + hi * 1e6, abs=300_000)
    image = traces.grab().toImage()
    strip = next(
        s
        for s in reversed(traces._painted.strips)
        if traces.picture.traces[s.plot.rows[0]].group == group
    )
    x = traces._painted.x.pixel((bands[0].x0 + bands[-1].x1) / 2)
    amber = traces.theme.colours.attention
    seen = image.pixelColor(round(x), strip.box.rect.bottom() - 2)
    assert seen.rgb() == amber.rgb()
    away = image.pixelColor(round(x) + 60, strip.box.rect.bottom() - 3)
    assert away.rgb() != amber.rgb()


def test_a_computed_channel_is_drawn_and_drawn_anew_when_it_changes(
    wall: Wall, open_window: Open
) -> None:
    wall.advance(330)
    window = open_window(wall)
    car = window.workspace.view.car
    window.workspace.select_lap(2)
    speed, index = wall.store.catalog.find("speed")
    span = wall.store.columns(car, speed.name).span(0, 1 << 62)
    group = Group("=twice", 20.0, 250_000, (Channel("twice", "km/h", 0.0, 0.0, 600.0),))

    def publish(factor: float) -> None:
        growing = GrowingColumns(group)
        growing.epoch_index("a")
        ones = np.ones(len(span.t), np.int32)
        source = np.full(len(span.t), Source.STREAM.code, np.uint8)
        none = np.zeros(len(span.t), np.uint16)
        pieces = pieces_of(np.cumsum(ones).astype(np.int32), none, source, none)
        values = (factor * span.values[index : index + 1]).astype(np.float32)
        growing.insert(Samples(span.t.copy(), values, pieces))
        wall.store.computed.publish((group,), {(car, "=twice"): growing.snapshot(1)})

    publish(2.0)
    window.panes.traces.plots.insert(ChannelName("=twice", "twice"))
    window.refresh()
    traces = window.panes.traces
    line, own = traces.picture.lines[-1], traces.picture.lines[0]
    np.testing.assert_allclose(line.y, 2 * own.y, rtol=1e-5)
    before = traces.grab().toImage()
    publish(1.0)
    window.refresh()
    np.testing.assert_allclose(traces.picture.lines[-1].y, own.y, rtol=1e-5)
    assert traces.grab().toImage() != before, "the same number of samples, other values"
