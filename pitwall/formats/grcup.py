"""GR Cup telemetry, long CSV: three columns (one car per file) or the publisher's thirteen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pitwall.formats.burst import BurstClock
from pitwall.formats.clock_drift import DriftFit, drift_notes
from pitwall.formats.ecu_clock import EcuClock
from pitwall.formats.grcup_channels import delay_channel, groups, place
from pitwall.formats.grcup_rows import NEEDED, Row, RowReader
from pitwall.formats.lines import Tick
from pitwall.formats.odometer import Odometer, Stamp
from pitwall.formats.source import Block, Survey
from pitwall.telemetry import BadInput, ClockKind

NAME = "grcup"
TITLE = "GR Cup telemetry CSV"
EXTENSIONS = (".csv",)

_LATITUDE, _LONGITUDE = "VBOX_Lat_Min", "VBOX_Long_Minutes"
_DISTANCE = "Laptrigger_lapdist_dls"
_BLOCK = 2048
"""Settled samples of one group that are gathered before they are given on."""
_MAX_SAME = 4096
"""Rows that may share one time stamp before they are taken as they are."""
_GENERIC = {"telemetry", "data", "csv", "download", "downloads", "raw", "tmp", "files"}


def sniff(head: bytes) -> float:
    """How sure we are that a file with these first bytes is one of ours, 0..1."""
    line = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    columns = {c.strip(b' "\r').decode("latin-1") for c in line.split(b",")}
    found = sum(name in columns for name in NEEDED)
    return (0.0, 0.3, 0.6, 1.0)[found]


class GrCupSource:
    """One GR Cup telemetry file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._drifts: dict[str, float] = {}

    def survey(self, tick: Tick | None = None) -> Survey:
        """Check every row, and find cars, channels, rates and the time span."""
        reader = RowReader(self.path)
        cars: dict[str, list[int]] = {}
        counts: dict[tuple[str, str], int] = {}
        rows = back = 0
        last = 0
        fits: dict[str, DriftFit] = {}
        for row in reader.rows(tick):
            rows += 1
            car, receipt, event, _, name, _ = row
            if event is not None:
                fits.setdefault(car, DriftFit()).add(event, receipt)
            if receipt != last or car not in cars:
                span = cars.setdefault(car, [receipt, receipt])
                span[0], span[1] = min(span[0], receipt), max(span[1], receipt)
                back += receipt < last
                last = receipt
            key = (car, name)
            counts[key] = counts.get(key, 0) + 1
        header = reader.header
        if rows == 0 or header is None:
            raise BadInput(f"{self.path}:1: no rows after the line of column names")
        own = header.event >= 0
        self._drifts = {car: fit.drift() for car, fit in fits.items()}
        names = {name for _, name in counts}
        notes = []
        if not own:
            notes.append(
                f"{self.path.name}: receipt times only; event times are reconstructed from the "
                "bursts, the receipt delay is kept beside them"
            )
        notes += drift_notes(self._drifts)
        if back:
            notes.append(f"{self.path.name}: {back} rows are older than the row before them")
        unknown = sorted(n for n in names if place(n)[0] == "other")
        if unknown:
            notes.append(f"{self.path.name}: channels of unknown unit: {', '.join(unknown)}")
        return Survey(
            cars=tuple(cars),
            groups=groups(names, rates(cars, counts)),
            clock=ClockKind.EVENT if own else ClockKind.RECONSTRUCTED,
            t_first=min(span[0] for span in cars.values()),
            t_last=max(span[1] for span in cars.values()),
            rows=rows,
            event=_event(reader.meta_event) or _folder(self.path),
            name=reader.meta_session,
            notes=tuple(notes),
        )

    def blocks(self, tick: Tick | None = None) -> Iterator[Block]:
        """The samples, with event times. The file must have passed :meth:`survey`."""
        cars: dict[str, CarRows] = {}
        for row in RowReader(self.path).rows(tick):
            car = cars.get(row.car)
            if car is None:
                car = cars[row.car] = CarRows(
                    row.car,
                    own_clock=row.event_us is not None,
                    drift=self._drifts.get(row.car, 0.0),
                )
            yield from car.push(row)
        for car in cars.values():
            yield from car.finish()


