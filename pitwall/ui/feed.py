"""From the data to the panes: what changed is looked up once and handed to whoever draws it.

Runs on the Qt thread, at most once a frame. The panes draw; the numbers come from the store and
the timing engine; in between there is only this.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pitwall.analysis import Lap, Timing, TrackLine, corners_of
from pitwall.runtime import Health, ProcessUsage, Spread, State, Usage
from pitwall.telemetry import ClockKind
from pitwall.telemetry.clock import SECOND_US, clock_text
from pitwall.ui.asof import Standing, best_of_session, holes_until, laps_until, standings
from pitwall.ui.car_colours import CarColours
from pitwall.ui.inputs import Inputs
from pitwall.ui.lag import ShownLag
from pitwall.ui.lapview import LapView, with_current
from pitwall.ui.model import View, Workspace
from pitwall.ui.overdue import Overdue
from pitwall.ui.panes.banner import Banner
from pitwall.ui.panes.header import Header, Top
from pitwall.ui.panes.health import HealthPane
from pitwall.ui.panes.laps import LapsPane
from pitwall.ui.panes.loading import LoadingBar
from pitwall.ui.panes.map import Dot, MapPane
from pitwall.ui.panes.strip import Strip, Vital
from pitwall.ui.panes.timeline import Timeline
from pitwall.ui.panes.timeline_band import Span
from pitwall.ui.panes.timing import TimingPane
from pitwall.ui.panes.values import ValuesPane
from pitwall.ui.picture import Picture
from pitwall.ui.plot.choice import choose, position_channels
from pitwall.ui.plot.trace_stack import TraceStack
from pitwall.ui.qt import QtGui
from pitwall.ui.theme import Theme

OLD_PLACE_US = 5 * SECOND_US


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


class Feed:
    """Hands data to the panes.

    Attributes:
        shown_us: newest event time of the selected car that the panes were given.
        pictures: pictures handed to the trace stack so far; for tests.
    """

    def __init__(
        self, inputs: Inputs, workspace: Workspace, panes: Panes, theme: Callable[[], Theme]
    ) -> None:
        self.shown_us = 0
        self.pictures = 0
        self._inputs = inputs
        self._workspace = workspace
        self._panes = panes
        self._theme = theme
        self._colours = CarColours(len(theme().cars))
        self._laps = LapView(inputs.store, choose(inputs.store.session.catalog))
        self._place = position_channels(inputs.store.session.catalog)
        self._overdue = Overdue()
        self._process = ProcessUsage()
        self._usage: Usage | None = None
        self._frame: Spread | None = None
        self._second = 0.0
        self._commit = (-1, time.monotonic())
        self._painted_us = 0
        """Newest event time of any car that the panes were given."""
        self._lag = ShownLag()
        self._fresh = True
        self._older_us = 0
        """By how much the ages of the field are more than the timing says."""
        self._track: TrackLine | None = None
        self._picture: Picture | None = None
        self._key: object = None
        self._stand_in: str | None = None
        self._as_of: int | None = None

    @property
    def loading(self) -> bool:
        """Whether the panes were last told that what was is still being loaded."""
        return self._laps.loading

    @property
    def fresh(self) -> bool:
        """Whether the panes were last told that the newest data here is the newest there is."""
        return self._fresh

    @property
    def picture(self) -> Picture | None:
        """What the trace stack shows."""
        return self._picture

    def colour(self, car: str | None) -> QtGui.QColor:
        """A car's colour, the same everywhere; see :mod:`pitwall.ui.car_colours`."""
        theme = self._theme()
        if car is None:
            return theme.car(0)
        return theme.car(self._colours.index(car, self._inputs.store.cars()))

    def health(self) -> Health:
        """The source's state as the window has to say it: its lag is that of what is painted,
        however fresh the newest head was, and silence counts on."""
        health = self._inputs.health()
        if health.state is State.SILENT:
            quiet_us = int((time.monotonic() - self._commit[1]) * SECOND_US)
            age_us = max(quiet_us, health.age_us or 0)
            return replace(health, age_us=age_us // SECOND_US * SECOND_US)
        if not health.connected or health.loading:
            return health
        self._note_lag(health)
        known = [lag for lag in (health.lag_us, self._lag.shown_us) if lag is not None]
        return replace(health, lag_us=max(known, default=None))

    def _note_lag(self, health: Health) -> None:
        painted = self._painted_age_us(health)
        if painted is not None:
            self._lag.note(painted, time.monotonic())

    def _painted_age_us(self, health: Health) -> int | None:
        """Age of the newest sample on screen; None when not known."""
        if health.shift_us is None or not self._painted_us:
            return None
        return max(self._inputs.now_us() - self._painted_us - health.shift_us, 0)

    # -- refreshing ---------------------------------------------------------------------

    def refresh(self, *, redraw: bool = False) -> None:
        """Bring every pane up to date; each repaints only what differs. ``redraw`` hands the
        curves over even when they are the same (another theme or car colour)."""
        version = self._inputs.store.version
        if version != self._commit[0]:
            self._commit = (version, time.monotonic())
        timing = self._inputs.timing()
        self._first_car(timing)
        view = self._workspace.view
        health = self._inputs.health()
        self._note_lag(health)  # what was on screen until now
        self._laps.connected, self._laps.loading = health.connected, health.loading
        self._fresh = health.fresh
        self._panes.timeline.show_connected(
            health.connected, loading=self._laps.loading or not self._fresh
        )
        self._as_of = self._moment(view, timing)
        self._field(view, timing)
        self._curves(view, timing, redraw)
        self._map(view, timing)
        self._timeline(view, timing)
        self._show_cursor()
        self._painted_us = self._inputs.store.latest_us()
        self.lines()
        self.shown_us = self._inputs.store.latest_us(view.car) if view.car else 0

    def lines(self) -> None:
        """The top and bottom lines and the progress bar."""
        inputs, panes = self._inputs, self._panes
        health, store = self.health(), inputs.store
        books, now = store.ledger(), time.monotonic()
        missing = self._overdue.count(books, now, at_rest=not health.connected)
        view = self._workspace.view
        moment = self._as_of if self._as_of is not None else store.latest_us()
        panes.header.show_top(Top(store.session, moment, health, books, view.live, missing))
        panes.banner.show_health(health)
        panes.loading.show_health(health, books.applied)
        self._grow_older(health)
        # A figure about the program itself must not be what keeps it busy.
        if now - self._second >= 1.0 and health.state is not State.SILENT:
            self._second = now
            self._usage = self._process.sample()
            self._frame = inputs.stats.recent_ms
        panes.strip.show_vital(
            Vital(health, books, store.session.started_us, missing, self._frame, self._usage)
        )

    def _aged(self, line: Standing) -> Standing:
        if line.age_us is None or not self._older_us:
            return line
        return replace(line, age_us=line.age_us + self._older_us)

    def detail(self) -> None:
        """The health in full, where somebody looks at it; once a second."""
        if not self._panes.health.isVisible():
            return
        detail = self._inputs.detail()
        if detail is not None:
            # One word for one thing: what the header says of the lag, the pane says too.
            health = self.health()
            live = health.state in (State.LIVE, State.LATE)
            lag_us = health.lag_us if live else detail.lag_us
            self._panes.health.show_detail(replace(detail, health=health, lag_us=lag_us))

    def _grow_older(self, health: Health) -> None:
        """While nothing new comes, each car's age goes on by whole seconds: none of them is fresh
        because all of them are equally old."""
        older = 0
        silent = health.state is State.SILENT
        if (silent or not health.state.current) and not health.loading:
            age = self._painted_age_us(health) or 0
            if silent and age:  # in step with the header's label: one repaint a second
                age = health.age_us or 0
            older = age // SECOND_US * SECOND_US
        if older != self._older_us:
            self._older_us = older
            self._field(self._workspace.view, self._inputs.timing())

    def cursor_moved(self) -> None:
        """The cursor, in every pane but the one that moved it; in the past clock, map and timing
        go with it."""
        view, timing = self._workspace.view, self._inputs.timing()
        moment = self._moment(view, timing)
        if moment != self._as_of:
            self._as_of = moment
            self._field(view, timing)
            self._map(view, timing)
            self.lines()
        self._show_cursor()

    def _moment(self, view: View, timing: Timing | None) -> int | None:
        """The moment of the past that clock, map and timing show; None when live. On a lap that
        was chosen, without a cursor, its end."""
        if view.live or view.cursor is not None:
            return None if view.live else view.cursor
        if view.moment is not None:
            return view.moment
        shown = self._laps.shown(view, timing)
        return shown.t_end if shown is not None else None

    def _as_of_words(self) -> str:
        """What is said beside everything that shows the past."""
        if self._as_of is None:
            return ""
        return f"as of {clock_text(self._as_of - self._inputs.store.session.started_us)}"

    def _show_cursor(self) -> None:
        view, panes, store = self._workspace.view, self._panes, self._inputs.store
        picture = self._picture
        panes.timeline.show_heads(view.moment, view.cursor, view.live)
        t_us = view.cursor or view.moment or (store.latest_us(view.car) if view.car else 0)
        if picture is not None and picture.shown is not None and view.cursor is None:
            t_us = min(t_us, picture.shown.t_end)
        reference = None
        if picture is not None and picture.mapping and picture.reference_mapping:
            x = float(picture.mapping.to_x(np.array([t_us]))[0])
            if picture.reference is not None:
                reference = (picture.reference.car, picture.reference_mapping.to_time(x))
        newest = "live" if self._fresh else "newest"
        if self._laps.loading:
            newest = "loading"
        where = newest if view.cursor is None and view.live else "at the cursor"
        if view.cursor is None and not view.live:
            where = clock_text(t_us - store.session.started_us)
        mark = view.mark if view.cursor is not None else None
        panes.values.show_values(store, view.car, t_us, reference, where, mark)
        panes.map.show_cursor(self._place_of(view.car, view.cursor))

    # -- parts --------------------------------------------------------------------------

    def _first_car(self, timing: Timing | None) -> None:
        """Until the user chooses, the first leader known is looked at, and stays when the lead
        changes; before there is an order, any car."""
        car = self._workspace.view.car
        if car is not None and car != self._stand_in:
            self._stand_in = None
            return
        ordered = timing is not None and timing.circuit is not None and bool(timing.order)
        cars = timing.order if timing is not None and ordered else self._inputs.store.cars()
        if cars and (car is None or ordered):
            self._stand_in = None if ordered else cars[0]
            self._workspace.change(car=cars[0])

    def _field(self, view: View, timing: Timing | None) -> None:
        if timing is None:
            return
        panes = self._panes
        best = best_of_session(timing, self._as_of)
        table = tuple(self._aged(line) for line in standings(timing, self._as_of))
        colours = {line.car: self.colour(line.car) for line in table}
        panes.timing.set_titles("Timing", self._as_of_words())
        panes.timing.show_standings(table, best, view.car, colours)
        car = timing.cars.get(view.car or "")
        if car is None:
            return
        laps = with_current(car.car, car.laps, car.current_lap, car.lap_start_us)
        own = car.best
        running: int | None = car.current_lap
        predicted = self._laps.prediction(view, timing)
        holes = self._inputs.store.holes(car.car)
        if view.moment is not None and self._as_of is not None:
            laps, holes = laps_until(laps, self._as_of), holes_until(holes, self._as_of)
            own = next((line.best for line in table if line.car == car.car), None)
            running, predicted = None, None
        elif view.moment is None:
            best = timing.best  # a chosen lap stands in the list of all of them
        shown = self._laps.shown(view, timing)
        reference, _ = self._laps.reference(view, timing, shown)
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
            loading=self._laps.loading,
            thirds=timing.track is None or not timing.track.sectors,
        )

    def _curves(self, view: View, timing: Timing | None, redraw: bool) -> None:
        track = timing.track if timing else None
        if track is not self._track:
            self._track = track
            corners = corners_of(track) if track is not None else ()
            self._laps.corners = tuple((c.name, c.distance_m) for c in corners)
        picture = self._laps.picture(view, timing)
        state = (self._fresh, self._laps.loading)
        key = (_signature(picture), view.car, view.axis, view.live, state)
        if key == self._key and not redraw:
            return
        self._key, self._picture = key, picture
        self.pictures += 1
        clock = self._inputs.store.session.clock
        rough = clock is ClockKind.RECONSTRUCTED
        self._panes.traces.show_picture(
            picture,
            self.colour(view.car),
            reconstructed=rough,
            connected=self._fresh,
            loading=self._laps.loading,
        )
        self._panes.map.show_gains(picture.behind, rough=rough)

    def _map(self, view: View, timing: Timing | None) -> None:
        track = timing.track if timing else None
        pane = self._panes.map
        corners = tuple((at, name) for name, at in self._laps.corners)
        pane.show_track(track, corners)
        if track is None or timing is None:
            return
        moment = self._as_of if self._as_of is not None else self._inputs.store.latest_us()
        resting = {line.car for line in standings(timing, self._as_of) if line.in_pit}
        dots = []
        for car in self._inputs.store.cars():
            place = self._place_of(car, moment)
            if place is not None:
                dots.append(Dot(car, *place, self.colour(car), car == view.car, car in resting))
        pane.show_dots(dots)
        pane.show_as_of(self._as_of_words())

    def _place_of(self, car: str | None, t_us: int | None) -> tuple[float, float] | None:
        """Where a car was, in metres; None when nothing near that time is known."""
        if car is None or t_us is None or self._place is None or self._track is None:
            return None
        group, lat, lon = self._place
        columns = self._inputs.store.columns(car, group)
        found = columns.at(t_us) if columns is not None else None
        if found is None or t_us - found[0] > OLD_PLACE_US:
            return None
        values = found[1].astype(np.float64)
        if not np.isfinite(values[[lat, lon]]).all():
            return None
        x, y = self._track.to_xy(values[[lat]], values[[lon]])
        return float(x[0]), float(y[0])

    def _timeline(self, view: View, timing: Timing | None) -> None:
        store, health = self._inputs.store, self._inputs.health()
        session = store.session
        earliest, latest = store.earliest_us(), store.latest_us()
        start = min(session.started_us, earliest) if earliest else session.started_us
        planned = session.started_us + int(session.length_s * SECOND_US) if session.length_s else 0
        end = max(planned, latest)
        if not planned and health.connected:
            # No planned length: keep room ahead, and move in steps rather than with every chunk.
            step = 300 * SECOND_US
            end = start + ((latest - start) // step + 1) * step
        car = timing.cars.get(view.car or "") if timing else None
        laps: tuple[Lap, ...] = ()
        if car is not None:
            laps = tuple(with_current(car.car, car.laps, car.current_lap, car.lap_start_us))
        traces = self._laps.traces(view.car)
        self._panes.timeline.show_span(
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
                self._laps.loading,
            ),
            store,
            traces[0] if traces else None,
            self.colour(view.car),
        )


def _lap_key(lap: Lap | None) -> tuple[str, int] | None:
    return (lap.car, lap.number) if lap is not None else None


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
    )
