"""Every channel of the selected car at the cursor, beside the reference lap at the same place.

What is plotted comes first, with the laps laid over; the rest of what the car sends comes after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pitwall.store import SessionStore
from pitwall.store.between import Between
from pitwall.telemetry import Channel
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.panes.rows import Cell, Column, Row, RowsPane
from pitwall.ui.plot.choice import channel_title, hidden
from pitwall.ui.qt import QtGui, QtWidgets
from pitwall.ui.reading import Sample, sample_at
from pitwall.ui.theme import Theme
from pitwall.ui.units import Shown, UnitChoice, shown
from pitwall.ui.words import signed

COLUMNS = (
    Column("Channel", "Long. acceleration", right=False, mono=False),
    Column("Value", "-0000.0", tip="Newest sample at or before the cursor; live: the newest"),
    Column(
        "Reference",
        "-0000.0",
        optional=1,
        tip="The reference lap's, where it was at the same place on the track",
    ),
    Column("Δ", "+000.0", optional=2, tip="Value less reference"),
    Column("", "km/h", right=False, mono=False, remark=True),
)
MEASURED = (
    COLUMNS[0],
    Column("At mark", "-000.0", optional=3, tip="Newest sample at or before the mark"),
    Column("Value", "-0000.0", tip="Newest sample at or before the cursor"),
    Column("Δ", "+000.0", optional=2, tip="Value at the cursor less that at the mark"),
    Column("Min", "-000.0", optional=1, tip="Least of the samples between mark and cursor"),
    Column("Mean", "-000.0", tip="Mean of the samples between mark and cursor, each counts once"),
    Column("Max", "-000.0", optional=1, tip="Greatest of the samples between mark and cursor"),
    COLUMNS[-1],
)
"""While it is measured from a second cursor."""
COMPACT = 23
Key = tuple[str, int]
"""Group and column of a channel."""


@dataclass(frozen=True, slots=True)
class OtherRead:
    """A lap that is laid over: which, its car and when it was at the same place (None where it has
    not been), and its colour."""

    words: str
    car: str
    t_us: int | None
    colour: QtGui.QColor


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is read.

    Attributes:
        car: whose values; None before there is one.
        t_us: event time of the cursor, or of the newest sample.
        reference: ``(car, event time)`` of the reference lap at the same place.
        where: said at the right of the title.
        mark: event time of the second cursor.
        plotted: channels that are drawn, in their order.
        others: laps laid over.
        units: in which values are written.
    """

    car: str | None
    t_us: int
    reference: tuple[str, int] | None
    where: str
    mark: int | None = None
    plotted: tuple[Key, ...] = ()
    others: tuple[OtherRead, ...] = ()
    units: UnitChoice = UnitChoice()


ROWS = 8
"""So many are in view where it shares a column."""


