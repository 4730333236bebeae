"""Playing back: the moment follows the clock, at every speed, and whatever else moves it."""

from __future__ import annotations

import pytest

from pitwall.ui.model import Workspace
from pitwall.ui.playback import SPEEDS, STALL_S, Playback, speed_text

SECOND = 1_000_000


class Rig:
    def __init__(self) -> None:
        self.now = 100.0
        self.edges = (1000 * SECOND, 1100 * SECOND)
        self.workspace = Workspace()
        self.playback = Playback(
            self.workspace, lambda: self.edges, lambda: 1010 * SECOND, lambda: self.now
        )

    @property
    def moment_s(self) -> float:
        moment = self.workspace.view.moment
        assert moment is not None
        return moment / SECOND

    def run(self, seconds: float, step_s: float = 0.05) -> None:
        for _ in range(round(seconds / step_s)):
            self.now += step_s
            self.playback.tick()


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.mark.parametrize("speed", SPEEDS)
def test_it_plays_at_its_speed(rig: Rig, speed: float) -> None:
    rig.playback.speed = speed
    rig.playback.toggle()
    assert rig.moment_s == 1010
    rig.run(2.0)
    assert rig.moment_s == pytest.approx(1010 + 2 * speed, abs=0.01)
    rig.playback.toggle()
    assert not rig.playback.tick()
    rig.run(2.0)
    assert rig.moment_s == pytest.approx(1010 + 2 * speed, abs=0.01)


def test_speeds_end_at_the_slowest_and_the_fastest(rig: Rig) -> None:
    for _ in range(20):
        rig.playback.step_speed(1)
    assert rig.playback.speed == 16
    for _ in range(20):
        rig.playback.step_speed(-1)
    assert speed_text(rig.playback.speed) == "0.25×"


def test_it_goes_on_from_where_the_user_went(rig: Rig) -> None:
    rig.playback.toggle()
    rig.run(1.0)
    rig.workspace.scrub(1050 * SECOND)
    rig.run(1.0)
    assert rig.moment_s == pytest.approx(1051, abs=0.01)


def test_going_live_ends_it(rig: Rig) -> None:
    rig.playback.toggle()
    rig.workspace.go_live()
    assert not rig.playback.tick()
    assert not rig.playback.playing
    assert rig.workspace.view.moment is None


def test_at_the_newest_data_it_is_live_while_more_comes(rig: Rig) -> None:
    rig.workspace.scrub(1099 * SECOND)
    rig.playback.toggle()
    rig.edges = (1000 * SECOND, 1105 * SECOND)  # the edge went on meanwhile
    rig.run(3.0)
    assert rig.moment_s == pytest.approx(1102, abs=0.01)
    rig.run(4.0)
    assert rig.workspace.view.live
    assert not rig.playback.playing


def test_a_stalled_program_does_not_jump(rig: Rig) -> None:
    rig.playback.toggle()
    rig.now += 60
    rig.playback.tick()
    assert rig.moment_s == pytest.approx(1010 + STALL_S, abs=0.01)


def test_from_the_end_it_begins_anew(rig: Rig) -> None:
    rig.workspace.change(moment=1100 * SECOND)
    rig.playback.toggle()
    assert rig.moment_s == 1000


def test_frames_faster_than_the_panes_are_left_out(rig: Rig) -> None:
    rig.playback.toggle()
    changes: list[object] = []
    rig.workspace.subscribe(changes.append)
    rig.run(1.0, step_s=0.004)
    assert len(changes) <= 34
    assert rig.moment_s == pytest.approx(1011, abs=0.05)
