"""The cost of a race, beside the packing table that was counted by hand."""

from __future__ import annotations

import pytest

from pitwall.cloud.archiver import make_handler
from pitwall.cloud.local.seed import seed
from pitwall.cloud.local.service import Service, StandInConfig
from pitwall.cloud.stack.cost import Race, bill, cost_json, cost_text, ours, packings
from pitwall.telemetry import BadInput

# name, items/s, bytes, units, items, write cost, stored GB, pages
FORTY = [
    ("one value an item", 8000, 90, 1, 100.8e6, 63.00, 19.2, 8652),
    ("one sample an item, numbers", 400, 240, 1, 5.04e6, 3.15, 1.71, 1154),
    ("100 ms, all cars, binary", 10, 3420, 4, 126e3, 0.32, 0.44, 411),
    ("1 s of a car, binary", 40, 860, 1, 504e3, 0.32, 0.48, 413),
    ("1 s of a car, packed", 40, 230, 1, 504e3, 0.32, 0.17, 111),
    ("5 s of a car, packed", 8, 700, 1, 101e3, 0.06, 0.08, 67),
    ("a lap of a car, packed", 0.889, 5000, 5, 11_200, 0.04, 0.06, 53),
]
ONE = [
    ("one value an item", 10_000, 90, 1, 126e6, 78.75, 23.9, 10_815),
    ("one sample an item, numbers", 100, 960, 1, 1.26e6, 0.79, 1.34, 1154),
    ("100 ms, all cars, binary", 10, 4060, 4, 126e3, 0.32, 0.52, 488),
    ("1 s of a car, binary", 1, 40_060, 40, 12_600, 0.32, 0.51, 481),
    ("1 s of a car, packed", 1, 4900, 5, 12_600, 0.04, 0.06, 59),
    ("5 s of a car, packed", 0.2, 22_500, 22, 2520, 0.03, 0.06, 54),
    ("a lap of a car, packed", 0.0222, 201_000, 197, 280, 0.03, 0.06, 54),
]


@pytest.mark.parametrize(
    ("race", "table"),
    [(Race(), FORTY), (Race(cars=1, channels=100, rate_hz=100), ONE)],
    ids=["40 cars", "1 car"],
)
def test_the_packing_table(race: Race, table: list[tuple[str, float]]) -> None:
    found = packings(race)
    assert [packing.name for packing in found[:-1]] == [row[0] for row in table]
    for packing, (_, per_s, size, units, items, cost, stored, pages) in zip(
        found, table, strict=False
    ):
        assert packing.items_per_s == pytest.approx(per_s, rel=0.01)
        assert packing.item_bytes == pytest.approx(size, rel=0.025)
        assert packing.units == pytest.approx(units, rel=0.02)
        assert packing.items == pytest.approx(items, rel=0.01)
        assert packing.write_cost == pytest.approx(cost, abs=0.0051)
        assert packing.stored_gb == pytest.approx(stored, rel=0.03, abs=0.0051)
        assert packing.pages == pytest.approx(pages, rel=0.03)


def test_ours_is_counted_as_it_is_written() -> None:
    packing = ours(Race())
    # eleven chunks and a head a second of each car, and what a lap adds
    assert 40 * 12 < packing.items_per_s < 40 * 12.5
    assert packing.units == 1
    assert 100 < packing.item_bytes < 200


@pytest.mark.slow
def test_ours_is_what_the_demos_table_holds() -> None:
    service = Service(StandInConfig())
    service.attach(make_handler(service.firehose, service.config.delivery))
    seconds, cars = 300, 2
    spec = {"cars": cars, "seconds_history": seconds, "stream_s": 60, "cache": False}
    seed(service, spec, lambda share, what: None)
    # heads are overwritten: one a second is added below
    sizes = [
        size
        for pk, part in service.table._partitions.items()
        if not pk.endswith("#head")
        for _, size in part.rows.values()
    ]
    units = sum(-(-size // 1024) for size in sizes) / (seconds * cars) + 1
    # the demo's fourteen channels, at their own rates; its laps last about a minute
    race = Race(cars=cars, channels=14, rate_hz=16, hours=seconds / 3600, lap_s=60)
    assert ours(race).items_per_s / cars == pytest.approx(units, rel=0.05)


def test_the_bill() -> None:
    race = Race(laptops=2)
    plain = {line.what: line for line in bill(race)}
    assert plain["DynamoDB: writes"].dollars == pytest.approx(ours(race).write_cost)
    more = bill(race, kinesis=True)
    (kinesis,) = [line for line in more if line.what.startswith("Kinesis")]
    # an hour of a stream, a KB in for each small item, its change, and twice what is read
    items = ours(race).items
    taken_in = 3.5 * 0.04 + items * 1024 / 1e9 * 0.08 + items / 1e6 * 0.10
    read = 2 * items * (350 + ours(race).item_bytes * 4 / 3) / 1e9 * 0.04
    assert kinesis.dollars == pytest.approx(taken_in + read)
    # laptops follow one or the other
    assert next(line for line in more if "Streams" in line.what).dollars == 0
    dearer = sum(line.dollars for line in bill(Race(cars=80)))
    assert dearer > sum(line.dollars for line in bill(race))
    assert all(line.dollars >= 0 for line in more)
    assert sum(line.dollars for line in bill(race, 0.0)) > 0


def test_a_shard_serves_the_archiver_and_one_laptop() -> None:
    assert "DynamoDB Streams: 1 laptop" in "\n".join(cost_text(Race()))
    advice = "--kinesis NAME for more than one laptop"
    assert advice not in "\n".join(cost_text(Race()))
    assert advice in "\n".join(cost_text(Race(laptops=2)))
    assert advice not in "\n".join(cost_text(Race(laptops=2), kinesis=True))


def test_told_alike() -> None:
    doc = cost_json(Race(cars=1))
    text = "\n".join(cost_text(Race(cars=1)))
    assert (doc["prices_region"], doc["prices_as_of"]) == ("us-east-1", "2024-11")
    assert "list prices of us-east-1 as of 2024-11" in text
    assert doc["race_usd"] == pytest.approx(
        sum(line["usd"] for line in doc["bill"] if not line["monthly"]), abs=0.01
    )
    assert f"{doc['race_usd']:.2f}$" in text
    for packing in doc["packings"]:
        assert packing["packing"] in text


@pytest.mark.parametrize(
    "options", [{"cars": 0}, {"channels": 0}, {"rate_hz": 0}, {"hours": 0}, {"lap_s": 0}]
)
def test_not_a_race(options: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="from"):
        Race(**options)  # type: ignore[arg-type]
