"""A session's track as a document: shown, named, and taken along to the next session there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pitwall.analysis.corners import (
    CORNERS_META,
    Corner,
    corners_from_json,
    corners_to_json,
)
from pitwall.analysis.timing import TRACK_META, TimingEngine
from pitwall.analysis.track import TrackLine
from pitwall.store import SessionStore
from pitwall.telemetry import BadInput

FORMAT = "pitwall-track-1"


@dataclass(frozen=True, slots=True, eq=False)
class TrackDoc:
    """A track line with its corners."""

    line: TrackLine
    corners: tuple[Corner, ...]

    def meta(self) -> dict[str, str]:
        """Entries of a recording's key/value table that keep it."""
        return {TRACK_META: self.line.to_json(), CORNERS_META: corners_to_json(self.corners)}

    def to_json(self) -> dict[str, Any]:
        """As a file that another session can take it from."""
        return {
            "format": FORMAT,
            "line": json.loads(self.line.to_json()),
            "corners": json.loads(corners_to_json(self.corners)),
        }

    @staticmethod
    def from_json(text: str) -> TrackDoc:
        """Parse :meth:`to_json`'s form. Raises BadInput."""
        try:
            doc = json.loads(text)
            if not isinstance(doc, dict) or doc.get("format") != FORMAT:
                raise BadInput(f"not a track file: its format is not {FORMAT!r}")
            line, corners = json.dumps(doc["line"]), json.dumps(doc["corners"])
        except (ValueError, KeyError, RecursionError) as error:
            raise BadInput(f"track file: not readable ({error!r})") from error
        return TrackDoc(TrackLine.from_json(line), corners_from_json(corners))


def track_of(store: SessionStore) -> TrackDoc:
    """The track of a session. Raises BadInput where none is known."""
    circuit = TimingEngine().update(store).circuit
    if circuit is None or circuit.track is None:
        raise BadInput("no line is known: it takes a whole lap with positions")
    return TrackDoc(circuit.track, circuit.corners)


def track_text(doc: TrackDoc) -> list[str]:
    """The track as lines for people."""
    ends = ", ".join(f"{end:.0f} m" for end in doc.line.sector_ends)
    known = "the circuit's" if doc.line.sectors else "thirds"
    lines = [f"{doc.line.length_m:.0f} m, {len(doc.corners)} corners; sectors ({known}): {ends}"]
    for c in doc.corners:
        way = "left" if c.left else "right"
        radius = f", radius {c.radius_m:.0f} m" if c.radius_m == c.radius_m else ""
        span = f"{c.entry_m:.0f} – {c.apex_m:.0f} – {c.exit_m:.0f} m"
        lines.append(f"  {c.number:>2}  {c.name:<12} {span:<22} {way}{radius}")
    return lines
