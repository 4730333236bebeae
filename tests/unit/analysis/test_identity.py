"""Which car is which: by crossings, never by the number in an id."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.analysis import Lap, LapKind, confirming, identify, laps_report, official_timing
from pitwall.analysis.feeds import feed_errors, feed_matches
from pitwall.analysis.identity import Identity
from pitwall.analysis.official import IDENTITY_META, OfficialTiming
from pitwall.store import Batch, Source
from pitwall.telemetry import (
    OFFICIAL_META,
    Official,
    OfficialLap,
    TableClock,
    official_to_json,
)
from tests.unit.analysis.rig import T0, Drive

SECOND = 1_000_000
ZONE_US = T0 - 5 * 3600 * SECOND + 3_400_000
"""Local time five hours behind, by a clock that is 3.4 s fast."""


def race(cars: int, laps: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Crossings of each car, microseconds since the start: a field that spreads."""
    rng = np.random.default_rng(seed)
    out = {}
    for k in range(cars):
        times = 97 * SECOND + rng.normal(k * 150_000, 400_000, laps)
        out[str(k + 1)] = np.cumsum(times).astype(np.int64) + k * 700_000
    return out


def table(crossings: dict[str, np.ndarray], clock: TableClock = TableClock.LOCAL) -> Official:
    rows = []
    for car, ends in crossings.items():
        for i, (before, end) in enumerate(zip(ends[:-1], ends[1:], strict=True)):
            at = int(end) + ZONE_US if clock is not TableClock.NONE else None
            rows.append(OfficialLap(car, i + 1, int(end - before), at))
    return Official("table.csv", "laps", clock, tuple(rows))


def laps_of(car: str, ends: np.ndarray, seed: int = 1, noise_us: float = 80_000) -> list[Lap]:
    rng = np.random.default_rng(seed)
    ends = ends + T0 + rng.normal(0, noise_us, len(ends)).astype(np.int64)
    return [
        Lap(car, i + 7, int(a), int(b), int(b - a), 200_000, LapKind.FLYING, True, "")
        for i, (a, b) in enumerate(zip(ends[:-1], ends[1:], strict=True))
    ]


@settings(max_examples=25)
@given(st.integers(0, 1000), st.permutations(range(6)))
def test_every_car_is_found_whatever_it_is_called(seed, order):
    crossings = race(8, 12, seed)
    feeds = {f"car {k}": laps_of(f"car {k}", crossings[str(o + 1)], k) for k, o in enumerate(order)}
    found = identify(feeds, table(crossings))
    assert [m.official for m in found.matches] == [str(o + 1) for o in order]
    assert all(m.laps == m.of for m in found.matches)
    # two that drove as one all the race are told apart, but not for sure
    assert all(m.sure or "fits nearly as well" in m.reason for m in found.matches)
    assert set(found.without_telemetry) == {str(k + 1) for k in range(8)} - {
        m.official for m in found.matches
    }


def test_without_moments_the_times_of_the_laps_tell():
    crossings = race(8, 15, 5)
    feeds = {"a": laps_of("a", crossings["3"][4:])}
    (match,) = identify(feeds, table(crossings, TableClock.NONE)).matches
    assert match.official == "3"
    assert match.shift_us is None
    assert match.pairs[0] == (7, 14 * 2 + 4)


def test_a_number_that_says_otherwise_is_a_conflict_not_a_choice():
    crossings = race(5, 12)
    feeds = {"4": laps_of("4", crossings["2"])}
    found = identify(feeds, table(crossings), {"4": "GR86-004-4"})
    assert found.matches[0].official == "2"
    assert found.matches[0].number_agrees is False
    assert found.conflicts == ("4: its id GR86-004-4 has another number than official car 2",)


def test_two_feeds_of_one_car_are_a_conflict():
    crossings = race(5, 12)
    feeds = {k: laps_of(k, crossings["2"], i) for i, k in enumerate("ab")}
    assert "official car 2 fits a and b" in identify(feeds, table(crossings)).conflicts


