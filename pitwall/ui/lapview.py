"""Which laps are on screen, and their curves against the shared axis. Plain numpy, no Qt.

A :class:`~pitwall.ui.picture.Picture` is rebuilt when the store or the view changed, never while
only the cursor moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis import Circuit, Lap, LapAxis, LapKind, Timing, delta, lap_axis, live_delta_us
from pitwall.store import SessionStore, Source
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.asof import best_of_session, standings
from pitwall.ui.model import ROLLING_S, Axis, ReferenceKind, View
from pitwall.ui.overdue import awaited
from pitwall.ui.picture import Floats, HoleMark, Line, Mapping, Picture, Shown, Stretch, Times
from pitwall.ui.plot.choice import MOST, Trace, position_channels
from pitwall.ui.words import NOT_LOADED, seconds

REFRESH_US = 5 * SECOND_US


@dataclass(slots=True)
class _Kept:
    key: object
    at_us: int
    lines: tuple[Line, ...] = ()
    mapping: Mapping | None = None
    axis: LapAxis | None = None


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
    _kept: dict[object, _Kept] = field(default_factory=dict)

    def __post_init__(self) -> None:
        place = position_channels(self.store.session.catalog)
        self._position_group = place[0] if place is not None else ""

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
        traces = self.traces(shown.car)
        now = self._lap_data(shown, circuit, traces)
        then = self._lap_data(reference, circuit, traces) if reference else None
        by_distance = view.axis is Axis.DISTANCE and now.axis is not None
        mapping = _mapping(shown, now.axis if by_distance else None)
        edge = float(mapping.x[-1]) if shown.open else None
        then_mapping = None
        if reference and then:
            then_mapping = _mapping(reference, then.axis if by_distance else None)
        lines = tuple(_against(line, mapping) for line in now.lines)
        then_lines: tuple[Line, ...] = ()
        if then is not None and then_mapping is not None:
            then_lines = tuple(_against(line, then_mapping) for line in then.lines)
        if by_distance:
            full = (0.0, circuit.length_m)
        else:
            longest = [shown.t_end - shown.lap.t_start]
            if reference:
                longest.append(reference.t_end - reference.lap.t_start)
            full = (0.0, max(max(longest) / SECOND_US, 1.0))
        racing = timing is not None and not timing.cars[shown.car].in_pit
        behind = None
        stale = shown.open and self.loading  # a delta up to now would be taken for a live one
        carried: tuple[tuple[float, float], ...] = ()
        told = shown.lap.start_known and reference is not None and reference.lap.start_known
        if now.axis is not None and then is not None and then.axis is not None and told:
            behind = None if stale else _known(*delta(now.axis, then.axis))
            carried = _carried(now.axis, then.axis, mapping)
        behind_line = _delta_line(behind, now.axis, mapping)
        if shown.open:
            mapping = _extended(mapping, then_mapping, full[1])
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
            holes=self._holes(shown.car, shown.lap.t_start, shown.t_end, mapping),
            seams=self._seams(traces, shown.car, shown.lap.t_start, shown.t_end, mapping),
            edge=edge,
            position_group=self._position_group,
            corners=tuple((s, name) for name, s in self.corners) if by_distance else (),
            shown=shown,
            reference=reference,
            reference_word=word,
        )

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
        traces = self.traces(view.car)
        empty = Picture(Axis.ROLLING, (0.0, ROLLING_S), traces, ())
        if view.car is None:
            return empty
        edge = view.moment if view.moment is not None else self.store.latest_us(view.car)
        if not edge:
            return empty
        columns = [self.store.columns(view.car, group) for group in _groups(traces)]
        held = [c for c in columns if c is not None]
        newest = (edge - start) / SECOND_US
        opening = (newest - view.window_s, newest)
        t_lo = min((c.t_lo for c in held), default=edge)
        low = min((t_lo - start) / SECOND_US, opening[0])
        t_lo = start + int(low * SECOND_US)
        t_hi = max(self.store.latest_us(view.car), edge)
        high = (t_hi - start) / SECOND_US
        mapping = Mapping(np.array([t_lo, t_hi]), np.array([low, high]))
        return Picture(
            axis=Axis.ROLLING,
            full=(low, high),
            opening=opening,
            session=Stretch(view.car, start, tuple(c.version for c in held)),
            traces=traces,
            lines=(),
            mapping=mapping,
            holes=self._holes(view.car, t_lo, t_hi, mapping),
            seams=self._seams(traces, view.car, t_lo, t_hi, mapping),
            edge=high if view.moment is None else None,
            corners=self._lap_marks(view.car, timing, low, high),
            shown=self.shown(view, timing),
        )

    def _lap_marks(
        self, car: str, timing: Timing | None, low: float, high: float
    ) -> tuple[tuple[float, str], ...]:
        """Where laps begin, on the session's clock."""
        found = timing.cars.get(car) if timing else None
        start = self.store.session.started_us
        marks = [
            ((lap.t_start - start) / SECOND_US, f"L{lap.number}")
            for lap in (found.laps if found else ())
        ]
        return tuple(mark for mark in marks if low <= mark[0] <= high)

    def _lap_data(self, shown: Shown, circuit: Circuit, traces: tuple[Trace, ...]) -> _Kept:
        """Samples and axis of a lap; a lap that is over is looked at again now and then only,
        because late chunks may still fill its holes."""
        lap = shown.lap
        name = (lap.car, lap.number, traces)
        key = (lap.t_start, shown.t_end, id(circuit), self.store.version if shown.open else 0)
        latest = self.store.latest_us()
        kept = self._kept.get(name)
        if kept and kept.key == key and latest - kept.at_us < REFRESH_US:
            return kept
        lines = tuple(self._line(lap.car, trace, lap.t_start, shown.t_end) for trace in traces)
        found = lap_axis(self.store, lap.car, lap, circuit)
        axis = found if len(found.t) > 1 and found.s[-1] > 0 else None
        made = _Kept(key, latest, lines, None, axis)
        if len(self._kept) > 16:
            self._kept.clear()
        self._kept[name] = made
        return made

    def _line(self, car: str, trace: Trace, t_lo: int, t_hi: int) -> Line:
        window = self.store.window(car, trace.group, trace.index, t_lo, t_hi)
        t = np.asarray(window.t)
        y = np.asarray(window.v, np.float64)
        starts = np.asarray(window.starts, np.intp)
        good = np.isfinite(y)
        if not good.all():
            t, y, starts = _without_gaps(t, y, starts, good)
        return Line(t, np.empty(0), y, starts)

    def _holes(self, car: str, t_lo: int, t_hi: int, mapping: Mapping) -> tuple[HoleMark, ...]:
        marks = []
        for hole in self.store.holes(car):
            if hole.t_hi <= t_lo or hole.t_lo >= t_hi:
                continue
            x = mapping.to_x(np.array([max(hole.t_lo, t_lo), min(hole.t_hi, t_hi)]))
            word = "missing" if hole.n_hi else "no data"
            text = f"{seconds(hole.t_hi - hole.t_lo)} {word}"
            if self.loading and awaited(hole):
                text = NOT_LOADED
            marks.append(HoleMark(float(x[0]), float(x[1]), hole.group, text))
        return tuple(marks)

    def _seams(
        self, traces: tuple[Trace, ...], car: str, t_lo: int, t_hi: int, mapping: Mapping
    ) -> tuple[tuple[float, str], ...]:
        if not traces:
            return ()
        columns = self.store.columns(car, traces[0].group)
        found = []
        before: Source | None = None
        for t, source in columns.sources(t_lo, t_hi) if columns is not None else ():
            if source is Source.TABLE:
                continue  # a repair lies within its neighbours; the ledger counts it
            if before is not None and source is not before:
                x = mapping.to_x(np.array([t]))
                found.append((float(x[0]), f"{before.value} ▸ {source.value}"))
            before = source
        return tuple(found[:8])


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


