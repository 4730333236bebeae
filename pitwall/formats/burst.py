"""Event time from receipt times that come in bursts.

Samples are taken at a steady pace and arrive bundled, seconds late. Two things are known: how far
the car drove between two samples and how fast (so: how long it took), and that no sample arrives
before it was taken. The way driven gives a clock ("reckoned") that is smooth and right over short
spans but has no zero and drifts a little; receipt minus reckoned time is this unknown offset plus
the sample's delay, and its lower envelope, allowed to change only as fast as the reckoning can
drift, is the offset plus the least delay. Event time = reckoned time + envelope - least delay.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pitwall.formats.odometer import Odometer, Stamp

LEAST_DELAY_S = 0.25
"""Delay of the fastest samples. Shifts all times alike: laps and gaps do not depend on it."""
_DRIFT = 0.008
"""How far the envelope may rise per second reckoned: the error of wheel speed against way."""
_SMOOTH_S = 30.0
_HORIZON_S = 120.0
"""Event time held back: a delay longer than this can no longer be told from a jump."""
_MAX_HELD = 20_000
_MAX_PENDING = 400
_SLOW = 2.0
_MIN_STEP_S = 0.001
_DOUBT_S = 4.0

Floats = NDArray[np.float64]


class BurstClock:
    """Turns stamps with receipt times into stamps with event times, in order.

    Memory is bounded by the horizon, whatever the length of the file. Channel names are those of
    the logger.
    """

    def __init__(self, speed: str, distance: str, latitude: str, longitude: str) -> None:
        self._names = (speed, distance, latitude, longitude)
        self._odometer = Odometer()
        self._pending: list[tuple[Stamp, float | None, float | None, int]] = []
        self._stamps: list[Stamp] = []
        self._laps: list[int] = []
        self._tau: list[float] = []  # reckoned time, s
        self._late: list[float] = []  # receipt - reckoned, s
        self._slack: list[float] = []  # how far the envelope may move on the step to this stamp
        self._zero: int | None = None
        self._last_us = 0
        self._done = 0  # held stamps already given out, kept as the past of the smoothing
        self._envelope = np.inf
        self._known: tuple[float, float] | None = None  # way, speed at the last reckoned stamp

    def push(self, stamp: Stamp) -> Iterator[tuple[Stamp, int, int]]:
        """Take the next stamp; yield ``(stamp, event_us, lap)`` for those that are settled."""
        speed, distance, latitude, longitude = self._names
        values = stamp.values
        at = self._odometer.add(values.get(distance), values.get(latitude), values.get(longitude))
        kmh = values.get(speed)
        way, firm = at if at is not None else (None, False)
        self._pending.append((stamp, way, None if kmh is None else kmh / 3.6, self._odometer.wraps))
        if (firm and kmh is not None) or len(self._pending) >= _MAX_PENDING:
            self._reckon(firm=firm)
        span = self._tau[-1] - self._tau[self._done] if self._done < len(self._tau) else 0.0
        if span > 2 * _HORIZON_S or len(self._tau) >= _MAX_HELD:
            yield from self._settle(final=False)

    def finish(self) -> Iterator[tuple[Stamp, int, int]]:
        """Yield what is left at the end of the file."""
        if self._pending:
            self._reckon(firm=False)
        yield from self._settle(final=True)

    def _reckon(self, *, firm: bool) -> None:
        """Give reckoned times to the pending stamps, the last of which closes the run; ``firm``
        says that its way and speed are known."""
        run, self._pending = self._pending, []
        receipt = np.array([s.receipt_us for s, _, _, _ in run], np.float64) / 1e6
        if self._zero is None:
            self._zero = run[0][0].receipt_us
        receipt -= self._zero / 1e6
        ways = [w for _, w, _, _ in run]
        speeds = [v for _, _, v, _ in run]
        before = self._known
        tau0 = self._tau[-1] if self._tau else float(receipt[0])
        late0 = self._late[-1] if self._late else 0.0
        last, pace = ways[-1], speeds[-1]
        if before is None or not firm or last is None or pace is None:
            steps, doubt = self._by_receipt(receipt, tau0 + late0)
        else:
            steps, doubt = _by_way(ways, speeds, before, receipt, tau0 + late0)
            if self._odometer.broken:
                # Way is missing here, so that what follows has an offset of its own.
                doubt[-1] = max(doubt[-1], 1.0 + steps[-1])
        self._odometer.broken = self._odometer.broken and not firm
        if firm and last is not None and pace is not None:
            self._known = (last, pace)
        tau = tau0 + np.cumsum(steps)
        for i, (stamp, _, _, lap) in enumerate(run):
            self._stamps.append(stamp)
            self._laps.append(lap)
            self._tau.append(float(tau[i]))
            self._late.append(float(receipt[i] - tau[i]))
            self._slack.append(float(doubt[i] if doubt[i] else _DRIFT * steps[i]))

    @staticmethod
    def _by_receipt(receipt: Floats, receipt0: float) -> tuple[Floats, Floats]:
        """Steps where nothing says how far the car went: spread evenly up to the newest receipt."""
        n = len(receipt)
        span = max(float(receipt[-1]) - receipt0, 0.0)
        steps = np.maximum(np.full(n, span / n), _MIN_STEP_S)
        return steps, np.full(n, span + 1.0)

    def _settle(self, *, final: bool) -> Iterator[tuple[Stamp, int, int]]:
        n = len(self._tau)
        if n == 0:
            return
        tau = np.array(self._tau)
        late = np.array(self._late)
        slack = np.array(self._slack)
        env = late.copy()
        env[0] = min(env[0], self._envelope + slack[0])
        for i in range(1, n):
            env[i] = min(env[i], env[i - 1] + slack[i])
        forward = env.copy()
        for i in range(n - 2, -1, -1):
            env[i] = min(env[i], env[i + 1] + slack[i + 1])
        event = tau + _smooth(tau, env, slack) - LEAST_DELAY_S
        out = n if final else int(np.searchsorted(tau, tau[-1] - _HORIZON_S))
        if not final and n >= _MAX_HELD:
            out = max(out, n - _MAX_HELD // 2)
        zero = self._zero or 0
        for i in range(self._done, out):
            stamp = self._stamps[i]
            us = zero + round(float(event[i]) * 1e6)
            us = max(min(us, stamp.receipt_us), self._last_us + 1000)
            self._last_us = us
            yield stamp, us, self._laps[i]
        cut = int(np.searchsorted(tau, tau[min(out, n - 1)] - 2 * _SMOOTH_S)) if out else 0
        cut = max(cut, out - _MAX_HELD // 4)
        if cut:
            self._envelope = float(forward[cut - 1])
        self._done = out - cut
        for held in (self._stamps, self._laps, self._tau, self._late, self._slack):
            del held[:cut]


def _by_way(
    ways: list[float | None],
    speeds: list[float | None],
    before: tuple[float, float],
    receipt: Floats,
    receipt0: float,
) -> tuple[Floats, Floats]:
    """Steps in seconds to each stamp of a run that ends in a known way and speed, and the slack
    of those steps that are in doubt (0 elsewhere)."""
    n = len(ways)
    at = np.arange(1, n + 1, dtype=np.float64)
    known = np.array([w is not None for w in ways])
    way = np.interp(
        np.concatenate([[0.0], at]),
        np.concatenate([[0.0], at[known]]),
        np.array([before[0], *(w for w in ways if w is not None)]),
    )
    # Between firm ends, soft ways may not lead out of them or back.
    way = np.maximum.accumulate(np.clip(way, way[0], max(way[0], way[-1])))
    has = np.array([v is not None for v in speeds])
    v = np.interp(
        way,
        np.array([before[0], *way[1:][has]]),
        np.array([before[1], *(x for x in speeds if x is not None)]),
    )
    mean = (v[1:] + v[:-1]) / 2
    moved = np.diff(way)
    steps = np.maximum(moved / np.maximum(mean, _SLOW), _MIN_STEP_S)
    doubt = np.zeros(n)
    since = np.diff(np.concatenate([[receipt0], receipt]))
    slow = mean < _SLOW
    # A standing car drives no way: its clock is the receipt time alone, and the envelope is free.
    steps[slow] = np.maximum(steps[slow], np.maximum(since[slow], _MIN_STEP_S))
    doubt[slow] = 1.0 + steps[slow]
    # Speed between samples this far apart is a guess: samples were lost, or the way is wrong.
    lost = ~slow & (steps > _DOUBT_S)
    doubt[lost] = steps[lost]
    return steps, doubt


def _smooth(tau: Floats, env: Floats, slack: Floats) -> Floats:
    """Mean of the envelope over a window of reckoned time, never across a doubtful step."""
    out = env.copy()
    edges = [0, *(np.flatnonzero(slack[1:] >= 1.0) + 1).tolist(), len(tau)]
    for a, b in zip(edges[:-1], edges[1:], strict=True):
        if b - a < 3:
            continue
        t, y = tau[a:b], env[a:b]
        area = np.concatenate([[0.0], np.cumsum(np.diff(t) * (y[1:] + y[:-1]) / 2)])
        half = np.minimum(np.minimum(t - t[0], t[-1] - t), _SMOOTH_S)
        lo, hi = t - half, t + half
        wide = half > 0
        mean = (np.interp(hi, t, area) - np.interp(lo, t, area))[wide] / (2 * half[wide])
        out[a:b][wide] = mean
    return out
