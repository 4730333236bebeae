"""A shard: a run of records for one range of key hashes, read by position.

Positions are sequence numbers, never list indices: "after ``n``" means the next record whose
number is greater, so trimming and seeding cannot shift a reader.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter

from pitwall.cloud.local.errors import AwsError
from pitwall.cloud.local.records import Record

_sequence_of = itemgetter(0)
_created_of = itemgetter(1)


class Shard:
    """A run of records for one range of key hashes.

    Attributes:
        id: ``shardId-<20 digits of creation ms>-<hash>``.
        parent: id of the shard it continues; None for a root.
        low, high: half-open range of the 32-bit key hash.
        start: its StartingSequenceNumber (may precede the first record).
        end: its EndingSequenceNumber; None while open.
        closed_us: when it was closed; None while open.
        trimmed: number of the newest record that is gone, 0 when all are there.
    """

    __slots__ = (
        "closed_us", "created_us", "end", "high", "id", "low",
        "parent", "records", "sorted_by_time", "start", "trimmed",
    )  # fmt: skip

    def __init__(
        self, id: str, parent: str | None, low: int, high: int, start: int, created_us: int
    ) -> None:
        self.id = id
        self.parent = parent
        self.low = low
        self.high = high
        self.start = start
        self.created_us = created_us
        self.end: int | None = None
        self.closed_us: int | None = None
        self.trimmed = 0
        self.records: list[Record] = []
        self.sorted_by_time = True

    def index_after(self, sequence: int) -> int:
        """Index of the first record numbered above ``sequence``."""
        return bisect_right(self.records, sequence, key=_sequence_of)

    def trim(self, horizon_us: int) -> int:
        """Drop records created before ``horizon_us`` from the front; returns how many."""
        records = self.records
        if not records or records[0].created_us >= horizon_us:
            return 0
        count = 0
        while count < len(records) and records[count].created_us < horizon_us:
            count += 1
        self.trimmed = records[count - 1].sequence
        del records[:count]
        return count

    def since(self, timestamp_us: int) -> int | None:
        """Position just before the first record whose *rounded* creation time is at or after.

        The service documents AT_TIMESTAMP over ApproximateCreationDateTime, which is rounded down
        to the second: a record of 12:00:00.7 is not "at or after" 12:00:00.5.

        Returns:
            A position, or None when no record qualifies.
        """
        wanted = -(-timestamp_us // 1_000_000) * 1_000_000
        if self.sorted_by_time:
            at = bisect_right(self.records, wanted - 1, key=_created_of)
            return self.records[at].sequence - 1 if at < len(self.records) else None
        for record in self.records:
            if record.created_us >= wanted:
                return record.sequence - 1
        return None


def trimmed() -> AwsError:
    """The refusal to read what retention has removed."""
    return AwsError(
        "TrimmedDataAccessException",
        "The operation attempted to read past the oldest stream record in a shard",
    )
