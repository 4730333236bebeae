"""Golden laps: six cars of a real race, timed from receipt bursts, against official timing."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from pitwall.analysis import TimingEngine
from pitwall.formats import import_files
from pitwall.store import open_session
from pitwall.telemetry import ClockKind

DAY_OFFSET_S = 5 * 3600
"""The official tables have local time of day."""


def official(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Car number -> (time of day at the end of the lap, lap time) of each lap, seconds."""
    (path,) = folder.glob("23_AnalysisEnduranceWithSections*")
    laps = defaultdict(list)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            row = {k.strip(): v for k, v in row.items() if k}
            laps[row["NUMBER"]].append((_seconds(row["HOUR"]), _seconds(row["LAP_TIME"])))
    return laps


def _seconds(text: str) -> float:
    total = 0.0
    for part in text.split(":"):
        total = total * 60 + float(part)
    return total


@pytest.fixture(scope="module")
def imported(shared_data, tmp_path_factory):
    race = shared_data / "grcup" / "barber-r1"
    out = tmp_path_factory.mktemp("barber") / "barber.pitwall"
    report = import_files(sorted((race / "telemetry").glob("*.csv")), out)
    recording, store = open_session(out, read_only=True)
    recording.close()
    return report, store, TimingEngine().update(store), official(race / "official")


@pytest.fixture(scope="module")
def paired(imported):
    """(car, lap, official time) for laps that end within 2 s of an official one's end."""
    _, _, timing, truth = imported
    pairs = []
    for car, of_car in timing.cars.items():
        ends = np.array([hour for hour, _ in truth[car]])
        laps = [lap for lap in of_car.laps if lap.time_us is not None]
        own = np.array([lap.t_end / 1e6 % 86_400 - DAY_OFFSET_S for lap in laps])
        nearest = np.abs(ends[None, :] - own[:, None]).argmin(axis=1)
        offset = np.median(ends[nearest] - own)
        for lap, at, i in zip(laps, own, nearest, strict=True):
            assert abs(ends[i] - at - offset) < 2.0, f"invented: car {car} lap {lap.number}"
            pairs.append((car, lap, truth[car][i][1]))
    return pairs


@pytest.mark.slow
def test_the_import_keeps_every_row_and_closes_the_ledger(imported):
    report, store, _, _ = imported
    assert report.rows == 345_039
    assert set(report.cars) == {"13", "21", "31", "55", "72", "88"}
    assert report.session.key == "2025-09-06-barber-r1"
    assert report.session.clock is ClockKind.RECONSTRUCTED
    ledger = store.ledger()
    assert ledger.missing == 0
    assert ledger.provable
    values = sum(
        int(np.isfinite(block.values[row]).sum())
        for car in store.cars()
        for group in store.session.catalog.groups
        for block in getattr(store.columns(car, group.name), "blocks", ())
        for row, channel in enumerate(group.channels)
        if not channel.name.startswith("receipt_delay")
    )
    assert values == report.rows


@pytest.mark.slow
def test_every_official_lap_is_found_and_none_invented(imported, paired):
    _, _, timing, truth = imported
    for car in timing.cars:
        found = [lap.number for c, lap, _ in paired if c == car]
        # the recording ends before the last lap of those who finished
        expected = len(truth[car]) if car == "88" else len(truth[car]) - 1
        assert found == list(range(1, expected + 1))


@pytest.mark.slow
def test_lap_times_lie_near_the_official_ones(paired):
    # the official first lap counts from the start signal, not from the car's own crossing
    errors = np.abs([lap.time_us / 1e6 - t for _, lap, t in paired if lap.number > 1])
    assert len(errors) == 137
    assert np.median(errors) < 0.12
    assert np.percentile(errors, 95) < 0.36
    assert errors.max() < 0.9


@pytest.mark.slow
def test_the_intervals_cover_the_official_times(paired):
    laps = [(lap, t) for _, lap, t in paired if lap.number > 1]
    inside = [abs(lap.time_us / 1e6 - t) <= lap.uncertainty_us / 1e6 for lap, t in laps]
    assert np.mean(inside) >= 0.88
    assert np.mean([lap.uncertainty_us for lap, _ in laps]) < 320_000


@pytest.mark.slow
def test_the_blackout_is_kept_as_receipt_delay(imported):
    """53 s without a receipt: the samples came afterwards, all at once."""
    _, store, _, _ = imported
    engine = store.session.catalog.group("engine")
    columns = store.columns("13", "engine")
    span = columns.span(0, 1 << 62)
    delay = span.values[engine.index("receipt_delay_engine")]
    assert 50 < delay.max() < 56
    assert (delay > -0.001).all()
    receipt = span.t + np.rint(delay * 1e6).astype(np.int64)
    steps = np.diff(receipt) / 1e6
    assert steps.max() == pytest.approx(53.1, abs=0.2)


@pytest.mark.slow
def test_the_line_closes_and_is_as_long_as_the_track(imported):
    _, _, timing, _ = imported
    assert timing.track is not None
    assert timing.track.length_m == pytest.approx(3_660, abs=50)
    assert timing.circuit.distance_m == pytest.approx(3_698, abs=10)
