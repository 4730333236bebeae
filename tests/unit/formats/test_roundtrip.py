"""What is exported and imported again is equal."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitwall.formats import EXPORTS, LapRow, export, import_files
from pitwall.formats.pack import Packer
from pitwall.formats.source import Block
from pitwall.formats.table import samples_of
from pitwall.store import Batch, Recording, Source
from pitwall.telemetry import (
    GATE_META,
    OFFICIAL_META,
    BadInput,
    Catalog,
    Channel,
    Failure,
    Gate,
    Group,
    Official,
    OfficialLap,
    Session,
    TableClock,
    official_to_json,
)

T0 = 1_790_000_000_000_000
CATALOG = Catalog(
    (
        Group(
            "pos",
            10.0,
            1_000_000,
            (
                Channel("latitude", "deg", 1e-8, -90, 90),
                Channel("speed", "km/h", 0.01, 0, 300, label="speed, wheel"),
            ),
        ),
        Group(
            "odd",
            3.0,
            1_000_000,
            (
                Channel("no_step", "1", 0.0, 0, 1),
                Channel("gear", "1", 0.5, 0, 8, step=True),
                Channel("sixths", "kPa", 1 / 6, 0, 100),
            ),
        ),
    )
)


def recording(path: Path, cars: dict[str, list[Block]], meta: dict[str, str]) -> Recording:
    session = Session("2026-09-20-test-race", 'Test, "Race"', CATALOG, T0)
    made = Recording.create(path, session)
    packer = Packer(session.key, CATALOG)
    for car, parts in cars.items():
        for block in parts:
            made.apply(Batch(Source.IMPORT, tuple(packer.segments(car, block)), received_us=T0))
    names = {car: f"id of {car}" for car in cars}
    made.apply(Batch(Source.IMPORT, heads=packer.heads(), meta={"cars": json.dumps(names), **meta}))
    return made


def block(group: str, steps: list[int], values: list[list[float]]) -> Block:
    t = T0 + np.cumsum(np.array(steps, np.int64))
    names = [c.name for c in CATALOG.group(group).channels]
    columns = {n: np.array([row[i] for row in values]) for i, n in enumerate(names)}
    return Block("x", group, 1, t, columns)


def column(channel: Channel) -> st.SearchStrategy[float]:
    missing = st.just(float("nan"))
    if not channel.resolution:
        # a .ld file splits a value into parts of 32 bits, which end at 1e-45
        return missing | st.floats(-1e9, 1e9).filter(lambda v: v == 0 or abs(v) > 1e-15)
    return missing | st.integers(-(2**33), 2**33).map(lambda k: k * channel.resolution)


def blocks(group: str) -> st.SearchStrategy[Block]:
    channels = CATALOG.group(group).channels
    row = st.tuples(*(column(c) for c in channels)).map(list)
    # moments may be the same: two samples of one instant are two samples
    step = st.sampled_from([0, 1, 7, 100_000, 333_333, 5_000_000])
    return st.lists(st.tuples(step, row), min_size=1, max_size=30).map(
        lambda rows: block(group, [s for s, _ in rows], [r for _, r in rows])
    )


@pytest.mark.parametrize("kind", EXPORTS)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pos=blocks("pos"), odd=blocks("odd"))
def test_samples_session_and_meta_are_equal(tmp_path_factory, kind, pos, odd):
    folder = tmp_path_factory.mktemp(kind)
    gate = Gate(43.8, -87.99, 176.0, name="S/F ¬")
    table = Official("a.csv", "laps", TableClock.UTC, (OfficialLap("7", 1, 5),) * 900)
    meta = {GATE_META: gate.to_json(), OFFICIAL_META: official_to_json([table])}
    before = recording(folder / "a.pitwall", {"7": [pos, odd]}, meta)
    laps = [LapRow("7", 4, T0 + 2, T0 + 900_000, 899_998, 5, "flying", True, "")]
    out = folder / f"x.{kind}"
    report = export(before, out, kind, laps)
    assert report.files == (out,)
    import_files([out], folder / "b.pitwall")
    after = Recording.open(folder / "b.pitwall", read_only=True)
    assert after.session == before.session
    for key in ("cars", GATE_META, OFFICIAL_META):
        assert after.meta(key) == before.meta(key)
    for group in CATALOG.groups:
        t, values = samples_of(before, "7", group)
        again, same = samples_of(after, "7", group)
        assert t.tolist() == again.tolist()
        # two samples of one moment have no order between them
        order, other = (np.lexsort((*v, a)) for v, a in ((values, t), (same, again)))
        np.testing.assert_array_equal(values[:, order], same[:, other])
    before.close()
    after.close()


@pytest.fixture
def two_cars(tmp_path):
    steps = [100_000] * 20
    rows = [[43.0 + i * 1e-6, 100.0 + i] for i in range(20)]
    made = recording(
        tmp_path / "two.pitwall", {c: [block("pos", steps, rows)] for c in ("7", "22")}, {}
    )
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_one_car_of_two(tmp_path, two_cars, kind):
    report = export(two_cars, tmp_path / "x", kind, (), "22")
    assert report.cars == ("22",)
    again = import_files(report.files, tmp_path / "b.pitwall")
    assert dict(again.cars) == {"22": "id of 22"}


def test_a_motec_file_holds_one_car(tmp_path, two_cars):
    report = export(two_cars, tmp_path / "x.ld", "ld", ())
    assert [path.name for path in report.files] == ["x-7.ld", "x-22.ld"]


def test_units_and_laps_stand_in_the_heading(tmp_path, two_cars):
    laps = [LapRow("7", 3, T0, T0 + 5, 97_428_000, 4_000, "flying", True, "")]
    (path,) = export(two_cars, tmp_path / "x.csv", "csv", laps, "7").files
    lines = path.read_text().splitlines()
    lap = next(json.loads(line[2:]) for line in lines if '"lap_of"' in line)
    assert (lap["car"], lap["lap"], lap["time_s"]) == ("7", 3, 97.428)
    names = next(line for line in lines if not line.startswith("#"))
    assert names.startswith("time,car,lap,latitude [deg],speed [km/h]")


def test_a_parquet_file_is_read_by_its_own_names(tmp_path, two_cars):
    from arro3.io import read_parquet

    (path,) = export(two_cars, tmp_path / "x.parquet", "parquet", (), "7").files
    table = read_parquet(path).read_all()
    assert table.num_rows == 20
    assert table.schema.field("speed [km/h]").metadata_str == {"unit": "km/h"}


def test_what_stops_an_export_leaves_nothing(tmp_path, two_cars, monkeypatch):
    with pytest.raises(BadInput, match=r"car 9 is not in this recording \(cars: 7, 22\)"):
        export(two_cars, tmp_path / "x.csv", "csv", (), "9")
    (tmp_path / "there.csv").write_text("precious")
    with pytest.raises(BadInput, match="exists already"):
        export(two_cars, tmp_path / "there.csv", "csv", ())
    with pytest.raises(BadInput, match="no folder"):
        export(two_cars, tmp_path / "nowhere" / "x.csv", "csv", ())

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pitwall.formats.table_csv.write", full)
    with pytest.raises(Failure, match="No space left"):
        export(two_cars, tmp_path / "x.csv", "csv", ())
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix == ".csv") == ["there.csv"]
    assert not list(tmp_path.glob(".*exporting"))
