"""Many laps in portions, by an executor that is given: the same numbers wherever they are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from pitwall.prerace.conditions import Conditions
from pitwall.prerace.lap import Laps, simulate
from pitwall.prerace.lap_track import LapTrack
from pitwall.prerace.vehicle import Vehicle
from pitwall.telemetry import BadInput

PORTION = 256
"""Cars that one task simulates: a batch large enough to hide the interpreter, small enough to be
shared out. It does not depend on the executor: the last bits of a lap depend on its batch."""


class Executor(Protocol):
    """What runs portions: a pool of processes, a cluster's executor, or nothing but this thread."""

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any]) -> Iterator[Any]:
        """Results in the order of the arguments."""
        ...


class Here:
    """Runs everything in the calling thread."""

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any]) -> Iterator[Any]:
        """Results in the order of the arguments."""
        return map(fn, *iterables)


def sweep(
    cars: Sequence[Vehicle],
    track: LapTrack,
    conditions: Conditions | None = None,
    executor: Executor | None = None,
) -> Laps:
    """The laps of :func:`pitwall.prerace.simulate`, portion by portion: the same bit for bit
    whichever executor runs them.

    Raises BadInput without cars; what the executor raises goes through.
    """
    if not cars:
        raise BadInput("no car to simulate")
    day = Conditions() if conditions is None else conditions
    parts = [tuple(cars[k : k + PORTION]) for k in range(0, len(cars), PORTION)]
    runner = Here() if executor is None or len(parts) == 1 else executor
    done = list(runner.map(_portion, parts, [track] * len(parts), [day] * len(parts)))
    return Laps(
        track,
        np.concatenate([d[0] for d in done]),
        np.concatenate([d[1] for d in done], axis=1),
        np.concatenate([d[2] for d in done]),
    )


def _portion(cars: tuple[Vehicle, ...], track: LapTrack, day: Conditions) -> tuple[Any, Any, Any]:
    laps = simulate(cars, track, day)
    return laps.time_s, laps.speed_ms, laps.store_j
