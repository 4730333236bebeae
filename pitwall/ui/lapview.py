"""Which laps are on screen, and their curves against the shared axis. Plain numpy, no Qt.

A :class:`~pitwall.ui.picture.Picture` is rebuilt when the store or the view changed, never while
only the cursor moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from pitwall.analysis import (
    Circuit,
    Lap,
    LapAxis,
    LapKind,
    Signals,
    Timing,
    delta,
    lap_axis,
    live_delta_us,
)
from pitwall.store import SessionStore
from pitwall.store.computed import is_computed
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.asof import best_of_session, standings
from pitwall.ui.lap_lines import (
    against_axis,
    carried_on,
    carried_parts,
    delta_line,
    known_part,
    line_of,
    mapping_of,
)
from pitwall.ui.lap_marks import bands, hole_marks, lap_starts, seam_marks
from pitwall.ui.model import ROLLING_S, Axis, ReferenceKind, View
from pitwall.ui.picture import Line, Mapping, Other, Picture, Plot, Shown, Stretch
from pitwall.ui.plot.choice import MOST, Trace, as_choices, position_channels
from pitwall.ui.plot.rows import apart, each, laid_out
from pitwall.ui.trace_layout import LapChoice, PlotChoice

REFRESH_US = 5 * SECOND_US
AROUND_US = 30 * SECOND_US
"""Before and after a lap that its place on the track is told by."""
MOST_KEPT = 40
"""Laps of which the samples are kept; more than can be on screen."""


@dataclass(slots=True)
class _Kept:
    key: object
    at_us: int
    lines: tuple[Line, ...] = ()
    mapping: Mapping | None = None
    axis: LapAxis | None = None
    reading: bool = False
    """The samples are paged out, and asked for."""
    t_end: int = 0
    """Where the lap ends for now: at the line, should the data be ahead of the timing."""


@dataclass(slots=True)
class LapView:
    """Builds pictures and keeps what does not change from one to the next.

    Attributes:
        store: the session.
        candidates: every channel worth a plot, the first wanted first.
        corners: ``(name, metres)`` where known; set by the window.
        connected: False when no lap can still be driven; set by the window.
        loading: True while the past is still being loaded; set by the window.
    """

    store: SessionStore
    candidates: tuple[Trace, ...]
    corners: tuple[tuple[str, float], ...] = ()
    connected: bool = True
    loading: bool = False
    _position_group: str = ""
    _axis_groups: tuple[str, ...] = ()
    _kept: dict[object, _Kept] = field(default_factory=dict)

    def __post_init__(self) -> None:
        place = position_channels(self.store.session.catalog)
        self._position_group = place[0] if place is not None else ""
        self._axis_groups = Signals.of(self.store.session.catalog).groups()

    @property
    def live(self) -> bool:
        """Whether the newest data here is what is being driven now."""
        return self.connected and not self.loading

    def traces(self, car: str | None) -> tuple[Trace, ...]:
        """The plots for a car: what it sends, and no more than can be read."""
        if car is None:
            return self.candidates[:MOST]
        sent = [t for t in self.candidates if self.store.columns(car, t.group) is not None]
        return tuple(sent[:MOST])

    def plots(self, view: View, car: str | None) -> tuple[PlotChoice, ...]:
        """The plots as a layout names them: the user's, or the usual ones."""
        return view.traces.plots or as_choices(self.traces(car))

    def _laid_out(
        self, view: View, car: str | None
    ) -> tuple[tuple[Trace, ...], tuple[Plot, ...], tuple[str, ...]]:
        if not view.traces.plots:
            return self.traces(car), (), ()
        return laid_out(self.store.catalog, view.traces.plots)

    # -- which lap ----------------------------------------------------------------------

    def shown(self, view: View, timing: Timing | None) -> Shown | None:
        """The lap the view asks for; None while the car has none."""
        car = timing.cars.get(view.car) if timing and view.car else None
        if car is None:
            return None
        laps = with_current(car.car, car.laps, car.current_lap, car.lap_start_us)
        if view.lap is not None:
            found = [lap for lap in laps if lap.number == view.lap]
        elif view.moment is not None:
            moment = view.moment
            found = [lap for lap in laps if lap.t_start <= moment]
        else:
            found = laps
            if not self.connected and car.last is not None:
                found = [car.last]  # nothing is being driven: the last whole lap says more
        if not found:
            return None
        return self._span(found[-1])

    def reference(
        self, view: View, timing: Timing | None, shown: Shown | None
    ) -> tuple[Shown | None, str]:
        """The lap to compare with, and why it is that one."""
        rule = view.reference
        if timing is None or rule.kind is ReferenceKind.NONE:
            return None, ""
        if rule.kind is ReferenceKind.LAP:
            car = timing.cars.get(rule.car)
            laps = [lap for lap in car.laps if lap.number == rule.lap] if car else []
            lap, word = (laps[-1] if laps else None), "chosen"
        elif rule.kind is ReferenceKind.OWN_BEST:
            table = standings(timing, view.moment)
            lap = next((line.best for line in table if line.car == view.car), None)
            word = "own best"
        else:
            lap, word = best_of_session(timing, view.moment), "best of session"
        if view.moment is not None and rule.kind is not ReferenceKind.LAP:
            word += " then"
        if lap is None or lap.t_end is None:
            return None, ""
        if shown and (lap.car, lap.number) == (shown.lap.car, shown.lap.number):
            return None, "is the shown lap"
        return self._span(lap), word

    def _span(self, lap: Lap) -> Shown:
        if lap.t_end is not None:
            return Shown(lap, lap.t_end, False)
        return Shown(lap, max(self.store.latest_us(lap.car), lap.t_start + 1), True)

    # -- curves -------------------------------------------------------------------------

    def picture(self, view: View, timing: Timing | None) -> Picture:
        """What the stack draws for this view."""
        circuit = timing.circuit if timing else None
        shown = self.shown(view, timing)
        if view.axis is Axis.ROLLING or circuit is None or shown is None:
            return self._rolling(view, timing)
        reference, word = self.reference(view, timing, shown)
        traces, plots, absent = self._laid_out(view, shown.car)
        now = self._lap_data(shown, circuit, traces)
        shown = replace(shown, t_end=now.t_end)
        then = self._lap_data(reference, circuit, traces) if reference else None
        by_distance = view.axis is Axis.DISTANCE and now.axis is not None
        others = self._others(view, timing, shown, circuit, traces, by_distance)
        if view.traces.apart:
            plots = apart(plots or each(traces), 1 + len(others))
        mapping = mapping_of(shown, now.axis if by_distance else None)
        edge = float(mapping.x[-1]) if shown.open else None
        then_mapping = None
        if reference and then:
            then_mapping = mapping_of(reference, then.axis if by_distance else None)
        lines = tuple(against_axis(line, mapping) for line in now.lines)
        then_lines: tuple[Line, ...] = ()
        if then is not None and then_mapping is not None:
            then_lines = tuple(against_axis(line, then_mapping) for line in then.lines)
        if by_distance:
            full = (0.0, circuit.length_m)
        else:
            longest = [shown.t_end - shown.lap.t_start]
            if reference:
                longest.append(reference.t_end - reference.lap.t_start)
            longest += [one.shown.t_end - one.shown.lap.t_start for one in others]
            full = (0.0, max(max(longest) / SECOND_US, 1.0))
        racing = timing is not None and not timing.cars[shown.car].in_pit
        behind = None
        stale = shown.open and self.loading  # a delta up to now would be taken for a live one
        carried: tuple[tuple[float, float], ...] = ()
        told = shown.lap.start_known and reference is not None and reference.lap.start_known
        if now.axis is not None and then is not None and then.axis is not None and told:
            behind = None if stale else known_part(*delta(now.axis, then.axis))
            carried = carried_parts(now.axis, then.axis, mapping)
        between = (shown.lap.t_start, shown.t_end)
        behind_line = delta_line(behind, now.axis, mapping)
        if shown.open:
            mapping = carried_on(mapping, then_mapping, full[1])
        return Picture(
            axis=Axis.DISTANCE if by_distance else Axis.TIME,
            full=full,
            traces=traces,
            lines=lines,
            reference_lines=then_lines,
            mapping=mapping,
            reference_mapping=then_mapping,
            delta=behind_line,
            behind=behind if behind_line is not None else None,
            carried=carried,
            predicted_us=self._prediction(shown, now, reference, then) if racing else None,
            holes=hole_marks(self.store, shown.car, between, mapping, loading=self.loading),
            seams=self._seams(traces, shown.car, between, mapping),
            bands=bands(self.store, shown.car, _groups(traces), between, mapping),
            plots=plots,
            others=others,
            absent=absent,
            computed=self._computed((shown.car, *(other.shown.car for other in others)), traces),
            edge=edge,
            position_group=self._position_group,
            reading=now.reading or (then is not None and then.reading),
            corners=tuple((s, name) for name, s in self.corners) if by_distance else (),
            shown=shown,
            reference=reference,
            reference_word=word,
        )

    def _others(
        self,
        view: View,
        timing: Timing | None,
        shown: Shown,
        circuit: Circuit,
        traces: tuple[Trace, ...],
        by_distance: bool,
    ) -> tuple[Other, ...]:
        """The laps that are laid over, aligned at the line."""
        ranks = {shown.car: 1}
        drawn = {(shown.car, shown.lap.number)}
        found = []
        for choice in view.traces.laps:
            other = self._chosen(choice, view, timing)
            if other is None or (other.car, other.lap.number) in drawn:
                continue
            kept = self._lap_data(other, circuit, traces)
            other = replace(other, t_end=kept.t_end)
            if by_distance and kept.axis is None:
                continue  # nobody knows where it was
            drawn.add((other.car, other.lap.number))
            mapping = mapping_of(other, kept.axis if by_distance else None)
            lines = tuple(against_axis(line, mapping) for line in kept.lines)
            rank = ranks.get(other.car, 0)
            ranks[other.car] = rank + 1
            found.append(Other(other, mapping, lines, rank))
        return tuple(found)

    def _chosen(self, choice: LapChoice, view: View, timing: Timing | None) -> Shown | None:
        """The lap that a layout names; one that follows is that of the moment."""
        car = timing.cars.get(choice.car) if timing else None
        if car is None:
            return None
        if choice.lap < 0:
            return self.shown(replace(view, car=choice.car, lap=None), timing)
        laps = with_current(car.car, car.laps, car.current_lap, car.lap_start_us)
        lap = next((lap for lap in laps if lap.number == choice.lap), None)
        return self._span(lap) if lap is not None else None

    def _other_cars(self, view: View) -> tuple[str, ...]:
        """Cars whose laps are laid over: on the session's clock, their curves are."""
        cars = dict.fromkeys(choice.car for choice in view.traces.laps)
        return tuple(car for car in cars if car != view.car and self.store.latest_us(car))

    def prediction(self, view: View, timing: Timing | None) -> tuple[int, Lap] | None:
        """The time of the lap that the selected car is driving, if the rest of it takes as long as
        on the reference lap, microseconds, and that lap; None where it cannot be told."""
        car = timing.cars.get(view.car or "") if timing else None
        if car is None or timing is None or timing.circuit is None or not car.laps:
            return None
        if car.in_pit:
            return None
        running = self._span(car.laps[-1])
        reference, _ = self.reference(view, timing, running)
        if reference is None or not running.open or not self.live:
            return None
        traces = self.traces(running.car)
        now = self._lap_data(running, timing.circuit, traces)
        then = self._lap_data(reference, timing.circuit, traces)
        predicted = self._prediction(running, now, reference, then)
        return (predicted, reference.lap) if predicted is not None else None

    def _prediction(
        self, running: Shown, now: _Kept, reference: Shown | None, then: _Kept | None
    ) -> int | None:
        if reference is None or then is None or reference.lap.time_us is None:
            return None
        if not (running.open and self.live and running.lap.start_known):
            return None
        if now.axis is None or then.axis is None:
            return None
        behind = live_delta_us(now.axis, then.axis)
        return None if behind is None else reference.lap.time_us + behind

    def _rolling(self, view: View, timing: Timing | None) -> Picture:
        """The selected car's session, whatever its laps; the last seconds of it at first."""
        start = self.store.session.started_us
        traces, plots, absent = self._laid_out(view, view.car)
        empty = Picture(Axis.ROLLING, (0.0, ROLLING_S), traces, ())
        if view.car is None:
            return empty
        edge = view.moment if view.moment is not None else self.store.latest_us(view.car)
        if not edge:
            return empty
        others = self._other_cars(view)
        if view.traces.apart:
            plots = apart(plots or each(traces), 1 + len(others))
        cars = (view.car, *others)
        columns = [self.store.columns(car, group) for car in cars for group in _groups(traces)]
        held = [c for c in columns if c is not None]
        newest = (edge - start) / SECOND_US
        opening = (newest - view.window_s, newest)
        t_lo = min((c.t_lo for c in held), default=edge)
        low = min((t_lo - start) / SECOND_US, opening[0])
        t_lo = start + int(low * SECOND_US)
        t_hi = max(self.store.latest_us(view.car), edge)
        high = (t_hi - start) / SECOND_US
        mapping = Mapping(np.array([t_lo, t_hi]), np.array([low, high]))
        seen = [edge - round(view.window_s * SECOND_US), edge]
        ready = [self.store.ready(car, group, *seen) for car in cars for group in _groups(traces)]
        return Picture(
            axis=Axis.ROLLING,
            full=(low, high),
            opening=opening,
            session=Stretch(view.car, start, tuple(c.version for c in held), others),
            traces=traces,
            lines=(),
            mapping=mapping,
            holes=hole_marks(self.store, view.car, (t_lo, t_hi), mapping, loading=self.loading),
            seams=self._seams(traces, view.car, (t_lo, t_hi), mapping),
            bands=bands(self.store, view.car, _groups(traces), (t_lo, t_hi), mapping),
            plots=plots,
            absent=absent,
            computed=self._computed(cars, traces),
            edge=high if view.moment is None else None,
            reading=not all(ready),
            corners=lap_starts(view.car, timing, start, low, high),
            shown=self.shown(view, timing),
        )

    def _computed(self, cars: tuple[str, ...], traces: tuple[Trace, ...]) -> tuple[object, ...]:
        """Columns that are computed here, as they are now: they change by themselves."""
        groups = [group for group in _groups(traces) if is_computed(group)]
        return tuple(self.store.columns(car, group) for car in cars for group in groups)

    def _lap_data(self, shown: Shown, circuit: Circuit, traces: tuple[Trace, ...]) -> _Kept:
        """Samples and axis of a lap; a lap that is over is looked at again now and then only,
        because late chunks may still fill its holes."""
        lap = shown.lap
        name = (lap.car, lap.number, traces)
        computed = self._computed((lap.car,), traces)
        key = (lap.t_start, shown.t_end, id(circuit), self._versions(shown, traces), computed)
        latest = self.store.latest_us()
        kept = self._kept.get(name)
        if kept and kept.key == key and latest - kept.at_us < REFRESH_US:
            return kept
        if not self._ready(shown, traces):
            nothing = Line(np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty(0, np.intp))
            parts = (nothing,) * len(traces)
            return _Kept(key, latest, parts, reading=True, t_end=shown.t_end)
        found = lap_axis(self.store, lap.car, lap, circuit)
        t_end = int(found.t[-1]) if found.over else shown.t_end
        lines = tuple(line_of(self.store, lap.car, trace, lap.t_start, t_end) for trace in traces)
        axis = found if len(found.t) > 1 and found.s[-1] > 0 else None
        made = _Kept(key, latest, lines, None, axis, t_end=t_end)
        if len(self._kept) > MOST_KEPT:
            self._kept.clear()
        self._kept[name] = made
        return made

    def _versions(self, shown: Shown, traces: tuple[Trace, ...]) -> tuple[int, ...]:
        """Of what a running lap is made of: other cars' data change nothing here."""
        if not shown.open:
            return ()
        groups = dict.fromkeys((*_groups(traces), *self._axis_groups))
        measured = (self.store.columns(shown.car, g) for g in groups if not is_computed(g))
        return tuple(columns.version for columns in measured if columns is not None)

    def _ready(self, shown: Shown, traces: tuple[Trace, ...]) -> bool:
        """Whether all of a lap is in memory; what is not comes, and the picture is made anew."""
        groups = dict.fromkeys((*_groups(traces), *self._axis_groups))
        span = shown.lap.t_start - AROUND_US, shown.t_end + AROUND_US
        return all([self.store.ready(shown.car, group, *span) for group in groups])

    def _seams(
        self, traces: tuple[Trace, ...], car: str, between: tuple[int, int], mapping: Mapping
    ) -> tuple[tuple[float, str], ...]:
        if not traces:
            return ()
        return seam_marks(self.store, car, traces[0].group, between, mapping)


def _groups(traces: tuple[Trace, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(trace.group for trace in traces))


def with_current(
    car: str, laps: tuple[Lap, ...], number: int | None, start_us: int | None
) -> list[Lap]:
    """The laps and, when it is not among them, the one that still runs."""
    found = list(laps)
    if number is not None and start_us is not None and all(lap.number != number for lap in laps):
        found.append(
            Lap(car, number, start_us, None, None, 0, LapKind.INCOMPLETE, False, "running", ())
        )
    return found