def test_the_laps_of_a_feed_are_judged_where_they_began_at_the_official_line():
    """The loggers' line lies behind the timing line; all cars come to it slowly after lap 3, so
    that crossing is late and lap 4 too short: it is not the official lap."""
    crossings = race(8, 12)
    rows = []
    for k, ends in enumerate(crossings.values()):
        noise = np.random.default_rng(k).normal(0, 60_000, len(ends)).astype(np.int64)
        seen = ends + T0 + noise
        seen[3] += 8 * SECOND
        before: int | None = None
        for at in seen.tolist():
            time = at - before if before is not None else None
            rows.append(OfficialLap(f"id-{k}", None, time, at))
            before = at
    feed = Official("lap_end.csv", "crossings of the line", TableClock.UTC, tuple(rows))
    official = table(crossings)
    (errors,) = feed_errors(OfficialTiming((official, feed), official, Identity((), (), ())))
    # of 11 laps of each car: the first began at no official crossing, the third ended late
    assert errors.laps == 8 * 8
    assert errors.within == errors.laps
    assert (errors.elsewhere, errors.missed, errors.extra) == (8, 8, 8)
    assert all(us == pytest.approx(8 * SECOND, abs=SECOND) for us in errors.elsewhere_us)
    assert 20_000 < errors.median_us < errors.p95_us <= errors.worst_us < 300_000


def test_a_car_that_was_not_timed_fits_none():
    crossings = race(6, 12)
    other = {k: v for k, v in crossings.items() if k != "6"}
    feeds = {"x": laps_of("x", crossings["6"]), "y": laps_of("y", crossings["1"])}
    found = identify(feeds, table(other))
    assert found.matches[0].official == ""
    assert "no official car fits" in found.matches[0].reason
    assert found.matches[1].official == "1"


def test_what_a_person_confirmed_is_taken():
    crossings = race(5, 12)
    feeds = {"a": laps_of("a", crossings["2"])}
    (match,) = identify(feeds, table(crossings), confirmed={"a": "4"}).matches
    assert match.official == "4"
    assert match.sure


@pytest.fixture
def rig(make_rig):
    rig = make_rig()
    drives = {"7": Drive([50.0, 50.4, 49.7]), "8": Drive([51.0, 51.2, 50.6], before_m=340.0)}
    tables = []
    for name, (clock, shift) in {
        "laps.csv": (TableClock.LOCAL, ZONE_US - T0),
        "feed.csv": (TableClock.UTC, 0),
    }.items():
        rows = []
        for car, drive in drives.items():
            rig.add(rig.drive(car, drive)) if name == "laps.csv" else None
            own = {"7": "22", "8": "9"}[car] if name == "laps.csv" else f"GR86-{car}-000"
            for i, (a, b) in enumerate(zip(drive.crossings[:-1], drive.crossings[1:], strict=True)):
                rows.append(OfficialLap(own, i + 1, int(b - a), int(b) + shift, (1, None)))
        if name == "feed.csv":
            rows = [OfficialLap(r.car, r.number, r.time_us, r.end_us) for r in rows]
        tables.append(Official(name, name, clock, tuple(rows)))
    meta = {OFFICIAL_META: official_to_json(tables)}
    rig.store.commit(rig.recording.apply(Batch(Source.IMPORT, meta=meta)))
    return rig


def test_each_lap_is_told_with_the_official_one_and_its_source(rig):
    doc = laps_report(rig.store)
    (car,) = [c for c in doc["cars"] if c["car"] == "7"]
    whole = [lap for lap in car["laps"] if lap["time_s"] is not None]
    assert [lap["official"]["lap"] for lap in whole] == [1, 2, 3]
    assert all(abs(lap["official"]["error_s"]) < 0.01 for lap in whole)
    assert {lap["official"]["source"] for lap in whole} == {"laps.csv"}
    assert {m["car"]: m["official"] for m in doc["official"]["identity"]} == {"7": "22", "8": "9"}
    feeds = {f["id"]: f["official"] for f in doc["official"]["feeds"]}
    assert feeds == {"GR86-7-000": "22", "GR86-8-000": "9"}


def test_a_confirmed_car_stays_confirmed_and_can_be_taken_back(rig):
    meta = confirming(rig.store, "7", "9")
    rig.store.commit(rig.recording.apply(Batch(Source.IMPORT, meta=meta)))
    said = {m["car"]: m["official"] for m in laps_report(rig.store)["official"]["identity"]}
    assert said["7"] == "9"
    meta = confirming(rig.store, "7", None)
    assert meta == {IDENTITY_META: "{}"}
    rig.store.commit(rig.recording.apply(Batch(Source.IMPORT, meta=meta)))
    said = {m["car"]: m["official"] for m in laps_report(rig.store)["official"]["identity"]}
    assert said["7"] == "22"


def test_nothing_official_is_none(make_rig):
    rig = make_rig()
    rig.add(rig.drive("1", Drive([50.0])))
    assert official_timing(rig.store, {}) is None
    assert laps_report(rig.store)["official"] is None
    assert feed_matches is not None
