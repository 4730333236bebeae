"""Every channel of the selected car at the cursor, beside the reference lap at the same place."""

from __future__ import annotations

from pitwall.store import SessionStore
from pitwall.telemetry import Channel
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
    ) -> None:
        """Show the values of ``car`` at ``t_us``; ``reference`` is ``(car, event time)``."""
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


def _value(sample: Sample | None, index: int) -> float | None:
    return sample.values[index] if sample is not None else None


def _figure(value: float | None, channel: Channel, role: str) -> Cell:
    return Cell(value_text(value, channel), "faint" if value is None else role)


def _change(now: float | None, then: float | None, channel: Channel) -> Cell:
    if now is None or then is None:
        return Cell(DASH, "faint")
    return Cell(signed(now - then, decimals(channel)), "dim")
