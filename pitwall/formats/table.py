"""A recording as one wide table: what CSV and Parquet files of ours hold, and how they are read.

A row is a moment of one car: the samples that its groups took then. A group without a sample at
that moment has empty cells, a sample without a value has NaN.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitwall.formats.source import Block
from pitwall.store import Recording
from pitwall.telemetry import (
    GATE_META,
    OFFICIAL_META,
    BadInput,
    Catalog,
    Channel,
    ClockKind,
    Group,
    Session,
    decode,
)
from pitwall.telemetry.clock import from_iso, iso

VERSION = 1
KEPT_META = (GATE_META, OFFICIAL_META)
"""Entries of the recording's key/value table that go along."""
ROWS = 8192
_PART = 16_000
"""Characters of an entry in one line of a heading: lines are bounded where they are read."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LapRow:
    """One lap as it is written beside the samples: moments in microseconds UTC."""

    car: str
    lap: int
    t_start: int
    t_end: int | None
    time_us: int | None
    uncertainty_us: int
    kind: str
    valid: bool
    reason: str

    def to_doc(self) -> dict[str, Any]:
        """In seconds and ISO times."""
        known = self.time_us is not None
        return {
            "car": self.car,
            "lap": self.lap,
            "start": iso(self.t_start),
            "end": iso(self.t_end) if self.t_end is not None else None,
            "time_s": self.time_us / 1e6 if self.time_us is not None else None,
            "uncertainty_s": self.uncertainty_us / 1e6 if known else None,
            "kind": self.kind,
            "valid": self.valid,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Heading:
    """What a table says of itself.

    Attributes:
        session: with its catalog.
        cars: label -> original id.
        meta: entries of the recording's key/value table (:data:`KEPT_META`).
    """

    session: Session
    cars: Mapping[str, str]
    meta: Mapping[str, str]

    def lines(self, laps: Sequence[LapRow]) -> list[dict[str, Any]]:
        """As documents, one kind of thing in each."""
        session = self.session
        out: list[dict[str, Any]] = [
            {
                "pitwall": VERSION,
                "session": session.key,
                "title": session.title,
                "started": iso(session.started_us),
                "length_s": session.length_s,
                "clock": session.clock.value,
                "simulated": session.simulated,
                "driven": iso(session.driven_us) if session.replay else None,
            }
        ]
        for group in session.catalog.groups:
            out.append({"group": group.name, "rate_hz": group.rate_hz, "chunk_us": group.chunk_us})
            out += [{"channel": c.name, "of": group.name, **_channel(c)} for c in group.channels]
        out += [{"car": car, "id": original} for car, original in self.cars.items()]
        for key, value in self.meta.items():
            cuts = range(0, len(value), _PART)
            out += [{"meta": key, "value": value[i : i + _PART]} for i in cuts]
        return out + [{"lap_of": row.car, **row.to_doc()} for row in laps]

    @staticmethod
    def parse(docs: Sequence[Mapping[str, Any]]) -> Heading:
        """The heading in documents as :meth:`lines` makes them. Raises BadInput."""
        try:
            first = docs[0]
            if first["pitwall"] != VERSION:
                raise BadInput(
                    f"version {first['pitwall']!r} of the table; this program reads {VERSION}"
                )
            groups = [d for d in docs if "group" in d]
            channels = [d for d in docs if "channel" in d]
            catalog = {
                "groups": [
                    {
                        "name": g["group"],
                        "rate_hz": g["rate_hz"],
                        "chunk_us": g["chunk_us"],
                        "channels": [
                            {**c, "name": c["channel"]} for c in channels if c["of"] == g["group"]
                        ],
                    }
                    for g in groups
                ]
            }
            session = Session(
                str(first["session"]),
                str(first["title"])[:200],
                Catalog.from_json(json.dumps(catalog)),
                from_iso(str(first["started"])),
                float(first["length_s"]),
                ClockKind(first["clock"]),
                bool(first["simulated"]),
                from_iso(str(first["driven"])) if first.get("driven") else 0,
            )
            cars = {str(d["car"]): str(d["id"]) for d in docs if "id" in d and "car" in d}
            meta: dict[str, str] = {}
            for d in docs:
                if d.get("meta") in KEPT_META:
                    meta[d["meta"]] = meta.get(d["meta"], "") + str(d["value"])
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise BadInput(f"the heading is not whole ({error!r})") from error
        return Heading(session, cars, meta)


def heading_of(recording: Recording) -> Heading:
    """The heading of a recording's table."""
    doc = json.loads(recording.meta("cars") or "{}")
    cars = {str(k): str(v) for k, v in doc.items()} if isinstance(doc, dict) else {}
    cars = {series.car: cars.get(series.car, series.car) for series in recording.series()}
    meta = {k: v for k in KEPT_META if (v := recording.meta(k)) is not None}
    return Heading(recording.session, cars, meta)


