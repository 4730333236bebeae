"""What a car measured, along a lap: channels at the track's points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.analysis import Lap
from pitwall.prerace.lap_track import Floats
from pitwall.store import SessionStore
from pitwall.telemetry import Catalog

_HELD_US = 1_500_000
"""A value is not carried over a longer silence."""
_PER_UNIT = {
    "km/h": 1 / 3.6,
    "mph": 0.44704,
    "kg": 1.0,
    "l": 0.75,
    "L": 0.75,
    "%": 0.01,
    "g": 9.81,
    "deg": np.pi / 180,
}
FUEL, THROTTLE, BRAKE = ("fuel", "fuel_mass", "fuel_level"), ("throttle",), ("brake",)
STEERING, ACROSS, ALONG, GEAR = ("steering",), ("accel_lat",), ("accel_long",), ("gear",)
SPEED, ALTITUDE = ("speed",), ("altitude",)


@dataclass(frozen=True, slots=True)
class Channels:
    """Where the quantities are that a calibration can use beside the speed: (group, row, factor to
    SI), None where the session has none. The throttle is 0..1; brakes keep their unit."""

    throttle: tuple[str, int, float] | None
    brake: tuple[str, int, float] | None
    steering: tuple[str, int, float] | None
    across: tuple[str, int, float] | None
    along: tuple[str, int, float] | None
    fuel: tuple[str, int, float] | None
    gear: tuple[str, int, float] | None
    speed: tuple[str, int, float] | None

    @staticmethod
    def of(catalog: Catalog) -> Channels:
        """Look them up by channel name."""
        return Channels(
            *(
                channel_in(catalog, names)
                for names in (THROTTLE, BRAKE, STEERING, ACROSS, ALONG, FUEL, GEAR, SPEED)
            )
        )


def channel_in(catalog: Catalog, names: Sequence[str]) -> tuple[str, int, float] | None:
    """The first channel of one of these names: group, row and factor to SI; None without one."""
    for group in catalog.groups:
        for row, channel in enumerate(group.channels):
            if channel.name in names:
                return group.name, row, _PER_UNIT.get(channel.unit, 1.0)
    return None


def at_times(
    store: SessionStore, car: str, place: tuple[str, int, float] | None, t_us: Floats
) -> Floats:
    """The channel at event times ``t_us`` (float64, NaN allowed), straight lines between samples;
    NaN where there is none within 1.5 s on both sides."""
    out = np.full(len(t_us), np.nan)
    known = np.isfinite(t_us)
    columns = store.columns(car, place[0]) if place is not None else None
    if place is None or columns is None or not known.any():
        return out
    t_lo, t_hi = int(np.nanmin(t_us)), int(np.nanmax(t_us))
    span = columns.span(t_lo, t_hi, 1)
    values = span.values[place[1]].astype(np.float64) * place[2]
    fine = np.isfinite(values)
    t, values = span.t[fine].astype(np.float64), values[fine]
    if len(t) < 2:
        return out
    at = t_us[known]
    after = np.clip(np.searchsorted(t, at), 1, len(t) - 1)
    near = (np.abs(t[after] - at) <= _HELD_US) & (np.abs(at - t[after - 1]) <= _HELD_US)
    out[known] = np.where(near, np.interp(at, t, values), np.nan)
    return out


def first_in_lap(
    store: SessionStore, car: str, place: tuple[str, int, float] | None, lap: Lap
) -> float:
    """The channel's median over the first three seconds of a lap; NaN without a sample there."""
    columns = store.columns(car, place[0]) if place is not None else None
    if place is None or columns is None:
        return float("nan")
    values = columns.span(lap.t_start, lap.t_start + 3_000_000).values[place[1]]
    values = values[np.isfinite(values)]
    return float(np.median(values)) * place[2] if len(values) else float("nan")
