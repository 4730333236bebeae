"""What a race costs: ways to pack it into the table side by side, and the stack's bill.

Sizes come from counting: the overhead of an item, float32 for what is not packed, measured shares
of it for what is (10 Hz and 20 channels; 100 Hz and 100 channels). Prices are list prices of one
region at one time, rounded as they are published, without free tiers and taxes; they change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pitwall.cloud.bundle import WIDTHS
from pitwall.telemetry import BadInput
from pitwall.telemetry.plural import counted

KEYS_BYTES = 60
STORED_BYTES = 100
"""Of an item: keys and names in the packing table; what storing one adds."""
PAGE = 1 << 20

PRICES_REGION = "us-east-1"
PRICES_AS_OF = "2024-11"
"""Where and when the prices were those below: since DynamoDB's on-demand units cost half."""
PRICES = {
    "write_units_million": 0.625,
    "read_units_million": 0.125,
    "table_gb_month": 0.25,
    "recovery_gb_month": 0.20,
    "stream_reads_100k": 0.02,
    "lambda_million": 0.20,
    "lambda_gb_s": 0.0000133334,
    "firehose_gb": 0.029,
    "s3_put_1000": 0.005,
    "s3_gb_month": 0.023,
    "kinesis_hour": 0.04,
    "kinesis_in_gb": 0.08,
    "kinesis_out_gb": 0.04,
    "kinesis_changes_million": 0.10,
    "alarm_month": 0.10,
}
"""US dollars."""

# our own items, as counted in the demo's table
_ITEM_BYTES = 86
_PAYLOAD_HEAD = 20
_VALUE_BYTES = 1.2
_SEALED_VALUE_BYTES = 0.5
_SEALED_CHUNK_BYTES = 6
_LINE_BYTES = 190
_GZIP_LINE_BYTES = 45
_GROUPS = 5
_FAST_GROUPS = 2
_SHARDS = 4
_BATCH_WINDOW_S = 5.0
_LAMBDA_GB, _LAMBDA_S = 0.5, 0.15
_ALARMS = 7
_ENVELOPE_BYTES = 350
"""Of a change in Kinesis beside its item, which is JSON there."""


@dataclass(frozen=True, slots=True)
class Race:
    """What is raced and measured.

    Attributes:
        cars, channels: how many; channels of one car.
        rate_hz: samples a second of each channel.
        hours: how long.
        lap_s: of one lap.
        laptops: that follow it live.

    Raises:
        BadInput: not a race.
    """

    cars: int = 40
    channels: int = 20
    rate_hz: float = 10.0
    hours: float = 3.5
    lap_s: float = 45.0
    laptops: int = 1

    def __post_init__(self) -> None:
        for name, low, high in (
            ("cars", 1, 1000),
            ("channels", 1, 10_000),
            ("rate_hz", 0.1, 10_000),
            ("hours", 0.01, 100),
            ("lap_s", 1, 3600),
            ("laptops", 0, 1000),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise BadInput(f"{name.split('_')[0]} {value:g}: from {low:g} to {high:g}")

    @property
    def seconds(self) -> float:
        """How long."""
        return self.hours * 3600

    @property
    def values_per_s(self) -> float:
        """Numbers a second of one car."""
        return self.rate_hz * self.channels


@dataclass(frozen=True, slots=True)
class Packing:
    """One way to put a race into items.

    Attributes:
        name: in words.
        items_per_s: items written each second.
        item_bytes: of one item.
        seconds: of the race.
    """

    name: str
    items_per_s: float
    item_bytes: float
    seconds: float

    @property
    def units(self) -> int:
        """Write units of one item."""
        return max(1, math.ceil(self.item_bytes / 1024))

    @property
    def items(self) -> float:
        """Of the whole race."""
        return self.items_per_s * self.seconds

    @property
    def write_cost(self) -> float:
        """Dollars to write the race."""
        return self.items * self.units / 1e6 * PRICES["write_units_million"]

    @property
    def stored_gb(self) -> float:
        """Gigabytes in the table."""
        return self.items * (self.item_bytes + STORED_BYTES) / 1e9

    @property
    def pages(self) -> float:
        """Pages of a megabyte to read it all."""
        return self.items * self.item_bytes / PAGE

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "packing": self.name,
            "items_per_s": round(self.items_per_s, 3),
            "item_bytes": round(self.item_bytes),
            "write_units_each": self.units,
            "write_units_per_s": round(self.items_per_s * self.units, 3),
            "items": round(self.items),
            "write_cost_usd": round(self.write_cost, 2),
            "stored_gb": round(self.stored_gb, 3),
            "pages": round(self.pages),
        }


