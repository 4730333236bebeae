"""A producer's own stamps: order, joining, the shift to the receiver's clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pitwall.formats.ecu_clock import EcuClock
from pitwall.formats.odometer import Stamp

HOURS_US = 45 * 3600 * 1_000_000
T0 = 1_757_184_000_000_000


def run(parts: list[Stamp]) -> list[tuple[Stamp, int]]:
    clock = EcuClock()
    out = [x for p in parts for x in clock.push(p)]
    return out + list(clock.finish())


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(200, 4000)), min_size=1, max_size=80))
def test_order_and_intervals_are_the_producers(samples):
    parts = [
        Stamp(T0 + at * 40_000 + late * 1000, T0 - HOURS_US + at * 40_000, {f"c{i}": float(i)})
        for i, (at, late) in enumerate(samples)
    ]
    parts.sort(key=lambda p: p.receipt_us)
    got = run(parts)
    times = [us for _, us in got]
    values = {k: v for stamp, _ in got for k, v in stamp.values.items()}
    assert values == {f"c{i}": float(i) for i in range(len(samples))}
    shift = {us - stamp.event_us for stamp, us in got}
    assert len(shift) == 1
    spread = max(at for at, _ in samples) - min(at for at, _ in samples)
    if spread * 40_000 < 60_000_000:
        assert times == sorted(set(times))
        assert all(us <= stamp.receipt_us for stamp, us in got)


def test_rows_of_one_instant_are_joined():
    a = Stamp(T0 + 1000, T0 - HOURS_US, {"speed": 100.0})
    b = Stamp(T0 + 2000, T0 - HOURS_US, {"nmot": 5000.0})
    ((stamp, _),) = run([a, b])
    assert stamp.values == {"speed": 100.0, "nmot": 5000.0}
    assert stamp.receipt_us == T0 + 2000


def test_two_values_for_one_instant_are_both_kept():
    a = Stamp(T0 + 1000, T0 - HOURS_US, {"speed": 100.0})
    b = Stamp(T0 + 2000, T0 - HOURS_US, {"speed": 101.0})
    assert [s.values["speed"] for s, _ in run([a, b])] == [100.0, 101.0]


def test_another_clock_setting_is_another_shift():
    first = [Stamp(T0 + i * 1000_000, T0 - HOURS_US + i * 1000_000, {"x": 1.0}) for i in range(5)]
    second = [
        Stamp(T0 + i * 1000_000, T0 + i * 1000_000 - 300_000, {"x": 1.0}) for i in range(5, 9)
    ]
    times = [us for _, us in run(first + second)]
    assert times == sorted(times)
    assert times[-1] - times[0] == 8_000_000
