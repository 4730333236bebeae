"""The mapping file: how items that somebody else's producer writes are read.

TOML::

    title = "Club race"           # as shown; the session's key when left out
    time = "ts"                   # attribute of the sample's event time
    time_unit = "ms"              # s, ms, us, ns, or iso for ISO 8601 text
    car = "car_no"                # attribute, number or text
    lap = "lap"                   # attribute; left out when there is none
    group = "car"                 # name of the channel group; "car" when left out
    rate_hz = 20                  # nominal rate of one car's samples
    bare = true                   # only for a Kinesis stream whose records are JSON objects of bare
                                  # numbers and texts; left out, items are as tables have them

    [match]                       # only items with exactly these texts; may be left out
    session = "barber-r1"

    [archive]                     # history from a bucket; left out, it is what the stream still has
    prefix = "plain/2025-09-06/"  # all objects under it are read, the last in order of name first
    typed = true                  # only if numbers are {"N": "1.5"} as tables have them

    [channels.speed]              # one table per channel, in the order they are to be shown
    attribute = "Speed_kmh"       # the channel's name when left out
    unit = "km/h"
    resolution = 0.01             # smallest step; 0 keeps every digit
    low = 0                       # axis
    high = 300
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pitwall.telemetry import BadInput, Catalog, Session
from pitwall.telemetry.names import check_group, shown

_UNITS = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3, "iso": 0.0}
_TOP = {
    "title", "time", "time_unit", "car", "lap", "group", "rate_hz", "match", "channels", "bare",
    "archive",
}  # fmt: skip
_ARCHIVE = {"prefix", "typed"}
_CHANNEL = {"attribute", "unit", "resolution", "low", "high", "step", "label"}
_CHUNK_US = 250_000
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PlainArchive:
    """Where somebody else's producer keeps history: objects of JSON, gzip or not, a record for each
    car and sample, one after the other.

    Attributes:
        prefix: of the objects' keys.
        typed: numbers are ``{"N": "1.5"}``, not bare.
    """

    prefix: str
    typed: bool = False


@dataclass(frozen=True, slots=True)
class PlainMapping:
    """Which attribute of an item is what.

    Attributes:
        title: of the session; empty when the file gives none.
        time, car: attributes.
        lap: attribute; empty when there is none.
        time_us: microseconds of one unit of ``time``; 0 when it is ISO 8601 text.
        match: attribute -> text that an item must have to be taken.
        catalog: one group.
        attributes: of the group's channels, in their order.
        bare: values are bare JSON, not ``{"N": "1.5"}``.
        archive: history in a bucket; None when there is none.
    """

    title: str
    time: str
    car: str
    lap: str
    time_us: float
    match: Mapping[str, str]
    catalog: Catalog
    attributes: tuple[str, ...]
    bare: bool = False
    archive: PlainArchive | None = None

    def session(self, key: str, started_us: int) -> Session:
        """The session that the items are kept as. Raises BadInput for a bad key."""
        return Session(key, self.title or key, self.catalog, started_us)


def load_mapping(path: Path) -> PlainMapping:
    """Read a mapping file. Raises BadInput: file, place, what to do."""
    try:
        raw = path.read_bytes()
        if len(raw) > _MAX_BYTES:
            raise BadInput(f"{path}: {len(raw):,} bytes: not a mapping file")
        doc = tomllib.loads(raw.decode())
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path}: not TOML: {error}") from error
    return _Reader(str(path)).mapping(doc)


class _Reader:
    def __init__(self, path: str) -> None:
        self._path = path

    def mapping(self, doc: dict[str, Any]) -> PlainMapping:
        self._known(doc, _TOP, "")
        unit = self._text(doc, "time_unit", "")
        if unit not in _UNITS:
            self._bad("time_unit", f"is {shown(unit)}: use one of {', '.join(_UNITS)}")
        match = self._table(doc.get("match", {}), "match")
        channels = self._table(doc.get("channels", {}), "channels")
        if not channels:
            self._bad("channels", "lists none: add a table [channels.NAME]")
        parts = {name: self._channel(name, part) for name, part in channels.items()}
        attributes = tuple(str(part.pop("attribute")) for part in parts.values())
        taken = [
            self._text(doc, "time", ""),
            self._text(doc, "car", ""),
            *([self._text(doc, "lap", "")] if "lap" in doc else []),
        ]
        if len({*taken, *attributes}) != len(taken) + len(attributes):
            self._bad("attributes", "one is named twice")
        return PlainMapping(
            self._text(doc, "title", "", wanted=False),
            taken[0],
            taken[1],
            taken[2] if len(taken) == 3 else "",
            _UNITS[unit],
            {name: self._text(match, name, "match.") for name in match},
            self._catalog(doc, list(parts.values())),
            attributes,
            self._flag(doc, "bare", ""),
            self._archive(doc["archive"]) if "archive" in doc else None,
        )

    def _archive(self, part: object) -> PlainArchive:
        doc = self._table(part, "archive")
        self._known(doc, _ARCHIVE, "archive.")
        return PlainArchive(
            self._text(doc, "prefix", "archive."), self._flag(doc, "typed", "archive.")
        )

    def _catalog(self, doc: dict[str, Any], channels: list[dict[str, Any]]) -> Catalog:
        name = self._text({"group": "car", **doc}, "group", "")
        group = {
            "name": name,
            "rate_hz": self._number(doc, "rate_hz", ""),
            "chunk_us": _CHUNK_US,
            "channels": channels,
        }
        try:
            check_group(name)
            return Catalog.from_json(json.dumps({"groups": [group]}))
        except BadInput as error:
            raise BadInput(f"{self._path}: {error}") from error

    def _channel(self, name: str, part: object) -> dict[str, Any]:
        place = f"channels.{name}."
        doc = self._table(part, place[:-1])
        self._known(doc, _CHANNEL, place)
        return {
            "attribute": self._text({"attribute": name, **doc}, "attribute", place),
            "name": name,
            "unit": self._text({"unit": "1", **doc}, "unit", place),
            "resolution": self._number({"resolution": 0, **doc}, "resolution", place),
            "low": self._number(doc, "low", place),
            "high": self._number(doc, "high", place),
            "step": self._flag(doc, "step", place),
            "label": self._text({"label": "", **doc}, "label", place, wanted=False),
        }

    def _known(self, doc: Mapping[str, Any], names: set[str], place: str) -> None:
        for name in doc:
            if name not in names:
                self._bad(place + name, f"is not known: use {', '.join(sorted(names))}")

    def _table(self, value: object, place: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._bad(place, "is no table")
        return value  # type: ignore[return-value]

    def _text(self, doc: Mapping[str, Any], name: str, place: str, *, wanted: bool = True) -> str:
        value = doc.get(name, "")
        if not isinstance(value, str) or (wanted and not value):
            self._bad(place + name, "is missing" if value == "" else f"is {shown(value)}, no text")
        return str(value)

    def _number(self, doc: Mapping[str, Any], name: str, place: str) -> float:
        value = doc.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._bad(place + name, "is missing" if value is None else f"is {shown(value)}")
        return float(value)  # type: ignore[arg-type]

    def _flag(self, doc: Mapping[str, Any], name: str, place: str) -> bool:
        value = doc.get(name, False)
        if not isinstance(value, bool):
            self._bad(place + name, f"is {shown(value)}: true or false")
        return value is True

    def _bad(self, place: str, reason: str) -> None:
        raise BadInput(f"{self._path}: {place} {reason}")
