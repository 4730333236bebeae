"""Items in DynamoDB's JSON form: their size, their validity, their keys.

An item is ``{name: {type: value}}``. It is stored as its JSON bytes: a quarter of a million
items then weigh what their text weighs, the garbage collector has nothing to walk, and an
answer is put together without encoding anything again.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from pitwall.cloud.local.errors import invalid

Item = dict[str, dict[str, Any]]

MAX_ITEM_BYTES = 400 * 1024
MAX_PK_BYTES = 2048
MAX_SK_BYTES = 1024

encode_json = msgspec.json.Encoder().encode
decode_json = msgspec.json.Decoder().decode


def text_size(text: str) -> int:
    """UTF-8 length of a text."""
    return len(text) if text.isascii() else len(text.encode())


def value_size(value: dict[str, Any]) -> int:
    """Bytes that the service counts for one attribute value."""
    for kind, raw in value.items():
        if kind == "S":
            return text_size(raw)
        if kind == "B":
            return len(raw) // 4 * 3 - raw.count("=", -2) if raw else 0
        if kind == "N":
            return len(raw) // 2 + 2
        if kind in ("BOOL", "NULL"):
            return 1
        if kind == "M":
            return 3 + sum(1 + text_size(n) + value_size(v) for n, v in raw.items())
        if kind == "L":
            return 3 + sum(1 + value_size(v) for v in raw)
        if kind in ("SS", "NS", "BS"):
            return sum(value_size({kind[0]: element}) for element in raw)
    raise invalid(
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
    )


def item_size(item: Item) -> int:
    """Bytes that the service counts for an item: names and values."""
    size = 0
    for name, value in item.items():
        size += len(name) if name.isascii() else len(name.encode())
        text = value.get("S")
        if text is None:
            size += value_size(value)
        else:
            size += len(text) if text.isascii() else len(text.encode())
    return size


def check_value(value: Any) -> None:
    """Refuse what is not exactly one well-formed typed value."""
    if not isinstance(value, dict) or len(value) != 1:
        raise invalid(
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes"
        )
    ((kind, raw),) = value.items()
    if kind == "S" and isinstance(raw, str):
        return
    if kind == "N" and isinstance(raw, str):
        number(raw)
    elif kind == "B" and isinstance(raw, str):
        try:
            binascii.a2b_base64(raw, strict_mode=True)
        except binascii.Error:
            raise invalid("A binary value is not base64") from None
    elif kind in ("BOOL", "NULL") and isinstance(raw, bool):
        return
    elif kind == "M" and isinstance(raw, dict):
        for inner in raw.values():
            check_value(inner)
    elif kind == "L" and isinstance(raw, list):
        for inner in raw:
            check_value(inner)
    elif kind in ("SS", "NS", "BS") and isinstance(raw, list) and raw:
        for element in raw:
            check_value({kind[0]: element})
    else:
        raise invalid(f"Supplied AttributeValue is not a {kind}")


def check_item(item: Any) -> Item:
    """Validate an item received from outside and return it."""
    if not isinstance(item, dict):
        raise invalid("An item must be a map of attributes")
    for value in item.values():
        check_value(value)
    return item


def number(text: str) -> Decimal:
    """The exact value of an ``N`` attribute."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise invalid(f"The parameter cannot be converted to a numeric value: {text[:40]}")
    return value


@dataclass(frozen=True, slots=True)
class KeyAttribute:
    """One attribute of the primary key.

    Attributes:
        name: attribute name.
        type: ``S``, ``N`` or ``B``.
        limit: most bytes a value may have.
    """

    name: str
    type: str
    limit: int

    def of(self, item: Item) -> Any:
        """The key's value in ``item`` in a form that sorts as the service sorts it."""
        value = item.get(self.name)
        if value is None:
            raise invalid(f"One of the required keys was not given a value: {self.name}")
        raw = value.get(self.type)
        if raw is None:
            raise invalid(f"Type mismatch for key {self.name} expected: {self.type}")
        if self.type == "S":
            if not raw or len(raw) > self.limit or text_size(raw) > self.limit:
                raise invalid(f"Key {self.name} must have 1 to {self.limit} bytes")
            return raw
        return number(raw) if self.type == "N" else binascii.a2b_base64(raw)

    def text(self, value: Any) -> str:
        """The key's value as it stands in an item; the inverse of :meth:`of`."""
        if self.type == "S":
            text: str = value
            return text
        if self.type == "N":
            # Not normalize(): that rounds to the context's 28 digits, and keys may have 38.
            digits = format(value, "f")
            return digits.rstrip("0").rstrip(".") if "." in digits else digits
        return binascii.b2a_base64(value, newline=False).decode()


@dataclass(frozen=True, slots=True)
class KeySchema:
    """Partition key and, usually, sort key of a table."""

    pk: KeyAttribute
    sk: KeyAttribute | None

    def of(self, item: Item) -> tuple[Any, Any]:
        """(partition key, sort key) of an item; the sort key is ``""`` in a table without one."""
        return self.pk.of(item), self.sk.of(item) if self.sk else ""

    def exact(self, key: Any) -> tuple[Any, Any]:
        """As :meth:`of`, for a request's ``Key``, which may hold nothing else."""
        check_item(key)
        if len(key) != (2 if self.sk else 1):
            raise invalid("The provided key element does not match the schema")
        return self.of(key)

    def attributes(self, pk: Any, sk: Any) -> Item:
        """The key as attributes of an item; the inverse of :meth:`of`."""
        first = self.pk
        item: Item = {first.name: {first.type: pk if first.type == "S" else first.text(pk)}}
        second = self.sk
        if second is not None:
            item[second.name] = {second.type: sk if second.type == "S" else second.text(sk)}
        return item

    def describe(self) -> list[dict[str, str]]:
        """``KeySchema`` as the service describes it."""
        rows = [{"AttributeName": self.pk.name, "KeyType": "HASH"}]
        if self.sk:
            rows.append({"AttributeName": self.sk.name, "KeyType": "RANGE"})
        return rows


DEFAULT_KEYS = KeySchema(
    KeyAttribute("pk", "S", MAX_PK_BYTES), KeyAttribute("sk", "S", MAX_SK_BYTES)
)
