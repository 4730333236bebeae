"""An item inside a bulky answer, read when it is looked at.

Most of the cost of reading a stream is making Python objects of attributes. Here an item stays
JSON until someone looks inside: whoever reads many items of one known form reads their JSON
straight into it (:attr:`Image.raw`) and no attribute is made twice; whoever treats an item as the
mapping it is pays for that item alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

import msgspec
from msgspec import Raw

from pitwall.telemetry import BadInput
from pitwall.telemetry.names import shown


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
