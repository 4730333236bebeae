"""Values and their packing: channels, chunks, sessions, clocks, units. No I/O, no Qt, no cloud.

What packs and unpacks is imported when it is first named: the start window and ``--help`` need no
numpy, which takes as long as Qt.
"""

import importlib
from typing import TYPE_CHECKING, Any

from pitwall.telemetry.channel import Catalog, Channel, Group
from pitwall.telemetry.chunk import Head, Segment, Series, chunk, chunk_crc
from pitwall.telemetry.errors import BadInput, BadPayload, Failure, PitwallError
from pitwall.telemetry.gate import GATE_META, Gate
from pitwall.telemetry.official import (
    OFFICIAL_META,
    Official,
    OfficialFlag,
    OfficialLap,
    OfficialResult,
    OfficialStop,
    TableClock,
    Weather,
    official_from_json,
    official_to_json,
)
from pitwall.telemetry.session import ClockKind, Session

if TYPE_CHECKING:
    from pitwall.telemetry.bulk import decode_many, encode_many
    from pitwall.telemetry.payload import Samples, catalog_of, decode, encode, sample_count

__all__ = [
    "BadInput",
    "BadPayload",
    "Catalog",
    "Channel",
    "ClockKind",
    "Failure",
    "GATE_META",
    "Gate",
    "Group",
    "Head",
    "OFFICIAL_META",
    "Official",
    "OfficialFlag",
    "OfficialLap",
    "OfficialResult",
    "OfficialStop",
    "PitwallError",
    "Samples",
    "Segment",
    "Series",
    "Session",
    "TableClock",
    "Weather",
    "catalog_of",
    "chunk",
    "chunk_crc",
    "decode",
    "decode_many",
    "encode",
    "encode_many",
    "official_from_json",
    "official_to_json",
    "sample_count",
]

_NUMERIC = {
    "bulk": ("decode_many", "encode_many"),
    "payload": ("Samples", "catalog_of", "decode", "encode", "sample_count"),
}


def __getattr__(name: str) -> Any:
    for module, names in _NUMERIC.items():
        if name in names:
            found = importlib.import_module(f"{__name__}.{module}")
            globals().update({one: getattr(found, one) for one in names})
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
