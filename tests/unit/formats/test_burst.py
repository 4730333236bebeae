"""Event time from bursts, against the moments at which samples were taken."""

from __future__ import annotations

import numpy as np
import pytest

from pitwall.formats.burst import BurstClock
from pitwall.formats.odometer import Odometer, Stamp, chord
from tests.unit.formats.feed import LENGTH, T0, Feed, burst_feed

NAMES = ("speed", "d", "lat", "lon")


def stamps(feed: Feed, *, fixes: bool = True, distance: bool = True) -> list[Stamp]:
    out = []
    for i in range(len(feed.taken)):
        values = {"speed": float(feed.speed[i]) * 3.6}
        if distance:
            values["d"] = round(float(feed.way[i]) % LENGTH)
        if fixes:
            values |= {"lat": float(feed.latitude[i]), "lon": float(feed.longitude[i])}
        out.append(Stamp(T0 + round(float(feed.received[i]) * 1e6), None, values))
    return out


def settle(parts: list[Stamp]) -> tuple[list[Stamp], np.ndarray, list[int]]:
    clock = BurstClock(*NAMES)
    got = [x for s in parts for x in clock.push(s)]
    got += clock.finish()
    return [g[0] for g in got], np.array([g[1] for g in got]), [g[2] for g in got]


def errors(feed: Feed, us: np.ndarray) -> np.ndarray:
    off = (us - T0) / 1e6 - feed.taken
    return np.abs(off - np.median(off))


@pytest.mark.parametrize("what", [(True, True), (False, True), (True, False)])
def test_event_times_are_found_within_a_tenth(what):
    feed = burst_feed()
    order, us, _ = settle(stamps(feed, fixes=what[0], distance=what[1]))
    assert len(order) == len(feed.taken)
    off = errors(feed, us)
    raw = np.abs(feed.received - feed.taken - np.median(feed.received - feed.taken))
    assert np.percentile(off, 95) < 0.12
    assert np.percentile(off, 95) < 0.15 * np.percentile(raw, 95)


def test_order_is_kept_and_nothing_is_taken_after_it_arrived():
    parts = stamps(burst_feed(seconds=400))
    order, us, _ = settle(parts)
    assert order == parts
    assert (np.diff(us) > 0).all()
    assert all(u <= s.receipt_us for s, u in zip(order, us, strict=True))


def test_a_stall_is_a_delay_and_no_hole():
    feed = burst_feed(stall=(250.0, 303.0))
    _, us, _ = settle(stamps(feed))
    assert errors(feed, us).max() < 0.5
    assert np.diff(us).max() < 1_500_000


def test_laps_are_counted_at_the_line():
    feed = burst_feed()
    _, _, laps = settle(stamps(feed))
    assert laps == [int(w // LENGTH) for w in feed.way]


def test_memory_is_bounded_whatever_the_length():
    feed = burst_feed(seconds=3000, rate_hz=3.0)
    clock = BurstClock(*NAMES)
    held = 0
    for part in stamps(feed):
        for _ in clock.push(part):
            pass
        held = max(held, len(clock._stamps))
    assert held < 3 * 320
    for _ in clock.finish():
        pass


def test_without_speed_or_place_receipts_are_spread():
    parts = [Stamp(T0 + i // 10 * 2_500_000 + i % 10 * 1000, None, {"x": 1.0}) for i in range(3000)]
    order, us, _ = settle(parts)
    assert len(order) == 3000
    steps = np.diff(us)
    assert (steps > 0).all()
    assert np.percentile(steps, 90) < 400_000


def test_a_standing_car_keeps_receipt_time():
    values = {"speed": 0.0, "d": 100.0}
    parts = [Stamp(T0 + i * 250_000, None, dict(values)) for i in range(2000)]
    _, us, _ = settle(parts)
    off = us - np.array([p.receipt_us for p in parts])
    assert np.abs(off - np.median(off)).max() < 60_000


def test_the_odometer_passes_the_line_by_fixes():
    odometer = Odometer()
    feed = burst_feed(seconds=200)
    way = [
        odometer.add(float(w) % LENGTH, float(a), float(b))
        for w, a, b in zip(feed.way, feed.latitude, feed.longitude, strict=True)
    ]
    assert all(w is not None and w[1] for w in way)
    driven = way[-1][0] - way[0][0]
    assert driven == pytest.approx(float(feed.way[-1] - feed.way[0]), abs=3.0)


def test_the_odometer_survives_a_mixed_sample_and_lost_fixes():
    """A stamp at the line that is the mean of both sides, and later a long stretch without fix."""
    odometer = Odometer()
    breaks = 0
    off: list[tuple[float, float]] = []
    feed = burst_feed(seconds=400)
    for i, w in enumerate(feed.way):
        d = float(w) % LENGTH
        if i and feed.way[i - 1] // LENGTH != w // LENGTH:
            d = (d + float(feed.way[i - 1]) % LENGTH) / 2
        # one lap: the next fix is near the last one, and 3 km further on
        lost = 5000 < w < 5000 + LENGTH
        fix = (None, None) if lost else (float(feed.latitude[i]), float(feed.longitude[i]))
        last = odometer.add(d, *fix)
        if last is not None:
            off.append((float(w), last[0] - float(w - feed.way[0])))
        if odometer.broken:
            breaks += 1
            odometer.broken = False
    # the line was crossed without a fix, in a mixed sample: what is missing there is said
    assert breaks == 2
    before = [e for w, e in off if w < 5000]
    after = [e for w, e in off if w > 6100]
    assert max(before) - min(before) < 4
    assert max(after) - min(after) < 4
    assert abs(after[0] - before[-1]) < 60


def test_the_chord_is_in_metres():
    assert chord(33.5, -86.6, 33.501, -86.6) == pytest.approx(111.2, abs=0.1)
    assert chord(33.5, -86.6, 33.5, -86.601) == pytest.approx(92.7, abs=0.1)
