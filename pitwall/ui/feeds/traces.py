"""The traces, and the cursor in every pane."""

from __future__ import annotations

import numpy as np

from pitwall.analysis import Timing
from pitwall.telemetry import ClockKind
from pitwall.telemetry.clock import clock_text
from pitwall.ui.feeds.context import Context
from pitwall.ui.feeds.places import place_of
from pitwall.ui.panes.values import OtherRead, Wanted
from pitwall.ui.picture import Picture
from pitwall.ui.plot.readings import other_time
from pitwall.ui.plot.readings import place_of as place_on_axis


class TracesFeed:
    """Hands pictures to the trace stack, and the cursor to everybody.

    Attributes:
        picture: what the trace stack shows.
        pictures: handed over so far; for tests.
    """

    def __init__(self, context: Context) -> None:
        self.picture: Picture | None = None
        self.pictures = 0
        self._context = context
        self._key: object = None

    def show(self, timing: Timing | None, *, redraw: bool) -> None:
        """A new picture when it would look different; ``redraw``: in any case."""
        context = self._context
        view, laps = context.view, context.laps
        picture = laps.picture(view, timing)
        state = (context.fresh, laps.loading)
        looks = (view.traces, view.units)
        key = (_signature(picture), view.car, view.axis, view.live, state, looks)
        if key == self._key and not redraw:
            return
        self._key, self.picture = key, picture
        self.pictures += 1
        clock = context.inputs.store.session.clock
        rough = clock is ClockKind.RECONSTRUCTED
        context.panes.traces.show_picture(
            picture,
            context.colour(view.car),
            tuple(context.colour(car) for car in _other_cars(picture)),
            reconstructed=rough,
            connected=context.fresh,
            loading=laps.loading,
        )
        context.panes.map.show_gains(picture.behind, rough=rough)

    def show_cursor(self) -> None:
        """The cursor, in every pane but the traces, which follow it by themselves."""
        context, picture = self._context, self.picture
        view, panes, store = context.view, context.panes, context.inputs.store
        panes.timeline.show_heads(view.moment, view.cursor, view.live)
        t_us = view.cursor or view.moment or (store.latest_us(view.car) if view.car else 0)
        shown = picture.shown if picture is not None else None
        # The newest is the newest, also where the timing has not come to the end of the lap yet.
        if shown is not None and not shown.open and view.cursor is None:
            t_us = min(t_us, shown.t_end)
        reference = None
        if picture is not None and picture.mapping and picture.reference_mapping:
            x = float(picture.mapping.to_x(np.array([t_us]))[0])
            if picture.reference is not None:
                reference = (picture.reference.car, picture.reference_mapping.to_time(x))
        newest = "live" if context.fresh else "newest"
        if context.laps.loading:
            newest = "loading"
        where = newest if view.cursor is None and view.live else "at the cursor"
        if view.cursor is None and not view.live:
            where = clock_text(t_us - store.session.started_us)
        mark = view.mark if view.cursor is not None else None
        plotted = tuple(t.key for t in picture.traces) if picture is not None else ()
        others = self._others(t_us)
        wanted = Wanted(view.car, t_us, reference, where, mark, plotted, others, view.units)
        panes.values.show_values(store, wanted)
        panes.map.show_cursor(place_of(context, view.car, view.cursor))

    def _others(self, t_us: int) -> tuple[OtherRead, ...]:
        """The laps laid over, where they were at the same place as the shown one at ``t_us``."""
        context, picture = self._context, self.picture
        if picture is None or picture.mapping is None:
            return ()
        if picture.session is not None:
            cars = picture.session.others
            return tuple(OtherRead(f"car {car}", car, t_us, context.colour(car)) for car in cars)
        x = place_on_axis(picture, t_us)
        found = []
        for other in picture.others:
            words = f"{other.shown.car} L{other.shown.lap.number}"
            colour = context.colour(other.shown.car)
            found.append(OtherRead(words, other.shown.car, other_time(other, x), colour))
        return tuple(found)


def _other_cars(picture: Picture) -> tuple[str, ...]:
    if picture.session is not None:
        return picture.session.others
    return tuple(other.shown.car for other in picture.others)


def _signature(picture: Picture) -> object:
    """Equal for two pictures that would be painted alike."""
    shown, reference = picture.shown, picture.reference
    return (
        picture.axis,
        picture.full if picture.edge is None else picture.full[1],
        (picture.session, picture.opening),
        (shown.lap, shown.t_end) if shown else None,
        (reference.lap, reference.t_end) if reference else None,
        picture.reference_word,
        tuple((len(line.t), len(line.starts)) for line in picture.lines),
        tuple((len(line.t), len(line.starts)) for line in picture.reference_lines),
        picture.holes,
        picture.seams,
        picture.predicted_us,
        picture.corners,
        picture.delta is None,
        picture.bands,
        picture.computed,
        picture.reading,
        [(other.shown, tuple(len(line.t) for line in other.lines)) for other in picture.others],
    )
