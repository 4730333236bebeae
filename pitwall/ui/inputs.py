"""What the window is given: the data it draws and the commands it may call.

The composition root fills this in; the window knows nothing of clouds, streams or files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from pitwall.analysis import Debrief, Timing
from pitwall.analysis.maths import Definition, MathsBoard
from pitwall.runtime import FrameStats, Health, HealthDetail
from pitwall.store import AlarmBoard, PagerStats, Rule, SessionStore
from pitwall.store.note_book import NoteBook
from pitwall.telemetry.clock import now_us
from pitwall.ui.modelling import Modelling, NoModel
from pitwall.ui.settling import NothingSettled, Settling


class Commands(Protocol):
    """What the window may ask for."""

    def cancel_history(self) -> None:
        """Stop loading the archive; what is loaded stays and live goes on."""

    def show_first(self, cars: frozenset[str]) -> None:
        """These cars are looked at: load theirs before others'."""

    def limit_memory(self, budget: int) -> None:
        """Keep the session within so many bytes of memory."""


class NoCommands:
    """For windows over a file: there is nothing to cancel."""

    def cancel_history(self) -> None:
        """Nothing is being loaded."""

    def show_first(self, cars: frozenset[str]) -> None:
        """Nothing is being loaded."""

    def limit_memory(self, budget: int) -> None:
        """Nothing is paged out."""


class Channels(Protocol):
    """What people add to a session."""

    @property
    def notes(self) -> NoteBook:
        """The notes; the Qt thread's."""

    @property
    def version(self) -> object:
        """Another one when anything here is to be shown anew."""

    @property
    def trouble(self) -> str:
        """Why something is not kept, in one line; empty when all is."""

    @property
    def maths(self) -> MathsBoard:
        """The maths channels as they are."""

    @property
    def alarms(self) -> AlarmBoard:
        """The alarms as they are."""

    def set_definitions(self, definitions: Iterable[Definition]) -> None:
        """Other maths channels. Raises BadInput."""

    def set_rules(self, rules: Iterable[Rule]) -> None:
        """Other alarms. Raises BadInput."""

    def acknowledge(self, ids: Iterable[int]) -> None:
        """Somebody has seen these alarms."""


class NoChannels:
    """For windows over data that nothing can be added to."""

    version: object = 0
    trouble = ""
    maths = MathsBoard()
    alarms = AlarmBoard()

    def __init__(self) -> None:
        self.notes = NoteBook((), lambda _: None)

    def set_definitions(self, definitions: Iterable[Definition]) -> None:
        """Nothing works them out."""

    def set_rules(self, rules: Iterable[Rule]) -> None:
        """Nothing watches for them."""

    def acknowledge(self, ids: Iterable[int]) -> None:
        """There are none."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a window needs.

    Attributes:
        store: the session's columns, ledger and holes.
        timing: the newest timing; None before the first. Called on the Qt thread, must be quick.
        health: the newest health; the same.
        detail: the health in full, gathered anew with each call; None where there is no source.
            Called on the Qt thread, once a second at most.
        commands: see :class:`Commands`.
        now_us: the server's clock as well as it is known, microseconds UTC.
        stats: where frame times and latencies are kept.
        paging: how much memory the session takes, and may; None where it has no limit.
        debrief: the newest debrief; None before the first. As ``timing``.
        channels: notes, maths channels and alarms.
        model: setup advice and strategy.
        settled: which official car is which, and what corners are called.
    """

    store: SessionStore
    timing: Callable[[], Timing | None]
    health: Callable[[], Health]
    detail: Callable[[], HealthDetail | None] = lambda: None
    commands: Commands = field(default_factory=NoCommands)
    now_us: Callable[[], int] = now_us
    stats: FrameStats = field(default_factory=FrameStats)
    paging: Callable[[], PagerStats | None] = lambda: None
    debrief: Callable[[], Debrief | None] = lambda: None
    channels: Channels = field(default_factory=NoChannels)
    model: Modelling = field(default_factory=NoModel)
    settled: Settling = field(default_factory=NothingSettled)