def packings(race: Race) -> list[Packing]:
    """The ways, dearest first; the last is what Pitwall writes."""
    second = race.values_per_s
    cars, seconds, hz = race.cars, race.seconds, race.rate_hz

    def packed(span_s: float) -> float:
        return KEYS_BYTES + second * span_s * 4 * _share(race, span_s)

    tags = 4 * cars if cars > 1 else 0
    frame = KEYS_BYTES + tags + cars * race.channels * 4 * max(1.0, hz / 10)
    ways = [
        Packing("one value an item", cars * second, 90, seconds),
        Packing("one sample an item, numbers", cars * hz, KEYS_BYTES + 9 * race.channels, seconds),
        Packing("100 ms, all cars, binary", min(hz, 10), frame, seconds),
        Packing("1 s of a car, binary", cars, KEYS_BYTES + second * 4, seconds),
        Packing("1 s of a car, packed", cars, packed(1), seconds),
        Packing("5 s of a car, packed", cars / 5, packed(5), seconds),
        Packing("a lap of a car, packed", cars / race.lap_s, packed(race.lap_s), seconds),
    ]
    return [*ways, ours(race)]


def ours(race: Race) -> Packing:
    """What the publisher writes for each car: chunks of five groups (two of 250 ms, three of 1 s),
    a head a second; sealed laps and catalog when a lap closes."""
    chunks_per_s, chunk_bytes, _ = _chunks(race)
    sealed_bytes = _sealed_bytes(race) / _GROUPS
    sealed_units = math.ceil(sealed_bytes / 1024)
    # a sealed lap counts as so many items of one unit, so that the units come out right
    sealed_per_s = _GROUPS * sealed_units / race.lap_s
    items = chunks_per_s + 1 + sealed_per_s + 1 / race.lap_s
    size = (chunks_per_s * chunk_bytes + 150 + _sealed_bytes(race) / race.lap_s) / items
    return Packing("as Pitwall writes it", race.cars * items, size, race.seconds)


def _chunks(race: Race) -> tuple[float, float, float]:
    """Of one car: chunks a second, bytes of one on average, bytes of its payload."""
    per_s = _FAST_GROUPS * 4.0 + (_GROUPS - _FAST_GROUPS)
    payload = _PAYLOAD_HEAD + race.values_per_s / per_s * _VALUE_BYTES
    return per_s, _ITEM_BYTES + payload, payload


def _sealed_bytes(race: Race) -> float:
    """Of one car's lap, all groups."""
    values = race.values_per_s * race.lap_s * _SEALED_VALUE_BYTES
    return values + _chunks(race)[0] * race.lap_s * _SEALED_CHUNK_BYTES + _GROUPS * 100


def _share(race: Race, span_s: float) -> float:
    """Share of float32 that packing leaves, as measured."""
    slow, fast = {1: (0.21, 0.12), 5: (0.16, 0.11)}.get(int(span_s), (0.14, 0.11))
    return slow if race.rate_hz < 50 else fast


@dataclass(frozen=True, slots=True)
class Cost:
    """One line of the bill.

    Attributes:
        what: service and what of it.
        dollars: for the race; for a month where ``monthly``.
        monthly: whether it goes on.
    """

    what: str
    dollars: float
    monthly: bool = False


