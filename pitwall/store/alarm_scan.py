"""The alarm's state machine over runs of samples, many at once.

Idle -> (a value beyond the limit) pending -> (beyond for the delay, without a break) raised ->
(a value inside by the hysteresis) idle. A hole ends what is pending, because nobody knows what was
in it, and does not end what was raised, because nobody knows that either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.store.alarm_rules import Kind, Rule

Times = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Episode:
    """One time that a rule was broken.

    Attributes:
        t_lo: event time of the first sample beyond the limit.
        raised_us: of the sample with which it had lasted for the delay.
        t_hi: of the first sample that is back inside; None while there is none.
        worst: the value farthest beyond until then.
    """

    t_lo: int
    raised_us: int
    t_hi: int | None
    worst: float


@dataclass(frozen=True, slots=True)
class State:
    """What is carried from one run of samples to the next.

    Attributes:
        since: first sample beyond, of what is pending or raised; None when idle.
        raised_us: when it was raised; None while pending.
        worst: the value farthest beyond so far.
    """

    since: int | None = None
    raised_us: int | None = None
    worst: float = 0.0


IDLE = State()


def beyond(rule: Rule, v: Floats) -> Floats:
    """How far each value is beyond the limits; 0 or less where it is not."""
    if rule.kind is Kind.ABOVE:
        return v - rule.high
    if rule.kind is Kind.BELOW:
        return rule.low - v
    return np.maximum(v - rule.high, rule.low - v)


def scan(
    rule: Rule, state: State, t: Times, v: Floats, starts: NDArray[np.integer]
) -> tuple[list[Episode], State]:
    """Go on from ``state`` over more samples.

    Args:
        rule: the limits.
        state: after the samples before these.
        t: event times, rising.
        v: values; what is no number counts as a hole.
        starts: indices at which a run starts; 0 among them when the first sample does not carry
            on from the one before.

    Returns:
        Episodes that were raised or ended here (one that goes on has no ``t_hi`` and is in the
        state as well), and the state after the last sample.
    """
    if not len(t):
        return [], state
    good = np.isfinite(v)
    if good.all():
        return _scan(rule, state, t, v, starts)
    if not good.any():
        return [], _broken(state)
    found, state = _scan(rule, state, t[good], v[good], _starts_of(starts, good))
    return found, state if good[-1] else _broken(state)


def _scan(
    rule: Rule, state: State, t: Times, v: Floats, starts: NDArray[np.integer]
) -> tuple[list[Episode], State]:
    over = beyond(rule, v)
    if len(starts) and int(starts[0]) == 0:
        state = _broken(state)
    found: list[Episode] = []
    at = 0
    if state.raised_us is None and not (over > 0).any():
        return [], IDLE
    clear: Times = np.flatnonzero(over <= -rule.hysteresis)
    if state.raised_us is not None and state.since is not None:
        end = _first(clear, 0)
        worst = _worst(over, v, 0, end, state.worst, rule)
        t_hi = int(t[end]) if end < len(t) else None
        found.append(Episode(state.since, state.raised_us, t_hi, worst))
        if t_hi is None:
            return found, State(state.since, state.raised_us, worst)
        at, state = end, IDLE
    firsts, lasts, since = _stretches(over > 0, t, starts, state)
    long = t[lasts] - since >= rule.delay_us
    for i in np.flatnonzero(long).tolist():
        first = int(firsts[i])
        if first < at:
            continue
        up = int(np.searchsorted(t, since[i] + rule.delay_us, "left"))
        up = max(up, first)
        end = _first(clear, up)
        before = state.worst if i == 0 and state.since is not None else None
        worst = _worst(over, v, first, end, before, rule)
        t_hi = int(t[end]) if end < len(t) else None
        found.append(Episode(int(since[i]), int(t[up]), t_hi, worst))
        if t_hi is None:
            return found, State(int(since[i]), int(t[up]), worst)
        at = end
    # Pending: a stretch that reaches to the last sample and was not raised.
    if len(lasts) and int(lasts[-1]) == len(t) - 1 and int(firsts[-1]) >= at and not long[-1]:
        first = int(firsts[-1])
        before = state.worst if first == 0 and state.since is not None else None
        worst = _worst(over, v, first, len(t), before, rule)
        return found, State(int(since[-1]), None, worst)
    return found, IDLE


def _broken(state: State) -> State:
    """After a hole."""
    return state if state.raised_us is not None else IDLE


def _starts_of(starts: NDArray[np.integer], good: Flags) -> NDArray[np.int64]:
    """Starts among the good samples; one more behind each that is not."""
    run = np.zeros(len(good) + 1, np.int64)
    run[starts] = 1
    run[1:] += ~good
    number = np.cumsum(run)[:-1][good]
    before = np.concatenate(([0], number[:-1]))
    return np.flatnonzero(number != before)


def _first(indices: Times, at: int) -> int:
    """The first of the rising ``indices`` from ``at`` on; beyond everything when there is none."""
    place = int(np.searchsorted(indices, at, "left"))
    return int(indices[place]) if place < len(indices) else np.iinfo(np.int64).max


def _worst(
    over: Floats, v: Floats, first: int, end: int, before: float | None, rule: Rule
) -> float:
    part = over[first : min(end, len(v))]
    if not len(part):
        return before if before is not None else 0.0
    place = first + int(part.argmax())
    if before is not None and float(beyond(rule, np.array([before]))[0]) >= float(over[place]):
        return before
    return float(v[place])


def _stretches(
    flags: Flags, t: Times, starts: NDArray[np.integer], state: State
) -> tuple[Times, Times, Times]:
    """First and last index of each unbroken stretch of true ``flags``, and the time since when it
    lasts: that of the state for one that carries on."""
    begins = np.zeros(len(flags), np.bool_)
    begins[starts] = True
    begins[0] = True
    left = np.concatenate(([False], flags[:-1]))
    firsts = np.flatnonzero(flags & (begins | ~left))
    right = np.concatenate((flags[1:], [False]))
    cut = np.concatenate((begins[1:], [True]))
    lasts = np.flatnonzero(flags & (cut | ~right))
    since = t[firsts].copy()
    if len(firsts) and firsts[0] == 0 and state.since is not None:
        since[0] = state.since
    return firsts, lasts, since
