"""The alarm's state machine: many samples at once give what sample by sample gives."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.store.alarm_rules import Kind, Rule, usual_rule
from pitwall.store.alarm_scan import IDLE, Episode, beyond, scan
from pitwall.telemetry import BadInput, Channel

rules = st.builds(
    lambda kind, hysteresis, delay_s: Rule("", "x", kind, -1.0, 2.0, hysteresis, delay_s),
    st.sampled_from(Kind),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([0.0, 1e-6, 3e-6, 8e-6]),
)
samples = st.lists(
    st.tuples(
        st.integers(1, 4),  # microseconds since the sample before
        st.sampled_from([-3.0, -1.5, -1.0, -0.5, 0.0, 1.0, 1.5, 2.0, 2.5, 4.0, math.nan]),
        st.booleans(),  # whether a run starts here
    ),
    max_size=40,
)


def by_one(rule: Rule, given_samples: list[tuple[int, float, bool]]) -> list[Episode]:
    """The same machine as it is told in words."""
    out: list[Episode] = []
    since = raised = None
    worst = 0.0
    hole = False
    t = 0
    for dt, v, new_run in given_samples:
        t += dt
        if math.isnan(v):
            hole = True
            continue
        broken, hole = new_run or hole, False
        over = float(beyond(rule, np.array([v]))[0])
        if raised is None:
            if broken:
                since = None
            if over <= 0:
                since = None
                continue
            if since is None:
                since, worst = t, v
            elif over > float(beyond(rule, np.array([worst]))[0]):
                worst = v
            if t - since >= rule.delay_us:
                raised = t
        elif over <= -rule.hysteresis:
            out.append(Episode(since, raised, t, worst))
            since = raised = None
        elif over > float(beyond(rule, np.array([worst]))[0]):
            worst = v
    if raised is not None:
        out.append(Episode(since, raised, None, worst))
    return out


@settings(deadline=None, max_examples=150)
@given(rules, samples, st.lists(st.integers(0, 40), max_size=5))
def test_any_cut_gives_what_sample_by_sample_gives(
    rule: Rule, given_samples: list[tuple[int, float, bool]], cuts: list[int]
) -> None:
    t = np.cumsum([dt for dt, _, _ in given_samples], dtype=np.int64)
    v = np.array([v for _, v, _ in given_samples], float)
    new = np.array([b for _, _, b in given_samples], bool)
    edges = [0, *sorted(min(cut, len(t)) for cut in cuts), len(t)]
    state, found = IDLE, []
    for a, z in pairwise(edges):
        episodes, state = scan(rule, state, t[a:z], v[a:z], np.flatnonzero(new[a:z]))
        for one in episodes:
            if found and found[-1].t_hi is None:
                assert (found[-1].t_lo, found[-1].raised_us) == (one.t_lo, one.raised_us)
                found[-1] = one
            else:
                found.append(one)
    assert found == by_one(rule, given_samples)


RULE = Rule("", "oil", Kind.ABOVE, 0.0, 120.0, hysteresis=5.0, delay_s=2.0)
SECOND = 1_000_000
NONE = np.zeros(0, np.int64)


def run(rule: Rule, *values: float, starts: tuple[int, ...] = ()) -> list[Episode]:
    t = np.arange(len(values), dtype=np.int64) * SECOND
    return scan(rule, IDLE, t, np.array(values, float), np.array(starts, np.int64))[0]


def test_it_is_raised_after_the_delay_and_over_inside_the_hysteresis() -> None:
    assert run(RULE, 100, 121, 125, 122, 119, 116, 115, 100) == [
        Episode(1 * SECOND, 3 * SECOND, 6 * SECOND, 125.0)
    ]


def test_a_short_excess_is_none() -> None:
    assert run(RULE, 100, 121, 125, 119, 121, 100) == []


def test_a_hole_ends_what_is_pending_and_not_what_was_raised() -> None:
    assert run(RULE, 121, 122, 123, starts=(2,)) == []
    (one,) = run(RULE, 121, 122, 123, 124, starts=(3,))
    assert one.t_hi is None


def test_a_value_at_the_limit_is_inside() -> None:
    assert run(Rule("", "x", Kind.ABOVE, 0, 120), 120, 120) == []
    assert run(Rule("", "x", Kind.OUTSIDE, 1, 2), 1, 2, 2.5)[0].t_lo == 2 * SECOND


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule("", "", Kind.ABOVE, 0, 1), "no channel"),
        (Rule("", "x", Kind.OUTSIDE, 2, 1), "low limit must be below"),
        (Rule("", "x", Kind.ABOVE, 0, math.nan), "high limit is not a number"),
        (Rule("", "x", Kind.BELOW, math.inf, 0), "low limit is not a number"),
        (Rule("", "x", Kind.ABOVE, 0, 1, -1.0), "hysteresis must be 0"),
        (Rule("", "x", Kind.OUTSIDE, 0, 1, 0.5), "less than half"),
        (Rule("", "x", Kind.ABOVE, 0, 1, 0, 601), "delay must be"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said(rule: Rule, words: str) -> None:
    assert words in rule.fault()


def test_a_rule_survives_as_text() -> None:
    rule = Rule("Öl", "oil", Kind.BELOW, 1.5, 0, 0.1, 0.25, ("7", "22"), False, True)
    assert Rule.from_text(rule.to_text()) == rule
    assert Rule.from_plain(rule.plain()) == rule


@given(st.text(max_size=40) | st.sampled_from(['{"channel":"x"}', "[]", "1", "null"]))
def test_any_other_text_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        Rule.from_text(text)


def test_the_usual_rule_is_that_of_the_channel() -> None:
    rule = usual_rule(Channel("oil", "degC", 0.1, 60, 160))
    assert (rule.kind, rule.low, rule.high, rule.hysteresis) == (Kind.OUTSIDE, 60, 160, 2)
    assert not usual_rule(Channel("x", "1", 0, 0, 0)).fault()
