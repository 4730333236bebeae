"""Keeps the window's layout from one start to the next, and those that have a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pitwall.runtime.errands import Errand, Errands
from pitwall.telemetry import BadInput, PitwallError
from pitwall.ui.channel_books import AlarmBook, MathsBook
from pitwall.ui.chart_choice import ChartChoice
from pitwall.ui.layout import Layout
from pitwall.ui.layout_doc import Sheet, named
from pitwall.ui.layout_shelf import Shelf, Shelved
from pitwall.ui.model import Workspace
from pitwall.ui.qt import QtCore
from pitwall.ui.trace_layout import TraceLayout
from pitwall.ui.units import UnitChoice

REST_MS = 1500
"""A layout is kept when it has been at rest for so long, and at the end."""
STOP_S = 2.0


class _Look(Protocol):
    """A part of the view that a layout keeps as a plain value."""

    def to_plain(self) -> dict[str, object]:
        """The plain value."""


LOOKS: Mapping[str, Callable[[object], _Look]] = {
    "traces": TraceLayout.from_plain,
    "units": UnitChoice.from_plain,
    "charts": ChartChoice.from_plain,
    "maths": MathsBook.from_plain,
    "alarms": AlarmBook.from_plain,
}
"""Fields of the view that belong to a layout. Each raises BadInput for what it cannot use."""


class LayoutKeeper(QtCore.QObject):
    """Reads once, writes what changed, both on a thread of its own.

    Attributes:
        named: the layouts that have a name, by it.

    Signals:
        said: something went as wanted; a few words.
        troubled: a file could not be used, or written; a line.
        listed: there are other named layouts.
        showed: a layout that was kept is shown.
    """

    said = QtCore.Signal(str)
    troubled = QtCore.Signal(str)
    listed = QtCore.Signal()
    showed = QtCore.Signal()

    def __init__(
        self,
        shelf: Shelf | None,
        workspace: Workspace,
        layout: Callable[[], Layout],
        show: Callable[[Layout], None],
    ) -> None:
        super().__init__()
        self.named: dict[str, Sheet] = {}
        self._shelf = shelf
        self._workspace = workspace
        self._layout = layout
        self._show = show
        self._written: Sheet | None = None
        self._begun = False
        self._number = 0
        # Two, because an answer to an older errand is dropped: no write must be.
        self._reads = Errands("pitwall-layouts")
        self._writes = Errands("pitwall-layout")
        self._reads.told.connect(self._read)
        self._writes.told.connect(self._wrote)
        self._writes.stale.connect(self._wrote)
        self._rest = QtCore.QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self.keep)
        workspace.subscribe(self._view_changed)

    # -- what is kept -------------------------------------------------------------------

    @property
    def sheet(self) -> Sheet:
        """What is shown now."""
        view = self._workspace.view
        looks = {name: getattr(view, name).to_plain() for name in LOOKS}
        return Sheet(self._layout(), looks)

    def load(self) -> None:
        """Read what is kept, and show what was shown last; only once."""
        shelf = self._shelf
        if shelf is not None and not self._begun:
            self._begun = True
            self._reads.run(lambda errand: errand.tell("shelved", shelf.read()))

    def take_over(self, other: LayoutKeeper) -> None:
        """Go on with what another window showed, instead of reading it."""
        self._begun = True
        self.named = dict(other.named)
        self.show_sheet(other.sheet)

    def changed(self) -> None:
        """Something moved: keep it when it has come to rest."""
        if self._shelf is not None:
            self._rest.start()

    def keep(self) -> None:
        """Write the present layout, unless it is written."""
        self._rest.stop()
        sheet, shelf = self.sheet, self._shelf
        if shelf is None or sheet == self._written:
            return
        self._written = sheet
        self._number += 1
        number = self._number
        self._writes.run(lambda _: shelf.write_current(sheet, number))

    def stop(self) -> None:
        """Write what is not written yet, and wait for it."""
        self.keep()
        self._reads.stop(STOP_S)
        self._writes.stop(STOP_S)

    # -- by name ------------------------------------------------------------------------

    def save_as(self, name: str) -> None:
        """Keep the present layout under a name; one that has it already is replaced."""
        try:
            layout = named(self._layout(), name)
        except BadInput as error:
            self.troubled.emit(str(error))
            return
        sheet = Sheet(layout, self.sheet.looks)
        self.named[layout.name] = sheet
        self.listed.emit()
        shelf = self._shelf
        if shelf is None:
            return
        self._number += 1
        number = self._number

        def job(errand: Errand) -> None:
            shelf.write_named(sheet, number)
            errand.tell("saved", layout.name)

        self._writes.run(job)

    def show(self, name: str) -> None:
        """Show the layout called so."""
        sheet = self.named.get(name)
        if sheet is not None:
            self.show_sheet(sheet)

    def remove(self, name: str) -> None:
        """Forget the layout called so."""
        if self.named.pop(name, None) is None:
            return
        self.listed.emit()
        shelf = self._shelf
        if shelf is not None:
            self._writes.run(lambda _: shelf.remove(name))

    def show_sheet(self, sheet: Sheet) -> None:
        """Show a layout with its looks; looks that cannot be used stay as they are, and are
        said."""
        changes: dict[str, Any] = {}
        for name, plain in sheet.looks.items():
            read = LOOKS.get(name)
            if read is None:
                self.troubled.emit(f"layout: this version knows no {name!r}; left out")
                continue
            try:
                changes[name] = read(plain)
            except BadInput as error:
                self.troubled.emit(f"layout: {name}: {error}; left as they are")
        self._show(sheet.layout)
        self._workspace.change(**changes)
        self.showed.emit()

    # -- told ---------------------------------------------------------------------------

    def _view_changed(self, names: frozenset[str]) -> None:
        if names & LOOKS.keys():
            self.changed()

    def _read(self, key: str, value: Any) -> None:
        if key == "failed":
            self._trouble(value)
        elif key == "shelved":
            self._shelved(value)

    def _shelved(self, found: Shelved) -> None:
        self.named = {**found.named, **self.named}
        self.listed.emit()
        for trouble in found.troubles:
            self.troubled.emit(trouble)
        if found.current is not None:
            self.show_sheet(found.current)
            self._written = self.sheet

    def _wrote(self, key: str, value: Any) -> None:
        if key == "failed":
            self._trouble(value)
        elif key == "saved":
            self.said.emit(f"Layout “{value}” saved")

    def _trouble(self, error: Exception) -> None:
        self.troubled.emit(str(error) if isinstance(error, PitwallError) else repr(error))
