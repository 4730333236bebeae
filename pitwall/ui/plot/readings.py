"""What every lap on screen read where the cursor is. Plain lookups, no painting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pitwall.store import SessionStore
from pitwall.ui.picture import Line, Other, Picture
from pitwall.ui.plot.choice import Trace
from pitwall.ui.reading import Sample, sample_at


@dataclass(frozen=True, slots=True)
class LapReading:
    """What one lap read at the cursor.

    Attributes:
        lap: 0 for the shown one, 1 and up for those laid over it.
        samples: of each group that is drawn; None where nothing tells.
    """

    lap: int
    samples: dict[str, Sample | None]

    def value(self, trace: Trace) -> float | None:
        """What a channel read."""
        sample = self.samples.get(trace.group)
        return sample.values[trace.index] if sample is not None else None


def read_laps(picture: Picture, store: SessionStore, t_us: int) -> list[LapReading]:
    """What every lap on screen but the reference read where the cursor is at event time ``t_us``
    of the shown one; a session's other cars at that time."""
    found = [_read(picture, store, 0, picture.car, t_us)]
    if picture.session is not None:
        beside = enumerate(picture.session.others, start=1)
        return found + [_read(picture, store, number, car, t_us) for number, car in beside]
    for number, other in enumerate(picture.others, start=1):
        then = other_time(other, place_of(picture, t_us))
        car = other.shown.car if then is not None else None
        found.append(_read(picture, store, number, car, then or 0))
    return found


def read_reference(
    picture: Picture, store: SessionStore, t_us: int, mark: int | None = None
) -> LapReading | None:
    """What the reference lap read at the same place of the axis, or with ``mark`` the shown car at
    that time; None with nothing to compare with."""
    if mark is not None:
        return _read(picture, store, 0, picture.car, mark)
    if picture.reference is None or picture.reference_mapping is None:
        return None
    then = picture.reference_mapping.to_time(place_of(picture, t_us))
    return _read(picture, store, 0, picture.reference.car, then)


def other_time(other: Other, x: float) -> int | None:
    """When another lap was at a place of the axis; None where it has not been."""
    mapping = other.mapping
    if not len(mapping.x) or not mapping.x[0] <= x <= mapping.x[-1]:
        return None
    return mapping.to_time(x)


def other_words(picture: Picture, number: int) -> str:
    """What a lap laid over, or a session's other car, is called; from 1."""
    if picture.session is not None:
        return f"car {picture.session.others[number - 1]}"
    lap = picture.others[number - 1].shown.lap
    return f"L{lap.number}" if lap.car == picture.car else f"{lap.car} L{lap.number}"


def place_of(picture: Picture, t_us: int) -> float:
    """Where on the shared axis the shown lap was at ``t_us``; the picture has a mapping."""
    assert picture.mapping is not None  # noqa: S101 - callers have looked
    return float(np.interp(t_us, picture.mapping.t, picture.mapping.x))


def delta_at(line: Line, x: float) -> float | None:
    """The delta curve's value at ``x``; None beyond its ends."""
    if not len(line.x) or not line.x[0] <= x <= line.x[-1]:
        return None
    return line.value_at(int(np.interp(x, line.x, line.t)))


def _read(
    picture: Picture, store: SessionStore, lap: int, car: str | None, t_us: int
) -> LapReading:
    groups = dict.fromkeys(trace.group for trace in picture.traces)
    return LapReading(lap, {g: sample_at(store, car, g, t_us) if car else None for g in groups})
