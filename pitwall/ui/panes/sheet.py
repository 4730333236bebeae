"""How the selected car is set: the sheet in force, those before it, and files of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pitwall.runtime.errands import Errand, Errands
from pitwall.telemetry import Failure, PitwallError
from pitwall.telemetry.clock import now_us
from pitwall.telemetry.plural import counted
from pitwall.ui.dialogs.lines import Line, ListColumn
from pitwall.ui.dialogs.style import button
from pitwall.ui.modelling import Modelling
from pitwall.ui.panes.editor import EditorPane, PaneList, on_click, row
from pitwall.ui.panes.rows import Cell
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.scene import Scene
from pitwall.ui.theme import Theme

if TYPE_CHECKING:
    from pitwall.prerace.log import Logged, Score
    from pitwall.prerace.sheet import Sheet

    Log = tuple[tuple[Logged, Score | None], ...]

VALUES = (
    ListColumn("Setting"),
    ListColumn("Value", "1000.00 kN/mm", right=True, mono=True),
    ListColumn("Before", "was 1000.00", right=True, mono=True),
)
HISTORY = (
    ListColumn("From", "L000", mono=True),
    ListColumn("What changed", wrap=True),
    ListColumn("By", "advice"),
)
ROOMY = 330
NAME = 180
"""Room for the name of a setting, before that for what it was."""
FILES = "Setup sheets (*.toml *.csv)"
NO_CAR = "No car is selected."
NONE = (
    "Car {} has no setup sheet, and without one there is no advice: import one (TOML or CSV), or "
    "type it (Ctrl+Shift+S)"
)


@dataclass(frozen=True, slots=True)
class SheetView:
    """A sheet as it is listed: ``values`` are (name, value, change), ``what`` changed in words."""

    sheet: Sheet
    values: tuple[tuple[str, str, str], ...]
    what: str


class SheetPane(EditorPane):
    """A row of the history shows that sheet; the newest is shown until one is chosen.

    Attributes:
        shown: the sheets of the car that count, oldest first; None while they are looked up.
        values: the settings of one.
        history: the sheets.
    """

    def __init__(self, theme: Theme, model: Modelling) -> None:
        super().__init__(theme, "Setup sheet")
        self.shown: tuple[SheetView, ...] | None = None
        self._model = model
        self._car = ""
        self._cars: frozenset[str] = frozenset()
        self._known: object = None
        self._read = Errands("pitwall-sheets")
        self._read.told.connect(self._told)
        self._files = Errands("pitwall-sheet-files")
        self._files.told.connect(self._told)
        self.values = PaneList(theme, VALUES, "Settings", (2,), NAME)
        self.history = PaneList(theme, HISTORY, "Setup sheets", (2,))
        self.history.selectionModel().selectionChanged.connect(lambda *_: self._list_values())
        self._import = on_click(
            button("Import…", tip="Setup sheets of one car or several, TOML or CSV"), self._ask_open
        )
        self._export = on_click(
            button("Export…", tip="This car's sheets, TOML or CSV"), self._ask_save
        )
        self.body.addWidget(self.values, 3)
        self.body.addWidget(self.history, 1)
        self.body.addLayout(row(QtWidgets.QLabel(), 1, self._import, self._export))
        self.setFocusProxy(self.history)
        self.ready()
        self._list()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        super().resizeEvent(event)
        self._fit_history()

    def _fit_history(self) -> None:
        """A history of one sheet says nothing: where there is little room the settings need it."""
        low = self.height() < self.theme.px(ROOMY)
        self.history.setHidden(low and len(self.shown or ()) < 2)

    def handlers(self) -> dict[str, Callable[[], None]]:
        """The action of this pane."""
        return {"sheet": self.setFocus}

    def needed_width(self) -> int:
        """Room for a setting, its value and what it was."""
        return self.theme.px(440)

    def stop(self, limit_s: float) -> bool:
        """End the workers; True when they have ended in time."""
        ended = self._read.stop(limit_s)
        return self._files.stop(limit_s) and ended

    # -- what is shown ------------------------------------------------------------------

    def show_scene(self, scene: Scene) -> None:
        """Look the selected car's sheets up when they may be others."""
        car, model = scene.view.car or "", self._model
        self._cars = frozenset(scene.store.cars())
        known = (car, model.version)
        if known == self._known:
            return
        self._known = known
        if car != self._car:
            self._car, self.shown = car, None
            self.say("")
            self._list()
        if car:
            self._read.run(lambda errand: errand.tell("sheets", _views(model, car)))

    def _told(self, key: str, value: object) -> None:
        if key == "sheets":
            assert isinstance(value, tuple)
            self.shown = value
            self._list()
        elif key == "read":
            assert isinstance(value, tuple)
            self._take(*value)
        elif key == "written":
            self.say(f"Written: {value}")
        elif key == "failed":
            self.say(str(value), wrong=True)

    def _list(self) -> None:
        shown = self.shown or ()
        lines = []
        for view in reversed(shown):
            by = "advice" if view.sheet.advice else "crew"
            cells = (
                Cell(f"L{view.sheet.from_lap}", bold=view is shown[-1]),
                Cell(view.what, "text" if view is shown[-1] else "dim"),
                Cell(by, "live" if view.sheet.advice else "dim"),
            )
            lines.append(Line(view.sheet.key, cells, view.sheet.note))
        self.history.lines.set_lines(lines)
        self._fit_history()
        if lines and self.history.key not in {line.key for line in lines}:
            self.history.choose(lines[0].key)
        hint = NO_CAR if not self._car else NONE.format(self._car)
        self.values.set_hint("" if self._car and self.shown is None else hint)
        self._import.setEnabled(bool(self._car))
        self._export.setEnabled(bool(shown))
        if self._model.trouble:
            self.say(f"Not kept: {self._model.trouble}", wrong=True)
        self._list_values()

    def _list_values(self) -> None:
        shown = self.shown or ()
        key = self.history.key
        chosen = next((v for v in shown if v.sheet.key == key), shown[-1] if shown else None)
        lines = []
        for name, value, was in chosen.values if chosen is not None else ():
            cells = (Cell(name), Cell(value, bold=bool(was)), Cell(was, "attention"))
            lines.append(Line(name, cells))
        self.values.lines.set_lines(lines)
        title = f"Car {self._car} · setup sheet" if self._car else "Setup sheet"
        remark = ""
        if chosen is not None:
            remark = f"{chosen.sheet.vehicle}, from lap {chosen.sheet.from_lap}"
            if chosen is not shown[-1]:
                remark += ", no longer in force"
        self.set_titles(title, remark)

    # -- files --------------------------------------------------------------------------

    def _ask_open(self) -> None:
        dialog = QtWidgets.QFileDialog(self, "Import setup sheets")
        dialog.setNameFilter(FILES)
        dialog.setFileMode(QtWidgets.QFileDialog.FileMode.ExistingFile)
        self._open(dialog, self.import_file)

    def _ask_save(self) -> None:
        dialog = QtWidgets.QFileDialog(self, "Export setup sheets")
        dialog.setNameFilters(["TOML (*.toml)", "CSV (*.csv)"])
        dialog.setAcceptMode(QtWidgets.QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("toml")
        dialog.filterSelected.connect(
            lambda name: dialog.setDefaultSuffix("csv" if "csv" in name else "toml")
        )
        dialog.selectFile(f"sheets-{self._car}.toml")
        self._open(dialog, self.export_file)

    def _open(self, dialog: QtWidgets.QFileDialog, chosen: Callable[[Path], None]) -> None:
        dialog.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: chosen(Path(path)))
        dialog.open()

    def import_file(self, path: Path) -> None:
        """Take a file's sheets into the recording; what is wrong with it is said at the foot."""
        self.say(f"Reading {path.name}")
        self._files.run(lambda errand: _read_file(errand, path))

    def export_file(self, path: Path) -> None:
        """Write the car's sheets that count."""
        sheets = tuple(view.sheet for view in self.shown or ())
        model, car = self._model, self._car
        self._files.run(
            lambda errand: errand.tell("written", _write_file(path, sheets, _judged(model, car)))
        )

    def _take(self, found: tuple[tuple[str, str, str], ...], judged: Mapping[str, str]) -> None:
        """Sheets of a file, (car, key, text) each, and entries of the log of advice."""
        try:
            self._model.keep({key: text for _, key, text in found} | dict(judged))
        except PitwallError as error:
            self.say(str(error), wrong=True)
            return
        cars = sorted({car for car, _, _ in found})
        strange = [car for car in cars if car not in self._cars]
        words = f"Taken: {len(found)} of car {', '.join(cars)}"
        from pitwall.prerace.log import SCORE

        past = sum(key.startswith(SCORE) for key in judged)
        words += f", {counted(past, 'advice')} of the past" if past else ""
        if strange:
            words += f"; not in this session: {', '.join(strange)}"
        self.say(words, wrong=bool(strange))


