"""GR Cup lap segments: JSON arrays of partial rows, one lap a file, two clocks in each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pitwall.formats.clock_drift import DriftFit, drift_notes
from pitwall.formats.grcup import CarRows, rates
from pitwall.formats.grcup_channels import LAP_UNKNOWN, groups
from pitwall.formats.grcup_rows import Row
from pitwall.formats.json_stream import elements, unpacked_head
from pitwall.formats.lap_edges import MARKS, Edges
from pitwall.formats.lines import Tick
from pitwall.formats.source import Block, Survey, Wanted
from pitwall.telemetry import BadInput, ClockKind
from pitwall.telemetry.clock import from_iso

NAME = "grcup-segments"
TITLE = "GR Cup lap segments (JSON)"
EXTENSIONS = (".json.gz", ".json")

_NAMES = {
    "dist": "Laptrigger_lapdist_dls",
    "steer": "Steering_Angle",
    "lat": "VBOX_Lat_Min",
    "lon": "VBOX_Long_Minutes",
    "accx": "accx_can",
    "accy": "accy_can",
    "aps": "aps",
    "ath": "ath",
    "gear": "gear",
    "rpm": "nmot",
    "bf": "pbrake_f",
    "br": "pbrake_r",
    "spd": "speed",
}
_EARLIEST_US = 946_684_800_000_000  # 2000-01-01
_LATEST_US = 4_102_444_800_000_000  # 2100-01-01


def sniff(head: bytes) -> float:
    """How sure we are that a file with these first bytes is one of ours, 0..1."""
    plain = unpacked_head(head).lstrip(b"\xef\xbb\xbf \r\n\t")
    if not plain.startswith(b"["):
        return 0.0
    found = sum(f'"{key}"'.encode() in plain[:2000] for key in ("vid", "mt", "ts", "lap", "src"))
    return found / 5 if found >= 4 else 0.0


class SegmentSource:
    """All segment files of one session."""

    def __init__(self, paths: Sequence[Path], wanted: Wanted) -> None:
        self._paths = list(paths)
        self._wanted = wanted
        self._ordered: list[Path] = []
        self._part = wanted.part
        self._drifts: dict[str, float] = {}

    def survey(self, tick: Tick | None = None) -> Survey:
        """Check every row, find cars, channels, rates, and the one session that is meant."""
        parts: dict[str, int] = {}
        cars: dict[tuple[str, str, Path], list[int]] = {}
        counts: dict[tuple[str, str, str], int] = {}
        firsts: dict[Path, int] = {}
        fits: dict[tuple[str, str], DriftFit] = {}
        for path in self._paths:
            for part, _, row, names in self._rows(path, tick):
                parts[part] = parts.get(part, 0) + 1
                if row.event_us is not None:
                    fit = fits.setdefault((part, row.car), DriftFit())
                    fit.add(row.event_us, row.receipt_us)
                firsts[path] = min(firsts.get(path, row.receipt_us), row.receipt_us)
                span = cars.setdefault((part, row.car, path), [row.receipt_us, row.receipt_us])
                span[0], span[1] = min(span[0], row.receipt_us), max(span[1], row.receipt_us)
                for name in names:
                    key = (part, row.car, name)
                    counts[key] = counts.get(key, 0) + 1
        if not parts:
            raise BadInput(f"{self._paths[0]}:1: no rows")
        self._part = self._chosen(parts)
        self._ordered = sorted(firsts, key=lambda p: firsts[p])
        part = self._part
        self._drifts = {car: fit.drift() for (of, car), fit in fits.items() if of == part}
        mine: dict[str, list[int]] = {}
        first = last = 0
        for (of, car, _), span in cars.items():
            if of == part:
                # rates are of the time in the files, not of the holes between them
                own_time = mine.setdefault(car, [0, 0])
                own_time[1] += span[1] - span[0]
                first = min(first or span[0], span[0])
                last = max(last, span[1])
        own = {(car, name): n for (p, car, name), n in counts.items() if p == part}
        notes = (
            [f"{sum(parts.values()) - parts[part]} rows of other sessions are left out"]
            if len(parts) > 1
            else []
        )
        return Survey(
            cars=tuple(mine),
            groups=(*groups({name for _, name in own}, rates(mine, own)), MARKS),
            clock=ClockKind.EVENT,
            t_first=first,
            t_last=last,
            rows=parts[part],
            event=part,
            name="segments",
            notes=(*notes, *drift_notes(self._drifts)),
        )

    def blocks(self, tick: Tick | None = None) -> Iterator[Block]:
        """The samples, by the cars' own clock. The files must have passed :meth:`survey`."""
        cars: dict[str, CarRows] = {}
        edges = Edges()
        for path in self._ordered:
            for part, values, row, _ in self._rows(path, tick):
                if part != self._part:
                    continue
                car = cars.get(row.car)
                if car is None:
                    drift = self._drifts.get(row.car, 0.0)
                    car = CarRows(row.car, own_clock=True, counted=True, drift=drift)
                    cars[row.car] = car
                for name, value in values.items():
                    for block in car.push(row._replace(name=name, value=value)):
                        edges.see(block)
                        yield block
        for car in cars.values():
            for block in car.finish():
                edges.see(block)
                yield block
        yield from edges.marks()

    def _chosen(self, parts: dict[str, int]) -> str:
        wanted = self._wanted.part
        found = ", ".join(f"{name} ({n} rows)" for name, n in parts.items())
        if wanted and wanted not in parts:
            raise BadInput(
                f"{self._paths[0]}: no session {wanted!r} in these files; found: {found}"
            )
        if not wanted and len(parts) > 1:
            raise BadInput(
                f"{self._paths[0]}: several sessions in these files: {found}; name one with --part"
            )
        return wanted or next(iter(parts))

    def _rows(
        self, path: Path, tick: Tick | None
    ) -> Iterator[tuple[str, dict[str, float], Row, tuple[str, ...]]]:
        times: dict[str, int] = {}
        for number, doc in elements(path, tick):
            if not isinstance(doc, dict):
                raise BadInput(f"{path}: row {number}: an object is expected")
            car, part = doc.get("vid"), doc.get("src", "")
            if not isinstance(car, str) or not 0 < len(car) <= 40 or not isinstance(part, str):
                raise BadInput(f"{path}: row {number}: vid must name the car, src the session")
            receipt = _time(times, doc.get("mt"), path, number, "mt")
            event = _time(times, doc.get("ts"), path, number, "ts")
            lap = doc.get("lap")
            count = int(lap) if isinstance(lap, (int, float)) and 0 <= lap < LAP_UNKNOWN else None
            values = {}
            for key, name in _NAMES.items():
                value: Any = doc.get(key)
                if value is None:
                    continue
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    raise BadInput(f"{path}: row {number}: {key} {str(value)[:40]!r} is no number")
                if abs(value) < 1e12:  # NaN is not
                    values[name] = float(value)
            if count is not None:
                values["lap"] = float(count)
            row = Row(car, receipt, event, count, "", 0.0)
            yield part[:40], values, row, tuple(values)


def _time(known: dict[str, int], text: Any, path: Path, number: int, key: str) -> int:
    if isinstance(text, str):
        us = known.get(text)
        if us is None:
            try:
                us = from_iso(text)
            except BadInput:
                us = 0
            if len(known) > 4096:
                known.clear()
            known[text] = us
        if _EARLIEST_US <= us <= _LATEST_US:
            return us
    raise BadInput(
        f"{path}: row {number}: {key} {str(text)[:40]!r} is not a time such as "
        "2025-09-06T18:54:51.734Z"
    )
