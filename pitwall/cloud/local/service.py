"""The stand-in's services put together over one log, without any network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pitwall.cloud.local.access import Access
from pitwall.cloud.local.asked import Asked
from pitwall.cloud.local.dynamodb import DynamoDB
from pitwall.cloud.local.faults import ArchiveFaults, Faults
from pitwall.cloud.local.firehose import Delivery, DeliveryStream, Firehose
from pitwall.cloud.local.items import DEFAULT_KEYS, KeySchema
from pitwall.cloud.local.mapping import EventSourceMapping, Handler
from pitwall.cloud.local.objects import ObjectStore
from pitwall.cloud.local.streamlog import StreamLog
from pitwall.cloud.local.streams import Streams
from pitwall.cloud.local.table import Table
from pitwall.cloud.local.tables import Tables
from pitwall.telemetry.clock import now_us

ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class StandInConfig:
    """What the stand-in holds and how it behaves.

    Attributes:
        table, bucket, delivery: names of the table, the archive's bucket and the delivery stream.
        prefix: key prefix of the archive.
        shards: open shards at the beginning (and per further table).
        region: AWS region in names.
        retention_s: age at which stream records are trimmed.
        rotate_every_s: rotate all shards this often; 0 for never.
        firehose_interval_s: longest wait of a record in the delivery buffer.
        firehose_bytes: size at which the buffer is delivered.
        latency_ms: added to every answer over HTTP, control excepted.
        batch_size, window_s: of the event source mapping.
    """

    table: str = "pitwall"
    bucket: str = "pitwall-archive"
    delivery: str = "pitwall-archive"
    prefix: str = "raw/"
    shards: int = 4
    region: str = "us-east-1"
    retention_s: float = 24 * 3600.0
    rotate_every_s: float = 0.0
    firehose_interval_s: float = 60.0
    firehose_bytes: int = 5 << 20
    latency_ms: float = 0.0
    batch_size: int = 100
    window_s: float = 1.0


class Service:
    """Table, stream, function, delivery stream and archive of one stand-in.

    Everything that the HTTP server offers can be called here directly; seeding does.

    Attributes:
        config: as given.
        faults: calls made to fail.
        access: whose calls are let through.
        table: the default table.
        objects: the archive's buckets.
        delivery: the default delivery stream.
        dynamodb, streams, firehose: the APIs.
        mapping: what feeds the function; None until :meth:`attach`.
        ahead_us: how far callers' clocks are to seem behind; negative for ahead.
    """

    def __init__(
        self,
        config: StandInConfig | None = None,
        now_us: Callable[[], int] = now_us,
    ) -> None:
        self.config = config = config or StandInConfig()
        self._clock = now_us
        self._pinned_us: int | None = None
        self._trim_us = 0
        self.ahead_us = 0
        self._account = f"arn:aws:dynamodb:{config.region}:{ACCOUNT}:table/"
        self.started_us = self._rotated_us = now_us()
        self._started = time.monotonic()
        self.faults = Faults(self.now_us)
        self.objects = ObjectStore(self.now_us)
        self.objects.create(config.bucket)
        self.tables: dict[str, Table] = {}
        self.access = Access(Asked(config.region, ACCOUNT, self._schema), ACCOUNT, self.told_us)
        self.table = self._create(config.table, DEFAULT_KEYS, "NEW_IMAGE")
        settings = Delivery(
            config.delivery,
            config.bucket,
            config.prefix,
            round(config.firehose_interval_s * 1e6),
            config.firehose_bytes,
        )
        self.delivery = DeliveryStream(settings, self.objects)
        self.dynamodb = DynamoDB(Tables(self.tables, self._create, self._account))
        self.streams = Streams(self.tables, self.now_us, self.horizon_us)
        self.firehose = Firehose({config.delivery: self.delivery}, self.now_us, self.faults)
        self.mapping: EventSourceMapping | None = None

    # -- time

    def now_us(self) -> int:
        """The stand-in's clock: the injected one, or a pinned moment."""
        return self._clock() if self._pinned_us is None else self._pinned_us

    @contextmanager
    def pinned(self, now_us: int) -> Iterator[None]:
        """Let everything inside happen at ``now_us``: history is made this way."""
        before, self._pinned_us = self._pinned_us, now_us
        try:
            yield
        finally:
            self._pinned_us = before

    def begin_at(self, now_us: int) -> None:
        """Let the default stream have begun at ``now_us``; only while it is empty."""
        with self.table.lock:
            if self.stream.total:
                raise ValueError("the stream already holds records")
            self.stream.reset(now_us)

    def horizon_us(self) -> int:
        """Records created before this are gone."""
        return max(self.now_us() - round(self.config.retention_s * 1e6), self._trim_us)

    def told_us(self) -> int:
        """The clock as callers see it: ahead of theirs by what was asked for, as if theirs were
        behind."""
        return self.now_us() + self.ahead_us

    # -- parts

    @property
    def stream(self) -> StreamLog:
        """The default table's log."""
        assert self.table.stream is not None
        return self.table.stream

    def _create(self, name: str, schema: KeySchema, view: str) -> Table:
        log = None
        if view:
            config = self.config
            log = StreamLog(
                self._account + name,
                name,
                schema,
                config.region,
                config.shards,
                self.now_us(),
                view,
            )
        table = self.tables[name] = Table(name, schema, log, self.now_us)
        return table

    def _schema(self, name: str) -> KeySchema | None:
        table = self.tables.get(name)
        return None if table is None else table.schema

    def attach(self, handler: Handler) -> EventSourceMapping:
        """Feed the default table's changes to a function."""
        config = self.config
        self.mapping = EventSourceMapping(self.table, handler, config.batch_size, config.window_s)
        return self.mapping

    def set_archive_faults(self, faults: ArchiveFaults) -> None:
        """Give the path to the archive these flaws from now on."""
        self.delivery.set_faults(faults)
        if self.mapping is not None:
            self.mapping.set_faults(faults)

    # -- what happens by itself

    def feed(self) -> int:
        """Give the function what waits for it; returns the records that it accepted.

        The function may wait and retry, so this has a thread of its own.
        """
        if self.mapping is None or self.faults.out:
            return 0
        return self.mapping.poll(self.now_us())

    def tick(self) -> None:
        """What else is due now: delivery, trimming, rotation."""
        now_us = self.now_us()
        self.delivery.tick(now_us)
        every_us = round(self.config.rotate_every_s * 1e6)
        if every_us and now_us - self._rotated_us >= every_us:
            self._rotated_us = now_us
            self.rotate()
        horizon_us = self.horizon_us()
        for table in list(self.tables.values()):
            if table.stream is not None:
                with table.lock:
                    table.stream.trim(horizon_us)

    def settle(self, now_us: int) -> None:
        """Let the function and the delivery stream catch up as of ``now_us``; seeding calls it."""
        with self.pinned(now_us):
            if self.mapping is not None:
                self.mapping.drain(now_us)
            self.delivery.tick(now_us)

    # -- control

    def rotate(self, shard_id: str | None = None) -> list[str]:
        """Close all open shards of the default stream, or one, and open their children."""
        with self.table.lock:
            return self.stream.rotate(self.now_us(), shard_id)

    def split(self, shard_id: str | None = None) -> list[str]:
        """As :meth:`rotate`, with two children each."""
        with self.table.lock:
            return self.stream.split(self.now_us(), shard_id)

    def trim(self, horizon_us: int) -> int:
        """Drop stream records created before ``horizon_us`` for good; returns how many."""
        self._trim_us = max(self._trim_us, horizon_us)
        with self.table.lock:
            return self.stream.trim(self.horizon_us())

    def status(self) -> dict[str, Any]:
        """Counts, for people and tests."""
        with self.table.lock:
            status: dict[str, Any] = {
                "uptime_s": round(time.monotonic() - self._started, 3),
                "now_us": self.now_us(),
                "items": self.table.count,
                "objects": self.objects.count(),
                **self.stream.status(),
            }
        status["firehose"] = self.delivery.status()
        if self.mapping is not None:
            mapping = self.mapping
            status["function"] = {
                "handled": mapping.handled,
                "failures": mapping.failures,
                "lost": mapping.lost,
                "behind": mapping.behind(),
                "expired": mapping.expired,
            }
        return status | self.faults.status() | self.access.status()
