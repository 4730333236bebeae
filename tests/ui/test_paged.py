"""Cars that are paged out: said, read back, and never a hole; timing is as if nothing had gone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from pitwall.analysis import TimingEngine, laps_report
from pitwall.store import Pager, growth, pager
from pitwall.ui.main_window import MainWindow
from pitwall.ui.plot.title import title_parts
from tests.ui.session import SECONDS, Race, Wall, make_wall

Open = Callable[..., MainWindow]
AWAY_S = 30_000


@pytest.fixture
def paged(race: Race, tmp_path: Path, qtbot: QtBot) -> Iterator[Wall]:
    """The race with small blocks; all of two cars but their last minute is in the file only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growth, "BLOCK", 128)
        patch.setattr(growth, "BLOCKS", 8)
        patch.setattr(pager, "FRESH_US", 60_000_000)
        wall = make_wall(race, tmp_path)
        wall.advance(SECONDS)
        keeper = Pager(wall.store, wall.recording.path, 1)
        keeper.look_at(frozenset({race.cars[0]}))
        keeper.start()
        qtbot.waitUntil(lambda: keeper.stats.pages_out > 40, timeout=AWAY_S)
        yield wall
        keeper.stop()
        wall.close()


def gone(wall: Wall, car: str) -> int:
    groups = (g.name for g in wall.store.session.catalog.groups)
    columns = (wall.store.columns(car, group) for group in groups)
    return sum(len(c.away(0, 2**62)) for c in columns if c is not None)


def title(window: MainWindow) -> str:
    traces = window.panes.traces
    parts = title_parts(
        traces.picture, window.workspace.view, traces.span, traces._style(), loading=False
    )
    return "  ".join(part.text for part in parts)


def test_a_car_that_is_paged_out_says_so_and_comes_back(
    paged: Wall, open_window: Open, qtbot: QtBot, race: Race, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = race.cars[2]
    qtbot.waitUntil(lambda: gone(paged, other) > 5, timeout=AWAY_S)
    keeper = paged.store.pager
    assert isinstance(keeper, Pager)
    window = open_window(paged, run=True)
    # Nothing is read while the shelf is taken, and the window goes on.
    read, free = keeper._shelf.read, threading.Event()

    def held(*arguments: object) -> object:
        assert free.wait(60)
        assert threading.current_thread().name != threading.main_thread().name
        return read(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(keeper._shelf, "read", held)
    window.workspace.select_car(other)
    window.workspace.select_lap(1)
    window.grab()
    picture = window.panes.traces.picture
    assert picture is not None
    assert picture.reading
    assert "PAGED OUT, READING" in title(window)
    assert not any(len(line.t) for line in picture.lines)
    free.set()
    qtbot.waitUntil(lambda: not window.panes.traces.picture.reading, timeout=AWAY_S)
    assert "PAGED OUT" not in title(window)
    assert all(len(line.t) for line in window.panes.traces.picture.lines)


def test_timing_is_the_same_when_everything_must_be_read_back(
    paged: Wall, finished: Wall, race: Race, qtbot: QtBot
) -> None:
    for car in race.cars[1:]:
        qtbot.waitUntil(lambda car=car: gone(paged, car) > 5, timeout=AWAY_S)  # type: ignore[misc]
    assert laps_report(paged.store) == laps_report(finished.store)
    found, wanted = TimingEngine().update(paged.store), TimingEngine().update(finished.store)
    assert found.order == wanted.order
    assert found.cars == wanted.cars
