"""Which official car is which: what the crossings say, what a person confirms, and the way back."""

from __future__ import annotations

from pitwall.analysis.feeds import FeedMatch
from pitwall.analysis.identity import Match
from pitwall.telemetry import PitwallError
from pitwall.telemetry.plural import counted
from pitwall.ui.dialogs.lines import Line, ListColumn, ListView
from pitwall.ui.dialogs.style import Combo, Words, button, dress, fit, heading
from pitwall.ui.panes.rows import Cell
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.settling import Cars, Settling
from pitwall.ui.theme import Theme

SIZE = (1080, 680)
COLUMNS = (
    ListColumn("Car or feed", "GR86-0004-000 (feed)"),
    ListColumn("Official", "1000 (2)"),
    ListColumn("Laps agree", "00 of 00", right=True, mono=True),
    ListColumn("Apart", "0.000 s", right=True, mono=True),
    ListColumn("How sure", wrap=True),
)
NOTHING = "No official timing was imported with this session: `pitwall import` takes its tables."
ABOUT = (
    "Decided by when each car crossed the line, never by the number in its id. What you confirm is "
    "kept in the recording and counts instead."
)


class OfficialCarsDialog(QtWidgets.QDialog):
    """The dialog; it never stops the window behind it.

    Attributes:
        list: cars of the telemetry and ids of feeds; those to be looked at first.
        choice: official cars.
    """

    def __init__(
        self, settled: Settling, theme: Theme, parent: QtWidgets.QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._settled = settled
        self._known: object = None
        self.setWindowTitle("Official cars — Pitwall")
        self.setAccessibleName("Official cars")
        self.setModal(False)
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        self.list = ListView(theme, COLUMNS, "Cars and feeds")
        self.choice = Combo(theme, 160)
        self.choice.setAccessibleName("Official car")
        self.without = Words()
        self.said = Words()
        self.confirm_button = button("Con&firm", "main", "The chosen car is this official car")
        self.crossings_button = button("By c&rossings", tip="Take back what was confirmed of it")
        self.undo_button = button("&Undo", "link", "Take the last change back (Ctrl+Z)")
        self.close_button = button("Close", tip="Esc")
        self._lay_out(theme)
        self.list.selectionModel().selectionChanged.connect(lambda *_: self._chosen())
        self.list.chosen.connect(lambda _: self._confirm())
        self.confirm_button.clicked.connect(self._confirm)
        self.crossings_button.clicked.connect(self._by_crossings)
        self.undo_button.clicked.connect(self._undo)
        self.close_button.clicked.connect(self.close)
        self.set_theme(theme)
        fit(self, theme, *SIZE)
        self.refresh()
        self.list.setFocus()

    def _lay_out(self, theme: Theme) -> None:
        page = QtWidgets.QVBoxLayout(self)
        page.setContentsMargins(theme.px(20), theme.px(16), theme.px(20), theme.px(16))
        page.setSpacing(theme.px(12))
        page.addWidget(heading("Official cars"))
        page.addWidget(Words(ABOUT))
        page.addWidget(self.list, 1)
        line = QtWidgets.QHBoxLayout()
        line.setSpacing(theme.px(12))
        label = QtWidgets.QLabel("Is &official car")
        label.setBuddy(self.choice)
        for widget in (label, self.choice, self.confirm_button, self.crossings_button):
            line.addWidget(widget)
        line.addStretch(1)
        page.addLayout(line)
        page.addWidget(self.without)
        foot = QtWidgets.QHBoxLayout()
        foot.setSpacing(theme.px(12))
        foot.addWidget(self.said, 1)
        foot.addWidget(self.undo_button)
        foot.addWidget(self.close_button)
        page.addLayout(foot)

    def event(self, event: QtCore.QEvent) -> bool:
        """As usual; undo is the dialog's, not that of the window behind it."""
        if isinstance(event, QtGui.QKeyEvent) and event.matches(
            QtGui.QKeySequence.StandardKey.Undo
        ):
            if event.type() == QtCore.QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QtCore.QEvent.Type.KeyPress:
                self._undo()
                return True
        return super().event(event)

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on."""
        dress(self, theme)
        self.list.set_theme(theme)
        self.choice.set_theme(theme)

    # -- showing ------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what is known now; cheap when that is what is shown."""
        version = self._settled.version
        if version == self._known:
            return
        self._known = version
        cars, chosen = self._settled.cars, self.list.key
        self.list.lines.set_lines(_lines(cars))
        keys = [line.key for line in self.list.lines.lines]
        self.list.choose(chosen if chosen in keys else next(iter(keys), ""))
        self.list.set_hint(cars.trouble or NOTHING)
        official = cars.official
        table = official.laps if official is not None else None
        names = [""] if table is None else sorted(table.cars(), key=_number)
        if [self.choice.itemText(i) for i in range(self.choice.count())] != names:
            self.choice.clear()
            self.choice.addItems(names)
        without = official.identity.without_telemetry if official is not None else ()
        told = f"Without telemetry: {', '.join(sorted(without, key=_number))}." if without else ""
        self.without.setText(f"Table: {table.source}. {told}" if table is not None else "")
        if self._settled.trouble:
            self._say(f"Not kept: {self._settled.trouble}")
        elif not self.said.text() and cars.open:
            self._say(f"{counted(cars.open, 'car')} to be looked at.")
        self._chosen()

    def _chosen(self) -> None:
        match = self._match()
        for widget in (self.choice, self.confirm_button):
            widget.setEnabled(match is not None)
        official = self._settled.cars.official
        said = official.said if official is not None else {}
        self.crossings_button.setEnabled(match is not None and match.car in said)
        self.undo_button.setEnabled(self._settled.steps > 0)
        if match is not None:
            at = self.choice.findText(match.official or match.second)
            self.choice.setCurrentIndex(max(at, 0))

    def _match(self) -> Match | None:
        every = _matches(self._settled.cars)
        return next((match for key, _, match in every if key == self.list.key), None)

    # -- what is done -------------------------------------------------------------------

    def _confirm(self) -> None:
        match = self._match()
        if match is not None and self.choice.currentText():
            self._settle(match.car, self.choice.currentText())

    def _by_crossings(self) -> None:
        match = self._match()
        if match is not None:
            self._settle(match.car, None)

    def _settle(self, car: str, official: str | None) -> None:
        try:
            self._settled.confirm(car, official)
        except PitwallError as error:
            self._say(f"! {error}")
            return
        self._say(f"{car} is official car {official}" if official else f"{car} by its crossings")
        self.refresh()

    def _undo(self) -> None:
        try:
            words = self._settled.undo()
        except PitwallError as error:
            self._say(f"! {error}")
            return
        self._say(f"Taken back: {words}" if words else "Nothing to undo")
        self.refresh()

    def _say(self, text: str) -> None:
        self.said.setText(text)


def _matches(cars: Cars) -> list[tuple[str, str, Match]]:
    """(key, how it is called, match) of every car and id, those to be looked at first."""
    if cars.official is None:
        return []
    found = [(f"car {m.car}", f"car {m.car}", m) for m in cars.official.identity.matches]
    found += [(_key(feed), f"{feed.match.car} (feed)", feed.match) for feed in cars.feeds]
    return sorted(found, key=lambda row: _calm(row[2]))


def _calm(match: Match) -> int:
    """How little a match needs to be looked at."""
    if match.of and not match.sure:
        return 0
    return 1 if match.official and match.number_agrees is False else 2


def _key(feed: FeedMatch) -> str:
    return f"{feed.source} {feed.match.car}"


def _lines(cars: Cars) -> list[Line]:
    said = cars.official.said if cars.official is not None else {}
    return [_line(key, name, match, match.car in said) for key, name, match in _matches(cars)]


def _line(key: str, name: str, match: Match, confirmed: bool) -> Line:
    official = Cell(match.official or "—", "text" if match.official else "faint", bold=True)
    words, role = "by its crossings", "dim"
    if confirmed:
        words, role = "confirmed", "live"
    elif not match.sure:
        words, role = match.reason, "attention" if match.of else "faint"
    if match.number_agrees is False and match.official:
        words += f"; the number in its id is not {match.official}"
        role = "attention" if role == "dim" else role
    apart = f"{match.residual_us / 1e6:.3f} s" if match.laps else ""
    return Line(
        key,
        (
            Cell(name),
            official,
            Cell(f"{match.laps} of {match.of}", "dim"),
            Cell(apart, "dim"),
            Cell(words, role),
        ),
        tip=f"{name}: {words}",
    )


def _number(car: str) -> tuple[int, str]:
    digits = "".join(ch for ch in car.split(" ")[0] if ch.isdigit())
    return int(digits or 0), car
