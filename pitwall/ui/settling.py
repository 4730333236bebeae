"""What people settle about a session: which official car is which, and what corners are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pitwall.analysis.feeds import FeedMatch
from pitwall.analysis.official import OfficialTiming
from pitwall.telemetry import OfficialLap


@dataclass(frozen=True, slots=True, eq=False)
class Cars:
    """Which official car is which.

    Attributes:
        official: official timing beside the telemetry; None where nothing was imported.
        feeds: ids of feeds, and the official car that each is.
        laps: by car, the laps as the table has them, by the numbers of the telemetry.
        trouble: why official timing cannot be read, in one line; empty when it can.
    """

    official: OfficialTiming | None = None
    feeds: tuple[FeedMatch, ...] = ()
    laps: Mapping[str, Mapping[int, OfficialLap]] = field(default_factory=dict)
    trouble: str = ""

    @property
    def source(self) -> str:
        """The table that laps are compared with; empty for none."""
        table = self.official.laps if self.official is not None else None
        return table.source if table is not None else ""

    @property
    def open(self) -> int:
        """How many cars and ids a person should look at: those that nobody can be sure of."""
        if self.official is None or self.official.laps is None:
            return 0
        every = [*self.official.identity.matches, *(feed.match for feed in self.feeds)]
        return sum(not match.sure and match.of > 0 for match in every)


class Settling(Protocol):
    """Works elsewhere; nothing here waits."""

    @property
    def cars(self) -> Cars:
        """The newest answer."""

    @property
    def version(self) -> object:
        """Another one when there is something new to show."""

    @property
    def trouble(self) -> str:
        """Why something is not kept, in one line; empty when all is."""

    @property
    def steps(self) -> int:
        """How many changes can be undone."""

    def confirm(self, car: str, official: str | None) -> None:
        """A person says which official car a car, or an id of a feed, is; None leaves it to the
        crossings again. Raises BadInput for a car that is not there, or Failure."""

    def rename(self, number: int, name: str) -> None:
        """Call a corner so; an empty name gives it its number back. Raises BadInput or Failure."""

    def undo(self) -> str:
        """Take the last change back; what it was, in words, empty when there is none. Raises
        Failure."""


class NothingSettled:
    """For windows over data that nothing can be settled of."""

    cars = Cars()
    version: object = 0
    trouble = ""
    steps = 0

    def confirm(self, car: str, official: str | None) -> None:
        """There is nothing official."""

    def rename(self, number: int, name: str) -> None:
        """Nothing keeps it."""

    def undo(self) -> str:
        """There is nothing to undo."""
        return ""
