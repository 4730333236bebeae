"""Records of a stream and the items in them, read when they are looked at.

Most of the cost of reading a stream is making Python objects of attributes. Here the bulk of a
record stays JSON until someone looks inside: whoever reads many items of one known form reads
their JSON straight into it (:attr:`Image.raw`) and no attribute is made twice; whoever treats an
item as the mapping it is pays for that item alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypedDict

import msgspec
from msgspec import UNSET, Raw, UnsetType

from pitwall.telemetry import BadInput
from pitwall.telemetry.clock import SECOND_US
from pitwall.telemetry.names import shown

_NULL = b"null"


class Attribute(TypedDict, total=False):
    """A typed attribute as botocore gives it; members that no service has are left out."""

    S: str
    N: str
    B: bytes
    SS: list[str]
    NS: list[str]
    BS: list[bytes]
    M: dict[str, Attribute]
    L: list[Attribute]
    NULL: bool
    BOOL: bool


_read = msgspec.json.Decoder(dict[str, Attribute]).decode


class Image(Mapping[str, dict[str, Any]]):
    """An item in typed form, ``{"n": {"N": "17"}, ...}``, binary as bytes: what botocore's own
    parser gives, attribute by attribute. Never changes; equal to any mapping with the same items.

    The first look inside raises BadInput when the JSON is no item: one damaged item does not keep
    the others of its answer from being read.
    """

    __slots__ = ("_items", "raw")

    def __init__(self, raw: Raw) -> None:
        self.raw = raw
        """The item's JSON as it came; shares the whole answer's memory."""
        self._items: Mapping[str, dict[str, Any]] | None = None

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self._look()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._look())

    def __len__(self) -> int:
        return len(self._look())

    def __repr__(self) -> str:
        return f"Image({shown(bytes(self.raw))})"

    def _look(self) -> Mapping[str, dict[str, Any]]:
        items: Any = self._items
        if items is None:
            try:
                items = _read(self.raw)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                items = _as_botocore(bytes(self.raw))
            self._items = items
        return items  # type: ignore[no-any-return]


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


@lru_cache(maxsize=256)
def _micros(seconds: float) -> int:
    return round(seconds * SECOND_US)


@lru_cache(maxsize=256)
def moment(seconds: float) -> datetime:
    """Seconds since 1970 as the parser gives them. Raises ValueError or OverflowError."""
    return datetime.fromtimestamp(seconds, UTC)


def _as_botocore(raw: bytes) -> dict[str, Any]:
    """An item that is not quite as services send it (a null, a number where text belongs), as
    botocore's parser would read it: odd members as they are, nulls and unknown ones left out."""
    try:
        return {name: _attribute(value) for name, value in json.loads(raw).items()}
    except Exception as error:  # noqa: BLE001 - whatever it trips over, the item is no item
        raise BadInput(f"an item that cannot be read: {shown(str(error))}") from error


def _attribute(value: Any) -> Any:
    if value is None:
        return None
    out: dict[str, Any] = {}
    for member in Attribute.__annotations__:
        found = value.get(member)
        if found is None:
            continue
        if member == "B":
            out[member] = base64.b64decode(found)
        elif member == "M":
            out[member] = {name: _attribute(inner) for name, inner in found.items()}
        elif member == "L":
            out[member] = [_attribute(inner) for inner in found]
        elif member == "BS":
            out[member] = [None if b is None else base64.b64decode(b) for b in found]
        elif member in ("SS", "NS"):
            out[member] = list(found)
        else:
            out[member] = found
    return out
