"""What repainting costs, and what it must not do."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6 import QtCore, QtGui
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from pitwall.runtime.frame_pump import ASLEEP_MS, LINGER_S, REST_MS
from pitwall.ui.main_window import MainWindow
from pitwall.ui.panes.map import Dot
from tests.ui.session import T0, Race, Wall, make_wall

Open = Callable[..., MainWindow]


class PaintCounter(QObject):
    """Counts paint events by the class of the widget."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.counts: dict[str, int] = {}
        for widget in [window, *window.findChildren(QWidget)]:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Paint:
            name = type(watched).__name__
            self.counts[name] = self.counts.get(name, 0) + 1
        return False


def test_a_file_at_rest_repaints_nothing(qtbot: QtBot, finished: Wall, open_window: Open) -> None:
    finished.say(state="file", lag_us=None)
    try:
        window = open_window(finished, run=True)
        qtbot.waitUntil(lambda: window.pump.interval_ms == ASLEEP_MS)
        qtbot.wait(300)
        counter = PaintCounter(window)
        refreshes, frames = window.refreshes, finished.stats.frames
        qtbot.wait(2200)
        assert counter.counts == {}
        assert window.refreshes == refreshes
        assert finished.stats.frames == frames
    finally:
        finished.say(state="live", lag_us=400_000)


def test_silence_repaints_the_age_once_a_second_and_nothing_else(
    qtbot: QtBot, finished: Wall, open_window: Open
) -> None:
    finished.say(state="silent", age_us=0)
    try:
        window = open_window(finished, run=True)
        qtbot.waitUntil(lambda: window.pump.interval_ms == REST_MS)
        # What is missing turns amber once its grace has passed: the last thing to change.
        qtbot.waitUntil(lambda: "missing" in window.panes.header.text("ledger"))
        qtbot.wait(100)
        counter = PaintCounter(window)
        refreshes = window.refreshes
        words = window.panes.header.text("live")
        assert words.startswith("● SILENT")
        began = time.monotonic()
        qtbot.waitUntil(lambda: counter.counts.get("Header", 0) >= 3)
        assert set(counter.counts) <= {"Header", "MainWindow"}
        assert counter.counts["Header"] <= 2 + (time.monotonic() - began)
        assert window.panes.header.text("live") != words
        assert window.refreshes == refreshes
    finally:
        finished.say(state="live", age_us=None)


def test_new_data_wakes_the_pump_and_is_painted_once(
    qtbot: QtBot, wall: Wall, open_window: Open
) -> None:
    wall.advance(200)
    window = open_window(wall, run=True)
    qtbot.waitUntil(lambda: window.pump.interval_ms == REST_MS)
    qtbot.wait(int(LINGER_S * 1000))
    renders = window.panes.traces.curve_renders
    wall.advance(201)
    qtbot.waitUntil(lambda: window.panes.traces.curve_renders > renders)
    assert window.pump.interval_ms not in (REST_MS, ASLEEP_MS)
    qtbot.wait(200)
    assert window.panes.traces.curve_renders <= renders + 2
    assert window.feed.shown_us == wall.store.latest_us(window.workspace.view.car)


def test_a_cursor_frame_paints_no_curve(qtbot: QtBot, finished: Wall, open_window: Open) -> None:
    window = open_window(finished)
    window.workspace.select_lap(1)
    traces, workspace = window.panes.traces, window.workspace
    window.grab()
    counter = PaintCounter(window)
    renders, pictures = traces.curve_renders, window.feed.pictures
    grounds = window.panes.map.ground_renders
    shown = traces.picture.shown
    for i in range(1, 60):
        workspace.set_cursor(shown.lap.t_start + i * 1_000_000)
        traces.repaint()
    assert counter.counts["TraceStack"] >= 59
    assert traces.curve_renders == renders
    assert window.feed.pictures == pictures
    assert window.panes.map.ground_renders == grounds


def test_the_cursor_leaves_nothing_behind(finished: Wall, open_window: Open) -> None:
    window = open_window(finished)
    window.workspace.select_lap(1)
    traces, workspace = window.panes.traces, window.workspace
    clean = traces.grab().toImage()
    start = traces.picture.shown.lap.t_start
    workspace.set_cursor(start + 20_000_000)
    marked = traces.grab().toImage()
    assert marked != clean
    workspace.set_cursor(start + 60_000_000)
    workspace.set_cursor(None)
    assert traces.grab().toImage() == clean


def test_repainting_takes_no_reference_from_none(finished: Wall, open_window: Open) -> None:
    """A binding that does aborts the program after some thousand painted frames."""
    window = open_window(finished, (1100, 640))
    pane = window.panes.header
    window.panes.traces.repaint()
    counter = PaintCounter(window)
    before = sys.getrefcount(None)
    for _ in range(10_000):
        pane.repaint()
    assert counter.counts["Header"] >= 10_000
    for _ in range(20):
        window.panes.traces.show_picture(window.panes.traces.picture, window.feed.colour(None))
        window.panes.traces.repaint()
    assert sys.getrefcount(None) > before - 200


def test_frames_and_latency_are_measured(qtbot: QtBot, wall: Wall, open_window: Open) -> None:
    wall.advance(120)
    window = open_window(wall, run=True)
    for until in (121, 122, 123):
        frames = wall.stats.frames
        wall.advance(until)
        qtbot.waitUntil(lambda frames=frames: wall.stats.frames > frames)
        qtbot.waitUntil(
            lambda: window.feed.shown_us == wall.store.latest_us(window.workspace.view.car)
        )
    qtbot.wait(50)
    frame, latency = wall.stats.frame_ms, wall.stats.latency_ms
    assert frame.count >= 3
    assert 0 < frame.p50 <= frame.p95
    assert latency.count >= 3
    # The test's clock stands 400 ms after the newest sample of all cars; a car's own newest
    # sample is at most one chunk older.
    assert 400 <= latency.p50 < 1500


