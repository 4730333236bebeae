"""Every channel of the selected car at the cursor, beside the reference lap at the same place."""

from __future__ import annotations

from pitwall.store import SessionStore
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.panes.rows import Cell, Column, Row, RowsPane
from pitwall.ui.plot.choice import channel_title, hidden, unit_text
from pitwall.ui.qt import QtWidgets
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
OLD_US = 5 * SECOND_US


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
            now = _sample(store, car, group.name, t_us) if car else None
            then = _sample(store, reference[0], group.name, reference[1]) if reference else None
            for i, channel in enumerate(group.channels):
                if hidden(channel):
                    continue
                a = float(now[i]) if now is not None else None
                b = float(then[i]) if then is not None else None
                places = decimals(channel.resolution, channel.high - channel.low)
                rows.append(
                    Row(
                        (group.name, i),
                        (
                            Cell(channel_title(channel), "dim"),
                            _figure(a, places, "text"),
                            _figure(b, places, "reference"),
                            _change(a, b, places),
                            Cell(unit_text(channel.unit), "faint"),
                        ),
                    )
                )
        self.set_rows(rows)


def decimals(resolution: float, span: float) -> int:
    """Decimals worth showing: about a thousandth of the range, never finer than the sensor."""
    places = 0
    step = max(resolution, span / 2000 if span > 0 else 0.0)
    while places < 3 and step < 0.5 * 10**-places:
        places += 1
    return places


def _sample(store: SessionStore, car: str, group: str, t_us: int):  # type: ignore[no-untyped-def]
    columns = store.columns(car, group)
    found = columns.at(t_us) if columns is not None else None
    return found[1] if found is not None and t_us - found[0] <= OLD_US else None


def _figure(value: float | None, places: int, role: str) -> Cell:
    if value is None or value != value:
        return Cell(DASH, "faint")
    return Cell(f"{value:.{places}f}", role)


def _change(now: float | None, then: float | None, places: int) -> Cell:
    if now is None or then is None or now != now or then != then:
        return Cell(DASH, "faint")
    return Cell(signed(now - then, places), "dim")
