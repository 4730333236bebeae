"""Corners of a line: from the circuit's file where it is known, else from the line's curvature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from pitwall.analysis.curvature import curvature_of, smoothing_for
from pitwall.analysis.known_tracks import KnownTrack, circuit_of, places_on
from pitwall.analysis.signals import Floats
from pitwall.analysis.track import TrackLine
from pitwall.telemetry import BadInput

CORNERS_META = "track.corners"
"""Key in the recording's table: corners as JSON, where somebody has named or moved them."""
STEP_M = 2.0
_SHARP = 1 / 300.0
"""1/m: what bends less anywhere is no corner."""
_SHARE = 0.3
"""A corner reaches to where the line bends by this part of its sharpest place."""
_VALLEY = 0.55
"""Two bends of one direction are two corners when it straightens to this part of the weaker."""
_TURN = np.radians(12.0)
"""What turns by less is no corner."""
_AT_LEAST_M = 15.0
_MOST = 80
NAME_MOST = 24
"""Characters of a corner's name."""


@dataclass(frozen=True, slots=True)
class Corner:
    """One corner, in metres after the start line.

    Attributes:
        number: from 1, in driving direction.
        name: as shown; ``T5`` until somebody names it.
        entry_m, apex_m, exit_m: where the line begins to bend, bends most, and ends to; a corner
            that lies across the start line has an entry below 0 or an exit beyond the length.
        left: the direction it turns to.
        radius_m: the smallest radius; NaN where only a place is known.
    """

    number: int
    name: str
    entry_m: float
    apex_m: float
    exit_m: float
    left: bool = False
    radius_m: float = float("nan")

    @property
    def spoken(self) -> str:
        """As one says it: ``turn 5``, or its own name."""
        return f"turn {self.number}" if self.name == f"T{self.number}" else self.name


def corners_of(track: TrackLine) -> tuple[Corner, ...]:
    """The corners of ``track``: those of its circuit's file, else those that it bends in."""
    known = circuit_of(track)
    found = find_corners(track)
    if known is None or not known.corners:
        return found
    return _from_file(known, track, found)


def find_corners(track: TrackLine) -> tuple[Corner, ...]:
    """Corners from curvature alone, numbered from the start line on."""
    x, y = track.xy[:, 0], track.xy[:, 1]
    try:
        bend, _ = curvature_of(x, y, STEP_M, smoothing_for(x, y))
    except BadInput:
        return ()
    n = len(bend)
    step = track.length_m / n
    # Cut the ring where it is straightest: no corner lies across the cut.
    cut = int(np.argmin(np.convolve(np.abs(np.r_[bend, bend[:20]]), np.ones(20), "valid")[:n]))
    ring = np.roll(bend, -cut)
    corners = []
    for lo, apex, hi in _bends(ring):
        turned = abs(float(ring[lo:hi].sum())) * step
        if turned < _TURN or (hi - lo) * step < _AT_LEAST_M:
            continue
        at = (apex + cut) % n * step
        corners.append(
            Corner(
                0,
                "",
                at - (apex - lo) * step,
                at,
                at + (hi - apex) * step,
                bool(ring[apex] > 0),
                float(1 / abs(ring[apex])),
            )
        )
    corners.sort(key=lambda corner: corner.apex_m)
    numbered = enumerate(corners[:_MOST], start=1)
    return tuple(replace(corner, number=i, name=f"T{i}") for i, corner in numbered)


def zones(corners: tuple[Corner, ...], length_m: float) -> Floats:
    """Where each corner's part of the lap begins, and the length: float64[len(corners) + 1], from
    0 to the length, so that times of the parts add up to the lap's.

    A part begins before the braking for its corner, 250 m ahead at most and on the second two
    thirds of a shorter straight; the straight after a corner belongs to it, since its exit decides
    the speed there. The lap's last straight ends at the line, where the next lap begins.
    """
    starts = [0.0]
    for before, corner in zip(corners[:-1], corners[1:], strict=True):
        straight = max(corner.entry_m - before.exit_m, 0.0)
        start = corner.entry_m - min(250.0, straight * 2 / 3)
        starts.append(min(max(start, starts[-1] + 1.0), length_m - 1.0))
    return np.array([*starts[: len(corners)], length_m]) if corners else np.array([0.0, length_m])


def renamed(corners: tuple[Corner, ...], names: Mapping[int, str]) -> tuple[Corner, ...]:
    """The corners with other names by number. Raises BadInput for a number that is not there, a
    name that is empty, too long or given twice."""
    known = {corner.number for corner in corners}
    for number, name in names.items():
        if number not in known:
            raise BadInput(f"corner {number}: there are {len(corners)}, numbered from 1")
        if not name.strip() or len(name) > NAME_MOST or not name.isprintable():
            raise BadInput(f"corner {number}: a name of 1 to {NAME_MOST} characters, not {name!r}")
    out = tuple(replace(c, name=names.get(c.number, c.name).strip()) for c in corners)
    if len({corner.name for corner in out}) != len(out):
        raise BadInput("corners: two of one name")
    return out


