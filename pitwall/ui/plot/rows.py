"""From a layout to the plots of a session: which channels are there, and in which plot each is."""

from __future__ import annotations

from dataclasses import replace

from pitwall.telemetry import Catalog
from pitwall.ui.picture import Plot
from pitwall.ui.plot.choice import Trace, named
from pitwall.ui.trace_layout import PlotChoice


def laid_out(
    catalog: Catalog, choices: tuple[PlotChoice, ...]
) -> tuple[tuple[Trace, ...], tuple[Plot, ...], tuple[str, ...]]:
    """Every channel that the layout names, each once; its plots, without those of which the
    session has no channel; and the names of the channels that it does not have."""
    places: dict[tuple[str, int], int] = {}
    traces: list[Trace] = []
    plots: list[Plot] = []
    absent: list[str] = []
    for number, choice in enumerate(choices):
        rows: list[int] = []
        for name in choice.channels:
            trace = named(catalog, name, choice.height)
            if trace is None:
                absent.append(name.channel)
                continue
            place = places.setdefault(trace.key, len(traces))
            if place == len(traces):
                traces.append(trace)
            if place not in rows:
                rows.append(place)
        if rows:
            plots.append(Plot(tuple(rows), choice.height, number))
    return tuple(traces), tuple(plots), tuple(dict.fromkeys(absent))


def each(traces: tuple[Trace, ...]) -> tuple[Plot, ...]:
    """A plot for each trace."""
    return tuple(Plot((i,), trace.weight, i) for i, trace in enumerate(traces))


def apart(plots: tuple[Plot, ...], laps: int) -> tuple[Plot, ...]:
    """Each plot once for each lap, one under the other."""
    if laps < 2:
        return plots
    return tuple(
        replace(plot, weight=plot.weight / laps, lap=lap) for plot in plots for lap in range(laps)
    )
