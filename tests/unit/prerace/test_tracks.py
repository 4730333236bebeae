"""Tracks from arrays, from files and from the session's line."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pitwall.analysis import TimingEngine, TrackLine
from pitwall.analysis.track import Tangent, close_line
from pitwall.cloud.local.field_track import load_track
from pitwall.prerace import (
    LapTrack,
    curvature_of,
    read_track,
    shipped_vehicle,
    simulate,
    track_of_line,
)
from pitwall.prerace.line import driven_curvature, smoothing_for
from pitwall.store import open_session
from pitwall.telemetry import BadInput, Failure
from pitwall.telemetry.resources import resource_path
from tests.unit.prerace.field_recording import record

KAPPA = np.full(20, 0.01)


@pytest.mark.parametrize(
    "make",
    [
        lambda: LapTrack.of("t", 5.0, np.zeros(0)),
        lambda: LapTrack.of("t", 5.0, np.zeros(7)),
        lambda: LapTrack.of("t", 5.0, np.zeros(40_001)),
        lambda: LapTrack.of("t", 0.0, KAPPA),
        lambda: LapTrack.of("t", math.nan, KAPPA),
        lambda: LapTrack.of("t", 5.0, KAPPA * math.nan),
        lambda: LapTrack.of("t", 5.0, KAPPA * 1e4),
        lambda: LapTrack.of("t", 5.0, KAPPA, banking=1.5),
        lambda: LapTrack.of("t", 5.0, KAPPA, grip=0.0),
        lambda: LapTrack.of("t", 5.0, KAPPA, sectors=(50.0, 30.0)),
        lambda: LapTrack.of("t", 5.0, KAPPA, sectors=(200.0,)),
        lambda: LapTrack("t", 5.0, KAPPA, KAPPA[:3], KAPPA, KAPPA + 1, KAPPA > 0),
        lambda: LapTrack("t", 5.0, KAPPA, KAPPA, KAPPA, KAPPA + 1, (KAPPA > 0)[:3]),
    ],
)
def test_arrays_that_make_no_track(make):
    with pytest.raises(BadInput, match="track t"):
        make()


def test_a_track_keeps_its_own_arrays():
    mine = KAPPA.copy()
    track = LapTrack.of("t", 5.0, mine)
    mine[:] = 7.0
    assert (track.curvature == 0.01).all()
    assert track.length_m == 100.0
    assert track.plain
    assert not LapTrack.of("t", 5.0, KAPPA, grade=0.01).plain


@pytest.mark.parametrize("radius", [15.0, 60.0, 700.0])
@pytest.mark.parametrize("turn", [-1.0, 1.0])
def test_curvature_of_a_circle(radius, turn):
    at = 0.7 + turn * np.linspace(0, 2 * np.pi, 720, endpoint=False)
    curvature, length = curvature_of(radius * np.cos(at), radius * np.sin(at), 5.0, 4.0)
    assert length == pytest.approx(2 * np.pi * radius, rel=3e-4)
    # the bell turns a circle of radius R into one of R exp(-(4/R)2/2), and the road is as long
    wanted = turn / (radius * math.exp(-0.5 * (4.0 / radius) ** 2))
    assert curvature == pytest.approx(wanted, rel=4e-3)


def test_coarse_points_are_rounded_and_repeats_ignored():
    at = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    x, y = 100 * np.cos(at), 100 * np.sin(at)
    fine, length = curvature_of(x, y, 5.0, 4.0)
    again, same = curvature_of(np.repeat(x, 3), np.repeat(y, 3), 5.0, 4.0)
    assert length == pytest.approx(2 * np.pi * 100, rel=1e-4)
    assert fine == pytest.approx(0.01, rel=0.01)
    assert np.array_equal(fine, again)
    assert length == same


def test_noise_of_positions_is_smoothed():
    rng = np.random.default_rng(0)
    at = np.linspace(0, 2 * np.pi, 900, endpoint=False)
    x, y = (300 * f(at) + rng.normal(0, 0.05, 900) for f in (np.cos, np.sin))
    curvature, _ = curvature_of(x, y, 5.0, 4.0)
    assert np.std(curvature) < 0.1 / 300 * 10
    assert np.mean(curvature) == pytest.approx(1 / 300, rel=0.01)


@pytest.mark.parametrize(("noise_m", "low", "high"), [(0.0, 4.0, 4.0), (0.4, 8.0, 20.0)])
def test_smoothing_is_what_the_noise_asks_for(noise_m, low, high):
    """A course with its corners' own turning is left alone; a noisy one comes back to it."""
    rng = np.random.default_rng(3)
    at = np.linspace(0, 2 * np.pi, 1200, endpoint=False)
    radius = 400 + 60 * np.cos(3 * at) + 40 * np.sin(5 * at)
    x, y = radius * np.cos(at), radius * np.sin(at)
    clean, _ = curvature_of(x, y, 5.0, 4.0)
    x, y = x + rng.normal(0, noise_m, 1200), y + rng.normal(0, noise_m, 1200)
    width = smoothing_for(x, y)
    assert low <= width <= high
    found, _ = curvature_of(x, y, 5.0, width)
    turned = np.abs(clean).sum() / len(clean)
    assert np.abs(found).sum() / len(found) == pytest.approx(turned, rel=0.03)


