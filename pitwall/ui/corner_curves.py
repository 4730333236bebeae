"""What a driver did over the metres of a lap, for the picture of one corner. Plain numpy, no Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis import (
    Circuit,
    Corner,
    Debrief,
    DriverSignals,
    Lap,
    LapAxis,
    lap_axis,
    over_metres,
)
from pitwall.analysis.corners import zones
from pitwall.store import SessionStore
from pitwall.ui.picture import Shown

Floats = NDArray[np.float64]
Curve = tuple[Floats, Floats]
_KEPT = 6
AROUND_M = 80.0
"""Shown beside a corner's part of the lap."""


@dataclass(frozen=True, slots=True, eq=False)
class LapCurves:
    """A lap's speed (km/h), throttle and brake (parts of their largest) over metres; None where
    they are not measured. ``axis`` says when it was where."""

    axis: LapAxis
    speed: Curve | None
    throttle: Curve | None
    brake: Curve | None


def driven(shown: Shown, known: LapCurves | None, last: Lap | None, corner: Corner) -> Shown:
    """The lap of which a corner is drawn: until the one that still runs has been through it, which
    its curves tell, the car's last whole one."""
    if not shown.open or last is None or last.t_end is None:
        return shown
    if known is not None and len(known.axis.s) and known.axis.s[-1] >= corner.exit_m:
        return shown
    return Shown(last, last.t_end, False)


def corner_spans(debrief: Debrief) -> dict[int, tuple[float, float]]:
    """From where to where a corner is looked at, metres of the lap, by its number."""
    bounds = zones(debrief.corners, debrief.length_m)
    return {
        corner.number: (
            max(float(bounds[k]) - AROUND_M, 0.0),
            min(float(bounds[k + 1]) + AROUND_M, debrief.length_m),
        )
        for k, corner in enumerate(debrief.corners)
    }


class CurveBook:
    """Curves of laps, kept while they do not change."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._signals = DriverSignals.of(store.session.catalog)
        self._kept: dict[object, LapCurves] = {}

    def of(self, shown: Shown | None, circuit: Circuit | None) -> LapCurves | None:
        """The curves of a lap; None without one or before a line is known."""
        if shown is None or circuit is None:
            return None
        key = (shown.lap, shown.t_end, id(circuit))
        known = self._kept.get(key)
        if known is None:
            if len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            known = self._kept[key] = self._make(shown, circuit)
        return known

    def _make(self, shown: Shown, circuit: Circuit) -> LapCurves:
        lap, store, signals = shown.lap, self._store, self._signals
        axis = lap_axis(store, lap.car, lap, circuit)
        speed = over_metres(
            store, lap, shown.t_end, axis, signals.speed, signals.speed_factor * 3.6
        )
        throttle = over_metres(store, lap, shown.t_end, axis, signals.throttle)
        brake = over_metres(store, lap, shown.t_end, axis, signals.brake)
        return LapCurves(axis, speed, _part(throttle), _part(brake))


def _part(curve: Curve | None) -> Curve | None:
    if curve is None:
        return None
    top = float(np.percentile(curve[1], 99.5))
    return (curve[0], np.clip(curve[1] / top, 0.0, 1.0)) if top > 0 else None
