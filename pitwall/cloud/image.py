"""An item inside a bulky answer, read when it is looked at.

Most of the cost of reading a stream is making Python objects of attributes. Whoever reads many
items of one known form reads their JSON straight into it (:attr:`Image.raw`), and no attribute is
made twice; whoever treats an image as the mapping it is pays for that image alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypedDict

import msgspec

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

    __slots__ = ("_items", "_stock", "raw")

    def __init__(self, raw: msgspec.Raw, stock: Callable[[bytes], Any]) -> None:
        self.raw = raw
        """The item's JSON as it came; shares the whole answer's memory."""
        self._stock = stock
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
                # Unusual, perhaps not wrong: the stock parser takes more than there should be.
                items = self._second_look()
            self._items = items
        return items  # type: ignore[no-any-return]

    def _second_look(self) -> Any:
        raw = bytes(self.raw)
        try:
            items = self._stock(raw)
        except Exception as error:  # noqa: BLE001 - whatever it trips over, the item is no item
            raise BadInput(f"an item that cannot be read: {shown(str(error))}") from error
        if not isinstance(items, dict):
            raise BadInput(f"an item that is none: {shown(raw)}")
        return items
