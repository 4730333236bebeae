"""What is marked along the shared axis: holes, seams, where laps begin, how samples came."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pitwall.analysis import Timing
from pitwall.store import SessionStore, Source
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.overdue import awaited
from pitwall.ui.picture import Band, HoleMark, Mapping
from pitwall.ui.words import NOT_LOADED, seconds

Between = tuple[int, int]
"""Event times, microseconds UTC."""
MOST_SEAMS = 8
MOST_BANDS = 400
LATE = "late"


def hole_marks(
    store: SessionStore, car: str, between: Between, mapping: Mapping, *, loading: bool
) -> tuple[HoleMark, ...]:
    """The car's holes between two times, in words."""
    t_lo, t_hi = between
    marks = []
    for hole in store.holes(car):
        if hole.t_hi <= t_lo or hole.t_lo >= t_hi:
            continue
        x = mapping.to_x(np.array([max(hole.t_lo, t_lo), min(hole.t_hi, t_hi)]))
        word = "missing" if hole.n_hi else "no data"
        text = f"{seconds(hole.t_hi - hole.t_lo)} {word}"
        if loading and awaited(hole):
            text = NOT_LOADED
        marks.append(HoleMark(float(x[0]), float(x[1]), hole.group, text))
    return tuple(marks)


def seam_marks(
    store: SessionStore, car: str, group: str, between: Between, mapping: Mapping
) -> tuple[tuple[float, str], ...]:
    """Where one source hands over to the next, with their names."""
    columns = store.columns(car, group)
    found = []
    before: Source | None = None
    for t, source in columns.sources(*between) if columns is not None else ():
        if source is Source.TABLE:
            continue  # a repair lies within its neighbours; the ledger counts it
        if before is not None and source is not before:
            x = mapping.to_x(np.array([t]))
            found.append((float(x[0]), f"{before.value} ▸ {source.value}"))
        before = source
    return tuple(found[:MOST_SEAMS])


def bands(
    store: SessionStore, car: str, groups: Iterable[str], between: Between, mapping: Mapping
) -> tuple[Band, ...]:
    """By which way the samples of each group came, and which of them came late."""
    found: list[Band] = []
    for group in groups:
        columns = store.columns(car, group)
        if columns is None:
            continue
        changes = columns.sources(*between)
        ends = [t for t, _ in changes[1:]] + [min(between[1], columns.t_hi)]
        spans = [(t, end, source.value) for (t, source), end in zip(changes, ends, strict=False)]
        spans += [(lo, hi, LATE) for lo, hi in columns.late(*between)]
        for lo, hi, kind in spans[-MOST_BANDS:]:
            x = mapping.to_x(np.array([lo, hi]))
            found.append(Band(float(x[0]), float(x[1]), group, kind))
    return tuple(found)


def lap_starts(
    car: str, timing: Timing | None, start_us: int, low: float, high: float
) -> tuple[tuple[float, str], ...]:
    """Where laps begin, on the session's clock, in seconds after ``start_us``."""
    found = timing.cars.get(car) if timing else None
    marks = [
        ((lap.t_start - start_us) / SECOND_US, f"L{lap.number}")
        for lap in (found.laps if found else ())
    ]
    return tuple(mark for mark in marks if low <= mark[0] <= high)
