"""The highest speed at which a car holds a curvature without gaining or losing speed."""

from __future__ import annotations

import numpy as np

from pitwall.prerace.batch import Axles, Batch
from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.prerace.vehicle import G

_NODES = 160
_ROUNDS = 4
_TIGHT = 2e-4
"""Curvature (1/m) below which no car of ours is held by grip alone on a flat road."""


def corner_limits(batch: Batch, track: LapTrack, grip: float, margin_ms: float) -> Floats:
    """Squared speed limits float64[n, B] of grip and of the car's own top speed.

    On a flat, even road the limit is a smooth function of the curvature, so that it is worked
    out on a mesh of curvatures; on any other at every point.
    """
    if track.plain:
        size = np.abs(track.curvature)
        mesh = _mesh(float(size.max()))
        even = float(track.grip[0]) * grip
        slow = _slowness(batch, mesh, np.zeros_like(mesh), np.zeros_like(mesh), even)
        node = np.clip(np.searchsorted(mesh, size) - 1, 0, len(mesh) - 2)
        part = ((size - mesh[node]) / (mesh[node + 1] - mesh[node]))[:, None]
        out = slow[node]
        out *= 1 - part
        out += part * slow[node + 1]
        if batch.axles.cross.any():
            # cross weight makes left turns and right turns different
            right = _slowness(batch, -mesh, np.zeros_like(mesh), np.zeros_like(mesh), even)
            turned = track.curvature < 0
            other = right[node] * (1 - part) + part * right[node + 1]
            out[turned] = other[turned]
    else:
        out = _slowness(
            batch, track.curvature, track.banking, track.grade, (track.grip * grip)[:, None]
        )
    top = 1 / batch.max_w
    free = out <= top
    np.maximum(out, top, out=out)
    np.reciprocal(out, out=out)
    if margin_ms:
        w = np.maximum(np.sqrt(out) - margin_ms, 0.5) ** 2
        np.copyto(out, w, where=~free)
    return out


def _mesh(most: float) -> Floats:
    most = max(most, 2 * _TIGHT)
    return np.concatenate([[0.0], np.geomspace(_TIGHT, most * (1 + 1e-12), _NODES - 1)])


def _slowness(
    batch: Batch, curvature: Floats, banking: Floats, grade: Floats, grip: Floats | float
) -> Floats:
    """1/w of the limit, float64[points, B]; zero or less where nothing limits."""
    kc = np.abs(curvature * np.cos(banking))[:, None]
    turn = np.where(curvature < 0, -1.0, 1.0)
    lean = (turn * G * np.sin(banking) * np.cos(grade))[:, None]
    press = (curvature * np.sin(banking))[:, None]
    normal = (G * np.cos(banking) * np.cos(grade))[:, None]
    climb = (G * np.sin(grade))[:, None]
    out: Floats | None = None
    for axle in (0, 1):
        share = batch.drive_front if axle == 0 else 1 - batch.drive_front
        found = _axle(
            _Corner(batch, batch.axles, axle, kc, lean, press, normal, turn[:, None], grip),
            share if share.any() else None,
            climb,
        )
        out = found if out is None else np.maximum(out, found, out=out)
    assert out is not None
    return out


class _Corner:
    """Capacity and demand of one axle as quadratics of w: ``c0 + c1 w + c2 w2``."""

    def __init__(
        self,
        batch: Batch,
        axles: Axles,
        axle: int,
        kc: Floats,
        lean: Floats,
        press: Floats,
        normal: Floats,
        turn: Floats,
        grip: Floats | float,
    ) -> None:
        self.batch = batch
        kg, lift, roll = axles.kg[axle], axles.lift[axle], axles.roll[axle]
        cross = axles.cross[axle] * turn
        self.n0, self.n1 = kg * normal, lift + kg * press
        self.t0, self.t1 = cross - roll * lean, roll * kc
        self.d0, self.d1 = -axles.mass[axle] * lean, axles.mass[axle] * kc
        self.grip2 = 2.0 * grip
        self.x = (axles.mu_x[axle], axles.load_x[axle])
        self.y = (axles.mu_y[axle], axles.load_y[axle])
        self.exponent = 2.0 if axles.exponent is None else axles.exponent
        self.normal, self.press = normal, press

    def capacity(self, mu: Floats, load: Floats) -> tuple[Floats, Floats, Floats]:
        n0, n1, t0, t1 = self.n0, self.n1, self.t0, self.t1
        return (
            self.grip2 * (n0 * (mu + load * n0) + load * t0 * t0),
            self.grip2 * (n1 * mu + 2 * load * (n0 * n1 + t0 * t1)),
            self.grip2 * load * (n1 * n1 + t1 * t1),
        )


def _axle(corner: _Corner, drives: Floats | None, climb: Floats) -> Floats:
    """1/w at which the axle's grip is used up, a driven axle's also by what it takes to keep the
    speed: the share of grip that is left across is found by turns with the speed."""
    c0, c1, c2 = corner.capacity(*corner.y)
    slow = _root(c0, c1, c2, corner)
    if drives is None:
        return slow
    x0, x1, x2 = corner.capacity(*corner.x)
    batch = corner.batch
    level = batch.rolling * corner.normal * batch.mass + batch.mass * climb
    per_w = batch.drag + batch.rolling * corner.press * batch.mass
    for _ in range(_ROUNDS):
        w = 1 / np.maximum(slow, 1 / batch.max_w)
        used = drives * (level + per_w * w)
        used /= np.maximum(x0 + w * (x1 + w * x2), 1.0)
        np.clip(used, 0.0, 0.95, out=used)
        if isinstance(corner.exponent, float):
            left = np.sqrt(1 - used * used)
        else:
            left = (1 - used**corner.exponent) ** (1 / corner.exponent)
        slow = _root(c0 * left, c1 * left, c2 * left, corner)
    return slow


def _root(c0: Floats, c1: Floats, c2: Floats, corner: _Corner) -> Floats:
    """1/w of the smallest w above 0 where demand meets capacity."""
    a0 = np.maximum(c0 - corner.d0, 1e-9)
    a1 = c1 - corner.d1
    square: Floats = a1 * a1 - 4 * a0 * c2
    never = square < 0
    np.maximum(square, 0.0, out=square)
    np.sqrt(square, out=square)
    square -= a1
    square /= 2 * a0
    if never.any():
        square[never] = -1.0
    return square
