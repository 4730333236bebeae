"""A line of tabs, flat, for workspaces and for panes that share a place."""

from __future__ import annotations

from collections.abc import Sequence

from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

PAD = (10, 5, 2)
"""Room at each side of a tab's word: as usual, and where they stand close."""
_SHEET = """
QTabBar {{ background: transparent; }}
QTabBar::tab {{
    background: transparent; color: {dim}; border: 1px solid transparent;
    border-radius: {radius}px;
    padding: 0 {pad}px; margin-right: {gap}px; height: {height}px;
}}
QTabBar::tab:hover {{ color: {text}; }}
QTabBar::tab:selected {{ background: {selected}; color: {text}; }}
QTabBar::tab:focus {{ border: 1px solid {reference}; }}
QTabBar::scroller {{ width: {arrow}px; }}
QTabBar QToolButton {{
    background: {raised}; color: {text}; border: 1px solid {line}; border-radius: {radius}px;
}}
QTabBar QToolButton:disabled {{ background: {raised}; color: {line}; }}
"""


class TabLine(QtWidgets.QTabBar):
    """Tabs by name. Qt's own bar: keyboards and screen readers know how to use it.

    Signals:
        chosen: name of the tab that the user chose; not sent when the program did.
    """

    chosen = QtCore.Signal(str)

    def __init__(
        self,
        theme: Theme,
        tabs: Sequence[tuple[str, str]],
        current: str,
        parent: QtWidgets.QWidget | None = None,
        *,
        fits: bool = False,
    ) -> None:
        """``fits``: its width is given, and tabs stand closer where they would not all be in it."""
        super().__init__(parent)
        self._theme, self._tight, self._fits = theme, 0, fits
        self.names = tuple(name for name, _ in tabs)
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(True)
        self.setElideMode(QtCore.Qt.TextElideMode.ElideNone)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        for _, title in tabs:
            self.addTab(title)
        self.set_current(current)
        self.currentChanged.connect(lambda at: self.chosen.emit(self.names[at]))
        self.set_theme(theme)

    @property
    def current(self) -> str:
        """Name of the chosen tab."""
        return self.names[self.currentIndex()]

    def set_current(self, name: str) -> None:
        """Choose a tab without telling anybody."""
        blocked = self.blockSignals(True)
        self.setCurrentIndex(self.names.index(name))
        self.blockSignals(blocked)

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on."""
        self._theme = theme
        self._tight = self._wanted_tight()
        self._dress()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        super().resizeEvent(event)
        tight = self._wanted_tight()
        if tight != self._tight:
            self._tight = tight
            self._dress()

    def _wanted_tight(self) -> int:
        """How close the tabs stand: as usual, closer, or closer with smaller words as well, where
        some would be out of view else."""
        for tight, font in enumerate(self._fonts() if self._fits else ()):
            metrics = QtGui.QFontMetrics(font)
            each = 2 * self._theme.px(PAD[tight]) + self._theme.px(2) + 2
            titles = (self.tabText(i) for i in range(self.count()))
            if sum(metrics.horizontalAdvance(title) + each for title in titles) <= self.width():
                return tight
        return len(PAD) - 1 if self._fits else 0

    def _fonts(self) -> tuple[QtGui.QFont, ...]:
        theme = self._theme
        return theme.body(), theme.body(), theme.small()

    def _dress(self) -> None:
        theme, c = self._theme, self._theme.colours
        self.setFont(self._fonts()[self._tight])
        self.setStyleSheet(
            _SHEET.format(
                dim=c.dim.name(), text=c.text.name(), selected=c.selected.name(),
                reference=c.reference.name(), raised=c.raised.name(), line=c.line.name(),
                radius=theme.px(4), pad=theme.px(PAD[self._tight]), gap=theme.px(2),
                height=theme.px(26), arrow=theme.px(40),
            )
        )  # fmt: skip
