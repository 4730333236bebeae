"""The settings: looks, units, and how much memory a session may take. What is chosen counts at
once; there is nothing to confirm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pitwall.store import PagerStats, budget_bytes
from pitwall.store.pager import MEGABYTE, SMALLEST_MB
from pitwall.ui.dialogs.style import Combo, Words, button, dress, fit, heading, labelled
from pitwall.ui.qt import QtCore, QtWidgets
from pitwall.ui.theme import SCALES, THEMES, Theme, load_theme
from pitwall.ui.units import UnitSystem
from pitwall.ui.words import megabytes

SIZE = (460, 450)
SECOND_MS = 1000
BUDGETS_MB = (250, 500, 1000, 2000, 4000, 8000, 16000)
"""Offered; any other can be typed."""
MOST_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set now.

    Attributes:
        theme, scale: of the window.
        units: which are preferred.
        paging: how much memory the session takes, and may; None where it has no limit.
    """

    theme: str
    scale: float
    units: UnitSystem
    paging: PagerStats | None


class SettingsDialog(QtWidgets.QDialog):
    """Says what is set and used now, once a second; it never stops the window behind it.

    Signals:
        theme_chosen: name of a theme.
        scale_chosen: factor on all text.
        units_chosen: a :class:`UnitSystem`.
        memory_chosen: megabytes that a session may take; 0 for a third of the machine's.
    """

    theme_chosen = QtCore.Signal(str)
    scale_chosen = QtCore.Signal(float)
    units_chosen = QtCore.Signal(object)
    memory_chosen = QtCore.Signal(int)

    def __init__(
        self, now: Callable[[], Settings], theme: Theme, parent: QtWidgets.QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings — Pitwall")
        self.setAccessibleName("Settings")
        self.setModal(False)
        self._now = now
        self.theme = Combo(theme, 200)
        self.scale = Combo(theme, 200)
        self.units = Combo(theme, 200)
        self.memory = Combo(theme, 200, editable=True)
        self.used = Words()
        self.close_button = button("Close", tip="Esc")
        for name in THEMES:
            self.theme.addItem(load_theme(name, theme.scale).title, name)
        for scale in SCALES:
            self.scale.addItem(f"{scale * 100:.0f} %", scale)
        for system in UnitSystem:
            self.units.addItem(system.value, system)
        usual = budget_bytes(None)
        self.memory.addItem(f"a third of this machine's ({megabytes(usual)})", 0)
        for size in BUDGETS_MB:
            self.memory.addItem(f"{size} MB", size)
        self._lay_out(theme)
        self.look()
        self.theme.activated.connect(lambda _: self.theme_chosen.emit(self.theme.currentData()))
        self.scale.activated.connect(lambda _: self.scale_chosen.emit(self.scale.currentData()))
        # Qt keeps text as text, whichever enumeration it came from.
        self.units.activated.connect(
            lambda _: self.units_chosen.emit(UnitSystem(self.units.currentData()))
        )
        self.memory.activated.connect(self._take_offered)
        line = self.memory.lineEdit()
        if line is not None:
            line.editingFinished.connect(self._take_typed)
        self.close_button.clicked.connect(self.close)
        self._second = QtCore.QTimer(self)
        self._second.setInterval(SECOND_MS)
        self._second.timeout.connect(self.look)
        self._second.start()
        self.theme.setFocus()

    def _lay_out(self, theme: Theme) -> None:
        page = QtWidgets.QVBoxLayout(self)
        page.setContentsMargins(theme.px(20), theme.px(16), theme.px(20), theme.px(16))
        page.setSpacing(theme.px(12))
        page.addWidget(heading("Settings"))
        tip = "What nobody looks at is kept in the recording only, beyond this"
        for text, field, about in (
            ("&Theme", self.theme, "Dark, sunlight, high contrast"),
            ("Te&xt size", self.scale, "Of all text and spacing"),
            ("&Units", self.units, "For axes and values; what is stored stays"),
            ("&Memory of a session", self.memory, tip),
        ):
            page.addLayout(labelled(text, field, tip=about)[0])
        page.addWidget(self.used)
        page.addStretch(1)
        foot = QtWidgets.QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.close_button)
        page.addLayout(foot)
        order = (self.theme, self.scale, self.units, self.memory, self.close_button)
        for before, after in zip(order, order[1:], strict=False):
            QtWidgets.QWidget.setTabOrder(before, after)
        dress(self, theme)
        fit(self, theme, *SIZE)

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on."""
        for one in (self.theme, self.scale, self.units, self.memory):
            one.set_theme(theme)
        dress(self, theme)
        self.look()

    def look(self) -> None:
        """Say what is set and used now; what is being chosen or typed is left alone."""
        now = self._now()
        nearest = min(range(len(SCALES)), key=lambda i: abs(SCALES[i] - now.scale))
        for combo, at in (
            (self.theme, self.theme.findData(now.theme)),
            (self.scale, nearest),
            (self.units, list(UnitSystem).index(now.units)),
        ):
            if combo.currentIndex() != at and not combo.view().isVisible():
                combo.setCurrentIndex(at)
        paging = now.paging
        self.memory.setEnabled(paging is not None)
        if paging is None:
            self._say("This session is kept in memory whole.")
            return
        line = self.memory.lineEdit()
        if line is None or not (line.hasFocus() or self.memory.view().isVisible()):
            self._show_budget(paging.budget)
        words = f"{megabytes(paging.held)} of {megabytes(paging.budget)} in memory now"
        if paging.away:
            words += f", {megabytes(paging.away)} in the recording only"
        if paging.over:
            words += ". More than this has to stay: what is on screen, and the last three minutes"
        self._say(f"{words}. {paging.trouble}".rstrip(". ") + ".")

    def _say(self, words: str) -> None:
        if self.used.text() != words:
            self.used.setText(words)

    def _show_budget(self, budget: int) -> None:
        size = budget // MEGABYTE
        at = 0 if budget == budget_bytes(None) else self.memory.findData(size)
        if at >= 0:
            self.memory.setCurrentIndex(at)
        else:
            self.memory.setEditText(f"{size} MB")

    def _take_offered(self, at: int) -> None:
        self.memory_chosen.emit(int(self.memory.itemData(at)))
        self.look()

    def _take_typed(self) -> None:
        """Megabytes, with or without the unit; anything else is said and nothing changes."""
        text = self.memory.currentText().strip()
        at = self.memory.findText(text)
        if at >= 0:
            size = int(self.memory.itemData(at))
        else:
            figures = text.lower().removesuffix("mb").strip()
            good = figures.isascii() and figures.isdigit() and len(figures) < 10
            size = int(figures) if good else -1
            if not SMALLEST_MB <= size <= MOST_MB:
                self._say(f"{text or 'Nothing'}: give {SMALLEST_MB} to {MOST_MB} MB.")
                return
        paging = self._now().paging
        if paging is not None and paging.budget != budget_bytes(size or None):
            self.memory_chosen.emit(size)
            self.look()
