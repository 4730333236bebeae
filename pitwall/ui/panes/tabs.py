"""A line of tabs, flat, for workspaces and for panes that share a place."""

from __future__ import annotations

from collections.abc import Sequence

from pitwall.ui.qt import QtCore, QtWidgets
from pitwall.ui.theme import Theme

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
    ) -> None:
        super().__init__(parent)
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
        c = theme.colours
        self.setFont(theme.body())
        self.setStyleSheet(
            _SHEET.format(
                dim=c.dim.name(), text=c.text.name(), selected=c.selected.name(),
                reference=c.reference.name(), raised=c.raised.name(), line=c.line.name(),
                radius=theme.px(4), pad=theme.px(10), gap=theme.px(2), height=theme.px(26),
                arrow=theme.px(40),
            )
        )  # fmt: skip
