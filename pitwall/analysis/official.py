"""Official timing of a session beside its telemetry: read from the recording, merged by car."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pitwall.analysis.identity import Identity, Match, identify
from pitwall.analysis.laps import Lap
from pitwall.store import SessionStore
from pitwall.telemetry import (
    OFFICIAL_META,
    Official,
    OfficialFlag,
    OfficialLap,
    OfficialResult,
    OfficialStop,
    Weather,
    official_from_json,
)

IDENTITY_META = "official.cars"
"""Key in the recording's table: JSON object, car -> official car, as a person confirmed."""


@dataclass(frozen=True, slots=True)
class OfficialTiming:
    """All official timing of a session.

    Attributes:
        tables: as imported.
        laps: the table that laps are compared with: the one that knows most about each lap.
        identity: which car is which in it.
        said: car of the telemetry, or id of a feed, -> official car, as a person confirmed.
    """

    tables: tuple[Official, ...]
    laps: Official | None
    identity: Identity
    said: Mapping[str, str] = field(default_factory=dict)

    def match(self, car: str) -> Match | None:
        """What is known of a car of the telemetry."""
        return next((m for m in self.identity.matches if m.car == car), None)

    def lap(self, car: str, number: int) -> OfficialLap | None:
        """The official lap that a lap of the telemetry is; None where none is known to be."""
        match = self.match(car)
        if match is None or self.laps is None:
            return None
        at = next((i for own, i in match.pairs if own == number), None)
        return self.laps.laps[at] if at is not None else None

    def stops(self) -> tuple[tuple[str, OfficialStop], ...]:
        """All stops, each with its source."""
        return tuple((t.source, stop) for t in self.tables for stop in t.stops)

    def flags(self) -> tuple[tuple[str, OfficialFlag], ...]:
        """All flags, each with its source."""
        return tuple((t.source, flag) for t in self.tables for flag in t.flags)

    def weather(self) -> tuple[tuple[str, Weather], ...]:
        """All weather, each with its source."""
        return tuple((t.source, w) for t in self.tables for w in t.weather)

    def results(self) -> tuple[str, tuple[OfficialResult, ...]]:
        """The classification, with its source: a final one before a provisional one."""
        known = [t for t in self.tables if t.results]
        known.sort(key=lambda t: ("provisional" in t.kind, -sum(bool(r.status) for r in t.results)))
        return (known[0].source, known[0].results) if known else ("", ())


def official_timing(
    store: SessionStore,
    laps: Mapping[str, Sequence[Lap]],
    confirmed: Mapping[str, str] | None = None,
) -> OfficialTiming | None:
    """The session's official timing; None where nothing was imported.

    ``confirmed`` takes the place of what the recording keeps under IDENTITY_META. Raises BadInput
    when what the recording keeps cannot be read.
    """
    tables = official_from_json(store.meta(OFFICIAL_META))
    if not tables:
        return None
    said = confirmed_cars(store) if confirmed is None else dict(confirmed)
    table = _best(tables)
    if table is None:
        return OfficialTiming(tables, None, Identity((), (), ()), said)
    ids = _strings(store.meta("cars"))
    return OfficialTiming(tables, table, identify(laps, table, ids, said), said)


def confirmed_cars(store: SessionStore | str) -> dict[str, str]:
    """Car -> official car, as a person confirmed; of a session, or of the entry's text."""
    return _strings(store if isinstance(store, str) else store.meta(IDENTITY_META))


def confirming(
    store: SessionStore, car: str, official: str | None, said: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The entry for ``Batch.meta`` that keeps that ``car`` (of the telemetry, or the id of a feed)
    is ``official``; with None what was said of it is taken back. ``said``: what was said so far,
    where that is more than the recording knows."""
    said = dict(confirmed_cars(store) if said is None else said)
    said.pop(car, None)
    if official is not None:
        said[car] = official
    return {IDENTITY_META: json.dumps(said)}


def _best(tables: Sequence[Official]) -> Official | None:
    """The table of laps that tells most: with sectors before without, whole times before
    crossings only. Lap times of single drivers are one table together."""
    parts = [t for t in tables if t.laps]
    if not parts:
        return None
    whole = [t for t in parts if any(lap.sectors for lap in t.laps)]
    chosen = max(whole or parts, key=lambda t: len(t.laps))
    same = [t for t in parts if t.kind == chosen.kind and t.clock is chosen.clock]
    if len(same) > 1 and len({lap.car for t in same for lap in t.laps}) == sum(
        len({lap.car for lap in t.laps}) for t in same
    ):
        return Official(
            " + ".join(t.source for t in same),
            chosen.kind,
            chosen.clock,
            tuple(lap for t in same for lap in t.laps),
        )
    return chosen


def _strings(text: str | None) -> dict[str, str]:
    try:
        doc = json.loads(text) if text else {}
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in doc.items()} if isinstance(doc, dict) else {}
