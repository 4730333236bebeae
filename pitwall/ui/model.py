"""What the user is looking at: one plain object that every pane listens to.

No Qt here. A change is announced by the names of the fields that changed, after all of them
have their new values; setting an equal value is not a change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from pitwall.ui.channel_books import AlarmBook, MathsBook
from pitwall.ui.chart_choice import ChartChoice
from pitwall.ui.trace_layout import LapChoice, TraceLayout
from pitwall.ui.units import UnitChoice

ROLLING_S = 90.0
"""What the rolling window shows at first."""


class Axis(StrEnum):
    """What the shared axis of the traces counts."""

    DISTANCE = "distance"
    TIME = "time"
    ROLLING = "rolling"


class ReferenceKind(StrEnum):
    """Which lap the shown one is compared with."""

    SESSION_BEST = "session best"
    OWN_BEST = "own best"
    LAP = "lap"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Reference:
    """A rule for the reference lap; ``car`` and ``lap`` count for ``LAP`` only."""

    kind: ReferenceKind = ReferenceKind.SESSION_BEST
    car: str = ""
    lap: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """Everything that decides what is drawn.

    Attributes:
        car: selected car; None before the first is known.
        lap: a lap chosen by hand; None follows the moment.
        moment: event time the window shows, microseconds UTC; None is live.
        reference: see :class:`Reference`.
        axis: see :class:`Axis`.
        span: visible part of the axis, in its unit (metres or seconds); None is all of it.
        window_s: seconds that the rolling window shows while no ``span`` is chosen.
        cursor: event time on the shown lap, microseconds UTC; None without cursor.
        mark: event time of the second cursor, from which is measured; None without one.
        pinned: True when the cursor stays where it is instead of following the pointer.
        traces: plots, channels and laps of the trace stack; see
            :class:`~pitwall.ui.trace_layout.TraceLayout`.
        units: see :class:`~pitwall.ui.units.UnitChoice`.
        charts: channels of the charts; see :class:`~pitwall.ui.chart_choice.ChartChoice`.
    """

    car: str | None = None
    lap: int | None = None
    moment: int | None = None
    reference: Reference = Reference()
    axis: Axis = Axis.DISTANCE
    span: tuple[float, float] | None = None
    window_s: float = ROLLING_S
    cursor: int | None = None
    mark: int | None = None
    pinned: bool = False
    traces: TraceLayout = TraceLayout()
    units: UnitChoice = UnitChoice()
    maths: MathsBook = MathsBook()
    alarms: AlarmBook = AlarmBook()
    charts: ChartChoice = ChartChoice()

    @property
    def live(self) -> bool:
        """True when the newest data is what is shown."""
        return self.lap is None and self.moment is None


Listener = Callable[[frozenset[str]], None]


class Workspace:
    """Holds the present :class:`View` and tells listeners what changed.

    Attributes:
        view: the present view; replaced whole by :meth:`change`.
    """

    def __init__(self, view: View | None = None) -> None:
        self.view = view or View()
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> None:
        """Call ``listener(names of changed fields)`` after every change."""
        self._listeners.append(listener)

    def change(self, **fields: object) -> None:
        """Set the named fields. Raises TypeError for a name that is not a field."""
        new = replace(self.view, **fields)  # type: ignore[arg-type]
        names = frozenset(n for n in fields if getattr(new, n) != getattr(self.view, n))
        if not names:
            return
        self.view = new
        for listener in tuple(self._listeners):
            listener(names)

    # -- what the user does -------------------------------------------------------------

    def select_car(self, car: str) -> None:
        """Look at another car; a lap chosen by hand belonged to the one before."""
        if car != self.view.car:
            self.change(car=car, lap=None, cursor=None, mark=None, pinned=False, span=None)

    def select_lap(self, lap: int | None) -> None:
        """Show one lap of the selected car; None follows the moment again."""
        self.change(lap=lap, cursor=None, mark=None, pinned=False, span=None)

    def go_live(self) -> None:
        """Show the newest data, whatever was shown."""
        self.change(lap=None, moment=None, cursor=None, mark=None, pinned=False, span=None)

    def scrub(self, moment: int) -> None:
        """Show the session as it was at ``moment``; the cursor goes with it."""
        self.change(moment=moment, cursor=moment, pinned=True, lap=None)

    def set_cursor(self, t_us: int | None, *, pin: bool | None = None) -> None:
        """Move the cursor; a pinned one moves only with ``pin=True``."""
        if pin is None:
            if not self.view.pinned:
                self.change(cursor=t_us)
            return
        self.change(cursor=t_us, pinned=pin and t_us is not None)

    def toggle_mark(self) -> None:
        """Measure from where the cursor is; without one, or once more there, no longer."""
        same = self.view.mark == self.view.cursor
        self.change(mark=None if same else self.view.cursor)

    def toggle_axis(self) -> None:
        """Distance to time and back; the rolling window goes to distance."""
        distance = self.view.axis is Axis.DISTANCE
        self.change(axis=Axis.TIME if distance else Axis.DISTANCE, span=None)

    def toggle_rolling(self) -> None:
        """The rolling window, or back to distance."""
        rolling = self.view.axis is Axis.ROLLING
        self.change(axis=Axis.DISTANCE if rolling else Axis.ROLLING, span=None)

    def next_reference(self) -> None:
        """Session best, own best, none, and round again."""
        kinds = (ReferenceKind.SESSION_BEST, ReferenceKind.OWN_BEST, ReferenceKind.NONE)
        kind = self.view.reference.kind
        at = kinds.index(kind) if kind in kinds else -1
        self.change(reference=Reference(kinds[(at + 1) % len(kinds)]))

    def toggle_lap(self, lap: LapChoice) -> None:
        """Lay a lap over the shown one, or take it away again."""
        traces = self.view.traces
        there = lap in traces.laps
        self.change(traces=traces.without_lap(lap) if there else traces.with_lap(lap))
