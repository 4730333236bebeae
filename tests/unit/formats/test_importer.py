"""Importing whole files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pitwall.formats import CARS_META, FORMATS, detect, import_files
from pitwall.formats.grcup import sniff
from pitwall.formats.grcup_channels import groups, place
from pitwall.store import open_session
from pitwall.telemetry import BadInput, ClockKind
from tests.unit.formats.feed import T0, burst_feed, rows, stamp

HEAD13 = (
    "expire_at,lap,meta_event,meta_session,meta_source,meta_time,original_vehicle_id,outing,"
    "telemetry_name,telemetry_value,timestamp,vehicle_id,vehicle_number"
)


def write(path: Path, lines: list[str], newline: str = "\n") -> Path:
    path.write_bytes((newline.join(lines) + newline).encode())
    return path


def opened(out: Path):
    recording, store = open_session(out, read_only=True)
    recording.close()
    return recording, store


def column(store, car: str, channel: str) -> tuple[np.ndarray, np.ndarray]:
    group, i = store.session.catalog.find(channel)
    span = store.columns(car, group.name).span(0, 1 << 62)
    return span.t, span.values[i]


def test_values_names_and_units_arrive(tmp_path):
    feed = burst_feed(seconds=200)
    folder = tmp_path / "road-test" / "telemetry"
    folder.mkdir(parents=True)
    path = write(folder / "GR86-022-13.csv", rows(feed))
    report = import_files([path], tmp_path / "out.pitwall")
    _, store = opened(report.out)
    session = store.session
    assert session.key == "2025-09-06-road-test"
    assert session.title == "Road Test"
    assert session.clock is ClockKind.RECONSTRUCTED
    assert dict(report.cars) == {"13": "GR86-022-13"}
    assert json.loads(store.meta(CARS_META)) == {"13": "GR86-022-13"}
    units = {c.name: c.unit for g in session.catalog.groups for c in g.channels}
    assert units["speed"] == "km/h"
    assert units["throttle"] == "%"
    assert units["lap_distance"] == "m"
    t, v = column(store, "13", "speed")
    assert len(t) == len(feed.taken)
    assert np.abs(v - feed.speed * 3.6).max() < 0.001
    delay = column(store, "13", "receipt_delay_speed")[1]
    received = (t - T0) / 1e6 + delay
    assert np.abs(received - feed.received).max() < 0.0011
    assert any("reconstructed" in note for note in report.notes)
    ledger = store.ledger()
    assert ledger.provable
    assert (ledger.missing, ledger.expected) == (0, report.chunks)


def test_line_ends_quotes_marks_and_blank_lines_do_not_matter(tmp_path):
    lines = rows(burst_feed(seconds=30))
    plain = import_files([write(tmp_path / "a-1.csv", lines)], tmp_path / "a.pitwall")
    odd = [lines[0], "", *(",".join(f'"{f}"' for f in line.split(",")) for line in lines[1:])]
    path = write(tmp_path / "b-1.csv", odd, "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    other = import_files([path], tmp_path / "b.pitwall")
    assert other.rows == plain.rows
    a, b = (column(opened(r.out)[1], "1", "speed") for r in (plain, other))
    assert (a[0] == b[0]).all()
    assert (a[1] == b[1]).all()


def test_unknown_channels_are_kept(tmp_path):
    lines = rows(burst_feed(seconds=30))
    lines += [f"{stamp(40 + i)},oil_x,{i}.25" for i in range(5)]
    out = import_files([write(tmp_path / "a-1.csv", lines)], tmp_path / "a.pitwall").out
    _, store = opened(out)
    group, _ = store.session.catalog.find("oil_x")
    assert group.name == "other"
    assert group.channels[0].unit == "1"
    assert column(store, "1", "oil_x")[1].tolist() == [0.25, 1.25, 2.25, 3.25, 4.25]


def test_several_cars_share_a_session(tmp_path):
    paths = [
        write(tmp_path / f"GR86-0{i}-{n}.csv", rows(burst_feed(seconds=60, seed=i)))
        for i, n in enumerate((13, 55, 13))
    ]
    report = import_files(paths, tmp_path / "out.pitwall")
    # two cars end in 13: both keep their whole id
    assert dict(report.cars) == {
        "GR86-00-13": "GR86-00-13",
        "55": "GR86-01-55",
        "GR86-02-13": "GR86-02-13",
    }
    _, store = opened(report.out)
    assert set(store.cars()) == set(report.cars)


def test_a_zero_number_says_nothing(tmp_path):
    path = write(tmp_path / "GR86-002-000.csv", rows(burst_feed(seconds=30)))
    assert list(import_files([path], tmp_path / "o.pitwall").cars) == ["GR86-002-000"]


def test_key_and_title_can_be_given(tmp_path):
    path = write(tmp_path / "a-1.csv", rows(burst_feed(seconds=30)))
    report = import_files(
        [path], tmp_path / "o.pitwall", key="2025-09-06-cup-q1", title="Qualifying"
    )
    assert (report.session.key, report.session.title) == ("2025-09-06-cup-q1", "Qualifying")
    with pytest.raises(BadInput, match="session key"):
        import_files([path], tmp_path / "p.pitwall", key="Not A Key")
    assert not (tmp_path / "p.pitwall").exists()


def thirteen(feed, behind_s: float = 40_000.0) -> list[str]:
    """The publisher's table: the producer's clock runs behind, rows of a burst are reversed."""
    lines: list[tuple[float, str]] = []
    for i, taken in enumerate(feed.taken):
        at = stamp(float(np.ceil(taken / 2.5) * 2.5 + 0.3))
        own = stamp(float(taken) - behind_s)
        values = (("speed", feed.speed[i] * 3.6), ("nmot", 5000 + i), ("VBOX_Lat_Min", 33.5))
        for name, value in values:
            meta = f",7,I_R06_2025-09-07,R1,kafka:gr-raw,{at},GR86-022-13,0"
            row = f"{meta},{name},{value:.3f},{own},GR86-022-13,13"
            lines.append((float(np.ceil(taken / 2.5)), row))
    ordered = sorted(range(len(lines)), key=lambda k: (lines[k][0], -k))
    return [HEAD13, *(lines[k][1] for k in ordered)]


def test_the_thirteen_column_table_keeps_the_producers_intervals(tmp_path):
    feed = burst_feed(seconds=120)
    report = import_files([write(tmp_path / "x.csv", thirteen(feed))], tmp_path / "o.pitwall")
    _, store = opened(report.out)
    assert store.session.clock is ClockKind.EVENT
    assert store.session.key == "2025-09-06-r06-r1"
    t, v = column(store, "13", "speed")
    assert np.abs(v - feed.speed * 3.6).max() < 0.001
    off = (t - T0) / 1e6 - feed.taken
    assert off.max() - off.min() < 1e-5
    assert 0.0 <= np.median(off) < 0.6


def test_channels_have_their_groups():
    assert place("VBOX_Lat_Min") == ("pos", "latitude")
    assert place("pbrake_f") == ("chassis", "brake")
    assert place("whatever") == ("other", "whatever")
    made = groups(["gear", "aps", "nmot", "whatever"], {"driver": 3.7})
    assert [g.name for g in made] == ["driver", "engine", "other"]
    assert [c.name for c in made[0].channels] == ["throttle", "gear", "receipt_delay_driver"]
    assert made[0].rate_hz == 3.7
    assert made[0].channels[1].step


def test_formats_are_told_by_content(tmp_path):
    assert sniff(b"meta_time,telemetry_name,telemetry_value\n1,2,3\n") == 1.0
    assert sniff(HEAD13.encode()) == 1.0
    assert sniff(b"a,b,c\n") == 0.0
    assert len({f.name for f in FORMATS}) == len(FORMATS)
    path = write(tmp_path / "misnamed.txt", rows(burst_feed(seconds=10)))
    assert detect(path).name == "grcup"


def test_the_sample_of_the_publishers_table(shared_data, tmp_path):
    (path,) = (shared_data / "grcup" / "telemetry-13col").glob("*.csv")
    report = import_files([path], tmp_path / "o.pitwall")
    _, store = opened(report.out)
    assert report.rows == 20
    assert dict(report.cars) == {"2": "GR86-002-2"}
    t, v = column(store, "2", "accel_long")
    assert v.tolist() == pytest.approx([0.014, 0.018, 0.031])
    assert np.diff(t).tolist() == [43_000, 43_000]
