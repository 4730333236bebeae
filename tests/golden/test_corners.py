"""Corners, line and parts of a real race's laps, where others have them too."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pitwall.analysis import DebriefEngine, TimingEngine
from pitwall.formats import import_files
from pitwall.store import open_session

pytestmark = pytest.mark.slow

DUTCH = Path("f1/dutch-gp-2025-race")


@pytest.fixture(scope="module")
def dutch(shared_data: Path, tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("dutch") / "d.pitwall"
    files = [
        f for car in ("NOR", "VER") for f in sorted((shared_data / DUTCH / car).glob("*_tel.json"))
    ]
    import_files(files, out)
    recording, store = open_session(out, read_only=True)
    with recording:
        yield store


def test_dutch_corners_are_where_the_officials_have_them(dutch, shared_data):
    circuit = TimingEngine().update(dutch).circuit
    official = json.loads((shared_data / DUTCH / "corners.json").read_text())
    s, _ = circuit.track.place(np.array(official["X"]) / 10, np.array(official["Y"]) / 10)
    ours = np.array([corner.apex_m for corner in circuit.corners])
    away = np.abs((ours[None, :] - s[:, None] + circuit.length_m / 2) % circuit.length_m
                  - circuit.length_m / 2).min(axis=1)  # fmt: skip
    assert np.median(away) < 20.0
    assert away.max() < 60.0
    assert 14 <= len(ours) <= 17
    # nobody knows where on earth the metres are
    assert circuit.track.tangent.planar


def test_dutch_line_closes(dutch):
    """Going round by the line's own distance agrees with what each lap drove."""
    circuit = TimingEngine().update(dutch).circuit
    ring = np.concatenate([circuit.track.xy, circuit.track.xy[:1]])
    steps = np.hypot(*np.diff(ring, axis=0).T)
    assert steps.sum() == pytest.approx(circuit.length_m, abs=0.01)
    assert steps[-1] == pytest.approx(np.median(steps), abs=0.2)


def test_mini_sectors_are_not_told_where_places_are_rough(dutch):
    """Lap distance ends up to 20 m short of the line: the best of 60 laps would be luck."""
    rough = DebriefEngine(dutch).update(TimingEngine().update(dutch)).bests["NOR"]
    assert rough.doubt_s == pytest.approx(0.09, abs=0.03)
    assert rough.minis.seconds is None
    assert rough.rolling is None
    assert rough.sectors.seconds is not None
