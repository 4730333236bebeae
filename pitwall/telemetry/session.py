"""What a session is: its key, its names and how its times came about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pitwall.telemetry.channel import Catalog
from pitwall.telemetry.names import check_session


class ClockKind(StrEnum):
    """Where the event times of a session come from."""

    EVENT = "event"
    """Stamped by the producer when the sample was taken."""
    RECONSTRUCTED = "reconstructed"
    """Computed by us from receipt times in bursts; lap times carry a wider interval."""


@dataclass(frozen=True, slots=True)
class Session:
    """One on-track run.

    Attributes:
        key: ``<date>-<event>-<name>``, lower case, e.g. ``2025-09-06-barber-r1``.
        title: as shown, e.g. ``Barber Race 1``.
        catalog: its channel groups.
        started_us: event time of the start (green flag or first sample), microseconds UTC.
        length_s: planned length in seconds, 0 when unknown.
        clock: how event times came about.
        simulated: True when the data was generated; shown wherever the session is.
        driven_us: when it was driven, for a recording that is published again with the event times
            of today; microseconds UTC, 0 for one that is driven now.
        pace: event seconds in a second of a recording that is published faster or slower than it
            was driven; see :meth:`due_us`.
    """

    key: str
    title: str
    catalog: Catalog
    started_us: int
    length_s: float = 0.0
    clock: ClockKind = ClockKind.EVENT
    simulated: bool = False
    driven_us: int = 0
    pace: float = 1.0

    def __post_init__(self) -> None:
        check_session(self.key)

    @property
    def replay(self) -> bool:
        """True for a recording that is published again."""
        return self.driven_us > 0

    def due_us(self, t_us: int) -> int:
        """When the service is to have what was driven at event time ``t_us``: then, in a session
        that is driven now. No event lies ahead of the clock: one that runs faster begins in the
        past and meets the clock at its planned end, one that runs slower leaves it at its start."""
        if self.pace == 1.0:
            return t_us
        meets = self._meets_us
        return meets + round((t_us - meets) / self.pace)

    def event_us(self, clock_us: int) -> int:
        """The event time that is due at ``clock_us``."""
        if self.pace == 1.0:
            return clock_us
        meets = self._meets_us
        return meets + round((clock_us - meets) * self.pace)

    @property
    def _meets_us(self) -> int:
        """When event time and the clock are the same."""
        length_us = round(self.length_s * 1e6) if self.pace > 1.0 else 0
        return self.started_us + length_us
