"""The settings over the window: what is chosen there is done at once."""

from __future__ import annotations

from typing import Protocol

from pitwall.store import budget_bytes
from pitwall.ui.dialogs.settings import Settings, SettingsDialog
from pitwall.ui.inputs import Inputs
from pitwall.ui.model import Workspace
from pitwall.ui.qt import QtCore, QtWidgets
from pitwall.ui.theme import Theme, load_theme
from pitwall.ui.units import UnitSystem


class Themed(Protocol):
    """A window whose looks can be chosen."""

    @property
    def theme(self) -> Theme:
        """The present theme."""

    def set_theme(self, theme: Theme) -> None:
        """Another one from now on."""


class SettingsDesk(QtCore.QObject):
    """Owns the dialog. Belongs to the Qt thread.

    Attributes:
        dialog: while it is open.

    Signals:
        memory_chosen: megabytes that a session may take, to be remembered; 0 for the usual.
    """

    memory_chosen = QtCore.Signal(int)

    def __init__(
        self,
        inputs: Inputs,
        workspace: Workspace,
        window: QtWidgets.QWidget,
        looks: Themed,
    ) -> None:
        """
        Args:
            inputs: what says how much memory is used, and limits it.
            workspace: whose units are chosen.
            window: the dialog's parent.
            looks: whose theme is chosen.
        """
        super().__init__(window)
        self.dialog: SettingsDialog | None = None
        self._inputs = inputs
        self._workspace = workspace
        self._window = window
        self._looks = looks

    def show(self) -> None:
        """Open the dialog, or bring it to the front."""
        if self.dialog is None:
            made = SettingsDialog(self._now, self._looks.theme, self._window)
            made.theme_chosen.connect(self._take_theme)
            made.scale_chosen.connect(self._take_scale)
            made.units_chosen.connect(self._take_units)
            made.memory_chosen.connect(self._take_memory)
            made.finished.connect(self._closed)
            self.dialog = made
            made.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def set_theme(self, theme: Theme) -> None:
        """The window has other colours or sizes now."""
        if self.dialog is not None:
            self.dialog.set_theme(theme)

    def close(self) -> None:
        """Close what is open."""
        if self.dialog is not None:
            self.dialog.close()

    def _now(self) -> Settings:
        theme = self._looks.theme
        units = self._workspace.view.units.system
        return Settings(theme.name, theme.scale, units, self._inputs.paging())

    def _take_theme(self, name: str) -> None:
        self._looks.set_theme(load_theme(name, self._looks.theme.scale))

    def _take_scale(self, scale: float) -> None:
        self._looks.set_theme(self._looks.theme.scaled(scale))

    def _take_units(self, system: UnitSystem) -> None:
        self._workspace.change(units=self._workspace.view.units.of(system))

    def _take_memory(self, megabytes: int) -> None:
        self._inputs.commands.limit_memory(budget_bytes(megabytes or None))
        self.memory_chosen.emit(megabytes)

    def _closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
