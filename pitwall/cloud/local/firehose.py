"""Firehose: records gathered into gzip objects under the hour of their arrival.

Records are concatenated as they are, without delimiters, as the service does by default.
"""

from __future__ import annotations

import binascii
import datetime
import random
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from isal import isal_zlib

from pitwall.cloud.local.errors import AwsError, invalid, not_found
from pitwall.cloud.local.faults import ArchiveFaults, Faults
from pitwall.cloud.local.objects import ObjectStore

BATCH_RECORDS = 500
BATCH_BYTES = 4 << 20
RECORD_BYTES = 1000 << 10
# As small as zlib's level 6 on these payloads in a tenth of the time.
GZIP_LEVEL = 1

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Settings of a delivery stream.

    Attributes:
        name: its name, part of every object's key.
        bucket, prefix: where objects go; the hour ``YYYY/MM/DD/HH/`` (UTC) follows the prefix.
        interval_us: an object is closed at the latest this long after its first record.
        size_bytes: and when it holds this much before compression.
    """

    name: str
    bucket: str
    prefix: str = ""
    interval_us: int = 300_000_000
    size_bytes: int = 5 << 20


class _Buffer:
    """Records on their way into one object, compressed as they come."""

    __slots__ = ("_packer", "_parts", "count", "size")

    def __init__(self) -> None:
        self.count = 0
        self.size = 0
        self._packer = isal_zlib.compressobj(GZIP_LEVEL, wbits=31)
        self._parts: list[bytes] = []

    def append(self, data: bytes) -> None:
        self.count += 1
        self.size += len(data)
        self._parts.append(self._packer.compress(data))

    def close(self) -> bytes:
        self._parts.append(self._packer.flush())
        return b"".join(self._parts)


class DeliveryStream:
    """One delivery stream: a buffer that becomes objects. Any thread may call.

    Attributes:
        settings: as given.
        duplicated: records delivered twice on purpose.
        delivered: records in objects, duplicates included.
    """

    def __init__(self, settings: Delivery, objects: ObjectStore) -> None:
        self.settings = settings
        self.duplicated = 0
        self.delivered = 0
        self._objects = objects
        self._lock = threading.Lock()
        self._buffer = _Buffer()
        self._opened_us = 0
        self._flushed = 0
        self._again: list[bytes] = []
        self._held: list[tuple[int, _Buffer]] = []
        self.set_faults(ArchiveFaults())

    def set_faults(self, faults: ArchiveFaults) -> None:
        """Have these flaws from now on."""
        self._faults = faults
        self._random = random.Random(faults.seed)

    def put(self, records: Iterable[bytes], now_us: int) -> None:
        """Take records that arrive at ``now_us``."""
        with self._lock:
            self._due(now_us)
            fraction = self._faults.duplicate_fraction
            for data in records:
                if not self._buffer.count:
                    self._opened_us = now_us
                    self._repeat()
                self._buffer.append(data)
                if fraction and self._random.random() < fraction:
                    self.duplicated += 1
                    if self.duplicated % 2:
                        self._buffer.append(data)
                    else:
                        self._again.append(data)
                if self._buffer.size >= self.settings.size_bytes:
                    self._flush()

    def tick(self, now_us: int) -> None:
        """Close the buffer when its time has come, and let a held object appear."""
        with self._lock:
            self._due(now_us)

    def flush(self, now_us: int) -> None:
        """Close the buffer now; a held object stays held until its time."""
        with self._lock:
            self._due(now_us)
            if not self._buffer.count:
                self._opened_us = now_us
            self._repeat()
            self._flush()

    def status(self) -> dict[str, Any]:
        """Counts for the control endpoint."""
        with self._lock:
            return {
                "buffered": self._buffer.count + len(self._again),
                "delivered": self.delivered,
                "duplicated": self.duplicated,
                "held_objects": len(self._held),
            }

    def _repeat(self) -> None:
        for data in self._again:
            self._buffer.append(data)
        self._again = []

    def _due(self, now_us: int) -> None:
        if self._buffer.count and now_us - self._opened_us >= self.settings.interval_us:
            self._flush()
        if self._held:
            ready = [held for held in self._held if held[0] <= now_us]
            self._held = [held for held in self._held if held[0] > now_us]
            for appears_us, buffer in ready:
                self._store(buffer, appears_us, appears_us)

    def _flush(self) -> None:
        buffer = self._buffer
        if not buffer.count:
            return
        self._buffer = _Buffer()
        self._flushed += 1
        if self._flushed == self._faults.late_object:
            self._held.append((self._opened_us + self._faults.late_by_us, buffer))
            return
        closed_us = self._opened_us + self.settings.interval_us
        self._store(buffer, self._opened_us, closed_us)

    def _store(self, buffer: _Buffer, arrival_us: int, modified_us: int) -> None:
        settings = self.settings
        moment = datetime.datetime.fromtimestamp(arrival_us // 1_000_000, datetime.UTC)
        key = (
            f"{settings.prefix}{moment:%Y/%m/%d/%H}/{settings.name}-1-"
            f"{moment:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}.gz"
        )
        self._objects.put(
            settings.bucket, key, buffer.close(), modified_us, "application/octet-stream"
        )
        self.delivered += buffer.count


class Firehose:
    """The API over delivery streams, over HTTP and in the process.

    Args:
        streams: by name.
        now_us: the clock of arrival.
        faults: asked before every in-process call; HTTP calls are asked for by their dispatcher.
    """

    def __init__(
        self, streams: dict[str, DeliveryStream], now_us: Callable[[], int], faults: Faults
    ) -> None:
        self._streams = streams
        self._now_us = now_us
        self._faults = faults

    def call(self, operation: str, request: dict[str, Any], partial: bool = False) -> Answer:
        """Answer one HTTP request.

        Raises:
            AwsError: as the service would.
        """
        name = request.get("DeliveryStreamName")
        if operation == "PutRecord":
            self._accept(name, [_data(request.get("Record"))], False)
            return {"RecordId": _record_id(), "Encrypted": False}
        if operation == "PutRecordBatch":
            rows = request.get("Records")
            if not isinstance(rows, list):
                raise invalid("Records must be a list")
            return self._accept(name, [_data(row) for row in rows], partial)
        raise AwsError("UnknownOperationException", f"{operation} is not supported here")

    def put_record_batch(self, *, DeliveryStreamName: str, Records: list[dict[str, Any]]) -> Answer:
        """The same call as boto3's client, without the wire: ``Data`` is bytes.

        Raises:
            AwsError: as the service would.
        """
        partial = self._faults.check("firehose", "PutRecordBatch")
        return self._accept(DeliveryStreamName, [row["Data"] for row in Records], partial)

    def _accept(self, name: Any, records: list[bytes], partial: bool) -> Answer:
        stream = self._streams.get(name)
        if stream is None:
            raise not_found(f"Firehose {name} not found under account 000000000000.")
        if not 1 <= len(records) <= BATCH_RECORDS:
            raise invalid(f"1 to {BATCH_RECORDS} records are needed, not {len(records)}")
        total = 0
        for data in records:
            size = len(data)
            total += size
            if size > RECORD_BYTES:
                raise AwsError("InvalidArgumentException", "A record exceeds 1000 KiB")
        if total > BATCH_BYTES:
            raise AwsError("InvalidArgumentException", "The records exceed 4 MiB")
        accepted = len(records) // 2 if partial else len(records)
        stream.put(records[:accepted], self._now_us())
        answers: list[Answer] = [{"RecordId": _record_id()}] * accepted
        failed = len(records) - accepted
        if failed:
            refusal = {
                "ErrorCode": "ServiceUnavailableException",
                "ErrorMessage": "Slow down.",
            }
            answers = answers + [refusal] * failed
        return {"FailedPutCount": failed, "Encrypted": False, "RequestResponses": answers}


def _data(row: Any) -> bytes:
    text = row.get("Data") if isinstance(row, dict) else None
    try:
        return binascii.a2b_base64(text or "", strict_mode=bool(text))
    except (binascii.Error, TypeError):
        raise AwsError("SerializationException", "Data is not base64") from None


def _record_id() -> str:
    return uuid.uuid4().hex
