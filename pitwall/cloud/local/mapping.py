"""The event source mapping: the stream read on behalf of a function, batch by batch.

At least once and in order within a shard, parents before children: a batch that fails is
given again until it passes or its records are trimmed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pitwall.cloud.local.errors import AwsError
from pitwall.cloud.local.faults import ArchiveFaults
from pitwall.cloud.local.records import Record
from pitwall.cloud.local.shards import Shard
from pitwall.cloud.local.table import Table

# Six megabytes of JSON are the most that a function is given; images are text in it.
BATCH_BYTES = 4 << 20
FIRST_RETRY_US = 100_000
LAST_RETRY_US = 10_000_000

Handler = Callable[[dict[str, Any], object], dict[str, Any] | None]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The second argument of a function."""

    function_name: str = "pitwall-archiver"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """Time left to the function; here it is never cut short."""
        return 60_000


class _Cursor:
    __slots__ = ("after", "attempts", "done", "retry_us")

    def __init__(self) -> None:
        self.after = 0
        self.attempts = 0
        self.done = False
        self.retry_us = 0


class EventSourceMapping:
    """Feeds the changes of a table to a handler.

    Args:
        table: whose stream is read, from its beginning.
        handler: the function, ``handler(event, context)``; it may report ``batchItemFailures``.
        batch_size: most records of a batch.
        window_s: how long a batch may wait to fill, from its first record's creation.

    Attributes:
        handled: records that the function accepted.
        failures: invocations that failed, wholly or in part.
        lost: records dropped on purpose (see :class:`ArchiveFaults`).
        expired: True when retention overtook the reader and records were skipped.
    """

    def __init__(
        self, table: Table, handler: Handler, batch_size: int = 100, window_s: float = 0.0
    ) -> None:
        if table.stream is None:
            raise ValueError(f"table {table.name} has no stream")
        if not 1 <= batch_size <= 10_000 or not 0 <= window_s <= 300:
            raise ValueError("a batch has 1 to 10,000 records and a window of 0 to 300 s")
        self.handled = 0
        self.failures = 0
        self.lost = 0
        self.expired = False
        self._table = table
        self._stream = table.stream
        self._handler = handler
        self._batch_size = batch_size
        self._window_us = round(window_s * 1e6)
        self._lock = threading.Lock()
        self._cursors: dict[str, _Cursor] = {}
        self._faults = ArchiveFaults()
        self._context = LambdaContext()

    def set_faults(self, faults: ArchiveFaults) -> None:
        """Have these flaws from now on."""
        self._faults = faults

    def poll(self, now_us: int, everything: bool = False) -> int:
        """Give the function at most one batch of each shard.

        Args:
            now_us: the time, for windows and retries.
            everything: do not wait for a batch to fill.

        Returns:
            Records accepted.
        """
        with self._lock:
            accepted = 0
            for shard in self._readable():
                accepted += self._shard(shard, now_us, everything)
            self.handled += accepted
            return accepted

    def drain(self, now_us: int) -> int:
        """Poll until nothing is left, or what is left fails; returns the records accepted."""
        total = 0
        while accepted := self.poll(now_us, everything=True):
            total += accepted
        return total

    def behind(self) -> int:
        """Records that the function has not accepted yet."""
        with self._table.lock:
            return sum(
                len(shard.records) - shard.index_after(cursor.after if cursor else 0)
                for shard in self._stream.shards()
                for cursor in [self._cursors.get(shard.id)]
            )

    def _readable(self) -> list[Shard]:
        with self._table.lock:
            shards = self._stream.shards()
        listed = {shard.id for shard in shards}
        for gone in self._cursors.keys() - listed:
            del self._cursors[gone]
        readable: list[Shard] = []
        for shard in shards:
            cursor = self._cursors.setdefault(shard.id, _Cursor())
            parent = self._cursors.get(shard.parent) if shard.parent else None
            if not cursor.done and (parent is None or parent.done):
                readable.append(shard)
        return readable

    def _shard(self, shard: Shard, now_us: int, everything: bool) -> int:
        cursor = self._cursors[shard.id]
        if now_us < cursor.retry_us:
            return 0
        with self._table.lock:
            if cursor.after < shard.trimmed:
                self.expired = self.expired or cursor.after > 0
                cursor.after = shard.trimmed
            page, after, ended = self._stream.page(
                shard, cursor.after, self._batch_size, BATCH_BYTES
            )
        if not page:
            cursor.done = ended
            return 0
        full = len(page) == self._batch_size or ended
        if not (everything or full) and now_us - page[0].created_us < self._window_us:
            return 0
        good = self._invoke(page)
        if good < len(page):
            self.failures += 1
            cursor.attempts += 1
            delay_us = min(FIRST_RETRY_US << min(cursor.attempts - 1, 10), LAST_RETRY_US)
            cursor.retry_us = now_us + delay_us
            if good:
                cursor.after = page[good - 1].sequence
            return good
        cursor.attempts = 0
        cursor.retry_us = 0
        cursor.after = after
        cursor.done = ended
        return good

    def _invoke(self, page: list[Record]) -> int:
        """Call the function; returns how many records, from the first, are settled."""
        lose = self._faults.lose
        if lose is None:
            return self._call(page, page)
        given = [record for record in page if not lose(record.pk, record.sk)]
        good = self._call(page, given) if given else len(page)
        self.lost += good - sum(record in given for record in page[:good])
        return good

    def _call(self, page: list[Record], given: list[Record]) -> int:
        event = self._stream.writer.event(given)
        try:
            first_failed = _first_failed(self._handler(event, self._context), given)
        except Exception as error:  # noqa: BLE001
            # Whatever a function raises is a failed invocation, never the end of the reader.
            _log.warning("the archiver failed: %s: %s", type(error).__name__, error)
            return 0
        return len(page) if first_failed is None else page.index(first_failed)


def _first_failed(answer: dict[str, Any] | None, given: list[Record]) -> Record | None:
    """The first record that the function reports as failed; None when all passed."""
    failures = (answer or {}).get("batchItemFailures") or []
    if not failures:
        return None
    numbers = {str(failure.get("itemIdentifier")) for failure in failures}
    failed = [record for record in given if str(record.sequence) in numbers]
    if len(failed) != len(numbers):
        raise AwsError("InvalidResponse", "batchItemFailures names a record that was not given")
    return failed[0]
