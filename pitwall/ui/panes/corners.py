"""The corner table: what the shown lap did in each corner, beside the reference and the best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pitwall.analysis import Corner, Debrief, LapPassages, Measure
from pitwall.analysis.compare import CornerLine, consistency, corner_lines
from pitwall.analysis.corners import NAME_MOST
from pitwall.telemetry import PitwallError
from pitwall.ui.corner_curves import corner_spans
from pitwall.ui.dialogs.ask_name import ask_name
from pitwall.ui.model import Axis, Workspace
from pitwall.ui.panes.rows import Cell, Column, Row, RowsPane
from pitwall.ui.picture import Shown
from pitwall.ui.qt import QtGui, QtWidgets
from pitwall.ui.scene import Scene
from pitwall.ui.settling import NothingSettled, Settling
from pitwall.ui.theme import Theme
from pitwall.ui.words import DASH, signed

COLUMNS = (
    Column("", "T000", right=False, mono=False),
    Column("Δ s", "+0.000"),
    Column("to best", "+0.000", optional=2),
    Column("Entry", "000", optional=3),
    Column("Min", "000"),
    Column("Δ", "+00", optional=1),
    Column("Exit", "000", optional=3),
    Column("Brake", "000 m"),
    Column("Δ", "+00", optional=1),
    Column("Throttle", "+000 m", optional=2),
    Column("Δ", "+00", optional=2),
    Column("Gear", "0", optional=4),
    Column("In s", "0.00", optional=5),
    Column("Mid s", "0.00", optional=5),
    Column("Out s", "00.00", optional=5),
    Column("± s", "0.00", optional=4),
)
NOTICEABLE_S = 0.02


class CornersPane(RowsPane):
    """One row for each corner; a click shows it in the traces, a double click asks for its name.

    Attributes:
        asking: the box for a name, while it is open.
    """

    def __init__(self, theme: Theme, workspace: Workspace, settled: Settling | None = None) -> None:
        super().__init__(theme, "Corners", COLUMNS)
        self.asking: QtWidgets.QDialog | None = None
        self._workspace = workspace
        self._settled: Settling = settled or NothingSettled()
        self._corners: tuple[Corner, ...] = ()
        self._spans: dict[object, tuple[float, float]] = {}
        self.chosen.connect(self._show_corner)

    def show_scene(self, scene: Scene) -> None:
        """Draw this from now on."""
        debrief, picture = scene.debrief, scene.picture
        self._corners = debrief.corners if debrief is not None else ()
        shown = picture.shown if picture is not None else None
        if debrief is None or shown is None or not debrief.corners:
            self.set_titles("Corners", "known after the first whole lap")
            self.set_rows(())
            return
        number = _looked_at(debrief, shown)
        own = debrief.laps.get((shown.car, number))
        words = f"Corners of car {shown.car}, lap {number}"
        if own is None:
            self.set_titles(words, "as soon as the lap is over")
            self.set_rows([_empty(corner) for corner in debrief.corners])
            return
        reference = picture.reference if picture is not None else None
        other = None
        if reference is not None:
            record = debrief.laps.get((reference.car, reference.lap.number))
            other = record.passages if record is not None else None
        against = f" · against {reference.car} L{reference.lap.number}" if reference else ""
        self.set_titles(words, f"km/h, m{against}")
        longest = max((c.name for c in debrief.corners), key=len)
        self.set_columns(
            (replace(COLUMNS[0], sample=max("T000", f"{longest}0", key=len)), *COLUMNS[1:])
        )
        self._spans = dict[object, tuple[float, float]](corner_spans(debrief).items())
        self.set_rows(_rows(debrief, own.passages, other))

    def mouseDoubleClickEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        index = self.row_at(event.position().y())
        if index is not None:
            self.ask_name(self.rows[index].key)

    def ask_name(self, number: object, wrong: str = "") -> None:
        """Ask what a corner is to be called; ``wrong`` says why the last answer did not do."""
        corner = next((c for c in self._corners if c.number == number), None)
        if corner is None:
            return
        title = f"Name of turn {corner.number}" + (f": {wrong}" if wrong else "")
        self.asking = ask_name(
            self.window(),
            self.theme,
            title,
            corner.name,
            NAME_MOST,
            lambda name: self._rename(corner.number, name),
        )

    def _rename(self, number: int, name: str) -> None:
        try:
            self._settled.rename(number, name)
        except PitwallError as error:
            self.ask_name(number, str(error))

    def _show_corner(self, key: object, _modified: bool) -> None:
        span = self._spans.get(key)
        if span is not None:
            self._workspace.change(axis=Axis.DISTANCE, span=span)


def _looked_at(debrief: Debrief, shown: Shown) -> int:
    """The shown lap; while it is being driven, the newest whole one before it."""
    number = shown.lap.number
    if not shown.open:
        return number
    return max((n for car, n in debrief.laps if car == shown.car and n < number), default=number)


def _rows(debrief: Debrief, own: LapPassages, other: LapPassages | None) -> list[Row]:
    car = own.lap.car
    mine = [r.passages for (c, _), r in debrief.laps.items() if c == car and r.lap.valid]
    spread = consistency(mine, Measure.TIME)
    best = _best(mine, len(debrief.corners))
    lines = corner_lines(debrief.corners, own, other if other is not None else own)
    return [
        _row(line, other is not None, float(best[k]), float(spread[k]) if len(spread) else np.nan)
        for k, line in enumerate(lines)
    ]


def _best(laps: list[LapPassages], corners: int) -> np.ndarray:
    """The car's quickest passage of each corner, NaN without one."""
    if not laps:
        return np.full(corners, np.nan)
    times = np.array([np.where(lap.seen, lap.of(Measure.TIME), np.inf) for lap in laps])
    least = times.min(axis=0)
    return np.where(np.isfinite(least), least, np.nan)


