"""The start line as a logger's file gives it: a place and the direction of travel."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Self

from pitwall.telemetry.errors import BadInput

GATE_META = "track.gate"
"""Key in the recording's table: the gate as JSON, where a file gave one."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A line across the track.

    Attributes:
        latitude, longitude: its middle, degrees.
        heading_deg: direction of the track there, clockwise from north; cars may go either way.
        half_m: metres from the middle to either end.
        name: as the file names it.
    """

    latitude: float
    longitude: float
    heading_deg: float
    half_m: float = 12.5
    name: str = ""

    def to_json(self) -> str:
        """For the recording's key/value table."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Parse :meth:`to_json`'s form. Raises BadInput."""
        try:
            doc = json.loads(text)
            lat, lon, heading, half = (
                float(doc[k]) for k in ("latitude", "longitude", "heading_deg", "half_m")
            )
            name = str(doc.get("name", ""))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadInput(f"start gate: not readable ({error!r})") from error
        if not all(map(math.isfinite, (lat, lon, heading))) or not 0 < half < 1000:
            raise BadInput(f"start gate: {lat}, {lon}, {heading}, {half} is no place with a width")
        return cls(lat, lon, heading, half, name)