def corners_to_json(corners: tuple[Corner, ...]) -> str:
    """For the recording's key/value table, and for the next session at the same place."""
    return json.dumps(
        [
            {
                "number": c.number,
                "name": c.name,
                "entry_m": round(c.entry_m, 2),
                "apex_m": round(c.apex_m, 2),
                "exit_m": round(c.exit_m, 2),
                "left": c.left,
                "radius_m": round(c.radius_m, 2) if np.isfinite(c.radius_m) else None,
            }
            for c in corners
        ],
        separators=(",", ":"),
        ensure_ascii=False,
    )


def corners_from_json(text: str) -> tuple[Corner, ...]:
    """Parse :func:`corners_to_json`'s form. Raises BadInput."""
    try:
        doc = json.loads(text)
        if not isinstance(doc, list) or len(doc) > _MOST:
            raise BadInput(f"corners: a list of at most {_MOST}")
        corners = tuple(
            Corner(
                int(c["number"]),
                str(c["name"])[:NAME_MOST],
                float(c["entry_m"]),
                float(c["apex_m"]),
                float(c["exit_m"]),
                bool(c["left"]),
                float("nan") if c["radius_m"] is None else float(c["radius_m"]),
            )
            for c in doc
        )
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise BadInput(f"corners: not readable ({error!r})") from error
    places = np.array([[c.entry_m, c.apex_m, c.exit_m] for c in corners]).reshape(-1, 3)
    in_order = (np.diff(places, axis=1) >= 0).all() and (np.diff(places[:, 1]) > 0).all()
    if not (np.isfinite(places).all() and in_order):
        raise BadInput("corners: entry, apex and exit are not in driving direction")
    return corners


def _from_file(
    known: KnownTrack, track: TrackLine, found: tuple[Corner, ...]
) -> tuple[Corner, ...]:
    """The file's corners on ``track``; direction and radius are the line's own."""
    places = np.array([(c.start_m, c.apex_m, c.end_m) for c in known.corners], np.float64)
    entry, apex, leaving = (np.array(places_on(known, track, places[:, i])) for i in range(3))
    length = track.length_m
    out = []
    for i, corner in enumerate(known.corners):
        a = apex[i]
        before = (a - entry[i]) % length
        after = (leaving[i] - a) % length
        # None of its own where the line is too rough so far.
        beside = [c for c in found if abs((c.apex_m - a + length / 2) % length - length / 2) < 60.0]
        own = min(beside, key=lambda c: abs(c.apex_m - a), default=None)
        left, radius = (own.left, own.radius_m) if own is not None else (False, float("nan"))
        out.append(
            Corner(corner.number, f"T{corner.number}", a - before, a, a + after, left, radius)
        )
    return tuple(sorted(out, key=lambda c: c.apex_m))


def _bends(bend: Floats) -> list[tuple[int, int, int]]:
    """``(from, apex, to)`` of every bend, as indices."""
    size = np.abs(bend)
    out = []
    edges = np.flatnonzero(np.diff(np.sign(bend))) + 1
    for a, b in zip([0, *edges], [*edges, len(bend)], strict=True):
        for lo, hi in _parts(size, int(a), int(b)):
            apex = lo + int(np.argmax(size[lo:hi]))
            top = float(size[apex])
            if top < _SHARP:
                continue
            weak = size[lo:hi] < _SHARE * top
            before = np.flatnonzero(weak[: apex - lo])
            after = np.flatnonzero(weak[apex - lo :])
            first = lo + int(before[-1]) + 1 if len(before) else lo
            last = apex + int(after[0]) if len(after) else hi
            out.append((first, apex, last))
    return out


def _parts(size: Floats, lo: int, hi: int) -> list[tuple[int, int]]:
    """A run of one direction, cut where it straightens between two sharper places."""
    if hi - lo < 3:
        return [(lo, hi)]
    part = size[lo:hi]
    peaks = np.flatnonzero((part[1:-1] >= part[:-2]) & (part[1:-1] > part[2:])) + 1
    cuts, last = [], None
    for peak in peaks.tolist():
        if part[peak] < _SHARP:
            continue
        if last is not None:
            valley = last + int(np.argmin(part[last:peak]))
            if part[valley] < _VALLEY * min(part[last], part[peak]):
                cuts.append(lo + valley)
            elif part[peak] < part[last]:
                continue  # a shoulder of the sharper place before it
        last = peak
    return list(zip([lo, *cuts], [*cuts, hi], strict=True))
