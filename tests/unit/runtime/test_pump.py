"""The frame pump and the way from worker threads to Qt."""

from __future__ import annotations

import threading

from pytestqt.qtbot import QtBot

from pitwall.runtime.frame_pump import ASLEEP_MS, FRAME_MS, REST_MS, FramePump
from pitwall.runtime.handover import Handover


def test_the_pump_reports_what_moved_and_only_that(qtbot: QtBot) -> None:
    versions = {"store": 1, "timing": 1}
    pump = FramePump()
    for name in versions:
        pump.watch(name, lambda name=name: versions[name])
    changes: list[frozenset[str]] = []
    pump.changed.connect(changes.append)
    pump.start()
    qtbot.waitUntil(lambda: changes == [frozenset({"store", "timing"})])
    versions["timing"] = 2
    qtbot.waitUntil(lambda: len(changes) == 2)
    assert changes[1] == frozenset({"timing"})
    pump.stop()
    assert pump.interval_ms == 0


def test_the_pump_goes_to_sleep_and_wakes(qtbot: QtBot) -> None:
    version, connected = [1], [False]
    pump = FramePump()
    pump.watch("store", lambda: version[0])
    pump.connected_when(lambda: connected[0])
    pump.start()
    assert pump.interval_ms == FRAME_MS
    qtbot.waitUntil(lambda: pump.interval_ms == ASLEEP_MS)
    connected[0] = True
    qtbot.waitUntil(lambda: pump.interval_ms == REST_MS)
    version[0] = 2
    qtbot.waitUntil(lambda: pump.interval_ms == FRAME_MS)
    qtbot.waitUntil(lambda: pump.interval_ms == REST_MS)
    pump.wake()
    assert pump.interval_ms == FRAME_MS
    pump.stop()


def test_seconds_tick_only_while_connected(qtbot: QtBot) -> None:
    connected, seconds = [True], []
    pump = FramePump()
    pump.watch("store", lambda: 1)
    pump.connected_when(lambda: connected[0])
    pump.second.connect(lambda: seconds.append(1))
    pump.start()
    qtbot.waitUntil(lambda: len(seconds) == 1)
    connected[0] = False
    qtbot.wait(200)
    count = len(seconds)
    qtbot.wait(1300)
    assert len(seconds) <= count + 1
    pump.stop()


def test_a_burst_of_posts_arrives_as_the_newest_of_each_key(qtbot: QtBot) -> None:
    handover = Handover()
    got: list[tuple[str, object]] = []
    names: list[str] = []
    handover.delivered.connect(lambda key, value: got.append((key, value)))
    handover.delivered.connect(lambda *_: names.append(threading.current_thread().name))

    def work() -> None:
        for i in range(1000):
            handover.post("store", i)
        handover.post("bell")

    worker = threading.Thread(target=work)
    worker.start()
    worker.join(60)
    qtbot.waitUntil(lambda: ("bell", None) in got)
    assert [value for key, value in got if key == "store"] == [999]
    assert set(names) == {threading.main_thread().name}
