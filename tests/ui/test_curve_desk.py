"""Curves of laps are made beside the Qt thread."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from pitwall.ui import curve_desk
from pitwall.ui.curve_desk import CurveDesk
from pitwall.ui.picture import Shown
from tests.ui.session import make_race, make_wall


@pytest.fixture(scope="module")
def wall(tmp_path_factory):
    made = make_wall(make_race(1, 200), tmp_path_factory.mktemp("curves"))
    made.advance(200, hole=False)
    yield made
    made.close()


@pytest.fixture
def desk(wall):
    made = CurveDesk(wall.store)
    yield made
    assert made.stop(20.0)


def shown_of(wall) -> tuple[Shown, object]:
    (car,) = wall.timing.order
    lap = next(lap for lap in wall.timing.cars[car].laps if lap.time_us is not None)
    return Shown(lap, lap.t_end, open=False), wall.timing.circuit


def test_they_come_from_another_thread_and_are_kept(wall, desk, qtbot: QtBot, monkeypatch):
    shown, circuit = shown_of(wall)
    threads = []
    make = curve_desk.CurveBook._make

    def spy(book, *args):
        threads.append(threading.current_thread())
        return make(book, *args)

    monkeypatch.setattr(curve_desk.CurveBook, "_make", spy)
    assert desk.of(shown, circuit) is None
    with qtbot.waitSignal(desk.came):
        desk.ask([shown, None], circuit)
    curves = desk.of(shown, circuit)
    assert curves is not None
    assert curves.speed is not None
    desk.ask([shown], circuit)
    assert not desk.busy
    (thread,) = threads
    assert thread is not threading.main_thread()
    # of a lap that goes on the older ones are shown until the newer ones come
    longer = replace(shown, t_end=shown.t_end + 1)
    assert desk.of(longer, circuit) is curves
    with qtbot.waitSignal(desk.came):
        desk.ask([longer], circuit)
    assert desk.of(longer, circuit) is not curves


def test_what_cannot_be_made_is_not_asked_for_again_and_again(wall, desk, qtbot, monkeypatch):
    shown, circuit = shown_of(wall)

    def broken(*_):
        raise ValueError("no such lap")

    monkeypatch.setattr(curve_desk.CurveBook, "_make", broken)
    with qtbot.waitSignal(desk.came):
        desk.ask([shown], circuit)
    desk.ask([shown], circuit)
    assert not desk.busy
    assert desk.of(shown, circuit) is None