def column_names(catalog: Catalog) -> list[tuple[str, int, str]]:
    """``(group, row in it, name with unit)`` of each column after car, lap and time."""
    names = [c.name for g in catalog.groups for c in g.channels]
    return [
        (g.name, i, f"{c.name if names.count(c.name) == 1 else f'{g.name}.{c.name}'} [{c.unit}]")
        for g in catalog.groups
        for i, c in enumerate(g.channels)
    ]


def samples_of(recording: Recording, car: str, group: Group) -> tuple[Ints, Floats]:
    """All samples of a car's group in order of time, exact as they are stored: int64[n],
    float64[k, n]. Memory: those of one car and group."""
    version = recording.session.catalog.version
    times: list[Ints] = []
    values: list[Floats] = []
    for series in recording.series():
        if series.car != car or series.group != group.name:
            continue
        for row in recording.read_segments(series):
            segment = row.segment
            samples = decode(segment.payload, group, version)
            times.append(segment.t_lo + samples.t)
            values.append(np.asarray(samples.values, np.float64))
    if not times:
        return np.zeros(0, np.int64), np.zeros((len(group.channels), 0))
    t, v = np.concatenate(times), np.concatenate(values, axis=1)
    order = np.argsort(t, kind="stable")
    return t[order], v[:, order]


@dataclass(frozen=True, slots=True, eq=False)
class Portion:
    """Some rows of one car.

    Attributes:
        car: whose.
        t: int64[n], ascending; a moment twice where a group has two samples of it.
        lap: int64[n].
        values: group -> float64[k, n], NaN where there is none.
        present: group -> bool[n], whether the group has a sample there.
    """

    car: str
    t: Ints
    lap: Ints
    values: Mapping[str, Floats]
    present: Mapping[str, NDArray[np.bool_]]


def portions(
    recording: Recording, laps: Sequence[LapRow], cars: Sequence[str]
) -> Iterator[Portion]:
    """The table, car by car and in order of time."""
    for car in cars:
        own = sorted((row for row in laps if row.car == car), key=lambda row: row.t_start)
        starts = np.array([row.t_start for row in own], np.int64)
        numbers = np.array([0, *(row.lap for row in own)], np.int64)
        groups = recording.session.catalog.groups
        parts = {g.name: samples_of(recording, car, g) for g in groups}
        keys = {name: _keyed(t) for name, (t, _) in parts.items()}
        every = np.unique(np.concatenate([k for k in keys.values()], axis=0), axis=0)
        if not len(every):
            continue
        for lo in range(0, len(every), ROWS):
            rows = every[lo : lo + ROWS]
            t = np.ascontiguousarray(rows[:, 0])
            lap = numbers[np.searchsorted(starts, t, "right")]
            values, present = {}, {}
            for name, (own_t, own_v) in parts.items():
                a, b = np.searchsorted(own_t, t[0]), np.searchsorted(own_t, t[-1], "right")
                at, there = _places(keys[name][a:b], rows)
                column = np.full((len(own_v), len(t)), np.nan)
                column[:, there] = own_v[:, a:b][:, at[there]]
                values[name], present[name] = column, there
            yield Portion(car, t, lap, values, present)


def blocks(
    car: str,
    t: Ints,
    lap: Ints,
    values: Mapping[str, Mapping[str, Floats]],
    present: Mapping[str, NDArray[np.bool_]],
) -> Iterator[Block]:
    """The samples in rows of one car, as an import takes them: group by group, a lap at a time."""
    for group, columns in values.items():
        which = np.flatnonzero(present[group])
        if not len(which):
            continue
        back = np.flatnonzero((np.diff(lap[which]) != 0) | (np.diff(t[which]) < 0)) + 1
        for part in np.split(which, back):
            number = int(np.clip(lap[part[0]], 0, 999))
            yield Block(car, group, number, t[part], {k: v[part] for k, v in columns.items()})


def _keyed(t: Ints) -> Ints:
    """Moments with a count of those before it that are the same: int64[n, 2]."""
    if not len(t):
        return np.zeros((0, 2), np.int64)
    first = np.searchsorted(t, t, "left")
    return np.stack([t, np.arange(len(t)) - first], axis=1)


def _places(keys: Ints, rows: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Index in ``keys`` of each of ``rows``, and whether it is there."""
    if not len(keys):
        return np.zeros(len(rows), np.int64), np.zeros(len(rows), np.bool_)
    kind = np.dtype([("t", np.int64), ("k", np.int64)])
    have = np.ascontiguousarray(keys).view(kind).reshape(-1)
    want = np.ascontiguousarray(rows).view(kind).reshape(-1)
    at = np.minimum(np.searchsorted(have, want), len(have) - 1)
    return at, have[at] == want


def _channel(c: Channel) -> dict[str, Any]:
    doc = asdict(c)
    del doc["name"]
    return doc
