"""Workspaces, panes that are moved, torn off and alone, layouts that stay, undo, the palette."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from pitwall.ui.actions import ACTIONS
from pitwall.ui.dock_drag import side_at
from pitwall.ui.float_window import within_screens
from pitwall.ui.layout import Side, Split, panes_of, seen
from pitwall.ui.layout_doc import to_bytes
from pitwall.ui.layout_shelf import CURRENT, Shelf
from pitwall.ui.main_window import MainWindow
from pitwall.ui.model import Axis
from pitwall.ui.panes.editor import EditorPane
from pitwall.ui.panes.rows import RowsPane
from pitwall.ui.registry import PANES
from pitwall.ui.roles import Role
from pitwall.ui.theme import load_theme
from pitwall.ui.window import build_window
from tests.ui.session import Wall

Open = Callable[..., MainWindow]
Key = Qt.Key
Ctrl = Qt.KeyboardModifier.ControlModifier
Shift = Qt.KeyboardModifier.ShiftModifier
NUMBERS = (Key.Key_1, Key.Key_2, Key.Key_3, Key.Key_4, Key.Key_5)


@pytest.fixture
def window(finished: Wall, open_window: Open) -> MainWindow:
    made = open_window(finished)
    made.activateWindow()
    made.panes.traces.setFocus()
    return made


@pytest.fixture
def kept(finished: Wall, qtbot: QtBot, tmp_path: Path) -> Callable[[], MainWindow]:
    """Open a window that keeps its layouts in a folder, as often as wanted."""

    def make(workspace: str = "") -> MainWindow:
        made = build_window(finished.inputs(), size=(1366, 768), layouts=Shelf(tmp_path))
        if workspace:
            made.show_first(workspace)
        qtbot.addWidget(made, before_close_func=lambda w: w.pump.stop())
        with qtbot.waitExposed(made):
            made.show()
        made.start()
        qtbot.waitUntil(lambda: not made.keeper._reads.busy, timeout=60_000)
        return made

    return make


def drag(pane: object, window: MainWindow, to: QPoint) -> None:
    """Press on the pane's title, move to a place on the screen, let go."""
    at = QPoint(60, 8)
    start = pane.mapToGlobal(at)
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, where, button, buttons in (
        (QEvent.Type.MouseButtonPress, start, left, left),
        (QEvent.Type.MouseMove, start + QPoint(30, 12), none, left),
        (QEvent.Type.MouseMove, to, none, left),
        (QEvent.Type.MouseButtonRelease, to, left, none),
    ):
        inside = QPointF(pane.mapFromGlobal(where))
        event = QMouseEvent(
            kind, inside, QPointF(where), button, buttons, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(pane, event)


def inside(pane: object, across: float, down: float) -> QPoint:
    return pane.mapToGlobal(QPoint(int(pane.width() * across), int(pane.height() * down)))


# ------------------------------------------------------------------------- workspaces


def test_each_key_shows_the_workspace_of_a_role(qtbot: QtBot, window: MainWindow) -> None:
    for role, key in zip(Role, NUMBERS, strict=False):
        qtbot.keyClick(window, key, Ctrl)
        assert window.bench.layout.role is role
        assert window.tabs.current == role.value
        there = [name for name in seen(window.bench.layout.tree) if name in window.bench.numbered]
        assert there
        for name in there:
            pane = window.bench.pane(name)
            assert pane is not None
            assert pane.isVisible(), name
            assert pane.width() > 100, name
            assert window.rect().contains(pane.mapTo(window, pane.rect().bottomRight())), name


def test_with_another_workspace_the_keyboard_stays_with_the_panes(
    qtbot: QtBot, window: MainWindow
) -> None:
    """On the line of workspaces an arrow would turn to another one."""
    for key in (NUMBERS[3], NUMBERS[1], NUMBERS[2], NUMBERS[0]):
        qtbot.keyClick(window, key, Ctrl)
        window.grab()
        focus = QApplication.focusWidget()
        assert focus is not None
        assert window.bench.dock.isAncestorOf(focus)
        role = window.bench.layout.role
        qtbot.keyClick(focus, Key.Key_Right)
        assert window.bench.layout.role is role
    window.tabs.setFocus()
    qtbot.keyClick(window.tabs, Key.Key_Right)
    assert QApplication.focusWidget() is window.tabs, "who went there by keyboard stays there"


def test_a_click_on_a_tab_does_the_same(qtbot: QtBot, window: MainWindow) -> None:
    at = window.tabs.tabRect(1).center()
    qtbot.mouseClick(window.tabs, Qt.MouseButton.LeftButton, pos=at)
    assert window.bench.layout.role is Role.DRIVER
    assert not window.panes.timing.isVisible()
    assert any(window.bench.pane(name).isVisible() for name in window.bench.visible)


def test_every_pane_has_a_name_of_its_own_and_a_widget_that_can_be_named(
    window: MainWindow,
) -> None:
    names = [one.name for one in PANES]
    assert len(names) == len(set(names))
    for one in window.bench.known:
        pane = window.bench.pane(one.name)
        assert pane is not None
        assert pane.accessibleName(), one.name
        assert one.about.endswith("."), one.name
        assert set(one.actions) <= {action.name for action in ACTIONS}


def test_a_workspace_is_left_as_it_was(qtbot: QtBot, window: MainWindow) -> None:
    window.bench.close_pane("values")
    qtbot.keyClick(window, Key.Key_2, Ctrl)
    qtbot.keyClick(window, Key.Key_1, Ctrl)
    assert "values" not in window.bench.visible
    qtbot.keyClick(window, Key.Key_R, Ctrl)
    assert "values" in window.bench.visible


# ------------------------------------------------------------------------- alone


def test_a_number_shows_a_pane_alone_and_again_all(qtbot: QtBot, window: MainWindow) -> None:
    numbered = window.bench.numbered
    at = numbered.index("traces")
    before = window.panes.traces.width()
    qtbot.keyClick(window, NUMBERS[at])
    assert window.bench.alone == "traces"
    assert window.panes.traces.width() > window.width() - 40
    assert not window.panes.map.isVisible()
    qtbot.keyClick(window, NUMBERS[at])
    assert window.panes.map.isVisible()
    assert abs(window.panes.traces.width() - before) <= 2


def test_escape_leaves_the_pane_that_is_alone_before_it_clears_the_cursor(
    qtbot: QtBot, window: MainWindow, finished: Wall
) -> None:
    cursor = finished.store.latest_us() - 60_000_000
    window.workspace.change(cursor=cursor, pinned=True)
    qtbot.keyClick(window, Key.Key_1)
    qtbot.keyClick(window, Key.Key_Escape)
    assert window.bench.alone == ""
    assert window.workspace.view.cursor == cursor
    qtbot.keyClick(window, Key.Key_Escape)
    assert window.workspace.view.cursor is None


def test_a_number_without_a_pane_says_so(qtbot: QtBot, window: MainWindow) -> None:
    window.bench.show_role(Role.DRIVER)
    qtbot.keyClick(window, Key.Key_9)
    assert window.bench.alone == ""
    assert "panes" in window.notice.text


def test_a_double_click_on_a_title_is_the_same(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.mouseDClick(window.panes.map, Qt.MouseButton.LeftButton, pos=QPoint(60, 8))
    assert window.bench.alone == "map"


# ------------------------------------------------------------------------- moving


def test_a_pane_is_dragged_to_the_side_of_another(window: MainWindow) -> None:
    drag(window.panes.laps, window, inside(window.panes.map, 0.5, 0.95))
    order = window.bench.numbered
    assert order.index("laps") == order.index("map") + 1
    assert window.panes.laps.isVisible()
    assert window.panes.laps.x() == window.panes.map.x()
    assert window.drag.dragged == ""


def test_a_pane_dropped_on_the_middle_of_another_becomes_its_tab(
    qtbot: QtBot, window: MainWindow
) -> None:
    drag(window.panes.values, window, inside(window.panes.map, 0.5, 0.5))
    assert window.panes.values.isVisible()
    assert not window.panes.map.isVisible()
    tabs = window.bench.dock._places[0].tabs
    assert tabs.names == ("map", "values")
    qtbot.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=tabs.tabRect(0).center())
    assert window.panes.map.isVisible()
    assert not window.panes.values.isVisible()


def test_dragging_a_title_pans_no_trace_and_pins_no_cursor(window: MainWindow) -> None:
    window.panes.traces.zoom(2.0)
    span = window.workspace.view.span
    drag(window.panes.traces, window, inside(window.panes.traces, 0.7, 0.5))
    at = inside(window.panes.traces, 0.3, 0.5)
    move = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(window.panes.traces.mapFromGlobal(at)), QPointF(at),
        Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(window.panes.traces, move)  # the button is up: it is only a cursor
    assert window.workspace.view.span == span
    assert not window.workspace.view.pinned


def test_escape_while_dragging_leaves_it_where_it_was(qtbot: QtBot, window: MainWindow) -> None:
    layout = window.bench.layout
    pane = window.panes.laps
    qtbot.mousePress(pane, Qt.MouseButton.LeftButton, pos=QPoint(60, 8))
    to = inside(window.panes.map, 0.5, 0.9)
    move = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(pane.mapFromGlobal(to)), QPointF(to),
        Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(pane, move)
    assert window.drag.dragged == "laps"
    assert window.drag.drop is not None
    qtbot.keyClick(window, Key.Key_Escape)
    qtbot.mouseRelease(pane, Qt.MouseButton.LeftButton, pos=pane.mapFromGlobal(to))
    assert window.bench.layout == layout


@pytest.mark.parametrize(
    ("across", "down", "side"),
    [(0.1, 0.5, Side.LEFT), (0.9, 0.5, Side.RIGHT), (0.5, 0.1, Side.ABOVE),
     (0.5, 0.9, Side.BELOW), (0.5, 0.5, Side.TAB), (0.05, 0.1, Side.LEFT)],
)  # fmt: skip
def test_the_nearest_edge_counts(across: float, down: float, side: Side) -> None:
    assert side_at(across * 400, down * 300, 400, 300) is side


def test_splits_moved_by_hand_stay_and_the_others_follow_the_contents(
    window: MainWindow,
) -> None:
    body = window.bench.dock.splits[()]
    before = body.sizes()
    body.moveSplitter(before[0] + 60, 1)
    body.splitterMoved.emit(before[0] + 60, 1)
    tree = window.bench.layout.trees[Role.ENGINEER]
    assert isinstance(tree, Split)
    assert tree.sizes
    window.resize(1600, 900)
    share = body.sizes()[0] / sum(body.sizes())
    assert abs(share - (before[0] + 60) / sum(before)) < 0.02


# ------------------------------------------------------------------------- torn off


def test_a_torn_off_pane_has_a_window_of_its_own_and_comes_back(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.bench.tear_off("map")
    torn = window.bench.windows["map"]
    assert torn.isVisible()
    assert window.panes.map.window() is torn
    assert window.panes.map.isVisible()
    assert "map" not in window.bench.numbered
    qtbot.keyClick(window, Key.Key_2, Ctrl)  # it stays, whatever the workspace
    assert window.panes.map.window() is torn
    qtbot.keyClick(window, Key.Key_1, Ctrl)
    torn.close()
    assert window.panes.map.window() is window
    assert window.panes.map.isVisible()
    assert window.bench.numbered.index("map") == 3


def test_a_title_let_go_far_outside_tears_the_pane_off(window: MainWindow) -> None:
    drag(window.panes.map, window, window.mapToGlobal(QPoint(window.width() + 200, 60)))
    assert window.panes.map.window() is not window
    back = window.bench.windows["map"]
    drag(window.panes.map, window, inside(window.panes.traces, 0.95, 0.5))
    assert window.panes.map.window() is window
    assert window.bench.windows == {}
    assert not back.isVisible()


def test_keys_work_in_a_torn_off_window(qtbot: QtBot, window: MainWindow) -> None:
    window.bench.tear_off("map")
    torn = window.bench.windows["map"]
    torn.activateWindow()
    with qtbot.waitExposed(torn):
        torn.show()
    qtbot.waitUntil(torn.isActiveWindow, timeout=60_000)
    qtbot.keyClick(torn, Key.Key_D)
    assert window.workspace.view.axis is Axis.TIME


def test_a_torn_off_pane_takes_the_theme_and_closes_with_the_window(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.bench.tear_off("map")
    torn = window.bench.windows["map"]
    qtbot.keyClick(window, Key.Key_T, Ctrl)
    assert window.panes.map.theme.name == "sunlight"
    window.close()
    assert not torn.isVisible()


@pytest.mark.parametrize(
    ("rect", "expected"),
    [
        ((100, 100, 500, 400), (100, 100, 500, 400)),
        ((2000, 100, 500, 400), (2000, 100, 500, 400)),  # on the second screen
        ((5000, 100, 500, 400), (1420, 100, 500, 400)),  # its monitor is gone
        ((-480, -900, 500, 400), (0, 0, 500, 400)),
        ((100, 1079, 500, 400), (100, 680, 500, 400)),  # only its upper edge was left
        ((0, 0, 9000, 9000), (0, 0, 1920, 1080)),
    ],
)
def test_no_window_is_where_nobody_can_take_hold_of_it(
    rect: tuple[int, int, int, int], expected: tuple[int, int, int, int]
) -> None:
    assert within_screens(rect, [(0, 0, 1920, 1080), (1920, 0, 1280, 1024)]) == expected


# ------------------------------------------------------------------------- kept


def test_the_layout_is_the_same_after_the_next_start(
    qtbot: QtBot, kept: Callable[[], MainWindow], tmp_path: Path
) -> None:
    first = kept()
    qtbot.keyClick(first, Key.Key_3, Ctrl)
    first.bench.tear_off("map", (40, 40, 600, 400))
    first.bench.drop("laps", "timing", Side.TAB)
    sheet = first.keeper.sheet
    first.close()
    written = (tmp_path / CURRENT).read_bytes()
    assert written == to_bytes(sheet)
    second = kept()
    assert second.keeper.sheet == sheet
    assert second.tabs.current == "strategy"
    assert second.panes.map.window() is second.bench.windows["map"]
    assert second.bench.windows["map"].rect_on_desktop == (40, 40, 600, 400)
    second.close()
    assert (tmp_path / CURRENT).read_bytes() == written


def test_a_damaged_layout_is_said_kept_and_the_usual_one_shown(
    kept: Callable[[], MainWindow], tmp_path: Path
) -> None:
    (tmp_path / CURRENT).write_text('{"format": "pitwall-layout", "version": 1, "na', "utf-8")
    window = kept()
    assert window.bench.layout == window.bench.usual
    assert "layout.json" in window.notice.text
    assert window.notice.isVisible()
    assert len(list(tmp_path.glob("layout.damaged-*"))) == 1


def test_a_pane_of_another_version_is_left_out_and_stays_in_the_document(
    kept: Callable[[], MainWindow], tmp_path: Path
) -> None:
    first = kept()
    first.bench.close_pane("values")
    first.close()
    path = tmp_path / CURRENT
    doc = json.loads(path.read_text("utf-8"))
    right = {"way": "column", "sizes": [], "parts": []}
    right["parts"] = [
        {"panes": ["map"], "current": "map"},
        {"panes": ["hologram"], "current": "hologram"},
    ]
    left = {"panes": ["timing", "oracle"], "current": "oracle"}
    doc["workspaces"]["engineer"] = {"way": "row", "sizes": [], "parts": [left, right]}
    path.write_text(json.dumps(doc), "utf-8")
    second = kept()
    assert second.panes.timing.isVisible()
    assert second.panes.map.isVisible()
    assert panes_of(second.bench.layout.tree) == ("timing", "oracle", "map", "hologram")
    assert "hologram" in second.notice.text
    second.bench.drop("laps", "timing", Side.BELOW)
    second.close()
    assert "hologram" in path.read_text("utf-8")


def test_a_layout_saved_under_a_name_is_found_by_its_name(
    qtbot: QtBot, kept: Callable[[], MainWindow], tmp_path: Path
) -> None:
    window = kept()
    window.bench.close_pane("values")
    qtbot.keyClick(window, Key.Key_S, Ctrl)
    box = next(w for w in QApplication.topLevelWidgets() if w.accessibleName().startswith("Save"))
    field = box.findChild(QLineEdit)
    qtbot.keyClicks(field, "Two screens")
    qtbot.keyClick(field, Key.Key_Return)
    qtbot.waitUntil(lambda: "saved" in window.notice.text, timeout=60_000)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=60_000)
    qtbot.keyClick(window, Key.Key_R, Ctrl)
    assert "values" in window.bench.visible
    window.close()
    again = kept()
    qtbot.keyClick(again, Key.Key_L, Ctrl)
    qtbot.keyClicks(again.palette_box.field, "two")
    qtbot.keyClick(again.palette_box.field, Key.Key_Return)
    assert "values" not in again.bench.visible
    assert again.bench.layout.name == "Two screens"


# ------------------------------------------------------------------------- undo


def test_what_is_looked_at_and_where_panes_are_goes_back_and_forth(
    qtbot: QtBot, window: MainWindow
) -> None:
    view, layout = window.workspace.view, window.bench.layout
    qtbot.keyClick(window, Key.Key_D)
    qtbot.keyClick(window, Key.Key_Down)
    car = window.workspace.view.car
    window.bench.tear_off("map")
    qtbot.keyClick(window, Key.Key_Z, Ctrl)
    assert window.bench.windows == {}
    assert window.bench.layout == layout
    assert window.notice.text == "Undone: layout"
    qtbot.keyClick(window, Key.Key_Z, Ctrl)
    assert window.workspace.view.car == view.car
    assert window.workspace.view.axis is Axis.TIME
    qtbot.keyClick(window, Key.Key_Z, Ctrl)
    assert window.workspace.view.axis is Axis.DISTANCE
    qtbot.keyClick(window, Key.Key_Z, Ctrl)
    assert window.notice.text == "Nothing to undo"
    for _ in range(3):
        qtbot.keyClick(window, Key.Key_Y, Ctrl)
    assert window.workspace.view.car == car
    assert "map" in window.bench.windows
    window.bench.put_back("map")


def test_a_zoom_by_many_turns_of_the_wheel_is_one_step(qtbot: QtBot, window: MainWindow) -> None:
    for _ in range(5):
        window.panes.traces.zoom(1.25)
    assert window.workspace.view.span is not None
    qtbot.keyClick(window, Key.Key_Z, Ctrl)
    assert window.workspace.view.span is None


def test_the_car_that_the_program_chose_is_no_step(window: MainWindow) -> None:
    assert window.workspace.view.car is not None
    assert window.history.steps == (0, 0)


# ------------------------------------------------------------------------- the palette


def open_palette(qtbot: QtBot, window: MainWindow, text: str) -> list[str]:
    qtbot.keyClick(window, Key.Key_K, Ctrl)
    assert window.palette_box.isVisible()
    qtbot.keyClicks(window.palette_box.field, text)
    return [line.cells[0].text for line in window.palette_box.list.lines.lines]


def test_every_action_is_in_the_palette_with_its_keys(window: MainWindow) -> None:
    offered = {entry.title: entry for entry in window.controls.entries()}
    for one in ACTIONS:
        assert one.title in offered
        assert offered[one.title].keys


def test_a_few_letters_find_a_car_and_return_goes_there(
    qtbot: QtBot, window: MainWindow, finished: Wall
) -> None:
    wanted = finished.timing.order[-1]
    assert open_palette(qtbot, window, f"car {wanted}")[0] == f"Car {wanted}"
    qtbot.keyClick(window.palette_box.field, Key.Key_Return)
    assert not window.palette_box.isVisible()
    assert window.workspace.view.car == wanted
    assert window.panes.traces.hasFocus()


def test_a_lap_of_any_car_is_two_numbers_away(
    qtbot: QtBot, window: MainWindow, finished: Wall
) -> None:
    wanted = finished.timing.order[-1]
    found = open_palette(qtbot, window, f"lap {wanted} 2")
    assert found[0].startswith(f"Car {wanted} · lap 2 · 1:")
    qtbot.keyClick(window.palette_box.field, Key.Key_Return)
    assert (window.workspace.view.car, window.workspace.view.lap) == (wanted, 2)


def test_fragments_find_a_channel_and_it_gets_a_plot(qtbot: QtBot, window: MainWindow) -> None:
    assert any(one.startswith("Oil") for one in open_palette(qtbot, window, "o channel"))
    qtbot.keyClicks(window.palette_box.field, " il")
    before = len(window.panes.traces.picture.traces)
    qtbot.keyClick(window.palette_box.field, Key.Key_Return)
    titles = [trace.title for trace in window.panes.traces.picture.traces]
    assert len(titles) == before + 1
    assert titles[-1].startswith("Oil")
    qtbot.keyClick(window, Key.Key_Z, Ctrl)
    assert len(window.panes.traces.picture.traces) == before


def test_an_action_is_done_from_the_palette(qtbot: QtBot, window: MainWindow) -> None:
    assert open_palette(qtbot, window, "dist time")[0] == "Distance / time"
    qtbot.keyClick(window.palette_box.field, Key.Key_Return)
    assert window.workspace.view.axis is Axis.TIME


def test_keys_typed_there_are_the_palettes(qtbot: QtBot, window: MainWindow) -> None:
    open_palette(qtbot, window, "")
    view = window.workspace.view
    qtbot.keyClick(window.palette_box.field, Key.Key_Down)
    assert window.palette_box.list.currentIndex().row() == 1
    qtbot.keyClick(window.palette_box.field, Key.Key_D)
    assert window.workspace.view == view
    qtbot.keyClick(window.palette_box.field, Key.Key_Escape)
    assert not window.palette_box.isVisible()
    assert window.panes.traces.hasFocus()


def test_what_nothing_answers_is_said(qtbot: QtBot, window: MainWindow) -> None:
    assert open_palette(qtbot, window, "xyzzy") == []
    qtbot.keyClick(window.palette_box.field, Key.Key_Return)
    assert window.palette_box.isVisible()


# ------------------------------------------------------------------------- by keyboard, and read


def test_f6_goes_through_the_panes_with_a_ring_around_the_one(
    qtbot: QtBot, window: MainWindow
) -> None:
    seen_panes = []
    for _ in window.bench.visible:
        qtbot.keyClick(QApplication.focusWidget() or window, Key.Key_F6)
        seen_panes.append(window.ring.around)
    assert sorted(seen_panes) == sorted(window.bench.visible)
    pane = window.bench.pane(window.ring.around)
    assert window.ring.geometry().size() == pane.size()
    other = next(name for name in window.bench.visible if name != window.ring.around)
    window.bench.pane(other).setFocus(Qt.FocusReason.MouseFocusReason)
    assert not window.ring.isVisible()


def test_the_ring_repaints_no_curve(qtbot: QtBot, window: MainWindow) -> None:
    window.grab()
    renders = window.panes.traces.curve_renders
    for _ in range(4):
        qtbot.keyClick(QApplication.focusWidget() or window, Key.Key_F6)
        window.grab()
    assert window.panes.traces.curve_renders == renders


def test_a_table_with_the_keyboard_can_be_read_out(qtbot: QtBot, window: MainWindow) -> None:
    table = window.panes.timing
    table.setFocus(Qt.FocusReason.TabFocusReason)
    for row in table.rows:
        assert row.cells[1].text in table.accessibleDescription()


@pytest.mark.parametrize("name", ["timing", "laps", "values"])
def test_every_figure_says_what_it_is(window: MainWindow, name: str) -> None:
    table = window.bench.pane(name)
    named = [column for column in table.columns if column.title and column.right]
    assert all(column.tip for column in named), [c.title for c in named if not c.tip]
    row = table.row_rect(0)
    for index, rect in table._cells(row):
        said = table.tip_at(rect.center())
        assert table.columns[index].tip in said
        assert table.rows[0].tip in said


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080), (3840, 2160)])
@pytest.mark.parametrize("theme", ["dark", "sunlight"])
def test_every_workspace_fits_every_screen(
    finished: Wall, open_window: Open, size: tuple[int, int], theme: str
) -> None:
    window = open_window(finished, size)
    window.set_theme(load_theme(theme, window.theme.scale))
    for role in Role:
        window.bench.show_role(role)
        window.grab()
        assert window.size().toTuple() == size, role
        assert window.panes.header.dropped <= {"find"}
        for name in window.bench.visible:
            pane = window.bench.pane(name)
            box = pane.rect().translated(pane.mapTo(window, QPoint(0, 0)))
            assert window.rect().contains(box), (role, name)
            least = pane.minimumSizeHint().expandedTo(pane.minimumSize())
            assert pane.height() >= least.height(), (role, name)
            assert pane.width() >= least.width(), (role, name)
            if isinstance(pane, RowsPane):
                widths = pane.widths()
                kept = [c for c, w in zip(pane.columns, widths, strict=True) if w or not c.optional]
                assert sum(widths) <= pane.width(), (role, name)
                assert len(kept) >= 2, (role, name)


