"""Every channel of the selected car at the cursor, beside the reference lap at the same place."""

from __future__ import annotations

from pitwall.store import SessionStore
from pitwall.telemetry import Channel
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.panes.rows import Cell, Column, Row, RowsPane
from pitwall.ui.plot.choice import channel_title, hidden, unit_text
from pitwall.ui.qt import QtWidgets
from pitwall.ui.reading import Sample, decimals, sample_at, value_text
from pitwall.ui.theme import Theme
from pitwall.ui.words import DASH, signed

COLUMNS = (
    Column("Channel", "Long. acceleration", right=False, mono=False),
    Column("Value", "-0000.0"),
    Column("Reference", "-0000.0", optional=1),
    Column("Δ", "+000.0", optional=2),
    Column("", "km/h", right=False, mono=False, remark=True),
)
MEASURED = (
    COLUMNS[0],
    Column("Value", "-0000.0"),
    Column("Δ", "+000.0", optional=2),
    Column("Min", "-000.0", optional=1),
    Column("Mean", "-000.0"),
    Column("Max", "-000.0", optional=1),
    COLUMNS[-1],
)
"""While it is measured from a second cursor."""
COMPACT = 23


class ValuesPane(RowsPane):
    """Read-out of all channels."""

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(theme, "Channels", COLUMNS, row_height=COMPACT, parent=parent)

    def show_values(
        self,
        store: SessionStore,
        car: str | None,
        t_us: int,
        reference: tuple[str, int] | None,
        where: str,
        mark: int | None = None,
    ) -> None:
        """Show the values of ``car`` at ``t_us``; ``reference`` is ``(car, event time)``. With
        ``mark``, the difference to what they were then, and what lies between."""
        if car is not None and mark is not None:
            self._show_measured(store, car, t_us, mark)
            return
        self.set_columns(COLUMNS)
        self.set_titles(f"Channels of car {car}" if car else "Channels", where)
        rows = []
        for group in store.session.catalog.groups:
            if car is not None and store.columns(car, group.name) is None:
                continue  # this car does not send it
            now = sample_at(store, car, group.name, t_us) if car else None
            then = sample_at(store, reference[0], group.name, reference[1]) if reference else None
            for i, channel in enumerate(group.channels):
                if hidden(channel):
                    continue
                a, b = _value(now, i), _value(then, i)
                rows.append(
                    Row(
                        (group.name, i),
                        (
                            Cell(channel_title(channel), "dim"),
                            _figure(a, channel, "text"),
                            _figure(b, channel, "reference_text"),
                            _change(a, b, channel),
                            Cell(unit_text(channel.unit), "faint"),
                        ),
                    )
                )
        self.set_rows(rows)

    def _show_measured(self, store: SessionStore, car: str, t_us: int, mark: int) -> None:
        self.set_columns(MEASURED)
        self.set_titles(f"Channels of car {car}", f"over {signed((t_us - mark) / SECOND_US, 3)} s")
        rows = []
        for group in store.session.catalog.groups:
            columns = store.columns(car, group.name)
            if columns is None:
                continue
            now = sample_at(store, car, group.name, t_us)
            then = sample_at(store, car, group.name, mark)
            between = columns.between(min(t_us, mark), max(t_us, mark))
            for i, channel in enumerate(group.channels):
                if hidden(channel):
                    continue
                low, mean, high = (
                    float(each[i]) if between.count[i] else None
                    for each in (between.low, between.mean, between.high)
                )
                cells = (
                    Cell(channel_title(channel), "dim"),
                    _figure(_value(now, i), channel, "text"),
                    _change(_value(now, i), _value(then, i), channel),
                    _figure(low, channel, "dim"),
                    _figure(mean, channel, "text"),
                    _figure(high, channel, "dim"),
                    Cell(unit_text(channel.unit), "faint"),
                )
                rows.append(Row((group.name, i), cells))
        self.set_rows(rows)


def _value(sample: Sample | None, index: int) -> float | None:
    return sample.values[index] if sample is not None else None


def _figure(value: float | None, channel: Channel, role: str) -> Cell:
    return Cell(value_text(value, channel), "faint" if value is None else role)


def _change(now: float | None, then: float | None, channel: Channel) -> Cell:
    if now is None or then is None:
        return Cell(DASH, "faint")
    return Cell(signed(now - then, decimals(channel)), "dim")
