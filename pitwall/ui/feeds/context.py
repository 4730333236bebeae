"""What all parts of the feed share: the data, the panes, and which moment is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pitwall.analysis import Corner, Timing, TrackLine
from pitwall.telemetry.clock import SECOND_US, clock_text
from pitwall.ui.car_colours import CarColours
from pitwall.ui.inputs import Inputs
from pitwall.ui.lapview import LapView
from pitwall.ui.model import View, Workspace
from pitwall.ui.panes.banner import Banner
from pitwall.ui.panes.header import Header
from pitwall.ui.panes.health import HealthPane
from pitwall.ui.panes.laps import LapsPane
from pitwall.ui.panes.loading import LoadingBar
from pitwall.ui.panes.map import MapPane
from pitwall.ui.panes.strip import Strip
from pitwall.ui.panes.timeline import Timeline
from pitwall.ui.panes.timing import TimingPane
from pitwall.ui.panes.values import ValuesPane
from pitwall.ui.plot.choice import choose
from pitwall.ui.plot.trace_stack import TraceStack
from pitwall.ui.qt import QtGui
from pitwall.ui.theme import Theme

BEHIND_S = 3.0
"""Timing that is older than data by this much is said to be."""


@dataclass(slots=True)
class Panes:
    """The widgets that show data."""

    header: Header
    banner: Banner
    loading: LoadingBar
    timing: TimingPane
    laps: LapsPane
    traces: TraceStack
    map: MapPane
    values: ValuesPane
    timeline: Timeline
    strip: Strip
    health: HealthPane


class Context:
    """Shared by the parts of the feed; all of it belongs to the Qt thread.

    Attributes:
        inputs, workspace, panes: as given.
        laps: builds the pictures.
        as_of: the moment of the past that clock, map and timing show; None when live. Set by
            :meth:`look`.
        fresh: whether the newest data here is the newest there is; set by the feed.
        older_us: by how much the ages of the field are more than the timing says; set by the
            lines.
        track: the track line last seen.
    """

    def __init__(
        self, inputs: Inputs, workspace: Workspace, panes: Panes, theme: Callable[[], Theme]
    ) -> None:
        self.inputs = inputs
        self.workspace = workspace
        self.panes = panes
        self.laps = LapView(inputs.store, choose(inputs.store.session.catalog))
        self.as_of: int | None = None
        self.fresh = True
        self.older_us = 0
        self.track: TrackLine | None = None
        self._theme = theme
        self._corners: tuple[Corner, ...] = ()
        self._timing: Timing | None = None
        self._since_s = 0.0
        self._colours = CarColours(len(theme().cars))

    @property
    def view(self) -> View:
        """What the user is looking at."""
        return self.workspace.view

    def colour(self, car: str | None) -> QtGui.QColor:
        """A car's colour, the same everywhere; see :mod:`pitwall.ui.car_colours`."""
        theme = self._theme()
        if car is None:
            return theme.car(0)
        return theme.car(self._colours.index(car, self.inputs.store.cars()))

    def look(self, timing: Timing | None) -> bool:
        """Find the moment that is shown; True when it is another one."""
        moment = self._moment(self.view, timing)
        if moment == self.as_of:
            return False
        self.as_of = moment
        return True

    def learn_track(self, timing: Timing | None) -> None:
        """Take over the track line, and its corners for the traces and the map."""
        self.track = timing.track if timing else None
        circuit = timing.circuit if timing else None
        corners = circuit.corners if circuit is not None else ()
        if corners is not self._corners:
            self._corners = corners
            self.laps.corners = tuple((c.name, c.apex_m) for c in corners)

    def behind_us(self, timing: Timing, now_s: float) -> int | None:
        """For how long this timing has been the newest although there is newer data; None while
        it keeps up. ``now_s`` is a steady clock."""
        if timing is not self._timing:
            self._timing, self._since_s = timing, now_s
        waited = now_s - self._since_s
        if timing.version == self.inputs.store.version or waited < BEHIND_S:
            return None
        return round(waited * SECOND_US)

    def as_of_words(self) -> str:
        """What is said beside everything that shows the past."""
        if self.as_of is None:
            return ""
        return f"as of {clock_text(self.as_of - self.inputs.store.session.started_us)}"

    def _moment(self, view: View, timing: Timing | None) -> int | None:
        """The moment of the past that clock, map and timing show; None when live. On a lap that
        was chosen, without a cursor, its end."""
        if view.live or view.cursor is not None:
            return None if view.live else view.cursor
        if view.moment is not None:
            return view.moment
        shown = self.laps.shown(view, timing)
        return shown.t_end if shown is not None else None
