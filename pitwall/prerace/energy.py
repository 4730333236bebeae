"""Cars whose lap is limited by a store of energy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.prerace.batch import Batch
from pitwall.prerace.drive import Drive
from pitwall.prerace.lap_track import Floats

_ROUNDS = 12
_SPENT = 1e-3
"""Part of the store that may be left over, or lack, at the end of an electric car's lap."""
_LEAST = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """The stores of B cars; arrays of B.

    Attributes:
        full: J at the line; infinite for cars that have none or that a lap does not empty.
        electric: whether the store is all that drives the car.
        recovery, exhaust_recovery: see :class:`pitwall.prerace.vehicle.Motor`.
        drive: the tables.
    """

    full: Floats
    electric: NDArray[np.bool_]
    recovery: Floats
    exhaust_recovery: Floats
    drive: Drive

    @staticmethod
    def of(batch: Batch, drive: Drive, boost: bool) -> Store | None:
        """None when no car has a motor that a lap could leave without energy, or is boosted."""
        motors = [car.motor for car in batch.cars]
        electric = np.array([car.engine is None for car in batch.cars])
        used = [
            m if m is not None and (boost or e) else None
            for m, e in zip(motors, electric, strict=True)
        ]
        full = np.array([np.inf if m is None else m.store_j for m in used])
        if drive.motor is None and np.isinf(full).all():
            return None

        def column(value: Callable[..., float]) -> Floats:
            return np.array([0.0 if m is None else value(m) for m in used], np.float64)

        return Store(
            full,
            electric,
            column(lambda m: m.recovery),
            column(lambda m: m.exhaust_recovery),
            drive,
        )

    def motor_force(self, w: Floats, left: Floats) -> Floats | None:
        """What the motors of hybrids add while there is energy."""
        if self.drive.motor is None:
            return None
        force = self.drive.motor.at(w)
        force *= left > 0
        return force

    def account(
        self,
        left: Floats,
        needed: Floats,
        engine: Floats,
        motor: Floats | None,
        fraction: Floats,
        w: Floats,
        after: Floats,
        step_m: float,
    ) -> None:
        """Take from ``left`` what a step used and add what it recovered. The engine's force
        comes first."""
        assert self.drive.draw is not None
        seconds = 2 * step_m / (np.sqrt(w) + np.sqrt(after))
        throttle = np.clip(needed / np.maximum(engine, 1e-9), 0.0, 1.0)
        part = throttle * fraction
        if motor is not None:
            assert self.drive.crank is not None
            added = np.clip((needed - engine) / np.maximum(motor, 1e-9), 0.0, 1.0) * (motor > 0)
            part = np.where(self.electric, part, added)
            exhaust = self.exhaust_recovery * throttle * self.drive.crank.at(w)
            left += exhaust * seconds
        left -= part * self.drive.draw.at(w) * seconds
        left += self.recovery * np.maximum(-needed, 0.0) * step_m


def fractions_within(
    store: Store, lap: Callable[[Floats], tuple[Floats, Floats]]
) -> tuple[Floats, Floats]:
    """Squared speeds and what is left, with the largest part of an electric car's power that does
    not empty its store; found by halving between what lasts and what does not."""
    most = np.ones_like(store.full)
    w, left = lap(most)
    if not ((left < 0) & store.electric).any():
        return w, left
    low, high = np.full_like(most, _LEAST), most
    best, kept = lap(low)
    for _ in range(_ROUNDS):
        middle = np.where(left < 0, (low + high) / 2, 1.0)
        now, rest = lap(middle)
        lasts = rest >= 0
        best[:, lasts] = now[:, lasts]
        kept = np.where(lasts, rest, kept)
        low = np.where(lasts, middle, low)
        high = np.where(lasts, high, middle)
        if ((kept <= _SPENT * store.full) | (left >= 0)).all():
            break
    fine = left >= 0
    best[:, fine] = w[:, fine]
    return best, np.where(fine, left, kept)