def bill(race: Race, buffer_s: float = 60.0, kinesis: bool = False) -> list[Cost]:
    """What the stack costs for one race, and each month that its data is kept."""
    table = ours(race)
    per_s, chunk_bytes, payload = _chunks(race)
    chunks = per_s * race.cars * race.seconds
    lines_gb = chunks * (_LINE_BYTES + payload * 4 / 3) / 1e9
    batches = race.seconds * max(_SHARDS / _BATCH_WINDOW_S, per_s * race.cars / 1000)
    laps = race.cars * race.seconds / race.lap_s
    # each sealed lap lies in the bucket by itself, and again in blocks of several laps
    sealed_gb = laps * (1 + len(WIDTHS)) * _sealed_bytes(race) / 1e9
    archive_gb = chunks * _GZIP_LINE_BYTES / 1e9 + sealed_gb
    sealed_objects = laps * (1 + sum(1 / width for width in WIDTHS))
    objects = sealed_objects + (race.seconds / buffer_s if buffer_s else batches)
    reads = race.laptops * _SHARDS * 5 * race.seconds
    keyed_units = race.laptops * laps * _GROUPS * math.ceil(_sealed_bytes(race) / _GROUPS / 4096)
    costs = [
        Cost("DynamoDB: writes", table.write_cost),
        Cost(
            "DynamoDB: keyed reads of every lap", keyed_units / 1e6 * PRICES["read_units_million"]
        ),
        Cost(
            f"DynamoDB Streams: {counted(race.laptops, 'laptop')}",
            0.0 if kinesis else reads / 1e5 * PRICES["stream_reads_100k"],
        ),
        Cost(
            "Lambda: archiver",
            batches / 1e6 * PRICES["lambda_million"]
            + batches * _LAMBDA_GB * _LAMBDA_S * PRICES["lambda_gb_s"],
        ),
        Cost("Firehose", lines_gb * PRICES["firehose_gb"]),
        Cost("S3: objects written", objects / 1000 * PRICES["s3_put_1000"]),
    ]
    if kinesis:
        record = _ENVELOPE_BYTES + table.item_bytes * 4 / 3
        # what comes in is billed in steps of 1 KB a record, what is read as it is
        in_gb = table.items * math.ceil(record / 1024) * 1024 / 1e9
        out_gb = table.items * record / 1e9
        costs.append(
            Cost(
                f"Kinesis: {counted(race.laptops, 'laptop')}",
                race.hours * PRICES["kinesis_hour"]
                + in_gb * PRICES["kinesis_in_gb"]
                + out_gb * race.laptops * PRICES["kinesis_out_gb"]
                + table.items / 1e6 * PRICES["kinesis_changes_million"],
            )
        )
    return [
        *costs,
        Cost(
            "DynamoDB: kept, with recovery to any moment",
            table.stored_gb * (PRICES["table_gb_month"] + PRICES["recovery_gb_month"]),
            True,
        ),
        Cost("S3: kept", archive_gb * PRICES["s3_gb_month"], True),
        Cost("CloudWatch: alarms", _ALARMS * PRICES["alarm_month"], True),
    ]


def cost_json(race: Race, buffer_s: float = 60.0, kinesis: bool = False) -> dict[str, Any]:
    """Everything, for ``--json``."""
    lines = bill(race, buffer_s, kinesis)
    return {
        "cars": race.cars,
        "channels": race.channels,
        "rate_hz": race.rate_hz,
        "hours": race.hours,
        "prices_usd": PRICES,
        "prices_region": PRICES_REGION,
        "prices_as_of": PRICES_AS_OF,
        "packings": [packing.to_json() for packing in packings(race)],
        "bill": [
            {"what": line.what, "usd": round(line.dollars, 4), "monthly": line.monthly}
            for line in lines
        ],
        "race_usd": round(sum(line.dollars for line in lines if not line.monthly), 2),
        "month_usd": round(sum(line.dollars for line in lines if line.monthly), 2),
    }


def cost_text(race: Race, buffer_s: float = 60.0, kinesis: bool = False) -> list[str]:
    """The same as a table."""
    out = [
        f"A race of {race.cars} cars, {race.channels} channels at {race.rate_hz:g} Hz, "
        f"{race.hours:g} h",
        f"(list prices of {PRICES_REGION} as of {PRICES_AS_OF}, US dollars, without free tier and "
        "taxes; most regions cost more, and prices change: look up today's)",
        "",
        f"{'packing':<28} {'items/s':>8} {'bytes':>7} {'WU':>4} {'items':>12} {'write':>9} "
        f"{'stored':>9} {'pages':>7}",
    ]
    out += [
        f"{p.name:<28} {p.items_per_s:>8,.1f} {p.item_bytes:>7,.0f} {p.units:>4} {p.items:>12,.0f} "
        f"{p.write_cost:>8,.2f}$ {p.stored_gb:>6,.2f} GB {p.pages:>7,.0f}"
        for p in packings(race)
    ]
    lines = bill(race, buffer_s, kinesis)
    for monthly, title in ((False, "for the race"), (True, "each month that it is kept")):
        some = [line for line in lines if line.monthly == monthly]
        out += ["", f"{'the stack, ' + title:<46} {sum(s.dollars for s in some):>8.2f}$"]
        out += [f"  {line.what:<44} {line.dollars:>8.2f}$" for line in some]
    if race.laptops > 1 and not kinesis:
        out += [
            "",
            f"{race.laptops} laptops: a shard of the table's own stream serves two readers, and "
            "the archiver is one: --kinesis NAME for more than one laptop",
        ]
    return out
