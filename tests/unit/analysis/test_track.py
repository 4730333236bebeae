"""The track line: learning, projection, its file form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.analysis import Signals, TrackLine, learn
from pitwall.analysis.track import MAX_POINTS, Tangent, close_line
from pitwall.store import load
from pitwall.telemetry import BadInput
from tests.unit.analysis.rig import FULL, HOME, LENGTH, RING, Drive, place, segments, to_degrees


def ring_line(spacing: float = 3.0) -> TrackLine:
    xy, length = close_line(*RING, spacing)
    return TrackLine(xy, length, HOME)


def true_gap(track: TrackLine) -> np.ndarray:
    """Metres from each point of the learnt line to the true one."""
    lat, lon = to_degrees(track.tangent, track.xy[:, 0], track.xy[:, 1])
    x, y = HOME.to_xy(lat, lon)
    ring = np.stack(RING, axis=1)
    return np.array(
        [np.hypot(ring[:, 0] - a, ring[:, 1] - b).min() for a, b in zip(x, y, strict=True)]
    )


def test_a_line_is_learnt_from_noisy_laps_with_outliers(make_rig):
    rig = make_rig()
    for seed, car in enumerate(("1", "2")):
        drive = Drive([50.0 + seed] * 4)
        t, values = drive.sample([c.name for c in FULL.groups[0].channels], 20.0, 1.0, seed)
        wild = np.random.default_rng(seed).integers(0, len(t), 40)
        values[0, wild] += 0.002  # 220 m north
        rig.add(segments(car, FULL, t, values))
    circuit = learn(rig.store, Signals.of(FULL))
    assert circuit is not None
    track = circuit.track
    assert track is not None
    gap = true_gap(track)
    assert np.percentile(gap, 95) < 0.8
    assert gap.max() < 2.0
    assert track.length_m == pytest.approx(LENGTH, rel=0.003)
    steps = np.hypot(*np.diff(np.vstack([track.xy, track.xy[:1]]), axis=0).T)
    assert steps.max() - steps.min() < 0.2
    assert steps.mean() == pytest.approx(3.0, abs=0.1)


def test_the_line_starts_where_lap_distance_does(make_rig):
    rig = make_rig()
    rig.add(rig.drive("1", Drive([50.0] * 5), 0.2))
    circuit = learn(rig.store, Signals.of(FULL))
    assert circuit is not None
    assert circuit.track is not None
    lat, lon = to_degrees(HOME, *place(np.array([0.0])))
    s = circuit.track.project(lat, lon)
    assert min(s[0], circuit.track.length_m - s[0]) < 0.6


def test_projection_of_points_beside_the_line():
    track = ring_line()
    s = np.linspace(5, LENGTH - 5, 700)
    for beside in (-14.0, -4.0, 0.0, 4.0, 14.0):
        got, side = track.place(*place(s, beside))
        assert np.abs(got * (LENGTH / track.length_m) - s).max() < 0.7
        assert np.abs(side - beside).max() < 0.2


def test_positions_are_as_exact_in_memory_as_their_step(make_rig):
    """Also after reopening: a metre is 1e-5 degrees, of which a float32 would lose a third."""
    rig = make_rig()
    drive = Drive([50.0])
    t, values = drive.sample([c.name for c in FULL.groups[0].channels], 20.0)
    rig.add(segments("1", FULL, t, values))
    for store in (rig.store, load(rig.recording)):
        span = store.columns("1", "pos").span(0, 1 << 62)
        assert np.abs(span.values[:2] - values[:2]).max() <= 0.5e-8 + 1e-13


def test_points_far_away_have_no_progress():
    track = ring_line()
    s, _ = track.place(np.array([5000.0, np.nan, 0.0]), np.array([0.0, 0.0, 0.0]))
    assert np.isnan(s).all()


@given(st.floats(-80, 80), st.floats(-179, 179), st.floats(-3000, 3000), st.floats(-3000, 3000))
def test_the_tangent_plane_goes_there_and_back(lat, lon, x, y):
    plane = Tangent(lat, lon)
    back = plane.to_xy(*to_degrees(plane, np.array([x]), np.array([y])))
    assert abs(back[0][0] - x) < 1e-4
    assert abs(back[1][0] - y) < 1e-4


def test_the_file_form_keeps_the_line():
    track = ring_line()
    again = TrackLine.from_json(track.to_json())
    assert again.length_m == track.length_m
    assert np.abs(again.xy - track.xy).max() <= 0.0005
    assert again.tangent == track.tangent


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"lat0": 1}',
        '{"lat0":1,"lon0":2,"length_m":100,"sectors":[],"laps":1,"xy":[[1,2],[3,4]]}',
        '{"lat0":1,"lon0":2,"length_m":-5,"sectors":[],"laps":1,"xy":' + str([[1, 2]] * 20) + "}",
        "[" * 100_000,
    ],
)
def test_a_damaged_line_is_refused_in_one_line(text):
    with pytest.raises(BadInput) as caught:
        TrackLine.from_json(text)
    assert "\n" not in str(caught.value)


def test_no_more_points_than_the_bound():
    xy = [[float(i), 0.0] for i in range(MAX_POINTS + 1)]
    text = f'{{"lat0":1,"lon0":2,"length_m":10,"sectors":[],"laps":1,"xy":{xy}}}'
    with pytest.raises(BadInput):
        TrackLine.from_json(text)


def test_laps_through_the_pits_do_not_bend_the_line(make_rig):
    """A car that stands or crawls there has more positions in a few metres than all that drive
    past."""
    rig = make_rig()
    stops = [((lap + 0.5) * LENGTH, 12.0, 12.0) for lap in (3, 5, 7)]
    drive = Drive([50.0] * 9, stops=stops)
    t, values = drive.sample([c.name for c in FULL.groups[0].channels], 20.0, 0.3)
    rig.add(segments("1", FULL, t, values))
    circuit = learn(rig.store, Signals.of(FULL))
    assert circuit is not None
    assert circuit.track is not None
    assert true_gap(circuit.track).max() < 1.5
