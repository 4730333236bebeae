"""Channels, channel groups and the catalog that names them.

A group is sampled together and is the ``type`` in the table's key. The catalog is the
session's list of groups; packed payloads refer to it by its version.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import Any

from pitwall.telemetry.errors import BadInput

MAX_GROUPS = 64
MAX_CHANNELS = 512


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
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadInput(f"catalog: not a channel catalog ({error!r})") from error
        return Catalog(parsed)


def _group(doc: dict[str, Any]) -> Group:
    channels = doc["channels"]
    if not isinstance(channels, list) or len(channels) > MAX_CHANNELS:
        raise BadInput(f"catalog: group {doc['name']!r} has more than {MAX_CHANNELS} channels")
    return Group(
        name=str(doc["name"]),
        rate_hz=float(doc["rate_hz"]),
        chunk_us=int(doc["chunk_us"]),
        channels=tuple(
            Channel(
                name=str(c["name"]),
                unit=str(c["unit"]),
                resolution=float(c["resolution"]),
                low=float(c["low"]),
                high=float(c["high"]),
                step=bool(c["step"]),
                label=str(c.get("label", "")),
            )
            for c in channels
        ),
    )