def test_lines_that_are_none():
    with pytest.raises(BadInput, match="different points"):
        curvature_of(np.zeros(50), np.zeros(50), 5.0, 4.0)
    with pytest.raises(BadInput, match="numbers"):
        curvature_of(np.full(50, np.nan), np.zeros(50), 5.0, 4.0)


def test_the_sessions_line_is_in_its_own_metres():
    at = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    xy, length = close_line(200 * np.cos(at), 120 * np.sin(at), 2.0)
    line = TrackLine(xy, length * 1.01, Tangent(36.0, -86.0), (400.0, 700.0), 3)
    track = track_of_line(line, "session")
    assert track.length_m == pytest.approx(line.length_m)
    assert track.sectors == line.sectors
    assert track.curvature.sum() * track.step_m == pytest.approx(2 * np.pi, rel=5e-3)
    assert track.curvature[0] == pytest.approx(200 / 120**2 / 1.01, rel=0.02)


def write(tmp_path, text):
    path = tmp_path / "ring.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_curvature_with_all_columns(tmp_path):
    rows = [
        f"{5 * i},{0.01 if i < 50 else 0},{10 if i < 50 else 0},{3},{0.9},{int(i > 60)},x"
        for i in range(100)
    ]
    head = "distance_m,curvature_1pm,banking_deg,grade_pct,grip,drag_zone,note"
    track = read_track(write(tmp_path, "\ufeff" + head + "\n" + "\n".join(rows) + "\n\n"))
    assert track.name == "ring"
    assert track.length_m == pytest.approx(500.0)
    assert track.curvature[10] == 0.01
    assert track.curvature[70] == 0
    assert track.banking[10] == pytest.approx(math.radians(10))
    assert track.grade[0] == pytest.approx(math.atan(0.03))
    assert track.grip[5] == 0.9
    assert track.drag_zone.sum() == 39
    coarse = read_track(tmp_path / "ring.csv", step_m=10.0)
    assert (len(coarse.curvature), coarse.step_m) == (50, 10.0)


def test_a_file_of_positions_drives_its_line():
    path = resource_path("tracks", "larkspur-hollow.csv")
    track = read_track(path)
    assert not (track.curvature > 0).all()
    # clockwise, so once round to the right; the line of least curvature is the shorter one
    assert track.curvature.sum() * track.step_m == pytest.approx(-2 * np.pi, rel=0.01)
    assert 3850 < track.length_m < 3960


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ring.csv:1: the header"),
        ("x_m,y_m\n1,2\n", "ring.csv:1: the header"),
        ("distance_m,x_m,x_m\n", "ring.csv:1: the header"),
        ("distance_m,curvature_1pm\n0,0\n5,a\n", "ring.csv:3: curvature_1pm is not a number"),
        ("distance_m,curvature_1pm\n0,0\n5\n", "ring.csv:3: curvature_1pm is not a number"),
        ("distance_m,curvature_1pm\n0,0\n5,inf\n", "ring.csv:3: curvature_1pm is inf"),
        ("distance_m,curvature_1pm\n0,0\n5,0\n", "ring.csv: distance_m must rise"),
        ("distance_m,x_m\n" + "".join(f"{i},0\n" for i in range(20)), "ring.csv: needs"),
    ],
)
def test_files_that_are_no_track(tmp_path, text, message):
    with pytest.raises(BadInput) as caught:
        read_track(write(tmp_path, text))
    assert message in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Failure, match="none"):
        read_track(tmp_path / "none.csv")


def test_a_kink_of_a_learnt_line_is_no_corner_where_the_car_is_fast(tmp_path):
    """The line that a few laps of the demo's cars give, beside the one that they drove: the
    predicted speed has no dip that the road does not have, and hairpins stay as tight."""
    record(tmp_path / "few.pitwall", 350.0, cars=2, groups=("pos",))
    recording, store = open_session(tmp_path / "few.pitwall", read_only=True)
    with recording:
        line = TimingEngine().update(store).track
    x, y = line.xy[:, 0], line.xy[:, 1]
    found, length = driven_curvature(x, y)
    even, _ = curvature_of(x, y, 5.0, smoothing_for(x, y))
    driven = load_track()
    part = np.arange(len(found)) / len(found) * driven.length
    road = np.interp(part, np.arange(len(driven.x)) * driven.step, driven.curvature)
    car = shipped_vehicle("grand-tourer")
    step = length / len(found)
    true, ours, narrow = (
        simulate([car], LapTrack.of("k", step, k)).speed_ms[:, 0] for k in (road, found, even)
    )
    assert (true - narrow).max() > 5.0, "the kink is in the line"
    assert (true - ours).max() < 0.5 * (true - narrow).max()
    assert np.std(true - ours) < 0.5 * np.std(true - narrow)
    assert ours.min() == pytest.approx(narrow.min(), abs=0.2)


def test_a_line_without_noise_is_left_as_it_is():
    at = np.linspace(0, 2 * np.pi, 1200, endpoint=False)
    radius = 400 + 60 * np.cos(3 * at) + 40 * np.sin(5 * at)
    x, y = radius * np.cos(at), radius * np.sin(at)
    assert np.array_equal(driven_curvature(x, y)[0], curvature_of(x, y, 5.0, 4.0)[0])
