"""What every file format gives to the importer: a survey, then blocks of samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pitwall.formats.lines import Tick
from pitwall.telemetry import ClockKind, Group, Session


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file holds, found by reading it once from end to end.

    Attributes:
        cars: original car ids, in order of first appearance.
        groups: the channel groups that occur, with their measured rates.
        clock: how the event times of its samples come about.
        t_first, t_last: receipt or event time of the first and last row, microseconds UTC.
        rows: data rows.
        event, name: hints for the session key, empty when the file has none.
        notes: remarks for the person who imports.
        meta: entries for the recording's key/value table (the start gate).
        session: the session as it was, for files that we wrote; None for all others.
        labels: original car id -> label, where the file says what its cars are called.
    """

    cars: tuple[str, ...]
    groups: tuple[Group, ...]
    clock: ClockKind
    t_first: int
    t_last: int
    rows: int
    event: str = ""
    name: str = ""
    notes: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    session: Session | None = None
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person who imports says about files that leave it open.

    Attributes:
        part: name of the one session to take from files that hold several.
        start_us: when the session began, for files without a date, microseconds UTC.
    """

    part: str = ""
    start_us: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A run of samples of one car and group, in order of event time.

    Attributes:
        car: original id of the car.
        group: group name.
        lap: lap of the first sample (0 = before the first crossing of the line).
        t: int64[n], event time, microseconds UTC.
        values: channel name -> float64[n]; NaN where a sample lacks the channel.
        received_us: receipt time of the newest sample, 0 when the source has none.
    """

    car: str
    group: str
    lap: int
    t: NDArray[np.int64]
    values: Mapping[str, NDArray[np.float64]]
    received_us: int = 0


class Source(Protocol):
    """One opened file of one format, or several that belong together."""

    def survey(self, tick: Tick | None = None) -> Survey:
        """Read everything once, checking every row. Raises BadInput with ``file:line``."""

    def blocks(self, tick: Tick | None = None) -> Iterator[Block]:
        """Read again and yield the samples; memory does not grow with the files."""