class CarRows:
    """Gathers one car's rows into stamps, times them, and sorts them into groups.

    ``own_clock``: rows have the producer's stamp. ``counted``: the rows' lap is the best that is
    known, as where a file holds one lap. ``drift``: of the producer's clock.
    """

    def __init__(
        self, car: str, *, own_clock: bool, counted: bool = False, drift: float = 0.0
    ) -> None:
        self.car = car
        self._counted = counted
        self._rows: list[Row] = []
        self._before: dict[str, float] = {}
        self._burst = None if own_clock else BurstClock("speed", _DISTANCE, _LATITUDE, _LONGITUDE)
        self._ecu = EcuClock(drift)
        self._odometer = Odometer()
        self._groups: dict[str, _Gather] = {}

    def push(self, row: Row) -> Iterator[Block]:
        """Take the next row; yield what is whole."""
        first = self._rows[0] if self._rows else row
        if (
            row.receipt_us != first.receipt_us
            or row.event_us != first.event_us
            or len(self._rows) >= _MAX_SAME
        ):
            yield from self._close()
        self._rows.append(row)

    def finish(self) -> Iterator[Block]:
        """Yield what is left."""
        yield from self._close()
        if self._burst is not None:
            for stamp, us, lap in self._burst.finish():
                yield from self._sort(stamp, us, lap)
        else:
            for stamp, us in self._ecu.finish():
                yield from self._sort(stamp, us, self._lap_of(stamp))
        for gather in self._groups.values():
            yield from gather.flush()

    def _close(self) -> Iterator[Block]:
        rows, self._rows = self._rows, []
        for stamp in _stamps(rows, self._before):
            self._before.update(stamp.values)
            if self._burst is not None:
                for settled, us, lap in self._burst.push(stamp):
                    yield from self._sort(settled, us, lap)
            else:
                for settled, us in self._ecu.push(stamp):
                    yield from self._sort(settled, us, self._lap_of(settled))

    def _lap_of(self, stamp: Stamp) -> int:
        values = stamp.values
        if self._counted:
            return min(stamp.lap or 0, 999)
        self._odometer.add(values.get(_DISTANCE), values.get(_LATITUDE), values.get(_LONGITUDE))
        if self._odometer.wraps == 0 and stamp.lap is not None:
            return min(stamp.lap, 999)
        return self._odometer.wraps

    def _sort(self, stamp: Stamp, us: int, lap: int) -> Iterator[Block]:
        parts: dict[str, dict[str, float]] = {}
        for name, value in stamp.values.items():
            group, channel = place(name)
            parts.setdefault(group, {})[channel] = value
        for group, values in parts.items():
            gather = self._groups.get(group)
            if gather is None:
                gather = self._groups[group] = _Gather(self.car, group)
            values[delay_channel(group)] = (stamp.receipt_us - us) / 1e6
            yield from gather.add(us, lap, stamp.receipt_us, values)


def _stamps(rows: list[Row], before: dict[str, float]) -> list[Stamp]:
    """The samples among rows of one time stamp.

    Two values of a channel are two samples: where the lap number changes, the feed's time stamps
    hold one of each lap, in no order. The one nearer to the value ``before`` is the earlier. More
    than two stand in file order.
    """
    values: dict[str, list[float]] = {}
    lap: int | None = None
    for row in rows:
        values.setdefault("speed" if row.name == "Speed" else row.name, []).append(row.value)
        lap = row.lap if row.lap is not None else lap
    for name, pair in values.items():
        if len(pair) == 2 and name in before:
            pair.sort(key=lambda v, at=before[name]: abs(v - at))  # type: ignore[misc]
    samples = max((len(v) for v in values.values()), default=0)
    return [
        Stamp(
            rows[0].receipt_us,
            rows[0].event_us,
            {name: column[i] for name, column in values.items() if i < len(column)},
            lap,
        )
        for i in range(samples)
    ]


class _Gather:
    """Collects one group's samples into blocks of one lap."""

    def __init__(self, car: str, group: str) -> None:
        self._car = car
        self._group = group
        self._lap = 0
        self._received = 0
        self._t: list[int] = []
        self._values: list[dict[str, float]] = []

    def add(self, us: int, lap: int, received: int, values: dict[str, float]) -> Iterator[Block]:
        if self._t and (lap != self._lap or len(self._t) >= _BLOCK or us < self._t[-1]):
            yield from self.flush()
        self._lap = lap
        self._received = max(self._received, received)
        self._t.append(us)
        self._values.append(values)

    def flush(self) -> Iterator[Block]:
        if not self._t:
            return
        names = dict.fromkeys(name for values in self._values for name in values)
        columns = {
            name: np.array([v.get(name, np.nan) for v in self._values], np.float64)
            for name in names
        }
        yield Block(
            self._car, self._group, self._lap, np.array(self._t, np.int64), columns, self._received
        )
        self._t, self._values, self._received = [], [], 0


def rates(cars: dict[str, list[int]], counts: dict[tuple[str, str], int]) -> dict[str, float]:
    """Median over cars of each group's samples per second."""
    most: dict[tuple[str, str], int] = {}
    for (car, name), n in counts.items():
        key = (place(name)[0], car)
        most[key] = max(most.get(key, 0), n)
    found: dict[str, list[float]] = {}
    for (group, car), n in most.items():
        seconds = (cars[car][1] - cars[car][0]) / 1e6
        found.setdefault(group, []).append(n / seconds if seconds > 1 else 1.0)
    return {group: float(np.median(values)) for group, values in found.items()}


def _event(text: str) -> str:
    """``I_R05_2025-08-17`` -> ``r05``: the publisher's event without its date."""
    return re.sub(r"^I_|_?\d{4}-\d{2}-\d{2}$", "", text)


def _folder(path: Path) -> str:
    """The nearest folder name that says something."""
    for folder in path.resolve().parents:
        if folder.name and folder.name.lower() not in _GENERIC:
            return folder.name
    return ""
