"""The timeline: the whole session at a glance."""

from __future__ import annotations

from pitwall.analysis import Lap, Timing
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.feeds.context import Context
from pitwall.ui.feeds.marks import Marks
from pitwall.ui.lapview import with_current
from pitwall.ui.panes.timeline_band import Span

ROOM_STEP_US = 300 * SECOND_US
"""Room ahead without a planned length grows by this."""


class TimelineFeed:
    """How long the session is, and what happened in it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._marks = Marks(context.inputs)

    def show(self, timing: Timing | None) -> None:
        """Bring the timeline up to date."""
        context, view = self._context, self._context.view
        store, health = context.inputs.store, context.inputs.health()
        session = store.session
        earliest, latest = store.earliest_us(), store.latest_us()
        start = min(session.started_us, earliest) if earliest else session.started_us
        planned = session.started_us + int(session.length_s * SECOND_US) if session.length_s else 0
        end = max(planned, latest)
        if not planned and health.connected:
            # No planned length: keep room ahead, and move in steps rather than with every chunk.
            end = start + ((latest - start) // ROOM_STEP_US + 1) * ROOM_STEP_US
        car = timing.cars.get(view.car or "") if timing else None
        laps: tuple[Lap, ...] = ()
        if car is not None:
            laps = tuple(with_current(car.car, car.laps, car.current_lap, car.lap_start_us))
        traces = context.laps.traces(view.car)
        context.panes.timeline.show_span(
            Span(
                session.started_us,
                start,
                max(end, start + SECOND_US),
                planned,
                latest,
                view.car,
                laps,
                timing.best if timing else None,
                store.holes(view.car) if view.car else (),
                health.seam_us,
                health.archive_to_us,
                context.laps.loading,
                self._marks.of(view.car, timing),
            ),
            store,
            traces[0] if traces else None,
            context.colour(view.car),
        )
