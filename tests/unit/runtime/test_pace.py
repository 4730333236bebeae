"""What gives way under load, in which order, and that the data never does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from pitwall.runtime import FrameStats, Load, Pace
from pitwall.runtime.frame_pump import FRAME_MS, FramePump
from pitwall.runtime.pace import COARSE, FASTEST_MS, SHARE, SLOWEST_MS


def settled(pace: Pace, ms: float) -> Pace:
    for _ in range(60):
        pace.frame(ms)
    return pace


def test_frames_give_way_before_history_and_come_back_after_it() -> None:
    pace = Pace()
    seen: list[tuple[Load, int]] = []

    def note() -> None:
        if not seen or seen[-1][0] is not pace.load:
            seen.append((pace.load, pace.coarse))

    for ms in (*range(4, 160, 2), *range(160, 2, -2)):
        settled(pace, ms)
        note()
    fewer, coarse = (Load.FRAMES, 1), (Load.HISTORY, COARSE)
    assert seen == [(Load.NONE, 1), fewer, coarse, fewer, (Load.NONE, 1)]


@given(st.lists(st.floats(0, 2000), max_size=60))
def test_the_window_leaves_most_of_the_time_to_others_and_stays_live(frames: list[float]) -> None:
    pace = Pace()
    for ms in frames:
        pace.frame(ms)
        assert FASTEST_MS <= pace.interval_ms <= SLOWEST_MS
    settled(pace, 60.0)
    assert pace.interval_ms >= SHARE * 60 - 1
    assert settled(pace, 5.0).interval_ms == FASTEST_MS


def test_one_slow_frame_is_no_load() -> None:
    pace = settled(Pace(), 5.0)
    pace.frame(60.0)
    assert pace.load is Load.NONE


def test_under_load_every_change_is_in_a_later_picture(qtbot: QtBot) -> None:
    """Fewer looks at the data, and the last of them sees all of it."""
    stats, version = FrameStats(), [0]
    for _ in range(60):
        stats.add_frame(90.0)
    pump = FramePump()
    pump.watch("store", lambda: version[0])
    pump.paced_by(lambda: stats.pace.interval_ms)
    seen: list[int] = []
    pump.changed.connect(lambda _names: seen.append(version[0]))
    pump.start()
    qtbot.waitUntil(lambda: pump.interval_ms == 180)
    for _ in range(40):
        version[0] += 1
        qtbot.wait(5)
    qtbot.waitUntil(lambda: bool(seen) and seen[-1] == 40)
    assert len(seen) < 20  # forty changes, fewer pictures
    settled(stats.pace, 2.0)
    version[0] += 1
    qtbot.waitUntil(lambda: pump.interval_ms == FRAME_MS)
    pump.stop()
