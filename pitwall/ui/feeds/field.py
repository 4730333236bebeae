"""The timing table, the laps of the selected car, and the map."""

from __future__ import annotations

import time
from dataclasses import replace

from pitwall.analysis import Lap, Timing
from pitwall.ui.asof import Standing, best_of_session, holes_until, laps_until, standings
from pitwall.ui.feeds.context import Context
from pitwall.ui.feeds.places import place_of
from pitwall.ui.lapview import with_current
from pitwall.ui.panes.map import Dot


class FieldFeed:
    """Where everybody is, and how fast."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def show(self, timing: Timing | None) -> None:
        """Timing and laps, live or as they stood."""
        if timing is None:
            return
        context = self._context
        panes, view = context.panes, context.view
        best = best_of_session(timing, context.as_of)
        table = tuple(self._aged(line) for line in standings(timing, context.as_of))
        colours = {line.car: context.colour(line.car) for line in table}
        panes.timing.set_titles("Timing", context.as_of_words())
        panes.timing.show_standings(table, best, view.car, colours)
        car = timing.cars.get(view.car or "")
        if car is None:
            return
        laps = with_current(car.car, car.laps, car.current_lap, car.lap_start_us)
        own = car.best
        running: int | None = car.current_lap
        predicted = context.laps.prediction(view, timing)
        holes = context.inputs.store.holes(car.car)
        if view.moment is not None and context.as_of is not None:
            laps, holes = laps_until(laps, context.as_of), holes_until(holes, context.as_of)
            own = next((line.best for line in table if line.car == car.car), None)
            running, predicted = None, None
        elif view.moment is None:
            best = timing.best  # a chosen lap stands in the list of all of them
        shown = context.laps.shown(view, timing)
        reference, _ = context.laps.reference(view, timing, shown)
        settled = context.inputs.settled.cars
        panes.laps.show_laps(
            car.car,
            laps,
            running,
            predicted,
            own,
            best,
            _lap_key(shown.lap if shown else None),
            _lap_key(reference.lap if reference else None),
            holes,
            loading=context.laps.loading,
            thirds=timing.track is None or not timing.track.sectors,
            ideal_s=self._ideal(car.car) if self._context.as_of is None else None,
            official=settled.laps.get(car.car),
            source=settled.source,
            older_us=context.behind_us(timing, time.monotonic()),
            ended=not context.laps.connected and context.as_of is None,
        )

    def _ideal(self, car: str) -> float | None:
        """The car's best sectors put together, seconds; None before they are known."""
        debrief = self._context.inputs.debrief()
        bests = debrief.bests.get(car) if debrief is not None else None
        return bests.sectors.seconds if bests is not None else None

    def show_map(self, timing: Timing | None) -> None:
        """The track and everybody's place on it."""
        context = self._context
        track = timing.track if timing else None
        pane, store = context.panes.map, context.inputs.store
        corners = tuple((at, name) for name, at in context.laps.corners)
        pane.show_track(track, corners)
        if track is None or timing is None:
            return
        moment = context.as_of if context.as_of is not None else store.latest_us()
        resting = {line.car for line in standings(timing, context.as_of) if line.in_pit}
        dots = []
        for car in store.cars():
            place = place_of(context, car, moment)
            if place is not None:
                selected = car == context.view.car
                dots.append(Dot(car, *place, context.colour(car), selected, car in resting))
        pane.show_dots(dots)
        pane.show_as_of(context.as_of_words())

    def _aged(self, line: Standing) -> Standing:
        older_us = self._context.older_us
        if line.age_us is None or not older_us:
            return line
        return replace(line, age_us=line.age_us + older_us)


def _lap_key(lap: Lap | None) -> tuple[str, int] | None:
    return (lap.car, lap.number) if lap is not None else None
