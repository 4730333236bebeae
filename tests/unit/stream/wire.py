"""A reader over the real sources over simulated clients: every layer but the wire itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pitwall.stream import (
    DynamoSource,
    KinesisSource,
    Reader,
    Record,
    StreamSource,
    features_of,
)
from pitwall.telemetry import Segment
from tests.simulation.service import (
    Change,
    Perfect,
    Request,
    Shard,
    SimulatedDynamoStreams,
    SimulatedKinesis,
    SimulatedTable,
    Stream,
    write,
)
from tests.unit.stream.rig import SECOND, Rig, made


def body_of(n: int, car: str = "7", version: int = 1) -> dict[str, Any]:
    """An item that stands for chunk ``n`` of ``car``."""
    return {"pk": {"S": car}, "sk": {"S": f"{n:09d}"}, "v": {"N": str(version)}}


def decode(record: Record) -> Segment:
    return made(int(record.body["sk"]["S"]), record.body["pk"]["S"])


class Wire(Rig):
    """A simulated stream, its client, the source over it, a sink and a reader.

    Attributes:
        asked: what was asked of the service, in order.
        on_call: may raise before a call, or give an answer in place of the service's.
        on_page: which shards a page of a listing may show.
    """

    def __init__(self, shards: int = 1, *, kinesis: bool = False, **options: Any) -> None:
        rig = {name: options.pop(name) for name in ("seed", "pace") if name in options}
        super().__init__(1, **rig)
        self.asked: list[Request] = []
        self.given: list[Any] = []
        self.on_call: Callable[[Request], Any] = lambda request: None
        self.on_page: Callable[[list[Shard]], list[Shard]] = lambda shards: shards
        self.network = Perfect()
        stream = {name: options.pop(name) for name in ("retention_us", "step") if name in options}
        ahead_us = round(options.pop("clock_ahead_s", 0.0) * SECOND)
        self.decode = decode

        def clock() -> int:
            return self.time.wall + ahead_us

        client: Any
        if kinesis:
            client = SimulatedKinesis(clock, network=self, **options)
            self.stream: Stream = client.create_stream("race", shards=shards, **stream)
        else:
            client = SimulatedDynamoStreams(clock, network=self, **options)
            self.table = SimulatedTable(clock, client, shards=shards, **stream)
            self.stream = self.table.stream
        self.kinesis = kinesis
        self.client = client

    # -- on the way

    def carry(self, request: Request, answer: Callable[[], Any]) -> Any:
        self.asked.append(request)
        other = self.on_call(request)
        given = answer() if other is None else other
        self.given.append(given)
        return given

    def page(self, shards: list[Shard]) -> list[Shard]:
        return self.on_page(shards)

    # -- what happens

    def put(self, numbers: range, car: str = "7") -> list[Change]:
        out = []
        for n in numbers:
            if self.kinesis:
                raw = f'{{"pk":{{"S":"{car}"}},"sk":{{"S":"{n:09d}"}}}}'
                out.append(write(self.stream, car, raw.encode()))
            else:
                change = self.table.write(body_of(n, car))
                assert change is not None
                out.append(change)
        return out

    def rotate(self, index: int = 0, pieces: int = 1, delay_s: float = 0.0) -> None:
        self.stream.split(self.stream.open[index], pieces, round(delay_s * 1e6))

    def source(self) -> StreamSource:
        if self.kinesis:
            return KinesisSource.connect(self.client, "race", "pitwall", self.server, self.time)
        return DynamoSource(
            self.client,
            self.table.stream.name,
            features=features_of(self.client),
            server=self.server,
            time=self.time,
        )

    def start(self, anchor_us: int | None = None, *, source: Any = None) -> Reader:
        source = source or self.source()
        self.reader = Reader(
            source,
            self.sink,
            lambda record: self.decode(record),
            listing=source.describe(),
            anchor_us=anchor_us,
            saved=self.sink.checkpoints,
            server=self.server,
            time=self.time,
            pool=self._new_pool(),
            rng=self.rng,
            on_event=lambda name, details: self.events.append((name, details)),
            pace=self.pace,
        )
        return self.reader

    # -- what was asked

    def kinds(self) -> set[str]:
        """Types of the iterators that were asked for."""
        return {each.detail for each in self.asked if each.operation == "GetShardIterator"}
