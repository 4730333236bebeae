"""What the window says of its source: the banner, the figures, the pane with every shard."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from pitwall.runtime import HealthDetail, ShardHealth, State
from pitwall.store import Batch, Source
from pitwall.telemetry import chunk
from pitwall.ui.lag import ShownLag
from pitwall.ui.main_window import MainWindow
from pitwall.ui.panes.banner import LINGER_S
from tests.ui.session import Wall

Open = Callable[..., MainWindow]
SECOND = 1_000_000


def shard(i: int, state: str = "open", **fields: int) -> ShardHealth:
    given = {"polls": 10 + i, "lag_us": 300_000, "record_age_us": SECOND, **fields}
    return ShardHealth(f"shardId-{i:020d}", state, reads_per_s=4.9, **given)  # type: ignore[arg-type]


def detail(wall: Wall, shards: int = 4, **fields: int) -> HealthDetail:
    found = tuple(shard(i, **fields) for i in range(shards))
    return HealthDetail(wall.health, wall.store.ledger(), lag_us=400_000, shards=found)


@pytest.fixture
def running(finished: Wall) -> Iterator[Wall]:
    """A race that is being followed, with a detail; what a test changes is put back."""
    health = finished.health
    finished.detail, finished.details = detail(finished), 0
    yield finished
    finished.health, finished.detail, finished.now_us = health, None, 0


# ---------------------------------------------------------------------- the pane


def test_h_opens_it_beside_the_traces_and_closes_it(
    qtbot: QtBot, running: Wall, open_window: Open
) -> None:
    window = open_window(running)
    panes = window.panes
    before = panes.traces.width()
    assert panes.health.isHidden()
    qtbot.keyClick(window, Qt.Key.Key_H)
    assert panes.health.isVisible()
    assert panes.traces.isVisible()
    assert panes.traces.width() > 0.3 * window.width()
    right = panes.health.geometry()
    assert right.left() >= panes.traces.geometry().right()
    assert [row.key for row in panes.health.shards.rows] == [s.id for s in running.detail.shards]
    qtbot.keyClick(window, Qt.Key.Key_H)
    assert panes.health.isHidden()
    assert panes.map.isVisible()
    assert abs(panes.traces.width() - before) <= 2


def test_columns_moved_by_hand_stay_where_they_were(
    qtbot: QtBot, running: Wall, open_window: Open
) -> None:
    window = open_window(running)
    body = window.bench.dock.splits[()]
    before = body.sizes()
    body.moveSplitter(before[0] + 40, 1)
    body.splitterMoved.emit(before[0] + 40, 1)
    left = body.sizes()[0]
    assert left > before[0] + 30
    qtbot.keyClick(window, Qt.Key.Key_H)
    assert window.panes.health.isVisible()
    assert abs(window.bench.dock.splits[()].sizes()[0] - left) <= 4
    qtbot.keyClick(window, Qt.Key.Key_H)
    assert abs(window.bench.dock.splits[()].sizes()[0] - left) <= 4


def test_nobody_asks_for_it_while_it_is_closed_and_once_a_second_when_open(
    qtbot: QtBot, running: Wall, open_window: Open
) -> None:
    window = open_window(running, run=True)
    qtbot.wait(1200)
    assert running.details == 0
    window._toggle_health()
    assert running.details == 1
    began = time.monotonic()
    for i in range(12):
        running.detail = detail(running, polls=100 + i)
        running.say(retries=i)  # the health changes many times a second
        qtbot.wait(200)
    qtbot.waitUntil(lambda: running.details >= 2)
    assert running.details <= 2 + (time.monotonic() - began)
    window._toggle_health()
    asked = running.details
    qtbot.wait(1200)
    assert running.details == asked


def test_rows_that_are_as_before_are_not_painted_again(
    running: Wall, open_window: Open, settle: Callable[[], None]
) -> None:
    running.detail = detail(running, 400)
    window = open_window(running)
    window._toggle_health()
    window.grab()
    table = window.panes.health.shards
    assert len(table.rows) == 400
    painted, still = -1, 0
    while still < 4:  # on a busy machine the layout comes to rest later
        settle()
        still = still + 1 if table.row_paints == painted else 0
        painted = table.row_paints
    window.feed.detail()
    settle()
    assert table.row_paints == painted
    some = list(running.detail.shards)
    some[2] = shard(2, retries=9)
    running.detail = HealthDetail(running.health, running.store.ledger(), shards=tuple(some))
    window.feed.detail()
    settle()
    assert table.row_paints == painted + 1


def test_four_hundred_shards_scroll_by_what_is_in_view(
    running: Wall, open_window: Open, settle: Callable[[], None]
) -> None:
    running.detail = detail(running, 400)
    window = open_window(running)
    window._toggle_health()
    window.grab()
    settle()
    table = window.panes.health.shards
    painted = table.row_paints
    wheel = QWheelEvent(
        QPointF(50, 200), table.mapToGlobal(QPointF(50, 200)), QPoint(), QPoint(0, -4000),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(table, wheel)
    settle()
    assert table.row_at(table.first_y + 2) == 100
    assert table.row_paints - painted <= table.visible_rows + 1
    shown = [row for row in table.rows if row.cells]
    assert [row.key for row in shown] == [s.id for s in running.detail.shards[100:][: len(shown)]]
    assert len(shown) == table.visible_rows
    running.detail = detail(running, 20)  # and when there are fewer, the last of them
    window.feed.detail()
    assert table.rows[-1].cells
    assert [row.key for row in table.rows if row.cells][-1] == running.detail.shards[-1].id


def test_columns_stand_still_whatever_the_figures(running: Wall, open_window: Open) -> None:
    window = open_window(running)
    window._toggle_health()
    table, facts = window.panes.health.shards, window.panes.health.facts
    before = (table.widths(), facts.widths(), facts.height())
    for age_s in (0.04, 9.97, 99.94, 99.96, 999.9, 1000, 5939, 5941, 360_000):
        running.detail = detail(
            running,
            polls=123_456,
            record_age_us=int(age_s * SECOND),
            throttles=4321,
            retries=1234,
            gaps=12,
        )
        window.feed.detail()
        assert (table.widths(), facts.widths(), facts.height()) == before
        for row in table.rows:
            for cell, column in zip(row.cells, table.columns, strict=True):
                assert len(cell.text) <= len(column.sample), (cell.text, column.title)


def test_a_shard_that_fails_and_one_that_is_lost_stand_out(
    running: Wall, open_window: Open
) -> None:
    shards = (shard(1, failures=3), shard(2, "gap"), shard(3), shard(4, "finished"))
    running.detail = HealthDetail(running.health, running.store.ledger(), shards=shards)
    window = open_window(running)
    window._toggle_health()
    states = [(row.cells[1].text, row.cells[1].role) for row in window.panes.health.shards.rows]
    assert states == [
        ("failing", "fault"), ("lost", "fault"), ("open", "dim"), ("finished", "faint"),
    ]  # fmt: skip


def test_finished_shards_are_one_row_but_for_those_with_a_loss(
    running: Wall, open_window: Open
) -> None:
    shards = (
        replace(shard(0, "finished"), stalled=True),
        *(shard(i) for i in range(1, 4)),
        shard(4, "finished", gaps=1),
        *(shard(i, "finished") for i in range(5, 53)),
    )
    running.detail = HealthDetail(running.health, running.store.ledger(), shards=shards)
    window = open_window(running)
    window._toggle_health()
    rows = window.panes.health.shards.rows
    assert [row.key for row in rows] == [*(s.id for s in shards[:5]), "finished"]
    assert [cell.text for cell in rows[-1].cells[:2]] == ["48", "finished"]
    assert (rows[0].cells[1].text, rows[0].cells[1].role) == ("stalled", "fault")


def test_the_pane_says_what_the_header_says(running: Wall, open_window: Open) -> None:
    window = open_window(running)
    window._toggle_health()
    facts = window.panes.health.facts
    for state in State:
        running.say(state=state)
        window.feed.lines()
        window.feed.detail()
        assert facts.rows[0].cells[1].text == state.word
        assert state.word in window.panes.header.text("live")


# ---------------------------------------------------------------------- the banner


def test_a_banner_for_each_trouble_with_its_own_sentence(running: Wall, open_window: Open) -> None:
    window = open_window(running)
    said = set()
    for state in State:
        if state.grave:
            running.say(state=state, message="because")
            window.feed.lines()
            words = window.panes.banner.words
            assert words == f"{state.word}  {state.says}  ·  because"
            assert state.word in window.panes.strip.text("state")
            said.add(words)
    assert len(said) == 6


def test_it_lingers_and_then_goes(
    running: Wall, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(running)
    assert window.panes.banner.words == ""
    running.say(state="behind")
    window.feed.lines()
    assert window.panes.banner.isVisible()
    running.say(state="live")
    window.feed.lines()
    assert window.panes.banner.isVisible()
    at = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: at + LINGER_S + 0.1)
    window.feed.lines()
    assert window.panes.banner.words == ""


def test_all_cars_stay_in_view_when_it_comes(
    qtbot: QtBot, running: Wall, open_window: Open
) -> None:
    window = open_window(running)
    timing = window.panes.timing
    assert timing.visible_rows >= len(timing.rows)
    running.say(state="offline")
    window.feed.lines()
    qtbot.waitUntil(lambda: window.panes.banner.height() > 0 and window.bench.dock.y() > 0)
    qtbot.wait(50)
    assert timing.visible_rows >= len(timing.rows)


# ---------------------------------------------------------------------- nothing is said to be fresh


@pytest.mark.parametrize("state", [s for s in State if s.grave and not s.current])
def test_what_nobody_can_know_is_not_called_complete_or_live(
    running: Wall, open_window: Open, state: State
) -> None:
    window = open_window(running)
    header = window.panes.header
    running.say(state=state, shift_us=0, lag_us=100_000)
    running.now_us = running.store.latest_us() + 12 * SECOND
    window._data_changed(frozenset({"health"}))
    assert "✓" not in header.text("ledger")
    assert header.text("live") == f"● {state.word} 12 s"
    ages = [row.cells[-1].text for row in window.panes.timing.rows]
    assert ages
    assert all(age == "12 s" for age in ages)
    titles = window.panes.traces.title_words
    assert not [text for text in titles if "LIVE" in text]


def test_silence_is_one_repaint_a_second_of_ages_only(
    qtbot: QtBot, running: Wall, open_window: Open
) -> None:
    running.say(state="silent", shift_us=0, lag_us=100_000, age_us=0)
    window = open_window(running, run=True)
    began = time.monotonic()
    latest = running.store.latest_us()
    told = []
    for _ in range(70):
        running.now_us = latest + int((time.monotonic() - began) * SECOND)
        running.say(age_us=(running.now_us - latest) // SECOND * SECOND)
        qtbot.wait(50)
        age = window.panes.timing.rows[0].cells[-1].text
        told.append((window.panes.header.text("live"), age))
    changes = [b for a, b in itertools.pairwise(told) if a != b]
    assert 3 <= len(changes) <= 5
    assert all(pill == f"● SILENT {age}" for pill, age in told if age != "0 s")


def test_live_is_as_old_as_what_is_painted(
    running: Wall, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(running)
    running.say(shift_us=0, lag_us=100_000)
    at = time.monotonic()
    running.now_us = running.store.latest_us() + 2_500_000
    for more_s in (1.1, 2.2):
        monkeypatch.setattr(time, "monotonic", lambda now=at + more_s: now)
        window.feed.lines()
    assert window.panes.header.text("live") == "● LIVE 2.5 s"
    assert window.panes.strip.text("lag") == "Lag 2.5 s"


def test_a_clock_of_its_own_does_not_make_a_source_old(running: Wall, open_window: Open) -> None:
    window = open_window(running)
    running.say(shift_us=3600 * SECOND, lag_us=100_000)
    running.now_us = running.store.latest_us() + 3600 * SECOND + 700_000
    window.feed.lines()
    assert window.panes.header.text("live") == "● LIVE 0.7 s"


def test_the_label_holds_the_largest_of_each_second() -> None:
    lag = ShownLag()
    shown = []
    for tenth in range(30):
        lag.note(300_000 + tenth % 10 * 50_000, tenth / 10)
        shown.append(lag.shown_us)
    assert shown[0] == 300_000
    assert set(shown[11:]) == {750_000}
    lag.note(None, 9.0)
    assert lag.shown_us is not None


def test_complete_is_said_only_while_it_can_be_known(wall: Wall, open_window: Open) -> None:
    wall.advance(20, hole=False)
    window = open_window(wall)
    for state in State:
        wall.say(state=state)
        window.feed.lines()
        told = window.panes.header.text("ledger")
        loading = state in (State.JOINING, State.HISTORY)
        assert ("✓" in told) == state.current, state
        assert ("newer not known" in told) == (not state.current and not loading), state


def test_two_contents_under_one_name_are_an_alert(wall: Wall, open_window: Open) -> None:
    wall.advance(20, hole=False)
    window = open_window(wall)
    wall.say(state="live")
    window.feed.lines()
    assert "conflict" not in window.panes.header.text("ledger")
    first, other = [c for c in wall.race.chunks if c.series == wall.race.chunks[0].series][:2]
    again = chunk(
        first.series, first.n_lo, first.lap, first.t_lo, first.t_hi, other.counts[0], other.payload
    )
    wall.store.commit(wall.recording.apply(Batch(Source.STREAM, (again,), (), 1)))
    window.feed.lines()
    assert window.panes.header.text("ledger") == "1 conflict"
    assert "conflicts 1" in window.panes.strip.text("ledger")
