"""Maths channels: a few samples at a time give what the whole history gives, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitwall.analysis.maths import Definition, MathsEngine, check, round_limits
from pitwall.analysis.maths_channel import MathsChannel
from pitwall.analysis.maths_eval import Frame, _mean_over, _sums
from pitwall.analysis.maths_parse import understand
from pitwall.store import Columns, SessionStore
from pitwall.store.batch import LATE, Source
from pitwall.store.growth import GrowingColumns
from pitwall.store.samples import Samples
from pitwall.telemetry import BadInput, Catalog, Channel, Group, Session

CHASSIS = Group(
    "chassis",
    20.0,
    250_000,
    (
        Channel("speed", "km/h", 0.1, 0, 320),
        Channel("brake", "bar", 0.1, 0, 120),
        Channel("gear", "1", 1, 0, 8, step=True),
    ),
)
ENGINE = Group("engine", 8.0, 500_000, (Channel("rpm", "1/min", 1, 0, 9000),))
CATALOG = Catalog((CHASSIS, ENGINE))
T0 = 1_757_184_000_000_000
GROUP = Group("=x", 20.0, 250_000, (Channel("x", "1", 0, 0, 1),))
SPECS = {"chassis": (CHASSIS, 50_000, 5), "engine": (ENGINE, 125_000, 4)}


class Feed:
    """Chunks of both groups, put into columns in any order."""

    def __init__(self, seed: int = 1) -> None:
        self.growing = {name: GrowingColumns(group) for name, (group, _, _) in SPECS.items()}
        self.columns: dict[str, Columns] = {}
        self.version = 0
        self.seed = seed

    def give(self, name: str, n: int, code: int = Source.STREAM.code) -> None:
        group, step_us, size = SPECS[name]
        rng = np.random.default_rng((self.seed, len(name), n))
        i = np.arange((n - 1) * size, n * size)
        t = T0 + i * step_us + rng.integers(0, step_us // 3, size)
        rows = []
        for channel in group.channels:
            if channel.step:
                rows.append(np.floor(i / 7) % 6)
            else:
                rows.append(np.round(channel.high / 2 * (1.1 + np.sin(i / 9 + len(rows))), 1))
        values = np.array(rows)
        if n % 6 == 5:
            values[-1, 0] = np.nan  # a sensor that said nothing
        growing = self.growing[name]
        growing.epoch_index("a")
        growing.insert(
            Samples.of(
                t.astype(np.int64),
                values,
                np.full(size, n, np.int32),
                np.zeros(size, np.uint16),
                np.full(size, code, np.uint8),
                np.full(size, n // 10, np.uint16),
            )
        )
        self.version += 1
        self.columns[name] = growing.snapshot(self.version)


def whole(text: str, feed: Feed, laps: Any) -> Columns | None:
    channel = MathsChannel(understand(text, CATALOG), GROUP)
    if any(name not in feed.columns for name in channel.groups):
        return None
    channel.follow(feed.columns, laps)
    return channel.columns


def state(columns: Columns | None) -> tuple[bytes, ...]:
    if columns is None or not columns.blocks:
        return ()
    span = columns.span(-(1 << 62), 1 << 62)
    return (span.t.tobytes(), span.values.tobytes(), span.starts.astype(np.int64).tobytes())


EXPRESSIONS = [
    "speed * 2 + 1",
    "smooth(speed, 0.7)",
    "mean(speed, 0.4) - speed",
    "derivative(speed)",
    "derivative(smooth(derivative(speed), 0.3))",
    "smooth(derivative(speed), 0.5)",
    "integral(speed)",
    "integral(smooth(speed, 0.4)) / 2",
    "smooth(integral(speed), 0.3)",
    "integral(integral(unit(speed, 'm/s')))",
    "lag(speed, 0.33)",
    "lag(speed, -0.4) + derivative(speed) * unit(1, 's')",
    "rpm / unit(speed, 'm/s')",
    "speed / rpm",
    "smooth(rpm, 1) * gear",
    "where(gear > 2, speed, brake * unit(1, 'km/h') / unit(1, 'bar'))",
    "sqrt(brake - 50)",
    "exp(sin(rpm * unit(0.01, 's'))) + log(abs(gear) + 1)",
    "lookup(rpm, 0, 0, 4000, 3, 9000, 4)",
    "(speed > 100) & (gear != 2)",
    "min(speed, 200, smooth(speed, 2))",
]
LAPS = [T0 + 1_000_000, T0 + 3_500_000, T0 + 5_000_000]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_few_at_a_time_is_the_whole_bit_for_bit(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(EXPRESSIONS))
    chunks = [("chassis", n) for n in range(1, 25)] + [("engine", n) for n in range(1, 13)]
    order = data.draw(st.permutations(chunks))
    if data.draw(st.booleans()):  # nearly in order, as from a stream
        order = sorted(chunks, key=lambda c: (c[1] * SPECS[c[0]][2] * SPECS[c[0]][1], c[0]))
        for _ in range(data.draw(st.integers(0, 4))):
            i = data.draw(st.integers(0, len(order) - 1))
            j = data.draw(st.integers(0, len(order) - 1))
            order[i], order[j] = order[j], order[i]
    lost = data.draw(st.integers(0, 6))
    feed = Feed()
    channel = MathsChannel(understand(text, CATALOG), GROUP)
    known = 0
    for at, (name, n) in enumerate(order[: len(order) - lost]):
        feed.give(name, n)
        if data.draw(st.booleans()) or any(g not in feed.columns for g in channel.groups):
            continue
        known = max(known, min(len(LAPS), at // 9))
        channel.follow(feed.columns, np.array(LAPS[:known], np.int64))
    if any(g not in feed.columns for g in channel.groups):
        return
    laps = np.array(LAPS, np.int64)
    channel.follow(feed.columns, laps)
    assert state(channel.columns) == state(whole(text, feed, laps))


def filled(text: str, *, gaps: tuple[tuple[str, int], ...] = (), laps: Any = ()) -> Columns:
    feed = Feed()
    for name, last in (("chassis", 24), ("engine", 13)):
        for n in range(1, last):
            if (name, n) not in gaps:
                feed.give(name, n)
    columns = whole(text, feed, np.array(laps, np.int64))
    assert columns is not None
    return columns


def test_holes_stay_holes() -> None:
    plain = filled("speed * 2", gaps=(("chassis", 9), ("chassis", 10)))
    raw = filled("speed", gaps=(("chassis", 9), ("chassis", 10)))
    hole = (T0 + 8 * 250_000, T0 + 10 * 250_000 - 1)
    assert not len(plain.window(0, *hole).t)
    assert len(plain.window(0, hole[0] - 1_000_000, hole[1] + 1_000_000).starts) == 2
    assert np.array_equal(plain.window(0, T0, 1 << 62).t, raw.window(0, T0, 1 << 62).t)
    # no smoothing over a hole, and nothing of another group in its own holes
    smooth = filled("smooth(speed, 2)", gaps=(("chassis", 9), ("chassis", 10)))
    assert not len(smooth.window(0, *hole).t)
    engine = filled("speed + 0 * rpm * unit(1, 'km/h') / unit(1, '1/min')", gaps=(("engine", 5),))
    gap = (T0 + 15 * 125_000 + 50_000, T0 + 20 * 125_000)
    assert not len(engine.window(0, *gap).t)
    # a value that is none is a hole as well
    root = filled("sqrt(brake - 60)")
    assert np.isfinite(root.window(0, T0, 1 << 62).v).all()
    assert len(root.window(0, T0, 1 << 62).starts) > 2


def test_what_is_compared_with_something_unknown_is_unknown() -> None:
    known = filled("gear").window(0, T0, 1 << 62)
    for text in (
        "gear > 2",
        "gear != 2",
        "not gear",
        "gear > 2 or speed > 0",
        "gear if gear else 1",
    ):
        assert np.array_equal(filled(text).window(0, T0, 1 << 62).t, known.t), text


def test_a_mean_is_the_same_wherever_it_stands_in_an_array() -> None:
    x = np.random.default_rng(5).normal(1e6, 1.0, 5000)
    first, end = np.arange(4000, 4900), np.arange(4000, 4900) + 97
    for skip in (1, 33, 3999):
        assert np.array_equal(_sums(x, first, end), _sums(x[skip:], first - skip, end - skip))


def test_smoothing_is_the_same_from_wherever_it_is_worked_out() -> None:
    t = T0 + np.arange(3000, dtype=np.int64) * 10_000
    x = np.random.default_rng(6).normal(1e7, 1.0, 3000)
    none = np.zeros(0, np.int64)

    def smoothed(skip: int) -> np.ndarray:
        frame = Frame(t[skip:], np.zeros(1, np.int64), none, {}, "")
        return _mean_over(x[skip:], frame, 250_000, 250_000)[2000 - skip :]

    assert np.array_equal(smoothed(0), smoothed(1777))


def test_values_are_right() -> None:
    speed = filled("speed").window(0, T0, 1 << 62)
    twice = filled("speed * 2 + 1").window(0, T0, 1 << 62)
    assert np.allclose(twice.v, speed.v * 2 + 1)
    share = filled("rpm / 9000").window(0, T0, 1 << 62)
    assert float(share.v.max()) <= 1.1
    slow = filled("lag(speed, 0.5)").window(0, T0 + 1_000_000, T0 + 1_900_000)
    wanted = np.interp(slow.t - 500_000, speed.t, speed.v)
    assert np.allclose(slow.v, wanted, rtol=1e-6)
    rate = filled("derivative(speed)").window(0, T0 + 200_000, T0 + 900_000)
    i = np.searchsorted(speed.t, rate.t)
    slope = (speed.v[i + 1] - speed.v[i - 1]) / ((speed.t[i + 1] - speed.t[i - 1]) / 1e6)
    assert np.allclose(rate.v, slope, rtol=1e-4)
    mean = filled("smooth(speed, 0.5)").window(0, T0 + 300_000, T0 + 900_000)
    for t, v in zip(mean.t, mean.v, strict=True):
        near = np.abs(speed.t - t) <= 250_000
        assert v == pytest.approx(speed.v[near].mean(), rel=1e-6)


def test_an_integral_begins_anew_with_each_lap_and_ends_at_a_hole() -> None:
    found = filled("integral(unit(speed, 'm/s'))", laps=LAPS).window(0, T0, 1 << 62)
    speed = filled("unit(speed, 'm/s')").window(0, T0, 1 << 62)
    assert found.t[0] > LAPS[0]
    for lap in LAPS:
        first = int(np.searchsorted(found.t, lap))
        assert 0 <= found.v[first] < 5
    # Rectangles of the samples in between, to a few per cent.
    inside = (speed.t >= LAPS[1]) & (speed.t < LAPS[2] - 300_000)
    want = np.trapezoid(speed.v[inside], speed.t[inside] / 1e6)
    got = found.v[np.searchsorted(found.t, speed.t[inside][-1])]
    assert got == pytest.approx(want, rel=0.05, abs=4)
    holed = filled("integral(speed)", gaps=(("chassis", 16),), laps=LAPS).window(0, T0, 1 << 62)
    after = (holed.t > T0 + 16 * 250_000) & (holed.t < LAPS[2])
    assert not after.any()


def test_late_samples_stay_marked_as_late() -> None:
    feed = Feed()
    for n in (1, 2, 4, 5, 6):
        feed.give("chassis", n)
    feed.give("chassis", 3, Source.STREAM.code | LATE)
    columns = whole("speed", feed, np.zeros(0, np.int64))
    assert columns is not None
    ((first, last),) = columns.late(T0, T0 + 10_000_000)
    assert T0 + 500_000 <= first <= last < T0 + 750_000


# -- the engine ---------------------------------------------------------------------------


SESSION = Session("2025-09-06-barber-r1", "Barber", CATALOG, T0)


class Wall:
    def __init__(self, *definitions: Definition) -> None:
        self.store = SessionStore(SESSION)
        self.feed = Feed()
        self.engine = MathsEngine(self.store, lambda car: np.zeros(0, np.int64), definitions)

    def drive(self, chunks: range) -> None:
        """Both groups, as the writer would show them."""
        for n in chunks:
            for name, (group, step_us, size) in SPECS.items():
                if name == "engine" and n % 2:
                    continue
                source = Feed()
                source.give(name, n if name == "chassis" else n // 2)
                span = source.columns[name].span(0, 1 << 62)
                growing = self.store.growing(("7", name))
                growing.epoch_index("a")
                count = len(span.t)
                growing.insert(
                    Samples.of(
                        span.t,
                        span.values,
                        np.full(count, n if name == "chassis" else n // 2, np.int32),
                        np.zeros(count, np.uint16),
                        np.full(count, Source.STREAM.code, np.uint8),
                        np.zeros(count, np.uint16),
                    )
                )
                del group, step_us, size
        view = self.store.view()
        self.store.publish([("7", name) for name in SPECS], view.ledger, view.heads, view.meta)


def test_what_is_looked_at_is_worked_out_and_appears_as_a_channel() -> None:
    wall = Wall(Definition("fast", "speed * 2", "Twice as fast"))
    wall.drive(range(1, 9))
    wall.engine.update()
    assert [group.name for group in wall.store.catalog.groups] == ["chassis", "engine", "=fast"]
    assert wall.store.session.catalog.groups == (CHASSIS, ENGINE)
    (channel,) = wall.store.catalog.group("=fast").channels
    assert (channel.name, channel.unit, channel.label) == ("fast", "km/h", "Twice as fast")
    assert wall.store.columns("7", "=fast") is None  # asked for now
    assert wall.store.computed.asked == 1
    wall.engine.update()
    columns = wall.store.columns("7", "=fast")
    assert columns is not None
    before = columns.samples
    channel = wall.store.catalog.group("=fast").channels[0]
    high = columns.window(0, 0, 1 << 62).v.max()
    assert channel.low <= 0.2 * high
    assert channel.high >= high
    wall.drive(range(9, 12))
    wall.engine.update()
    assert wall.store.columns("7", "=fast").samples > before
    version = wall.store.computed.now.version
    wall.engine.update()
    assert wall.store.computed.now.version == version  # nothing new


def test_another_definition_under_the_name_is_worked_out_anew() -> None:
    wall = Wall(Definition("fast", "speed * 2"))
    wall.drive(range(1, 9))
    wall.store.columns("7", "=fast")
    wall.engine.update()
    first = wall.store.columns("7", "=fast").window(0, 0, 1 << 62).v
    wall.engine.set_definitions([Definition("fast", "speed * 4")])
    wall.engine.update()
    assert np.allclose(wall.store.columns("7", "=fast").window(0, 0, 1 << 62).v, 2 * first)
    wall.engine.set_definitions([])
    wall.engine.update()
    assert wall.store.columns("7", "=fast") is None
    assert wall.store.catalog.groups == (CHASSIS, ENGINE)


def test_what_is_wrong_is_told_and_the_others_go_on() -> None:
    wall = Wall(
        Definition("fast", "speed * 2"),
        Definition("wrong", "speed + rpm"),
        Definition("radius", "unit(0.31, 'm')"),
        Definition("speed", "brake"),
        Definition("of_two", "rpm + 0 * derivative(rpm) / unit(1, '1/s')"),
        Definition("mixed", "speed * rpm"),
    )
    board = wall.engine.update()
    fast, wrong, radius, taken, _, mixed = board.worked
    assert fast.fault is None
    assert wrong.fault is not None
    assert wrong.fault.pointed("speed + rpm").startswith("speed + rpm\n        ^^^\n")
    assert (radius.constant, radius.unit) == (0.31, "m")
    assert "there is a channel speed already" in str(taken.fault)
    assert "at the times of chassis (20 Hz)" in mixed.note


def test_definitions_are_checked_before_they_are_taken() -> None:
    wall = Wall()
    with pytest.raises(BadInput, match="one name"):
        wall.engine.set_definitions([Definition("a", "1"), Definition("a", "2")])
    with pytest.raises(BadInput, match="more than 64"):
        wall.engine.set_definitions([Definition(f"a{i}", "1") for i in range(65)])
    assert check(Definition("pi", "speed"), CATALOG, ()).fault is not None
    assert check(Definition("2x", "speed"), CATALOG, ()).fault is not None
    for doc in (
        None,
        {},
        {"name": "a b", "expression": "1"},
        {"name": "a", "expression": "1", "low": "x"},
    ):
        with pytest.raises(BadInput):
            Definition.from_plain(doc)
    one = Definition("a", "speed + 1", "A", 0.0, 9.0)
    assert Definition.from_plain(one.plain()) == one


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_round_limits_hold_what_they_are_for(low: float, width: float) -> None:
    a, z = round_limits(low, low + width)
    assert a <= low
    assert low + width <= z
    assert a < z