def test_the_keys_overlay_has_room_for_every_key(finished: Wall, open_window: Open) -> None:
    for size in ((1366, 768), (1920, 1080), (3840, 2160)):
        window = open_window(finished, size)
        window.controls.handlers["help"]()
        assert window._keys.complete, size


def test_the_pill_in_the_header_opens_the_palette(
    qtbot: QtBot, finished: Wall, open_window: Open
) -> None:
    window = open_window(finished, (1920, 1080))
    rect = window.panes.header.item_rect("find")
    assert rect is not None
    qtbot.mouseClick(window.panes.header, Qt.MouseButton.LeftButton, pos=rect.center())
    assert window.palette_box.isVisible()


def test_the_workspace_that_was_asked_for_comes_before_the_one_shown_last(
    qtbot: QtBot, kept: Callable[..., MainWindow]
) -> None:
    first = kept()
    qtbot.keyClick(first, Key.Key_3, Ctrl)
    first.close()
    second = kept("debrief")
    assert second.bench.layout.role is Role.DEBRIEF
    second.bench.show_role(Role.ENGINEER)
    second.keeper.showed.emit()  # only the first layout that is read is asked
    assert second.bench.layout.role is Role.ENGINEER


def test_larger_text_takes_room_from_panes_and_none_from_the_screen(
    finished: Wall, open_window: Open
) -> None:
    window = open_window(finished, (1366, 768))
    for scale in (1.0, 1.25, 1.5):
        window.set_theme(window.theme.scaled(scale))
        for role in Role:
            window.bench.show_role(role)
            window.grab()
            assert window.size().toTuple() == (1366, 768), (scale, role)
            for name in window.bench.visible:
                pane = window.bench.pane(name)
                box = pane.rect().translated(pane.mapTo(window, QPoint(0, 0)))
                assert window.rect().contains(box), (scale, role, name)


