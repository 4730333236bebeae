"""Cars whose lap is limited by a store of energy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.prerace.batch import Batch
from pitwall.prerace.drive import Drive
from pitwall.prerace.lap_track import Floats
from pitwall.prerace.vehicle import Motor, Vehicle

_ROUNDS = 12
_SPENT = 1e-3
"""Part of the store that may be left over, or lack, at the end of an electric car's lap."""
_LEAST = 0.02


def uses_store(car: Vehicle, boost: bool) -> bool:
    """Whether the energy in a car's store shapes its lap: a hybrid's whose motor is in use, and
    that of a car that has nothing else unless there is more than a lap can take."""
    if car.motor is None:
        return False
    return math.isfinite(car.motor.store_j) if car.engine is None else boost


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
    def of(batch: Batch, drive: Drive) -> Store:
        """The stores of cars that all use one."""
        motors = [car.motor for car in batch.cars if car.motor is not None]

        def column(value: Callable[[Motor], float]) -> Floats:
            return np.array([value(motor) for motor in motors], np.float64)

        return Store(
            column(lambda m: m.store_j),
            np.array([car.engine is None for car in batch.cars]),
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
    not empty its store.

    What is left falls as the part rises, from all of it at none: false position between the two,
    halving the weight of an end that stays (the Illinois rule). Each car's search ends by itself,
    so that none depends on the others'.
    """
    most = np.ones_like(store.full)
    w, left = lap(most)
    searching = (left < 0) & store.electric
    if not searching.any():
        return w, left
    low, high = np.zeros_like(most), most
    at_low = np.where(searching, store.full, 1.0)
    at_high = np.where(searching, left, -1.0)
    side = np.zeros_like(most)
    for _ in range(_ROUNDS):
        part = np.where(searching, low + (high - low) * at_low / (at_low - at_high), 1.0)
        part = np.maximum(part, _LEAST)
        now, rest = lap(part)
        lasts = searching & (rest >= 0)
        w[:, lasts] = now[:, lasts]
        left = np.where(lasts, rest, left)
        fails = searching & ~lasts
        # aim a little above empty, so that the end that lasts is approached as well
        missing = rest - _SPENT / 2 * store.full
        at_low = np.where(lasts, missing, np.where(fails & (side < 0), at_low / 2, at_low))
        at_high = np.where(fails, missing, np.where(lasts & (side > 0), at_high / 2, at_high))
        low, high = np.where(lasts, part, low), np.where(fails, part, high)
        side = np.where(lasts, 1.0, np.where(fails, -1.0, side))
        searching &= ~(lasts & (rest <= _SPENT * store.full)) & (high - low > 1e-9)
        if not searching.any():
            break
    never = (left < 0) & store.electric
    if never.any():
        now, rest = lap(np.where(never, _LEAST, 1.0))
        w[:, never] = now[:, never]
        left = np.where(never, rest, left)
    return w, left
