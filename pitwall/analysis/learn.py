"""Learning the circuit from what the cars sent: its line, its length, and what can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pitwall.analysis.corners import CORNERS_META, Corner, corners_from_json, corners_of
from pitwall.analysis.known_tracks import with_sectors
from pitwall.analysis.marks import Mark, clean_distance, distance_marks
from pitwall.analysis.signals import Floats, Signals, Times, read
from pitwall.analysis.sources import LapSource, gate_of, gate_passes, line_marks
from pitwall.analysis.track import Tangent, TrackLine, close_line
from pitwall.store import SessionStore
from pitwall.telemetry import ClockKind, Gate

SPACING_M = 3.0
MAX_LAPS = 48
"""Laps that a line is learnt from; more do not make it better."""
_LAP_POINTS = 500
"""Positions of one lap that are looked at, about one in 8 m."""
_EXACT_M = 1.0
_STAMPED_M = 5.0
"""Lap distance is trusted where it starts anew within so much (one standard deviation) of one
place: with reconstructed times, and with the cars' own."""
_AT_LINE_M = 600.0
_LEAST_M = 300.0
"""No circuit is shorter."""
_FEW = 4
"""With fewer laps than this the quickest says how long one takes."""
_SLOW = 1.08
"""Laps that take longer than so many usual ones are not learnt from: one through the pit lane has
several times as many positions there as one that drives past, and would bend the line."""
_FOREVER = 1 << 62
_BESIDE_M = 15.0


@dataclass(frozen=True, slots=True, eq=False)
class Circuit:
    """What laps are measured on.

    Attributes:
        length_m: length of a lap: of the line when there is one, else of the lap distance.
        track: the line, None where nobody sends a position.
        distance_m: lap distance that stands for one lap, NaN where there is none.
        exact: True when lap distance starts anew at one place (within a metre), so that it is the
            better witness of a crossing than the position.
        marks: number of lap marks it was learnt from.
        corners: of the line: as saved with the session, else as found; none without a line.
        source: what laps begin by.
        spread_m: how far apart lap distance starts anew, one standard deviation; NaN where no
            position tells.
        end_spread_m: how much lap distance at the end of a lap differs, one standard deviation;
            NaN where there is none.
    """

    length_m: float
    track: TrackLine | None
    distance_m: float
    exact: bool
    marks: int
    corners: tuple[Corner, ...] = ()
    source: LapSource = LapSource.POSITION
    spread_m: float = float("nan")
    end_spread_m: float = float("nan")

    @property
    def marked(self) -> bool:
        """True when crossings are the moments that a channel tells, not places of the car."""
        return self.source in (LapSource.BEACON, LapSource.LAP_NUMBER)


@dataclass(frozen=True, slots=True, eq=False)
class _Lap:
    """Position samples of one marked lap."""

    t: Times
    x: Floats
    y: Floats
    f: Floats


