"""Which axle works harder: the balance of a car at each point of its lap, from the model.

Use is the part of an axle's grip that the lap takes there. Front minus rear above zero means that
the front is at its limit first, which a driver calls understeer; below zero, oversteer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pitwall.prerace.batch import Batch, make_batch
from pitwall.prerace.conditions import Conditions
from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.prerace.phases import CornerPhases, Phase
from pitwall.prerace.vehicle import G, Vehicle

_MOST = 3.0


Balances = Mapping[tuple[str, Phase], float]
"""Front minus rear use by (``all``, ``slow``, ``fast`` or a corner's name) and phase."""


def axle_use(
    cars: Sequence[Vehicle], track: LapTrack, speed_ms: Floats, conditions: Conditions | None = None
) -> Floats:
    """Use of each axle's grip, float64[2, n, B], at speeds float64[n, B]."""
    day = Conditions() if conditions is None else conditions
    batch = make_batch(cars, day)
    a = batch.axles
    w = speed_ms**2
    along = (np.roll(w, -1, axis=0) - w) / (2 * track.step_m)
    cos_b, sin_b = np.cos(track.banking)[:, None], np.sin(track.banking)[:, None]
    cos_g, climb = np.cos(track.grade)[:, None], G * np.sin(track.grade)[:, None]
    bend = track.curvature[:, None]
    across = w * bend * cos_b - G * sin_b * cos_g
    normal = G * cos_b * cos_g + w * bend * sin_b
    grip = (track.grip * day.grip)[:, None]
    force = _along_force(batch, track, day, w, along, normal, climb)
    shares = _shares(batch, force)
    out = np.empty((2, *w.shape))
    for axle in (0, 1):
        load = a.kg[axle] * normal + a.lift[axle] * w - a.shift[axle] * (along + climb)
        load = np.maximum(load, 1.0)
        shift = a.roll[axle] * across + a.cross[axle]
        over_y = 2 * grip * (load * (a.mu_y[axle] + a.load_y[axle] * load))
        over_y += 2 * grip * a.load_y[axle] * shift**2
        over_x = 2 * grip * (load * (a.mu_x[axle] + a.load_x[axle] * load))
        x = np.abs(shares[axle]) / np.maximum(over_x, 1.0)
        y = a.mass[axle] * np.abs(across) / np.maximum(over_y, 1.0)
        power = 2.0 if a.exponent is None else a.exponent
        out[axle] = np.minimum((x**power + y**power) ** (1 / power), _MOST)
    return out


def balances(use: Floats, corners: Sequence[CornerPhases]) -> Balances:
    """Means of front minus rear use (``use`` float64[2, n], one car) over all, slow and fast
    corners, and in each; places without points are left out."""
    difference = use[0] - use[1]
    out: dict[tuple[str, Phase], float] = {}
    for phase in Phase:
        for label, of in (
            ("all", list(corners)),
            ("slow", [c for c in corners if c.slow]),
            ("fast", [c for c in corners if not c.slow]),
            *((c.name, [c]) for c in corners),
        ):
            at = [c.points[phase] for c in of if len(c.points[phase])]
            if at:
                out[label, phase] = float(difference[np.concatenate(at)].mean())
    return out


def _along_force(
    batch: Batch,
    track: LapTrack,
    day: Conditions,
    w: Floats,
    along: Floats,
    normal: Floats,
    climb: Floats,
) -> Floats:
    """Force of the tyres along the road, N, positive when driving."""
    zone = (track.drag_zone & day.drag_zones)[:, None]
    drag = np.where(zone, batch.drag_open, batch.drag)
    resist = drag * w + batch.rolling * batch.mass * normal + batch.mass * climb
    return np.asarray(batch.inertia * along + resist)


def _shares(batch: Batch, force: Floats) -> tuple[Floats, Floats]:
    """The force of each axle: by the driven axle, or by how the brakes are shared."""
    front = np.full(len(batch.mass), np.nan) if batch.brake_front is None else batch.brake_front
    # a brake that follows the load shares as the grip does
    even = batch.axles.kg[0] / (batch.axles.kg[0] + batch.axles.kg[1])
    front = np.where(np.isnan(front), even, front)
    share = np.where(force < 0, front, batch.drive_front)
    return force * share, force * (1 - share)