def _known(s: Floats, seconds_behind: Floats) -> tuple[Floats, Floats] | None:
    """The part of a delta that both laps have driven, NaN where one of them was not seen; None
    when there is none."""
    good = np.flatnonzero(np.isfinite(seconds_behind))
    if not len(good):
        return None
    part = slice(int(good[0]), int(good[-1]) + 1)
    return s[part], seconds_behind[part]


def _delta_line(
    behind: tuple[Floats, Floats] | None, axis: LapAxis | None, mapping: Mapping
) -> Line | None:
    """The delta over the shared axis, whatever that counts; it breaks where it is not known."""
    if behind is None or axis is None:
        return None
    good = np.flatnonzero(np.isfinite(behind[1]))
    t = np.interp(behind[0][good], axis.s, axis.t).astype(np.int64)
    starts = np.flatnonzero(np.diff(good, prepend=-9) > 1)
    return Line(t, mapping.to_x(t), behind[1][good], starts.astype(np.intp))


def _carried(now: LapAxis, then: LapAxis, mapping: Mapping) -> tuple[tuple[float, float], ...]:
    """Where on the shared axis the delta rests on progress that one of the laps was carried to by
    its speed."""
    scale = now.length_m / then.length_m
    stretches = [*now.carried, *((lo * scale, hi * scale) for lo, hi in then.carried)]
    t = np.interp(np.array(stretches).reshape(-1), now.s, now.t).astype(np.int64)
    x = mapping.to_x(t).reshape(-1, 2)
    return tuple(sorted((float(lo), float(hi)) for lo, hi in x if hi > lo))


def _mapping(shown: Shown, axis: LapAxis | None) -> Mapping:
    if axis is not None:
        return Mapping(axis.t, axis.s)
    t0, t1 = shown.lap.t_start, shown.t_end
    return Mapping(np.array([t0, t1]), np.array([0.0, (t1 - t0) / SECOND_US]))


def _extended(mapping: Mapping, reference: Mapping | None, end: float) -> Mapping:
    """A running lap's mapping carried on to the end of the axis, at the reference's pace where
    there is one, so that the cursor can be ahead of the car."""
    t_edge, x_edge = int(mapping.t[-1]), float(mapping.x[-1])
    if reference is not None:
        ahead = reference.x > x_edge
        t = reference.t[ahead] - reference.to_time(x_edge) + t_edge
        x = reference.x[ahead]
    elif len(mapping.x) > 1 and x_edge > mapping.x[0] and end > x_edge:
        pace = (t_edge - int(mapping.t[0])) / (x_edge - float(mapping.x[0]))
        t, x = np.array([t_edge + int((end - x_edge) * pace)]), np.array([end])
    else:
        return mapping
    return Mapping(np.concatenate((mapping.t, t)), np.concatenate((mapping.x, x)))


def _against(line: Line, mapping: Mapping) -> Line:
    return Line(line.t, mapping.to_x(line.t), line.y, line.starts)


def _without_gaps(
    t: Times, y: Floats, starts: NDArray[np.intp], good: NDArray[np.bool_]
) -> tuple[Times, Floats, NDArray[np.intp]]:
    """Drop samples that are not numbers; a run breaks where some were dropped."""
    run = np.zeros(len(t), np.int64)
    run[starts[starts < len(t)]] = 1
    run = np.cumsum(run) + np.cumsum(~good)
    run = run[good]
    broken = np.flatnonzero(np.concatenate(([True], run[1:] != run[:-1]))) if len(run) else run
    return t[good], y[good], broken.astype(np.intp)
