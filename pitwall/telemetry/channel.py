"""Channels, channel groups and the catalog that names them.

A group is sampled together and is the ``type`` in the table's key. The catalog is the
session's list of groups; packed payloads refer to it by its version.
"""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import dataclass
from typing import Any

from pitwall.telemetry.errors import BadInput

MAX_GROUPS = 64
MAX_CHANNELS = 512
MIN_RESOLUTION = 1e-12


@dataclass(frozen=True, slots=True)
class Channel:
    """One measured quantity.

    Attributes:
        name: identifier, lower snake case, unique in the catalog (``speed``).
        unit: unit of the stored values (``km/h``, ``%``, ``bar``, ``deg``, ``g``, ``m``, ``1``).
        resolution: size of one stored step, in ``unit``; values round to the nearest multiple.
            0 stores float64 unchanged.
        low, high: limits of the axis in ``unit``.
        step: True when the quantity jumps between states and is drawn as steps (gear).
        label: name on screen; the identifier when empty.
    """

    name: str
    unit: str
    resolution: float
    low: float
    high: float
    step: bool = False
    label: str = ""

    @property
    def title(self) -> str:
        """The name to show."""
        return self.label or self.name


@dataclass(frozen=True, slots=True)
class Group:
    """Channels sampled together on one time axis.

    Attributes:
        name: ``pos``, ``driver``, ``chassis``, ``engine``, ``tyre`` or the source's own.
        rate_hz: nominal sample rate; samples may be irregular.
        chunk_us: nominal span of one live chunk, in microseconds.
        channels: in column order.
    """

    name: str
    rate_hz: float
    chunk_us: int
    channels: tuple[Channel, ...]

    def index(self, channel: str) -> int:
        """Column of ``channel`` in this group. Raises KeyError when it is not here."""
        for i, c in enumerate(self.channels):
            if c.name == channel:
                return i
        raise KeyError(channel)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The groups of a session."""

    groups: tuple[Group, ...]

    @property
    def version(self) -> int:
        """crc32 of the canonical JSON form: the number that payloads carry."""
        return zlib.crc32(self.to_json().encode())

    def group(self, name: str) -> Group:
        """The group called ``name``. Raises KeyError."""
        for g in self.groups:
            if g.name == name:
                return g
        raise KeyError(name)

    def find(self, channel: str) -> tuple[Group, int]:
        """The first group that has ``channel``, and its column. Raises KeyError."""
        for g in self.groups:
            for i, c in enumerate(g.channels):
                if c.name == channel:
                    return g, i
        raise KeyError(channel)

    def to_json(self) -> str:
        """Canonical JSON (sorted keys, no spaces)."""
        doc = {
            "groups": [
                {
                    "name": g.name,
                    "rate_hz": float(g.rate_hz),
                    "chunk_us": g.chunk_us,
                    "channels": [
                        {
                            "name": c.name,
                            "unit": c.unit,
                            "resolution": float(c.resolution),
                            "low": float(c.low),
                            "high": float(c.high),
                            "step": c.step,
                            "label": c.label,
                        }
                        for c in g.channels
                    ],
                }
                for g in self.groups
            ]
        }
        return json.dumps(doc, sort_keys=True, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> Catalog:
        """Parse :meth:`to_json`'s form. Raises BadInput on anything else, or beyond the bounds."""
        try:
            doc: Any = json.loads(text)
            groups = doc["groups"]
            if not isinstance(groups, list) or len(groups) > MAX_GROUPS:
                raise BadInput(f"catalog: more than {MAX_GROUPS} groups, or none listed")
            parsed = tuple(_group(g) for g in groups)
            _distinct("group", [g.name for g in parsed])
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
            raise BadInput(f"catalog: not a channel catalog ({error!r})") from error
        return Catalog(parsed)


def _group(doc: dict[str, Any]) -> Group:
    name = _name(doc["name"])
    channels = doc["channels"]
    if not isinstance(channels, list) or len(channels) > MAX_CHANNELS:
        raise BadInput(f"catalog: group {name!r} has more than {MAX_CHANNELS} channels, or no list")
    group = Group(
        name=name,
        rate_hz=_number(doc["rate_hz"], "rate_hz", low=0.0),
        chunk_us=int(_number(doc["chunk_us"], "chunk_us", low=1.0)),
        channels=tuple(
            Channel(
                name=_name(c["name"]),
                unit=str(c["unit"]),
                resolution=_resolution(c["resolution"]),
                low=_number(c["low"], "low"),
                high=_number(c["high"], "high"),
                step=bool(c["step"]),
                label=str(c.get("label", "")),
            )
            for c in channels
        ),
    )
    _distinct(f"channel of {name!r}", [c.name for c in group.channels])
    return group


def _name(text: object) -> str:
    if not isinstance(text, str) or not text:
        raise BadInput("catalog: a group or channel without a name")
    return text


def _number(value: object, what: str, low: float = -math.inf) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not (math.isfinite(number) and number >= low):
        raise BadInput(f"catalog: {what} is {number}")
    return number


def _resolution(value: object) -> float:
    resolution = _number(value, "resolution", low=0.0)
    # A step that is no step would not survive being divided by.
    if 0 < resolution < MIN_RESOLUTION:
        raise BadInput(f"catalog: resolution {resolution} is finer than {MIN_RESOLUTION}")
    return resolution


def _distinct(what: str, names: list[str]) -> None:
    if len(set(names)) != len(names):
        raise BadInput(f"catalog: two of one name: {what}")
