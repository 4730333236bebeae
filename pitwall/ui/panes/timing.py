"""The field: position, car, gap, last, best, age."""

from __future__ import annotations

from collections.abc import Mapping

from pitwall.analysis import Lap
from pitwall.telemetry.clock import SECOND_US, lap_time
from pitwall.ui.asof import Standing
from pitwall.ui.panes.rows import Cell, Column, Row, RowsPane
from pitwall.ui.qt import QtGui, QtWidgets
from pitwall.ui.theme import Theme
from pitwall.ui.words import DASH, delta

COLUMNS = (
    Column(
        "P",
        "00",
        mono=True,
        right=False,
        tip="Place: by laps and metres driven since the data began",
    ),
    Column("Car", "000", right=False),
    Column(
        "Gap",
        "+00.000",
        tip="How long ago the leader was where this car is now, seconds",
    ),
    Column("Last", "0:00.000", tip="Last whole lap, from line to line, interpolated to the line"),
    Column("Best", "0:00.000", tip="Best whole lap; purple is the session's best, green its own"),
    Column(
        "Age",
        "00 s",
        optional=1,
        tip="How much older this car's newest sample is than the session's newest",
    ),
)
OLD_US = 2 * SECOND_US
STALE_US = 10 * SECOND_US
"""Where a car was so long ago says nothing of how far it is behind now."""


class TimingPane(RowsPane):
    """The timing table; a click selects a car."""

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(theme, "Timing", COLUMNS, bar_after=0, parent=parent)

    def wanted_height(self, width: int, room: int) -> int:
        """Where it shares a column, pixels: every car's row, at most six tenths of it."""
        rows = max(len(self.rows), 3)
        return min(self.first_y + rows * self.row_height + self.theme.px(8), room * 6 // 10)

    def show_standings(
        self,
        standings: tuple[Standing, ...],
        best: Lap | None,
        selected: str | None,
        colours: Mapping[str, QtGui.QColor],
    ) -> None:
        """Show the field; ``best`` is the session's best lap."""
        self.set_rows(
            [_row(line, best, line.car == selected, colours[line.car]) for line in standings]
        )


def _row(line: Standing, best: Lap | None, selected: bool, colour: QtGui.QColor) -> Row:
    return Row(
        line.car,
        (
            Cell(str(line.position), "dim") if line.position else Cell(DASH, "faint"),
            Cell(line.car, bold=True),
            gap_cell(line),
            _time(line.last, line, best),
            _best(line, best),
            _age(line.age_us),
        ),
        bar=colour,
        selected=selected,
        tip=f"Car {line.car}: age of its newest data beside the session's newest",
    )


def gap_cell(line: Standing) -> Cell:
    """The gap to the leader, or why there is none."""
    if stale(line):
        return Cell("no data", "attention")
    if line.in_pit:
        return Cell("PIT", "attention")
    if line.position == 1:
        return Cell(DASH, "dim")
    if line.laps_down:
        return Cell(f"+{line.laps_down} lap{'s' if line.laps_down > 1 else ''}")
    return Cell(delta(line.gap_us)) if line.gap_us is not None else Cell(DASH, "faint")


def stale(line: Standing) -> bool:
    """Whether a car was last heard of long before the others."""
    return line.age_us is not None and line.age_us > STALE_US


def _time(lap: Lap | None, line: Standing, best: Lap | None) -> Cell:
    """Purple for the session's best and for nothing else; green for the car's own best."""
    if lap is None or lap.time_us is None:
        return Cell(DASH, "faint")
    return Cell(lap_time(lap.time_us), lap_role(lap, line.best, best))


def _best(line: Standing, best: Lap | None) -> Cell:
    if line.best is None:
        return Cell(DASH, "faint")
    return Cell(lap_time(line.best.time_us), "best" if same(line.best, best) else "dim")


def lap_role(lap: Lap, own: Lap | None, best: Lap | None) -> str:
    """The role of a lap time's colour."""
    if same(lap, best):
        return "best"
    return "live" if same(lap, own) else "text"


def same(a: Lap | None, b: Lap | None) -> bool:
    """True when both are the same lap."""
    return a is not None and b is not None and (a.car, a.number) == (b.car, b.number)


def _age(age_us: int | None) -> Cell:
    if age_us is None:
        return Cell(DASH, "faint")
    if age_us < OLD_US:
        return Cell("0 s", "faint")
    s = age_us // SECOND_US
    text = f"{s} s" if s < 100 else f"{s // 60} m"
    return Cell(text, "attention")
