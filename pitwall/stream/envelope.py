"""What one Kinesis record holds: a table's change in DynamoDB's JSON envelope, or a bare item.

"Kinesis for DynamoDB" puts each change of a table into a record of its own::

    {"awsRegion", "eventID", "eventName", "userIdentity", "recordFormat": "application/json",
     "tableName", "dynamodb": {"ApproximateCreationDateTime", "Keys", "NewImage", "SizeBytes", ...},
     "eventSource": "aws:dynamodb"}

A producer that writes to the stream itself puts the item's typed attributes there and nothing
around them. Either way the item comes out as DynamoDB Streams images have it: typed attributes,
numbers as text, binary as bytes. Duplicates and records out of order are normal here; the identity
of what an item carries absorbs them, so sequence and time inside the envelope are not read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypedDict

import msgspec

from pitwall.telemetry import BadInput
from pitwall.telemetry.names import shown

MAX_BYTES = 2 * 1024 * 1024
"""Twice an item of 400 KB (old and new image), in base64, with room: no table writes more."""
FOREIGN: Final = object()
"""Not ours: a record of another table, or JSON that is nothing of a table's."""

_JSON = "application/json"


class _Attribute(TypedDict, total=False):
    S: str
    N: str
    B: bytes
    BOOL: bool
    NULL: bool
    M: dict[str, _Attribute]
    L: list[_Attribute]
    SS: list[str]
    NS: list[str]
    BS: list[bytes]


class _Envelope(msgspec.Struct):
    """What tells whose the record is; the bulk is left as it came until that is known. A bare item
    may have attributes of these names, which are no text then."""

    tableName: Any = ""
    eventName: Any = ""
    recordFormat: Any = _JSON
    dynamodb: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    pk: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Change(msgspec.Struct):
    NewImage: msgspec.Raw


_envelope = msgspec.json.Decoder(_Envelope).decode
_change = msgspec.json.Decoder(_Change).decode
_item = msgspec.json.Decoder(dict[str, _Attribute]).decode

Form = Callable[[msgspec.Raw], Any]
"""Makes an item of its JSON. What it raises must be BadInput or msgspec's, now or when the item is
looked at."""


def at_once(raw: msgspec.Raw) -> Any:
    """The item as a dictionary of its attributes."""
    return _item(raw)


def as_it_is(raw: msgspec.Raw) -> Any:
    """The data whole, whatever it holds, for a stream that is somebody else's: nothing of a
    table's is looked for around it."""
    return bytes(raw)


def read_body(data: bytes, table: str, form: Form = at_once) -> Any:
    """The item in ``data``, when it is one of ``table``.

    Args:
        data: the record's bytes.
        table: name of the table.
        form: what the item is given as.

    Returns:
        the item; None when the record is a removal, which leaves no item; :data:`FOREIGN` when it
        is somebody else's. Bare items name no table and are taken as ours.

    Raises:
        BadInput: damaged or hostile: no JSON, not UTF-8, too large, too deep, or an image that is
            no item.
    """
    if form is as_it_is:
        return data
    if len(data) > MAX_BYTES:
        raise BadInput(f"a record of {len(data):,} bytes: longer than any item's")
    try:
        envelope = _envelope(data)
        if isinstance(envelope.pk, msgspec.Raw):
            return form(msgspec.Raw(data))
        if isinstance(envelope.dynamodb, msgspec.Raw):
            if envelope.tableName != table:
                return FOREIGN
            if envelope.recordFormat != _JSON:
                raise BadInput(f"a record in format {shown(envelope.recordFormat)}")
            if envelope.eventName == "REMOVE":
                return None
            return form(_change(envelope.dynamodb).NewImage)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"a record that is no item in JSON: {shown(str(error))}") from error
    return FOREIGN
