"""Grade from measured altitudes."""

from __future__ import annotations

import numpy as np
import pytest

from pitwall.analysis import TimingEngine
from pitwall.commands.model_common import track_of
from pitwall.prerace.calibrate import gather
from pitwall.prerace.grade import SMOOTH_M, STEEPEST, slopes
from pitwall.store import open_session
from tests.unit.prerace.field_recording import record

N, STEP = 800, 5.0
WAY = np.arange(N) * STEP
LENGTH = N * STEP
HILL_M = 12.0
"""Up and down twice a lap; steepest 3.8 %."""


def hill(way, length=LENGTH):
    return 200.0 + HILL_M * np.sin(4 * np.pi * way / length)


def slope_of(way, length=LENGTH):
    return HILL_M * 4 * np.pi / length * np.cos(4 * np.pi * way / length)


def laps(count, noise=0.0, drift=0.0, seed=1, road=hill):
    """Altitudes with errors that come and go over some hundred metres, as positioning has them."""
    rng = np.random.default_rng(seed)
    bell = np.exp(-0.5 * (2 * np.pi * np.fft.rfftfreq(N, STEP) * 80.0) ** 2)
    out = []
    for _ in range(count):
        wander = np.fft.irfft(np.fft.rfft(rng.standard_normal(N)) * bell, N)
        out.append(road(WAY) + noise * wander / wander.std() + drift * WAY / LENGTH)
    return out


def test_a_hill_is_found_and_drift_is_none():
    found = slopes(laps(5, drift=6.0), STEP)
    assert found == pytest.approx(slope_of(WAY), abs=2e-3)
    assert found.sum() * STEP == pytest.approx(0.0, abs=1e-6), "a lap ends where it began"


def test_noise_of_the_laps_pulls_towards_level_ground():
    clear, noisy = slopes(laps(8, 0.3), STEP), slopes(laps(8, 6.0), STEP)
    assert np.abs(clear - slope_of(WAY)).max() < 0.01
    assert np.abs(noisy).mean() < np.abs(clear).mean()
    assert noisy.sum() == pytest.approx(0.0, abs=1e-9)
    level = slopes(laps(8, 3.0, road=lambda way: np.full(len(way), 200.0)), STEP)
    each = [slopes([a] * 3, STEP) for a in laps(8, 3.0, road=lambda w: np.full(len(w), 200.0))]
    assert np.abs(level).mean() < 0.4 * np.mean([np.abs(one).mean() for one in each])


def test_holes_few_laps_and_jumps():
    some = laps(4)
    some[0][100:140] = np.nan
    some[1] = np.full(N, np.nan)
    assert slopes(some, STEP) == pytest.approx(slope_of(WAY), abs=3e-3)
    assert slopes(some[:3], STEP) is None, "two laps do not tell how wrong they are"
    cliff = [a + np.where((WAY > 1000) & (WAY < 1500), 500.0, 0.0) for a in laps(4)]
    assert np.abs(slopes(cliff, STEP)).max() <= STEEPEST
    assert SMOOTH_M > 2 * STEP


def test_a_session_with_altitudes_has_a_track_with_grade(tmp_path):
    path = tmp_path / "hilly.pitwall"
    (car,) = record(
        path, 600.0, groups=("pos",), altitude_m=lambda t, way: hill(way, 3905.0) + t % 7 * 0.01
    )
    recording, store = open_session(path, read_only=True)
    with recording:
        track = gather(store, TimingEngine().update(store), car).track
    way = np.arange(len(track.grade)) * track.step_m
    wanted = np.arctan(slope_of(way, track.length_m))
    assert np.abs(track.grade - wanted).max() < 0.006
    assert np.array_equal(track_of(path).grade, track.grade)