def test_latency_of_a_faster_replay_is_against_what_was_due(
    qtbot: QtBot, race: Race, tmp_path: Path, open_window: Open
) -> None:
    faster = replace(race, session=replace(race.session, pace=10.0))
    wall = make_wall(faster, tmp_path)
    wall.advance(120)
    wall.now_us = faster.session.due_us(wall.store.latest_us()) + 400_000
    assert wall.now_us - wall.store.latest_us() > 60_000_000
    open_window(wall, run=True)
    qtbot.waitUntil(lambda: wall.stats.latency_ms.count > 0, timeout=20_000)
    assert 400 <= wall.stats.latency_ms.p50 < 1500
    wall.close()


def test_scrubbing_while_live_goes_on_keeps_the_picture(
    qtbot: QtBot, wall: Wall, open_window: Open
) -> None:
    wall.advance(200)
    window = open_window(wall, run=True)
    window.workspace.scrub(T0 + 60_000_000)
    window.grab()
    renders = window.panes.traces.curve_renders
    edge = wall.store.latest_us()
    wall.advance(202)
    qtbot.waitUntil(lambda: window.panes.timeline._span.latest_us > edge)
    assert window.workspace.view.moment == T0 + 60_000_000
    assert window.panes.traces.curve_renders == renders


@pytest.mark.parametrize(
    ("size", "larger"),
    [((1366, 768), 1.0), ((1920, 1080), 1.0), ((1920, 1080), 1.25), ((3840, 2160), 1.0)],
)
@pytest.mark.parametrize("theme", ["dark", "sunlight", "contrast"])
def test_no_text_is_clipped(
    finished: Wall, open_window: Open, size: tuple[int, int], larger: float, theme: str
) -> None:
    from PySide6.QtGui import QFontMetrics

    from pitwall.ui.theme import load_theme

    finished.say(
        shards_open=4,
        shards_total=6,
        rotations=12,
        archive_to_us=T0 + 300_000_000,
        seam_us=T0 + 300_000_000,
        seam_proved=True,
        clock_offset_us=30_000,
        history_done=1.0,
    )
    window = open_window(finished, size)
    window.set_theme(load_theme(theme, window.theme.scale * larger))
    window.grab()
    assert window.size().toTuple() == size
    panes = window.panes
    assert panes.header.dropped <= {"find"}  # a key does it too
    assert panes.strip.dropped == frozenset()
    for table in (panes.timing, panes.laps, panes.values):
        widths = table.widths()
        assert all(widths), f"{table.title}: a column was dropped"
        for row in table.rows[: table.visible_rows]:
            for cell, column, width in zip(row.cells, table.columns, widths, strict=True):
                needed = QFontMetrics(table._font(column, cell.bold)).horizontalAdvance(cell.text)
                assert needed <= width, f"{table.title}: {cell.text!r} in {column.title!r}"
    assert panes.timing.visible_rows >= len(panes.timing.rows)
    for pane in (panes.timing, panes.laps, panes.traces, panes.map, panes.values, panes.timeline):
        inside = window.rect().contains(
            pane.rect().translated(pane.mapTo(window, pane.rect().topLeft()))
        )
        assert inside, pane.accessibleName()


def test_numbers_of_cars_side_by_side_hit_nothing(finished: Wall, open_window: Open) -> None:
    window = open_window(finished, (1920, 1080))
    pane = window.panes.map
    track = finished.timing.track
    for spread in (2.0, 12.0, 40.0):
        x, y = track.at(np.array([400.0 + spread * i for i in range(8)]))
        colour = window.feed.colour(None)
        pane.show_dots([Dot(str(30 + i), x[i], y[i], colour, i == 3, False) for i in range(8)])
        pane.grab()
        spots = list(pane.labels.values())
        assert len(spots) == 8
        for a, b in itertools.combinations([*spots, *pane._words], 2):
            assert not a.intersects(b)


def test_the_moments_clock_leaves_no_half_word(finished: Wall, open_window: Open) -> None:
    window = open_window(finished)
    timeline = window.panes.timeline
    word = max(timeline._words, key=lambda one: one.width())
    clean = timeline.grab().toImage()
    window.workspace.scrub(timeline.time_at(word.left() - 20))
    image = timeline.grab().toImage()
    ground = window.theme.colours.ground
    places = [(int(word.right()) - dx, int(word.center().y())) for dx in range(8)]
    assert any(clean.pixelColor(*at) != ground for at in places)
    assert all(image.pixelColor(*at) == ground for at in places)


def test_a_table_of_which_only_figures_were_painted_looks_as_if_all_had_been(
    finished: Wall, open_window: Open, settle: Callable[[], None]
) -> None:
    window = open_window(finished)
    table = window.panes.timing
    rows = table.rows
    for number in range(8):
        changed = []
        for i, row in enumerate(rows):
            cells = list(row.cells)
            at = (number + i) % len(cells)
            cells[at] = replace(cells[at], text=f"{number}.{i}", bold=bool(number % 2))
            selected = row.selected != (number == 5)
            changed.append(replace(row, cells=tuple(cells), selected=selected))
        rows = tuple(changed)
        table.set_rows(rows)
        settle()
        corner = table.mapTo(window, QtCore.QPoint(0, 0))
        screen = window.screen().grabWindow(window.winId())
        seen = screen.copy(QtCore.QRect(corner, table.size())).toImage()
        whole = table.grab().toImage()
        form = QtGui.QImage.Format.Format_RGB32
        assert seen.convertToFormat(form) == whole.convertToFormat(form), number
