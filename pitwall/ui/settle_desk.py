"""What a person settles about the session: the dialog of official cars, and corners' names."""

from __future__ import annotations

import re
from collections.abc import Callable

from pitwall.telemetry import BadInput
from pitwall.telemetry.plural import counted
from pitwall.ui.dialogs.official_cars import OfficialCarsDialog
from pitwall.ui.panes.prompt import Prompt
from pitwall.ui.qt import QtCore, QtWidgets
from pitwall.ui.settling import Settling
from pitwall.ui.theme import Theme

CORNER_HINT = "number and name, as in `5 Hairpin`; the number alone takes the name away"
_TYPED = re.compile(r"^\s*[Tt]?(\d+)\s*(.*?)\s*$")


class SettleDesk(QtCore.QObject):
    """Owns the dialog. Belongs to the Qt thread.

    Attributes:
        dialog: of official cars, while it is open.
    """

    def __init__(
        self,
        settled: Settling,
        window: QtWidgets.QWidget,
        theme: Callable[[], Theme],
        prompt: Prompt,
        say: Callable[[str, bool], None],
    ) -> None:
        """
        Args:
            settled: what works it out and keeps it.
            window: the dialog's parent.
            theme: the present theme.
            prompt: where a corner's name is typed.
            say: tells the user; True for what went wrong.
        """
        super().__init__(window)
        self.dialog: OfficialCarsDialog | None = None
        self._settled = settled
        self._window = window
        self._theme = theme
        self._prompt = prompt
        self._say = say
        self._open = 0
        self._trouble = ""

    def handlers(self) -> dict[str, Callable[[], None]]:
        """The actions."""
        return {"official_cars": self.show_cars, "corner_name": self.ask_corner}

    def show_cars(self) -> None:
        """Open the dialog, or bring it to the front."""
        if self.dialog is None:
            self.dialog = OfficialCarsDialog(self._settled, self._theme(), self._window)
            self.dialog.finished.connect(self._closed)
            self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def ask_corner(self) -> None:
        """Ask for a corner's name over the timeline."""
        self._prompt.ask("Corner", CORNER_HINT, "", self._name_corner)

    def look(self) -> None:
        """Show what is new; say once that somebody should decide."""
        if self.dialog is not None:
            self.dialog.refresh()
        trouble = self._settled.trouble
        if trouble and trouble != self._trouble:
            self._say(f"Not kept: {trouble}", True)
        self._trouble = trouble
        undecided = self._settled.cars.open
        if undecided > self._open and self.dialog is None:
            words = f"Official timing: {counted(undecided, 'car')} not surely matched"
            self._say(f"{words}; Shift+C to confirm", False)
        self._open = undecided

    def set_theme(self, theme: Theme) -> None:
        """The window has other colours or sizes now."""
        if self.dialog is not None:
            self.dialog.set_theme(theme)

    def close(self) -> None:
        """Close what is open."""
        if self.dialog is not None:
            self.dialog.close()

    def _closed(self) -> None:
        self.dialog = None

    def _name_corner(self, text: str) -> None:
        typed = _TYPED.match(text)
        if typed is None:
            raise BadInput("a corner's number comes first, as in `5 Hairpin`")
        self._settled.rename(int(typed.group(1)), typed.group(2))
