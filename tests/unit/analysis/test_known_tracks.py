"""Corners and sectors of circuits that we have a file of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pitwall.analysis import TrackLine, corners_of, known_tracks
from pitwall.analysis.known_tracks import with_sectors
from pitwall.analysis.track import Tangent, close_line

KNOWN = known_tracks()[0]


def driven(shift_m: float = 0.0, beside_m: float = 0.0) -> TrackLine:
    """The circuit's centre line as if learnt, begun ``shift_m`` later and ``beside_m`` to the
    left."""
    _, x, y = KNOWN.centre
    ahead = np.stack([np.roll(x, -1) - np.roll(x, 1), np.roll(y, -1) - np.roll(y, 1)])
    ahead /= np.hypot(*ahead)
    x, y = x - ahead[1] * beside_m, y + ahead[0] * beside_m
    first = int(np.searchsorted(KNOWN.centre[0], shift_m))
    xy, length = close_line(np.roll(x, -first), np.roll(y, -first), 3.0)
    return TrackLine(xy, length, Tangent(KNOWN.latitude, KNOWN.longitude), laps=9)


def test_corner_names_come_with_a_track_we_know():
    here = driven()
    assert [corner.name for corner in corners_of(here)][:3] == ["T1", "T2", "T3"]
    for found, known in zip(corners_of(here), KNOWN.corners, strict=True):
        assert found.apex_m == pytest.approx(known.apex_m, abs=3.0)
    far = replace(here, tangent=Tangent(KNOWN.latitude + 1.0, KNOWN.longitude))
    assert [c.name for c in corners_of(far)][:2] == ["T1", "T2"]  # found by its bends alone
    assert with_sectors(far).sectors == ()
    longer = replace(here, length_m=KNOWN.length_m * 1.2)
    assert with_sectors(longer).sectors == ()


def test_sectors_end_where_the_file_says():
    assert KNOWN.sectors == (1250.0, 2740.0)
    assert with_sectors(driven()).sectors == pytest.approx(KNOWN.sectors, abs=3.0)
    line = with_sectors(driven(beside_m=4.0))
    # on another line round the same corners the same gates are passed after other distances
    x, y = line.at(np.array(line.sectors))
    there = [np.interp(KNOWN.sectors, KNOWN.centre[0], row) for row in KNOWN.centre[1:]]
    assert np.hypot(x - there[0], y - there[1]).max() < 5.0


def test_sectors_follow_the_line_wherever_it_begins():
    later = with_sectors(driven(shift_m=100.0))
    assert later.sectors == pytest.approx([s - 100.0 for s in KNOWN.sectors], abs=5.0)
    # begun behind the first boundary the order would be another: thirds then
    assert with_sectors(driven(shift_m=2000.0)).sectors == ()


def test_a_line_with_sectors_keeps_them():
    own = replace(driven(), sectors=(1000.0, 2000.0))
    assert with_sectors(own).sectors == (1000.0, 2000.0)
