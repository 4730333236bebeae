"""What the tyres of an axle can still do along the road while they hold the car in a corner."""

from __future__ import annotations

import math

import numpy as np

from pitwall.prerace.batch import Axles
from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.prerace.vehicle import G


class Road:
    """The road at each point of a track as plain numbers, as the inner loops want them.

    With w the square of the speed, the tyres feel ``w * across - lean`` across the road (left
    positive), ``normal + w * press`` into it, and ``climb`` against the direction of travel; all
    in m/s2. ``grip`` multiplies the friction.
    """

    __slots__ = ("across", "climb", "grip", "lean", "normal", "press", "zone")

    def __init__(self, track: LapTrack, grip: float, zones: bool) -> None:
        cos_b, sin_b = np.cos(track.banking), np.sin(track.banking)
        cos_g = np.cos(track.grade)
        self.across: list[float] = (track.curvature * cos_b).tolist()
        self.lean: list[float] = (G * sin_b * cos_g).tolist()
        self.normal: list[float] = (G * cos_b * cos_g).tolist()
        self.press: list[float] = (track.curvature * sin_b).tolist()
        self.climb: list[float] = (G * np.sin(track.grade)).tolist()
        self.grip: list[float] = (track.grip * grip).tolist()
        self.zone: list[bool] = (track.drag_zone & zones).tolist()


class Capacity:
    """Longitudinal force that axles have left at one point of the road.

    Holds the buffers of its results, so that a call makes no arrays: a result is only good until
    the next call.
    """

    def __init__(self, axles: Axles, *, braking: bool) -> None:
        self._axles = axles
        shape = axles.kg.shape
        self._plain = not axles.cross.any()
        self._any_even = braking and bool(axles.even.any())
        self._uneven = axles.load_x * (1 - axles.even) if braking else axles.load_x
        self._normal = math.nan
        self._weight = np.empty(shape)
        self._n, self._t, self._x, self._y, self._z = (np.empty(shape) for _ in range(5))
        self._across = np.empty(shape[1])

    def __call__(self, w: Floats, braking: Floats, road: Road, i: int) -> Floats:
        """Newtons for each axle, float64[axles, B], at squared speeds ``w`` and decelerations
        ``braking`` (float64[B]; accelerating is negative; with the slope's part)."""
        a, n, t, x, y, z = self._axles, self._n, self._t, self._x, self._y, self._z
        if road.normal[i] != self._normal:
            self._normal = road.normal[i]
            np.multiply(a.kg, self._normal, out=self._weight)
        np.multiply(a.lift, w, out=n)
        n += self._weight
        if road.press[i]:
            n += a.kg * (w * road.press[i])
        np.multiply(a.shift, braking, out=x)
        n += x
        # across: |m a| of the axle, and the load that goes from the inner to the outer wheel
        across = np.multiply(w, road.across[i], out=self._across)
        if road.lean[i]:
            across -= road.lean[i]
        if self._plain:
            np.abs(across, out=across)
            np.multiply(a.roll, across, out=t)
        else:
            np.multiply(a.roll, across, out=t)
            t += a.cross  # right turns load the left, and `across` is negative there
            np.abs(t, out=t)
            np.abs(across, out=across)
        # across: both wheels together can do 2 (N (mu + load N) + load T2)
        np.multiply(t, t, out=z)
        np.multiply(a.load_y, n, out=y)
        y += a.mu_y
        y *= n
        np.multiply(a.load_y, z, out=x)
        y += x
        # what one axle cannot carry the other has to
        np.multiply(a.mass, across, out=x)
        x *= 0.5 / road.grip[i]
        over = x - y
        np.maximum(over, 0.0, out=over)
        x += over[::-1]
        x /= y
        if a.exponent is None:
            x *= x
            np.subtract(1.0, x, out=x)
            np.maximum(x, 0.0, out=x)
            np.sqrt(x, out=x)
        else:
            # an axle that is lifted carries less than nothing: all of it is used
            np.abs(x, out=x)
            np.minimum(x, 1.0, out=x)
            np.power(x, a.exponent, out=x)
            np.subtract(1.0, x, out=x)
            np.power(x, 1 / a.exponent, out=x)
        # along: the same, or twice the inner wheel where both sides brake alike
        z *= self._uneven
        if self._any_even:
            t *= a.even
            np.subtract(n, t, out=n)
            np.maximum(n, 0.0, out=n)
        np.multiply(a.load_x, n, out=y)
        y += a.mu_x
        y *= n
        y += z
        y *= x
        y *= 2.0 * road.grip[i]
        return np.maximum(y, 0.0, out=y)
