"""What the dialogs ask for. The composition root provides it; the window knows no cloud."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pitwall.ui.address import Address


class ProfileLine(Protocol):
    """A profile of the AWS configuration."""

    @property
    def name(self) -> str:
        """As in the files."""
        ...

    @property
    def region(self) -> str:
        """Empty when it has none."""
        ...


class Configuration(Protocol):
    """What this machine is configured for."""

    @property
    def profiles(self) -> Sequence[ProfileLine]:
        """In the order of the files."""
        ...

    @property
    def profile(self) -> str:
        """The one in force without a choice; empty for credentials from elsewhere."""
        ...

    @property
    def region(self) -> str:
        """Of the environment; empty without one."""
        ...

    @property
    def regions(self) -> Sequence[str]:
        """Those that are known."""
        ...


class SessionLine(Protocol):
    """A session as it is listed."""

    @property
    def key(self) -> str:
        """``<date>-<event>-<name>``."""
        ...

    @property
    def title(self) -> str:
        """As its producer calls it."""
        ...

    @property
    def date(self) -> str:
        """Of the key."""
        ...

    @property
    def event(self) -> str:
        """Of the key."""
        ...

    @property
    def name(self) -> str:
        """Of the key."""
        ...

    @property
    def simulated(self) -> bool:
        """Generated data."""
        ...

    @property
    def replay(self) -> bool:
        """A recording that is published again."""
        ...

    @property
    def cars(self) -> int | None:
        """None while not known."""
        ...

    @property
    def laps(self) -> int | None:
        """The highest of any car; None while not known."""
        ...

    @property
    def state(self) -> str:
        """``live``, ``silent``, ``ended``, ``empty``; empty while not known."""
        ...

    @property
    def age_us(self) -> int | None:
        """Of the newest sign of life; None without one."""
        ...


class Trouble(Protocol):
    """Why it does not go on."""

    @property
    def text(self) -> str:
        """One line, with what to do."""
        ...

    @property
    def command(self) -> str:
        """What to type in a terminal; empty for nothing."""
        ...


class Listing(Protocol):
    """What is known so far."""

    @property
    def step(self) -> str:
        """What is being asked for; empty when all is told."""
        ...

    @property
    def share(self) -> float | None:
        """How far it is, 0..1; None when not known."""
        ...

    @property
    def tables(self) -> Sequence[str] | None:
        """None when they could not be listed."""
        ...

    @property
    def table(self) -> str:
        """Whose sessions these are; empty for none."""
        ...

    @property
    def sessions(self) -> Sequence[SessionLine] | None:
        """None while not read."""
        ...

    @property
    def note(self) -> str:
        """What is left out; empty for nothing."""
        ...

    @property
    def trouble(self) -> Trouble | None:
        """None while nothing is in the way."""
        ...


class Finding(Protocol):
    """A line of the doctor's."""

    @property
    def grade(self) -> str:
        """``ok``, ``warning`` or ``fault``."""
        ...

    @property
    def what(self) -> str:
        """What was looked at."""
        ...

    @property
    def told(self) -> str:
        """What was found."""
        ...

    @property
    def todo(self) -> str:
        """What to do about it; empty for nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Patient:
    """What the doctor is asked to look at.

    Attributes:
        role: whose permissions are tried.
        cars, groups: that role is narrowed to.
        session: empty for the newest.
    """

    role: str = "engineer"
    cars: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    session: str = ""


class Cloud(Protocol):
    """Everything the dialogs ask. Each method but the last three blocks and is called on a worker;
    errors are PitwallError in one line."""

    def configuration(self) -> Configuration:
        """Profiles and regions of this machine."""
        ...

    def browse(
        self,
        address: Address,
        say: Callable[[Listing], object],
        cancelled: Callable[[], bool],
    ) -> None:
        """Tell tables and sessions, each time there is more; the last one has no step."""
        ...

    def examine(
        self,
        address: Address,
        patient: Patient,
        say: Callable[[Finding], object],
        cancelled: Callable[[], bool],
    ) -> None:
        """Tell each finding as it comes."""
        ...

    def roles(self) -> Sequence[str]:
        """Whose permissions can be tried."""
        ...

    def as_text(self, findings: Sequence[Any]) -> str:
        """Findings that :meth:`examine` has told, as a terminal shows them."""
        ...

    def as_json(self, findings: Sequence[Any]) -> str:
        """The same for programs."""
        ...