def learn(store: SessionStore, signals: Signals, track: TrackLine | None = None) -> Circuit | None:
    """The circuit as far as it can be told; None before there is one whole lap.

    With ``track`` (from a file or an earlier session) the line is taken as it is.
    """
    gate = gate_of(store, signals)
    marks: dict[str, list[Mark]] = {}
    lengths: list[float] = []
    sources: set[LapSource] = set()
    for car in store.cars():
        marks[car], source = _marks(store, signals, car, gate)
        if source is LapSource.DISTANCE:
            lengths += [m.length_m for m in marks[car][1:]]
        if source is not None and marks[car]:
            sources.add(source)
    total = sum(len(m) for m in marks.values())
    distance = float(np.median(lengths)) if lengths else float("nan")
    ends = _robust_spread(np.array(lengths) - distance) if len(lengths) > 2 else float("nan")
    if track is None:
        laps, tangent = _laps(store, signals, marks, distance)
        if laps and tangent is not None:
            track = _line(laps, tangent)
    if track is None:
        if np.isfinite(distance):
            source = LapSource.DISTANCE
            return Circuit(distance, None, distance, True, total, source=source, end_spread_m=ends)
        return _reckoned(store, signals, marks, sources, total)
    places = _mark_places(store, signals, marks, track)
    exact = False
    spread = float("nan")
    if len(places):
        middle = _circular_median(places, track.length_m)
        off = (places - middle + track.length_m / 2) % track.length_m - track.length_m / 2
        spread = _robust_spread(off)
        # Positions are stamped apart from lap distance and have errors of their own: where the cars
        # stamp their samples, a few metres do not speak against lap distance.
        stamped = store.session.clock is ClockKind.EVENT and _steady(store, signals)
        exact = np.isfinite(distance) and spread < (_STAMPED_M if stamped else _EXACT_M)
        if gate is not None and track.laps:
            at = track.project(np.array([gate.latitude]), np.array([gate.longitude]))
            middle = float(at[0]) if np.isfinite(at[0]) else middle
        if track.laps:
            track = _start_at(track, middle)
    saved = store.meta(CORNERS_META)
    corners = corners_of(track) if saved is None else corners_from_json(saved)
    length = track.length_m
    trusted = LapSource.DISTANCE if exact else LapSource.POSITION
    if gate is not None:
        trusted, exact = LapSource.GATE, False
    elif not np.isfinite(distance) and sources == {LapSource.BEACON}:
        trusted = LapSource.BEACON
    return Circuit(
        length,
        with_sectors(track),
        distance,
        bool(exact),
        total,
        corners,
        trusted,
        spread,
        ends,
    )


def _steady(store: SessionStore, signals: Signals) -> bool:
    """Whether lap distance goes on by what the speed says from one sample to the next, behind the
    line, where a crossing is read from it: some counters jump by metres."""
    off: list[Floats] = []
    for car in store.cars():
        t, d = read(store, car, signals.distance, 0, _FOREVER)
        v = speed_at(store, signals, car, t)
        dt = np.diff(t) / 1e6
        step = np.diff(d[0])
        near = (d[0][:-1] < _AT_LINE_M) & (step > 0) & (dt < 1.0)
        off.append(np.abs(step - dt * (v[1:] + v[:-1]) / 2)[near])
    found = np.concatenate(off) if off else np.zeros(0)
    return len(found) > 0 and float(np.percentile(found, 90)) < _EXACT_M


def _robust_spread(off: Floats) -> float:
    """Standard deviation as the median deviation from 0 tells it."""
    return 1.4826 * float(np.median(np.abs(off)))


def _reckoned(
    store: SessionStore,
    signals: Signals,
    marks: dict[str, list[Mark]],
    sources: set[LapSource],
    total: int,
) -> Circuit | None:
    """A circuit of which only the length is known: the way by speed between two marks."""
    lengths = []
    for car, own in marks.items():
        for a, b in zip(own[:-1], own[1:], strict=True):
            t, v = read(store, car, signals.speed, a.t_us, b.t_us)
            if len(t) > 2 and np.diff(t).max() <= signals.limit_us:
                way = np.diff(t) / 1e6 * (v[0][1:] + v[0][:-1]) / 2
                lengths.append(float(way.sum()) * signals.speed_factor)
    lengths = [length for length in lengths if length >= _LEAST_M]
    if not lengths:
        return None
    best = LapSource.BEACON if LapSource.BEACON in sources else LapSource.LAP_NUMBER
    length = float(np.median(lengths))
    return Circuit(length, None, float("nan"), False, total, source=best)


def _marks(
    store: SessionStore, signals: Signals, car: str, gate: Gate | None
) -> tuple[list[Mark], LapSource | None]:
    """A car's marks, and what they come from: the most trusted that it has."""
    if gate is not None:
        times = gate_passes(store, signals, car)
        if len(times):
            return [Mark(int(at), float("nan")) for at in times], LapSource.GATE
    if signals.distance is not None:
        t, d = read(store, car, signals.distance, 0, _FOREVER)
        if len(t):
            keep = clean_distance(t, d[0])
            t, distance = t[keep], d[0][keep]
            v = speed_at(store, signals, car, t)
            limit = max(2_000_000, round(5e6 / max(signals.distance.rate_hz, 0.1)))
            return distance_marks(t, distance, v, limit), LapSource.DISTANCE
    marks, source = line_marks(store, signals, car)
    return [Mark(m.t_us, float("nan")) for m in marks], source