@pytest.mark.parametrize("scale", [0.85, 1.0, 1.25])
def test_on_a_small_screen_every_tab_is_in_view_and_nothing_lies_over_anything(
    finished: Wall, open_window: Open, scale: float
) -> None:
    window = open_window(finished, (1366, 768))
    window.set_theme(window.theme.scaled(scale))
    for role in Role:
        window.bench.show_role(role)
        window.grab()
        seen_ = [window.bench.pane(name) for name in window.bench.visible]
        areas = [QRect(p.mapTo(window, QPoint(0, 0)), p.size()) for p in seen_ if p.isVisible()]
        for one, other in itertools.combinations(areas, 2):
            assert not one.intersects(other), (role, one, other)
        for place in window.bench.dock._places:
            for name in place.tabs.names:
                window.bench.raise_pane(name)
                window.grab()
                last = place.tabs.tabRect(place.tabs.count() - 1)
                assert last.right() <= place.tabs.width(), (role, name)
                pane = window.bench.pane(name)
                if isinstance(pane, EditorPane) and scale < 1:
                    parts = pane.findChildren(
                        QWidget, "", Qt.FindChildOption.FindDirectChildrenOnly
                    )
                    boxes = [p.geometry() for p in parts if p.isVisible()]
                    for one, other in itertools.combinations(boxes, 2):
                        assert not one.intersects(other), (role, name, one, other)
