"""What a pane is told each time something changed. No pane asks for data by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pitwall.analysis import Debrief, Timing
from pitwall.runtime import Health
from pitwall.store import SessionStore
from pitwall.ui.model import View
from pitwall.ui.picture import Picture
from pitwall.ui.qt import QtGui
from pitwall.ui.theme import Theme


@dataclass(frozen=True, slots=True)
class Scene:
    """One consistent look at the session.

    Attributes:
        store: the session's columns, ledger and holes.
        view: what the user looks at: car, lap, moment, cursor.
        timing: the newest timing; None before the first.
        picture: what the trace stack shows; None before the first.
        as_of_us: the moment of the past that is shown, event time, microseconds UTC; None live.
        as_of_words: how that is said beside everything that shows the past; empty live.
        health: the source's state as the window says it.
        fresh: True when the newest data here is the newest there is.
        loading: True while what was is still being loaded.
        colour: a car's colour, the same everywhere.
        debrief: corners of every lap and what is said to the drivers; None before the first.
    """

    store: SessionStore
    view: View
    timing: Timing | None
    picture: Picture | None
    as_of_us: int | None
    as_of_words: str
    health: Health
    fresh: bool
    loading: bool
    colour: Callable[[str | None], QtGui.QColor]
    debrief: Debrief | None = None

    @property
    def moment_us(self) -> int:
        """The moment shown: that of the past, or the newest data; 0 before there is any."""
        return self.as_of_us if self.as_of_us is not None else self.store.latest_us()


@runtime_checkable
class Themed(Protocol):
    """What every pane can do."""

    def set_theme(self, theme: Theme) -> None:
        """Paint with another theme or scale from now on."""


@runtime_checkable
class ShowsScene(Protocol):
    """A pane that draws from the data: called when data or view changed, at most once a frame,
    and only while it can be seen. It repaints only when what it shows is another thing."""

    def show_scene(self, scene: Scene) -> None:
        """Draw this from now on."""


@runtime_checkable
class ShowsCursor(Protocol):
    """A pane that follows the cursor: called when only the cursor moved."""

    def show_cursor(self, scene: Scene) -> None:
        """The cursor is at ``scene.view.cursor`` now."""


@runtime_checkable
class Acts(Protocol):
    """A pane that handles actions of its own; see :mod:`pitwall.ui.registry`."""

    def handlers(self) -> dict[str, Callable[[], None]]:
        """By name of the action."""


@runtime_checkable
class Stops(Protocol):
    """A pane with a thread of its own; the window stops it when it closes."""

    def stop(self, limit_s: float) -> bool:
        """End the thread; True when it has ended in time."""
