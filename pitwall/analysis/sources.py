"""What marks the laps of a session, in order of trust, and the marks themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from pitwall.analysis.signals import Floats, Place, Signals, Times, read
from pitwall.analysis.track import Tangent
from pitwall.store import SessionStore
from pitwall.telemetry import GATE_META, Gate

_FOREVER = 1 << 62
LINE_CODE = 100
"""Beacon codes from here on stand at the start line, lower ones at splits."""
_BEACON_HALF_US = 6_000
_TIMER_HALF_US = 10_000
_TIMER_LATE_US = 3_000_000
_PART = 0.45
"""90 % half width of a moment that lies anywhere between two samples, as part of their distance."""


class LapSource(StrEnum):
    """What the beginning of a lap is told by, most trusted first."""

    GATE = "gate"
    """The car's positions cross a start gate that a file or track gives."""
    DISTANCE = "distance"
    """Lap distance starts anew, always at the same place."""
    POSITION = "position"
    """The car's positions pass the place on the line at which its own marks lie in the median."""
    BEACON = "beacon"
    """Passes of a timing beacon, stamped by the logger."""
    LAP_NUMBER = "lap_number"
    """The logger's lap number rises (with its lap timer, where it logs one)."""


@dataclass(frozen=True, slots=True)
class LineMark:
    """A crossing of the line as a channel tells it: moment and 90 % half width."""

    t_us: int
    half_us: int


def only(signals: Signals, source: LapSource) -> Signals:
    """``signals`` without the marks of every other source than ``source``; speed stays."""
    if source is not LapSource.DISTANCE:
        signals = replace(signals, distance=None)
    if source is not LapSource.BEACON:
        signals = replace(signals, beacon=None)
    if source in (LapSource.BEACON, LapSource.DISTANCE, LapSource.GATE):
        signals = replace(signals, lap=None, running=None, marks=None)
    if source in (LapSource.LAP_NUMBER, LapSource.BEACON, LapSource.DISTANCE):
        signals = replace(signals, position=None)
    return signals


def gate_of(store: SessionStore, signals: Signals) -> Gate | None:
    """The session's start gate, where it has one and the cars send degrees."""
    text = store.meta(GATE_META)
    if text is None or signals.position is None or signals.planar:
        return None
    return Gate.from_json(text)


def gate_times(t: Times, x: Floats, y: Floats, heading_deg: float, half_m: float) -> Times:
    """When a car at ``x``, ``y`` (metres east and north of the gate's middle) went through it, in
    the direction in which most passes were made; in proportion between two samples."""
    angle = np.radians(heading_deg)
    along = x * np.sin(angle) + y * np.cos(angle)
    across = x * np.cos(angle) - y * np.sin(angle)
    step = np.diff(along)
    part = np.divide(-along[:-1], step, out=np.full(len(step), 2.0), where=step != 0)
    at = across[:-1] + part * np.diff(across)
    through = (part >= 0) & (part < 1) & (np.abs(at) <= half_m) & (np.abs(step) < 200)
    ahead = through & (step > 0)
    back = through & (step < 0)
    which = np.flatnonzero(ahead if ahead.sum() >= back.sum() else back)
    return np.asarray(
        t[which] + np.rint(part[which] * (t[which + 1] - t[which])).astype(np.int64), np.int64
    )


def gate_passes(store: SessionStore, signals: Signals, car: str, t_lo: int = 0) -> Times:
    """Moments at which a car went through the session's gate, from ``t_lo`` on; none without a
    gate or positions."""
    gate = gate_of(store, signals)
    if gate is None:
        return np.zeros(0, np.int64)
    t, p = read(store, car, signals.position, t_lo, _FOREVER, margin=1)
    x, y = Tangent(gate.latitude, gate.longitude).to_xy(p[0], p[1])
    return gate_times(t, x, y, gate.heading_deg, gate.half_m)


def line_marks(
    store: SessionStore, signals: Signals, car: str, t_lo: int = 0, t_hi: int = _FOREVER
) -> tuple[list[LineMark], LapSource | None]:
    """A car's marks by beacon, else by its lap number, with what they come from."""
    if signals.beacon is not None:
        t, code = read(store, car, signals.beacon, t_lo, t_hi)
        doubt = _doubts(store, car, signals.beacon_doubt, t)
        line = code[0] >= LINE_CODE
        at_line = line if line.any() else np.ones(len(t), np.bool_)
        if len(t):
            found = zip(t[at_line].tolist(), doubt[at_line].tolist(), strict=True)
            return [LineMark(int(at), int(half)) for at, half in found], LapSource.BEACON
    if signals.marks is not None:
        t, half = read(store, car, signals.marks, t_lo, t_hi)
        if len(t):
            found = zip(t.tolist(), (half[0] * 1e6).tolist(), strict=True)
            return [LineMark(int(at), round(width)) for at, width in found], LapSource.LAP_NUMBER
    if signals.lap is not None:
        marks = _by_number(store, signals, signals.lap, car, t_lo, t_hi)
        if marks:
            return marks, LapSource.LAP_NUMBER
    return [], None


def _doubts(store: SessionStore, car: str, place: Place | None, t: Times) -> Floats:
    if place is None or not len(t):
        return np.full(len(t), float(_BEACON_HALF_US))
    times, doubt = read(store, car, place, int(t[0]), int(t[-1]))
    if not len(times):
        return np.full(len(t), float(_BEACON_HALF_US))
    return np.asarray(np.interp(t, times, doubt[0]) * 1e6)


def _by_number(
    store: SessionStore, signals: Signals, place: Place, car: str, t_lo: int, t_hi: int
) -> list[LineMark]:
    t, lap = read(store, car, place, t_lo, t_hi, margin=1)
    rises = np.flatnonzero(np.diff(lap[0]) == 1) + 1
    if not len(rises):
        return []
    timer = np.zeros(0, np.int64), np.zeros((1, 0))
    if signals.running is not None:
        timer = read(store, car, signals.running, t_lo, t_hi, margin=1)
    marks = []
    for i in rises.tolist():
        before, after = int(t[i - 1]), int(t[i])
        mark = LineMark((before + after) // 2, round(_PART * (after - before)))
        # the timer of the new lap says how long ago it began; it may start a sample later
        j = int(np.searchsorted(timer[0], after))
        for k in range(j, min(j + 3, len(timer[0]))):
            since = round(float(timer[1][0][k]) * 1e6)
            began = int(timer[0][k]) - since
            if since >= 0 and abs(began - mark.t_us) <= _TIMER_LATE_US:
                mark = LineMark(began, _TIMER_HALF_US)
                break
        marks.append(mark)
    return marks