def speed_at(store: SessionStore, signals: Signals, car: str, t: Times) -> Floats:
    """Speed in m/s at times ``t``, interpolated; zeros where the car sends none."""
    if not len(t):
        return np.zeros(0)
    ts, v = read(store, car, signals.speed, int(t[0]), int(t[-1]), margin=1)
    if not len(ts):
        return np.zeros(len(t))
    speeds: Floats = np.interp(t, ts, v[0] * signals.speed_factor)
    return speeds


def _laps(
    store: SessionStore, signals: Signals, marks: dict[str, list[Mark]], distance: float
) -> tuple[list[_Lap], Tangent | None]:
    """Positions of whole laps of usual length, with the part of the lap done at each."""
    place = signals.position
    if place is None:
        return [], None
    spans = [
        (b.t_us - a.t_us, car, a.t_us, b.t_us)
        for car, own in marks.items()
        for a, b in zip(own[:-1], own[1:], strict=True)
    ]
    if not spans:
        return [], None
    quick = float(np.percentile([s[0] for s in spans], 25))
    if len(spans) < _FEW:
        quick = min(s[0] for s in spans)
    spans = sorted(s for s in spans if 0.8 * quick <= s[0] <= _SLOW * quick)
    every = max(1, len(spans) // MAX_LAPS)
    laps: list[_Lap] = []
    tangent: Tangent | None = None
    for _, car, t_lo, t_hi in spans[::every][:MAX_LAPS]:
        t, p = read(store, car, place, t_lo, t_hi)
        if len(t) < 20:
            continue
        if tangent is None:
            tangent = Tangent(float(np.median(p[0])), float(np.median(p[1])), signals.planar)
        x, y = tangent.to_xy(p[0], p[1])
        near = np.hypot(x - np.median(x), y - np.median(y)) < 20_000
        x, y, t = x[near], y[near], t[near]
        thin = max(1, len(t) // _LAP_POINTS)
        x, y, t = x[::thin], y[::thin], t[::thin]
        laps.append(_Lap(t, x, y, _fractions(store, signals, car, t, x, y, (t_lo, t_hi), distance)))
    return laps, tangent


def _fractions(
    store: SessionStore,
    signals: Signals,
    car: str,
    t: Times,
    x: Floats,
    y: Floats,
    span: tuple[int, int],
    distance: float,
) -> Floats:
    if np.isfinite(distance):
        td, d = read(store, car, signals.distance, *span)
        keep = clean_distance(td, d[0])
        if keep.any():
            parts: Floats = np.clip(np.interp(t, td[keep], d[0][keep]) / distance, 0.0, 1.0)
            return parts
    way = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    return np.asarray(way / max(float(way[-1]), 1.0))


def _line(laps: list[_Lap], tangent: Tangent) -> TrackLine | None:
    """Median line over laps: first by part of the lap, then by what lies beside the line."""
    x = np.concatenate([lap.x for lap in laps])
    y = np.concatenate([lap.y for lap in laps])
    f = np.concatenate([lap.f for lap in laps])
    way = float(np.median([np.hypot(np.diff(lap.x), np.diff(lap.y)).sum() for lap in laps]))
    n = max(int(way / 8), 16)
    bins = np.minimum((f * n).astype(np.int64), n - 1)
    mx, my = _bin_medians(bins, x, n), _bin_medians(bins, y, n)
    filled = np.isfinite(mx)
    if filled.sum() < 0.5 * n:
        return None
    mx, my = _fill_ring(mx), _fill_ring(my)
    xy, length = close_line(_ring_mean(mx, 1), _ring_mean(my, 1), SPACING_M)
    for half in (3, 2, 1, 1):
        line = TrackLine(xy, length, tangent)
        s, side = line.place(x, y)
        m = len(xy)
        good = np.abs(side) < _BESIDE_M
        bins = (s[good] / (length / m) + 0.5).astype(np.int64) % m
        beside = _fill_ring(_bin_medians(bins, side[good], m), missing=0.0)
        beside = _ring_mean(beside, half)
        ahead = np.roll(xy, -1, axis=0) - np.roll(xy, 1, axis=0)
        normal = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
        normal /= np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
        moved = xy + normal * beside[:, None]
        xy, length = close_line(_ring_mean(moved[:, 0], 1), _ring_mean(moved[:, 1], 1), SPACING_M)
    return TrackLine(xy, length, tangent, laps=len(laps))


def _mark_places(
    store: SessionStore, signals: Signals, marks: dict[str, list[Mark]], track: TrackLine
) -> Floats:
    """Where on the line the cars were at their marks."""
    found = []
    for car, own in marks.items():
        for mark in own[-MAX_LAPS:]:
            t, p = read(store, car, signals.position, mark.t_us - 1_000_000, mark.t_us + 1_000_000)
            i = int(np.searchsorted(t, mark.t_us))
            if not 0 < i < len(t):
                continue
            s = track.project(p[0][i - 1 : i + 1], p[1][i - 1 : i + 1])
            ahead = (s[1] - s[0] + track.length_m / 2) % track.length_m - track.length_m / 2
            w = (mark.t_us - int(t[i - 1])) / max(int(t[i] - t[i - 1]), 1)
            if np.isfinite(ahead):
                found.append((s[0] + w * ahead) % track.length_m)
    return np.array(found)


def _start_at(track: TrackLine, s0: float) -> TrackLine:
    """The same line with its beginning ``s0`` metres further on."""
    n = len(track.xy)
    places: Floats = s0 + np.arange(n, dtype=np.float64) * (track.length_m / n)
    x, y = track.at(places)
    xy = np.stack([x, y], axis=1)
    ring = np.concatenate([xy, xy[:1]])
    length = float(np.hypot(*np.diff(ring, axis=0).T).sum())
    return TrackLine(xy, length, track.tangent, track.sectors, track.laps)


def _circular_median(s: Floats, length: float) -> float:
    """Median of places on a ring, taken from their mean direction."""
    angle = s / length * 2 * np.pi
    mean = np.arctan2(np.sin(angle).mean(), np.cos(angle).mean()) / (2 * np.pi) * length
    off = (s - mean + length / 2) % length - length / 2
    return float((mean + np.median(off)) % length)


def _bin_medians(bins: np.ndarray, values: Floats, n: int) -> Floats:
    out = np.full(n, np.nan)
    if not len(bins):
        return out
    order = np.lexsort((values, bins))
    sorted_bins, ranked = bins[order], values[order]
    starts = np.flatnonzero(np.diff(sorted_bins, prepend=-1))
    ends = np.append(starts[1:], len(order))
    medians = (ranked[(starts + ends - 1) // 2] + ranked[(starts + ends) // 2]) / 2
    # NaN ranks last; as with numpy's median, one makes its bin unknown.
    out[sorted_bins[starts]] = np.where(np.isnan(ranked[ends - 1]), np.nan, medians)
    return out


def _fill_ring(values: Floats, missing: float = float("nan")) -> Floats:
    """NaNs replaced by interpolation round the ring; all NaN gives ``missing``."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return np.full(len(values), missing)
    return np.interp(np.arange(len(values)), known, values[known], period=len(values))


def _ring_mean(values: Floats, half: int) -> Floats:
    """Running mean over ``2 * half + 1`` neighbours round the ring."""
    padded = np.concatenate([values[-half:], values, values[:half]])
    kernel = np.full(2 * half + 1, 1 / (2 * half + 1))
    return np.convolve(padded, kernel, "valid")
