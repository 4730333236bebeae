"""Records of streams as the mappings that botocore's parser would give, without making them.

A page holds a thousand, and the reader wants four members of each: those are given in one pass
(``rows``), the others when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from pitwall.cloud.image import Image
from pitwall.telemetry.clock import SECOND_US

_NULL = b"null"


class _Members(msgspec.Struct, eq=False):
    """Makes a struct the mapping that botocore's parser would have given."""

    def __getitem__(self, name: str) -> Any:
        found = self.get(name, UNSET)
        if found is UNSET:
            raise KeyError(name)
        return found

    def get(self, name: str, default: Any = None) -> Any:
        """The member, ``default`` where the answer has none."""
        found = getattr(self, name) if name in self.__struct_fields__ else UNSET
        return default if found is UNSET else found

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.__struct_fields__ if self.get(name, UNSET) is not UNSET)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name, UNSET) is not UNSET

    def keys(self) -> list[str]:
        """Names of the members there are."""
        return list(self)

    def values(self) -> list[Any]:
        """The members there are."""
        return [self[name] for name in self]

    def items(self) -> list[tuple[str, Any]]:
        """Both."""
        return [(name, self[name]) for name in self]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self.items()) == dict(other.items())

    __hash__ = None  # type: ignore[assignment]


Mapping.register(_Members)


class Change(_Members, eq=False):
    """The ``dynamodb`` member of a stream record."""

    ApproximateCreationDateTime: float | UnsetType = UNSET
    Keys: Raw | UnsetType = UNSET
    NewImage: Raw | UnsetType = UNSET
    OldImage: Raw | UnsetType = UNSET
    SequenceNumber: str | UnsetType = UNSET
    SizeBytes: int | UnsetType = UNSET
    StreamViewType: str | UnsetType = UNSET

    def get(self, name: str, default: Any = None) -> Any:
        """The member; images as :class:`Image`, the time as datetime (UTC)."""
        found = getattr(self, name) if name in self.__struct_fields__ else UNSET
        if found is UNSET:
            return default
        kind = type(found)
        if kind is Raw:
            if len(found) == len(_NULL) and bytes(found) == _NULL:
                return default
            return Image(found)
        return moment(found) if kind is float else found


class Identity(_Members, eq=False):
    """Who made a change that no client made."""

    PrincipalId: str | UnsetType = UNSET
    Type: str | UnsetType = UNSET


class StreamRecord(_Members, eq=False):
    """One record of DynamoDB Streams: a mapping of the members that came."""

    eventID: str | UnsetType = UNSET
    eventName: str | UnsetType = UNSET
    eventVersion: str | UnsetType = UNSET
    eventSource: str | UnsetType = UNSET
    awsRegion: str | UnsetType = UNSET
    dynamodb: Change | UnsetType = UNSET
    userIdentity: Identity | UnsetType = UNSET


class StreamRecords(list[StreamRecord]):
    """The records of one answer."""

    def rows(self) -> Iterator[tuple[str, int, Image | None, StreamRecord]]:
        """Of each record: sequence number ("" when it has none), time in microseconds UTC (0 when
        it has none), new image (None for removals) and itself; quicker than asking the members."""
        for record in self:
            change = record.dynamodb
            if change is UNSET:
                yield "", 0, None, record
                continue
            created, image = change.ApproximateCreationDateTime, change.NewImage
            yield (
                "" if change.SequenceNumber is UNSET else change.SequenceNumber,
                0 if created is UNSET else _micros(created),
                None
                if image is UNSET
                or record.eventName == "REMOVE"
                or (len(image) == len(_NULL) and bytes(image) == _NULL)
                else Image(image),
                record,
            )


class KinesisRecord(_Members, eq=False):
    """One record of Kinesis: a mapping of the members that came."""

    SequenceNumber: str | UnsetType = UNSET
    ApproximateArrivalTimestamp: float | UnsetType = UNSET
    Data: bytes | UnsetType = UNSET
    PartitionKey: str | UnsetType = UNSET
    EncryptionType: str | UnsetType = UNSET

    def get(self, name: str, default: Any = None) -> Any:
        """The member; the time as datetime (UTC)."""
        found = getattr(self, name) if name in self.__struct_fields__ else UNSET
        if found is UNSET:
            return default
        return moment(found) if type(found) is float else found


class KinesisRecords(list[KinesisRecord]):
    """The records of one answer."""

    def rows(self) -> Iterator[tuple[str, int, bytes]]:
        """Of each record: sequence number ("" when it has none), time in microseconds UTC (0 when
        it has none) and data; quicker than asking the members."""
        for record in self:
            arrived = record.ApproximateArrivalTimestamp
            yield (
                "" if record.SequenceNumber is UNSET else record.SequenceNumber,
                0 if arrived is UNSET else _micros(arrived),
                b"" if record.Data is UNSET else record.Data,
            )


@lru_cache(maxsize=256)
def _micros(seconds: float) -> int:
    return round(seconds * SECOND_US)


@lru_cache(maxsize=256)
def moment(seconds: float) -> datetime:
    """Seconds since 1970 as the parser gives them. Raises ValueError or OverflowError."""
    return datetime.fromtimestamp(seconds, UTC)
