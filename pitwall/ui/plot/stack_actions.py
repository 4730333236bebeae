"""What the keys of the trace stack do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pitwall.store import SessionStore
from pitwall.ui.model import Workspace
from pitwall.ui.picture import Picture
from pitwall.ui.plot.choice import Trace
from pitwall.ui.plot.plot_editor import TALLER, PlotEditor
from pitwall.ui.trace_layout import ChannelName, LapChoice


class Stack(Protocol):
    """What is needed of the trace stack."""

    picture: Picture | None
    plots: PlotEditor

    def lead_trace(self) -> Trace | None:
        """The channel that keys act on."""

    def in_view(self) -> list[tuple[ChannelName, float, float]]:
        """Least and greatest value in view of each channel."""

    def update(self) -> None:
        """Repaint."""

    def toggle_forecast(self) -> None:
        """Draw what is modelled, or no longer."""


class StackActions:
    """The actions on plots, laps, scales, units and the cursor's steps."""

    def __init__(self, workspace: Workspace, store: SessionStore, stack: Stack) -> None:
        self._workspace = workspace
        self._store = store
        self._stack = stack

    def handlers(self) -> dict[str, Callable[[], None]]:
        """By name of the action."""
        plots, stack = self._stack.plots, self._stack
        return {
            "fit": lambda: plots.keep_scales(stack.in_view()),
            "limits": plots.by_limits,
            "plot_above": lambda: self._choose(-1),
            "plot_below": lambda: self._choose(1),
            "plot_up": lambda: plots.shift(-1),
            "plot_down": lambda: plots.shift(1),
            "plot_taller": lambda: plots.grow(TALLER),
            "plot_lower": lambda: plots.grow(1 / TALLER),
            "plot_remove": plots.remove_current,
            "plots_usual": plots.usual,
            "sample_before": lambda: self._step_cursor(-1),
            "sample_after": lambda: self._step_cursor(1),
            "lay_over": self._lay_over,
            "lay_off": plots.no_laps,
            "apart": plots.toggle_apart,
            "predicted": stack.toggle_forecast,
            "units": self._next_units,
            "channel_unit": self._next_channel_unit,
        }

    def _choose(self, by: int) -> None:
        self._stack.plots.step(by)
        self._stack.update()

    def _lay_over(self) -> None:
        """The shown lap stays on screen when another one is shown, or no longer does; the one that
        runs goes on as whichever its car is driving."""
        picture = self._stack.picture
        shown = picture.shown if picture is not None else None
        if shown is not None:
            number = -1 if shown.open else shown.lap.number
            self._workspace.toggle_lap(LapChoice(shown.car, number))

    def _next_units(self) -> None:
        self._workspace.change(units=self._workspace.view.units.next_system())

    def _next_channel_unit(self) -> None:
        trace = self._stack.lead_trace()
        if trace is not None:
            units, channel = self._workspace.view.units, trace.channel
            self._workspace.change(units=units.with_next(channel.name, channel.unit))

    def _step_cursor(self, by: int) -> None:
        """The cursor to the next sample of the current plot, or the one before."""
        picture, view = self._stack.picture, self._workspace.view
        trace = self._stack.lead_trace()
        car = picture.car if picture is not None else None
        if picture is None or trace is None or car is None:
            return
        columns = self._store.columns(car, trace.group)
        start = view.cursor
        if start is None:
            start = picture.shown.t_end if picture.shown else self._store.latest_us(car)
        found = columns.nearest(start) if columns is not None else None
        if columns is None or found is None:
            return
        if view.cursor is not None and (found - start) * by <= 0:
            window = columns.window(trace.index, found, found, margin=1)
            later, earlier = window.t[window.t > found], window.t[window.t < found]
            beyond = later[:1] if by > 0 else earlier[-1:]
            found = int(beyond[0]) if len(beyond) else found
        self._workspace.set_cursor(found, pin=True)