class ValuesPane(RowsPane):
    """Read-out of all channels."""

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(theme, "Channels", COLUMNS, row_height=COMPACT, parent=parent)

    def wanted_height(self, width: int, room: int) -> int:  # noqa: ARG002 - part of the protocol
        """Where it shares a column, pixels: the channels that are plotted, a quarter of it at most;
        the others are a turn of the wheel away."""
        return min(self.first_y + ROWS * self.row_height + self.theme.px(8), room // 4)

    def show_values(self, store: SessionStore, wanted: Wanted) -> None:
        """Show the values at the cursor; with a mark, also the difference to what they were
        there, and what lies between."""
        car, mark = wanted.car, wanted.mark
        title = f"Channels of car {car}" if car else "Channels"
        if car is not None and mark is not None:
            self._show_bars(False)
            self.set_columns(MEASURED)
            self.set_titles(title, f"over {signed((wanted.t_us - mark) / SECOND_US, 3)} s")
            self.set_rows(list(_measured(store, car, mark, wanted)))
            return
        self._show_bars(bool(wanted.others))
        self.set_columns(COLUMNS)
        self.set_titles(title, wanted.where)
        self.set_rows(list(_compared(store, wanted)))

    def _show_bars(self, wanted: bool) -> None:
        """Room for the colours of laps laid over, only while there are any."""
        after = 0 if wanted else None
        if after != self._bar_after:
            self._bar_after = after
            self._widths = ()
            self.update()


def _compared(store: SessionStore, wanted: Wanted) -> Iterator[Row]:
    reads = _Reads(store)
    for key, channel in _channels(store, wanted):
        group, i = key
        how = shown(channel, wanted.units)
        now = reads.value(wanted.car, group, wanted.t_us, i)
        car, t_us = wanted.reference or (None, 0)
        then = reads.value(car, group, t_us, i)
        drawn = key in wanted.plotted
        yield _row(key, channel, how, now, then, drawn=drawn)
        for number, other in enumerate(wanted.others if drawn else ()):
            value = None
            if other.t_us is not None:
                value = reads.value(other.car, group, other.t_us, i)
            cells = (
                Cell(f"   {other.words}", "dim"),
                _figure(value, how, "text"),
                Cell(""),
                _change(value, now, how),
                Cell(how.unit, "faint"),
            )
            tip = f"Lap laid over; Δ to the shown lap, {now_words(now, how)}"
            yield Row((*key, number), cells, bar=other.colour, tip=tip)


def now_words(value: float | None, how: Shown) -> str:
    """A value with its unit."""
    return f"{how.text(value)} {how.unit}".rstrip()


def _row(
    key: Key,
    channel: Channel,
    how: Shown,
    now: float | None,
    then: float | None,
    *,
    drawn: bool,
) -> Row:
    cells = (
        Cell(channel_title(channel), "text" if drawn else "dim"),
        _figure(now, how, "text"),
        _figure(then, how, "reference_text"),
        _change(now, then, how),
        Cell(how.unit, "faint"),
    )
    return Row(key, cells, tip=channel_tip(channel, key[0]))


def channel_tip(channel: Channel, group: str) -> str:
    """What a channel is: its name, its group, and how fine it is."""
    step = f", in steps of {channel.resolution:g} {channel.unit}" if channel.resolution else ""
    return f"{channel.name} of {group}{step}; the newest sample at or before the cursor"


def _measured(store: SessionStore, car: str, mark: int, wanted: Wanted) -> Iterator[Row]:
    reads = _Reads(store)
    for (group, i), channel in _channels(store, wanted):
        between = reads.between(car, group, min(wanted.t_us, mark), max(wanted.t_us, mark))
        if between is None:
            continue
        how = shown(channel, wanted.units)
        now = reads.value(car, group, wanted.t_us, i)
        then = reads.value(car, group, mark, i)
        low, mean, high = (
            float(each[i]) if between.count[i] else None
            for each in (between.low, between.mean, between.high)
        )
        drawn = (group, i) in wanted.plotted
        cells = (
            Cell(channel_title(channel), "text" if drawn else "dim"),
            _figure(then, how, "dim"),
            _figure(now, how, "text"),
            _change(now, then, how),
            _figure(low, how, "dim"),
            _figure(mean, how, "text"),
            _figure(high, how, "dim"),
            Cell(how.unit, "faint"),
        )
        words = ", ".join(
            f"{name} {how.text(value)}"
            for name, value in (("min", low), ("mean", mean), ("max", high))
        )
        tip = (
            f"{channel.name}: {how.text(then)} at the mark, {now_words(now, how)} at the cursor, "
            f"Δ {how.change(now, then)}; between, of {int(between.count[i])} samples: {words}"
        )
        yield Row((group, i), cells, tip=tip)


def _channels(store: SessionStore, wanted: Wanted) -> Iterator[tuple[Key, Channel]]:
    """What is plotted, in its order, then what else the car sends."""
    catalog = store.catalog
    for group, i in wanted.plotted:
        yield (group, i), catalog.group(group).channels[i]
    for one in catalog.groups:
        if wanted.car is not None and store.columns(wanted.car, one.name) is None:
            continue  # this car does not send it
        for i, channel in enumerate(one.channels):
            if not hidden(channel) and (one.name, i) not in wanted.plotted:
                yield (one.name, i), channel


class _Reads:
    """Looks each group up once."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._samples: dict[tuple[str, str, int], Sample | None] = {}
        self._between: dict[str, Between | None] = {}

    def value(self, car: str | None, group: str, t_us: int, index: int) -> float | None:
        """What a channel read."""
        if car is None:
            return None
        key = (car, group, t_us)
        if key not in self._samples:
            self._samples[key] = sample_at(self._store, car, group, t_us)
        sample = self._samples[key]
        return sample.values[index] if sample is not None else None

    def between(self, car: str, group: str, t_lo: int, t_hi: int) -> Between | None:
        """Of a group between two times; None for a car that does not send it, and while an end
        is paged out."""
        if group not in self._between:
            columns = self._store.columns(car, group)
            ready = self._store.ready(car, group, t_lo, t_lo)
            ready &= self._store.ready(car, group, t_hi, t_hi)
            known = columns is not None and ready
            self._between[group] = columns.between(t_lo, t_hi) if columns and known else None
        return self._between[group]


def _figure(value: float | None, how: Shown, role: str) -> Cell:
    return Cell(how.text(value), "faint" if value is None else role)


def _change(now: float | None, then: float | None, how: Shown) -> Cell:
    known = now is not None and then is not None
    return Cell(how.change(now, then), "dim" if known else "faint")