def _row(line: CornerLine, compared: bool, best: float, spread: float) -> Row:
    own, other, apex = line.own, line.other, line.corner.apex_m
    to_best = own[Measure.TIME] - best
    return Row(
        line.corner.number,
        (
            Cell(line.corner.name, bold=True),
            _change(line.behind_s, 3, compared, worse=1),
            Cell("best", "live") if abs(to_best) < 5e-4 else _plain(to_best, 3, sign=True),
            _plain(own[Measure.ENTRY] * 3.6, 0),
            _plain(own[Measure.MINIMUM] * 3.6, 0, role="text"),
            _change((own[Measure.MINIMUM] - other[Measure.MINIMUM]) * 3.6, 0, compared, worse=-1),
            _plain(own[Measure.EXIT] * 3.6, 0),
            _plain(apex - own[Measure.BRAKE], 0, role="text"),
            _change(own[Measure.BRAKE] - other[Measure.BRAKE], 0, compared, worse=-1),
            _plain(own[Measure.THROTTLE] - apex, 0, sign=True, role="text"),
            _change(own[Measure.THROTTLE] - other[Measure.THROTTLE], 0, compared, worse=1),
            _plain(own[Measure.GEAR], 0),
            _plain(own[Measure.ENTRY_TIME], 2),
            _plain(own[Measure.MID_TIME], 2),
            _plain(own[Measure.EXIT_TIME], 2),
            _plain(spread, 2),
        ),
        tip=(
            "Brake: metres before the apex. Throttle: half open, metres after the apex. Δ: against "
            "the reference, later and faster are positive. ±: standard deviation over the laps."
        ),
    )


def _empty(corner: Corner) -> Row:
    return Row(
        corner.number,
        (Cell(corner.name, bold=True), *(Cell(DASH, "faint") for _ in COLUMNS[1:])),
    )


def _plain(value: float, decimals: int, *, sign: bool = False, role: str = "dim") -> Cell:
    if not np.isfinite(value):
        return Cell(DASH, "faint")
    return Cell(signed(value, decimals) if sign else f"{value:.{decimals}f}", role)


def _change(value: float, decimals: int, compared: bool, *, worse: int) -> Cell:
    """A difference to the reference; coloured where it says something. ``worse``: its sign when
    it costs time."""
    if not compared or not np.isfinite(value):
        return Cell(DASH, "faint")
    enough = abs(value) >= (NOTICEABLE_S if decimals == 3 else 1.5)
    role = "dim" if not enough else "fault" if value * worse > 0 else "live"
    return Cell(signed(value, decimals), role)
