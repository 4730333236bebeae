"""From the data to the panes: what changed is looked up once and handed to whoever draws it.

Runs on the Qt thread, at most once a frame. The panes draw; the numbers come from the store and
the timing engine; in between there is only this. Each part is a module of :mod:`pitwall.ui.feeds`.
"""

from __future__ import annotations

from collections.abc import Callable

from pitwall.analysis import Timing
from pitwall.runtime import Health
from pitwall.ui.feeds import Context, FieldFeed, LinesFeed, Panes, TimelineFeed, TracesFeed
from pitwall.ui.inputs import Inputs
from pitwall.ui.model import Workspace
from pitwall.ui.picture import Picture
from pitwall.ui.qt import QtGui, QtWidgets
from pitwall.ui.scene import Scene, ShowsCursor, ShowsScene
from pitwall.ui.theme import Theme

__all__ = ["Feed", "Panes"]


class Feed:
    """Hands data to the panes.

    Attributes:
        shown_us: newest event time of the selected car that the panes were given.
        others: further panes that can be seen now, set by the window; see
            :mod:`pitwall.ui.registry`.
    """

    def __init__(
        self, inputs: Inputs, workspace: Workspace, panes: Panes, theme: Callable[[], Theme]
    ) -> None:
        self.shown_us = 0
        self.others: tuple[QtWidgets.QWidget, ...] = ()
        self._context = context = Context(inputs, workspace, panes, theme)
        self._lines = LinesFeed(context)
        self._field = FieldFeed(context)
        self._traces = TracesFeed(context)
        self._timeline = TimelineFeed(context)
        self._stand_in: str | None = None

    @property
    def loading(self) -> bool:
        """Whether the panes were last told that what was is still being loaded."""
        return self._context.laps.loading

    @property
    def fresh(self) -> bool:
        """Whether the panes were last told that the newest data here is the newest there is."""
        return self._context.fresh

    @property
    def picture(self) -> Picture | None:
        """What the trace stack shows."""
        return self._traces.picture

    @property
    def pictures(self) -> int:
        """Pictures handed to the trace stack so far; for tests."""
        return self._traces.pictures

    def colour(self, car: str | None) -> QtGui.QColor:
        """A car's colour, the same everywhere; see :mod:`pitwall.ui.car_colours`."""
        return self._context.colour(car)

    def health(self) -> Health:
        """The source's state as the window has to say it; see :meth:`LinesFeed.health`."""
        return self._lines.health()

    def refresh(self, *, redraw: bool = False) -> None:
        """Bring every pane up to date; each repaints only what differs. ``redraw`` hands the
        curves over even when they are the same (another theme or car colour)."""
        context = self._context
        inputs, laps = context.inputs, context.laps
        timing, health = inputs.timing(), inputs.health()
        self._first_car(timing)
        self._lines.before(health)
        laps.connected, laps.loading = health.connected, health.loading
        context.fresh = health.fresh
        context.panes.timeline.show_connected(
            health.connected, loading=laps.loading or not context.fresh
        )
        context.look(timing)
        context.learn_track(timing)
        self._field.show(timing)
        self._traces.show(timing, redraw=redraw)
        self._field.show_map(timing)
        self._timeline.show(timing)
        self._traces.show_cursor()
        self._show_scene()
        self._lines.painted()
        self.lines()
        car = context.view.car
        self.shown_us = inputs.store.latest_us(car) if car else 0

    def lines(self) -> None:
        """The top and bottom lines and the progress bar, and the ages that grow."""
        if self._lines.show():
            self._field.show(self._context.inputs.timing())

    def detail(self) -> None:
        """The health in full, where somebody looks at it; once a second."""
        self._lines.detail()

    def cursor_moved(self) -> None:
        """The cursor, in every pane but the one that moved it; in the past clock, map and timing
        go with it."""
        timing = self._context.inputs.timing()
        if self._context.look(timing):
            self._field.show(timing)
            self._field.show_map(timing)
            self.lines()
        self._traces.show_cursor()
        self.span_moved()

    def span_moved(self) -> None:
        """Another part of the axis is in view, or the cursor is elsewhere: for further panes."""
        scene = self.scene()
        for pane in self.others:
            if isinstance(pane, ShowsCursor):
                pane.show_cursor(scene)

    def scene(self) -> Scene:
        """What further panes are shown now."""
        context = self._context
        return Scene(
            context.inputs.store,
            context.view,
            context.inputs.timing(),
            self.picture,
            context.as_of,
            context.as_of_words(),
            self.health(),
            context.fresh,
            context.laps.loading,
            context.colour,
            context.inputs.debrief(),
        )

    def _show_scene(self) -> None:
        scene = self.scene()
        for pane in self.others:
            if isinstance(pane, ShowsScene):
                pane.show_scene(scene)

    def _first_car(self, timing: Timing | None) -> None:
        """Until the user chooses, the first leader known is looked at, and stays when the lead
        changes; before there is an order, any car."""
        context = self._context
        car = context.view.car
        if car is not None and car != self._stand_in:
            self._stand_in = None
            return
        ordered = timing is not None and timing.circuit is not None and bool(timing.order)
        cars = timing.order if timing is not None and ordered else context.inputs.store.cars()
        if cars and (car is None or ordered):
            self._stand_in = None if ordered else cars[0]
            context.workspace.change(car=cars[0])