def _views(model: Modelling, car: str) -> tuple[SheetView, ...]:
    """On the worker's thread: a sheet reads its vehicle's file."""
    from pitwall.prerace.desk import NAMES, sheet_lines
    from pitwall.prerace.sheet import changes, in_force

    out: list[SheetView] = []
    before: Sheet | None = None
    for sheet in in_force(model.papers(car).sheets, car):
        parts = [
            f"{NAMES.get(c.key, c.key)} {_number(c.before)} → {_number(c.after)}"
            for c in changes(before, sheet)
        ]
        what = ", ".join(parts) if before is not None else sheet.note or "the first one"
        if before is not None and not parts:
            what = f"nothing{f': {sheet.note}' if sheet.note else ''}"
        out.append(SheetView(sheet, sheet_lines(sheet, before), what))
        before = sheet
    return tuple(out)


def _number(value: float | None) -> str:
    return "not written" if value is None else f"{value:g}"


def _read_file(errand: Errand, path: Path) -> None:
    from pitwall.prerace.log_file import read_log
    from pitwall.prerace.sheet import sheet_text
    from pitwall.prerace.sheet_file import read_sheets

    found = read_sheets(path, now_us())
    sheets = tuple((each.car, each.key, sheet_text(each)) for each in found)
    errand.tell("read", (sheets, read_log(path)))


def _judged(model: Modelling, car: str) -> Log:
    """The car's advices with what came of them: as just worked out, else as kept."""
    answer = model.answer
    if answer.advice is not None and answer.asked.car == car:
        return answer.advice.log
    return model.papers(car).log


def _write_file(path: Path, sheets: tuple[Sheet, ...], log: Log) -> Path:
    """In place whole, or not at all. Raises Failure."""
    from pitwall.prerace.log_file import log_toml
    from pitwall.prerace.sheet_file import write_csv, write_toml

    as_csv = path.suffix.lower() == ".csv"
    text = write_csv(sheets) if as_csv else write_toml(sheets) + log_toml(log)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Failure(f"{path}: {error.strerror or error}; choose another place") from error
    return path
