"""What is done to the plots of a stack: channels put in, taken out, moved; heights and scales."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pitwall.ui.model import Workspace
from pitwall.ui.picture import Picture
from pitwall.ui.plot.axis import nice_limits
from pitwall.ui.plot.choice import as_choices
from pitwall.ui.trace_layout import ChannelName, TraceLayout

TALLER = 1.25


class PlotEditor:
    """Changes the layout in the workspace. Plots are counted as in the layout.

    Attributes:
        picture: what is shown; None before the first. Set by the stack.
        current: the plot that keys act on; None before one was chosen.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.picture: Picture | None = None
        self.current: int | None = None
        self._workspace = workspace

    @property
    def layout(self) -> TraceLayout:
        """The present layout, with the plots that are there written out."""
        layout = self._workspace.view.traces
        if layout.plots or self.picture is None:
            return layout
        return replace(layout, plots=as_choices(self.picture.traces))

    def put(self, layout: TraceLayout) -> None:
        """Show another layout."""
        self._workspace.change(traces=layout)

    # -- channels -----------------------------------------------------------------------

    def insert(self, name: ChannelName, before: int | None = None) -> None:
        """A new plot for a channel, before another one or at the end."""
        self.put(self.layout.with_plot(name, before))
        plots = len(self._workspace.view.traces.plots)
        self.current = plots - 1 if before is None else min(before, plots - 1)

    def overlay(self, name: ChannelName, plot: int) -> None:
        """A channel over those of a plot."""
        if plot < len(self.layout.plots):
            self.put(self.layout.with_channel(name, plot))
            self.current = plot

    def remove(self, name: ChannelName, plot: int) -> None:
        """Take a channel out of a plot."""
        self.put(self.layout.without_channel(name, plot))
        self._bound()

    def carry(
        self, name: ChannelName, plot: int, *, onto: int | None = None, before: int | None = None
    ) -> None:
        """A channel from its plot onto another one, or to a place between two; a plot with one
        channel moves as it is."""
        layout = self.layout
        alone = len(layout.plots[plot].channels) == 1
        if onto is not None:
            if onto == plot or name in layout.plots[onto].channels:
                return
            there = layout.with_channel(name, onto)
            if there is not layout:
                self.put(there.without_channel(name, plot))
                self.current = onto - (alone and plot < onto)
        elif before is not None:
            if alone:
                self.put(layout.moved(plot, before))
                self.current = before - (before > plot)
            else:
                height = layout.plots[plot].height
                self.put(layout.without_channel(name, plot).with_plot(name, before, height))
                self.current = before

    def toggle(self, name: ChannelName) -> None:
        """A plot of its own for a channel; or, where it is drawn, no longer."""
        layout = self.layout
        holding = [i for i, plot in enumerate(layout.plots) if name in plot.channels]
        if not holding:
            self.insert(name)
            return
        for plot in reversed(holding):
            layout = layout.without_channel(name, plot)
        self.put(layout)
        self._bound()

    # -- the current plot ---------------------------------------------------------------

    def step(self, by: int) -> None:
        """Another of the plots that are seen is the current one."""
        stack = self.picture.stack if self.picture is not None else ()
        seen = sorted({plot.number for plot in stack})
        if not seen:
            return
        if self.current not in seen:
            self.current = seen[0] if by > 0 else seen[-1]
            return
        at = seen.index(self.current) + by
        self.current = seen[min(max(at, 0), len(seen) - 1)]

    def shift(self, by: int) -> None:
        """The current plot one place up or down."""
        at, plots = self.current, len(self.layout.plots)
        if at is None or not 0 <= at + by < plots:
            return
        self.put(self.layout.moved(at, at + by + (by > 0)))
        self.current = at + by

    def grow(self, factor: float) -> None:
        """The current plot taller or lower."""
        at, layout = self.current, self.layout
        if at is not None and at < len(layout.plots):
            self.put(layout.with_height(at, layout.plots[at].height * factor))

    def remove_current(self) -> None:
        """The current plot's newest channel, and with the last one the plot."""
        at, layout = self.current, self.layout
        if at is not None and at < len(layout.plots):
            self.remove(layout.plots[at].channels[-1], at)

    def usual(self) -> None:
        """The usual plots, heights and scales again; laps laid over stay."""
        layout = self._workspace.view.traces
        self.current = None
        self.put(replace(layout, plots=(), scales=()))

    def no_laps(self) -> None:
        """Only the shown lap and the reference."""
        self.put(replace(self._workspace.view.traces, laps=()))

    def toggle_apart(self) -> None:
        """Each lap in plots of its own, or all over each other."""
        layout = self._workspace.view.traces
        self.put(replace(layout, apart=not layout.apart))

    # -- scales -------------------------------------------------------------------------

    def keep_scales(self, seen: Iterable[tuple[ChannelName, float, float]]) -> None:
        """Round limits around what is in view, kept until they are asked for again."""
        layout = self._workspace.view.traces
        for name, low, high in seen:
            layout = layout.with_scale(name, *nice_limits(low, high))
        self.put(layout)

    def by_limits(self) -> None:
        """Every plot by its channels' limits again."""
        self.put(replace(self._workspace.view.traces, scales=()))

    def zoom_scale(
        self, limits: Iterable[tuple[ChannelName, float, float]], factor: float, share: float
    ) -> None:
        """Axes as they are, narrower by ``factor`` around ``share`` of their height."""
        layout = self._workspace.view.traces
        for name, low, high in limits:
            centre = low + (high - low) * share
            layout = layout.with_scale(
                name, centre - (centre - low) / factor, centre + (high - centre) / factor
            )
        self.put(layout)

    def _bound(self) -> None:
        plots = len(self._workspace.view.traces.plots)
        if self.current is not None:
            self.current = min(self.current, plots - 1) if plots else None
