"""Lists in dialogs: rows of coloured cells in Qt's own table, which keyboards and screen readers
know how to use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pitwall.ui.dialogs.style import BODY, CELL, paper
from pitwall.ui.panes.rows import Cell
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

_ROW = 32
_ROLE = QtCore.Qt.ItemDataRole
_Index = QtCore.QModelIndex | QtCore.QPersistentModelIndex
_NOWHERE = QtCore.QModelIndex()
_WRAP = QtCore.Qt.TextFlag.TextWordWrap


@dataclass(frozen=True, slots=True)
class ListColumn:
    """One column: its heading, the widest text it must hold, and its looks; the one with an empty
    sample takes what room is left."""

    title: str
    sample: str = ""
    right: bool = False
    mono: bool = False
    wrap: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One row: what it stands for, its cells, its tool tip."""

    key: str
    cells: tuple[Cell, ...]
    tip: str = ""


class Lines(QtCore.QAbstractTableModel):
    """The rows of a list.

    Attributes:
        lines: what is shown, set by :meth:`set_lines`.
    """

    def __init__(self, columns: Sequence[ListColumn]) -> None:
        super().__init__()
        self.lines: tuple[Line, ...] = ()
        self.columns = tuple(columns)

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Show other rows. The selection stays when the keys are as before, or go on behind."""
        new = tuple(lines)
        if new == self.lines:
            return
        old_keys, new_keys = [x.key for x in self.lines], [x.key for x in new]
        if new_keys[: len(old_keys)] != old_keys:
            self.beginResetModel()
            self.lines = new
            self.endResetModel()
            return
        same, last = len(old_keys), len(self.columns) - 1
        if len(new) > same:
            self.beginInsertRows(_NOWHERE, same, len(new) - 1)
            before, self.lines = self.lines, new
            self.endInsertRows()
        else:
            before, self.lines = self.lines, new
        for i in range(same):
            if before[i] != new[i]:
                self.dataChanged.emit(self.index(i, 0), self.index(i, last))

    def rowCount(self, parent: _Index = _NOWHERE) -> int:  # noqa: D102, N802
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: _Index = _NOWHERE) -> int:  # noqa: D102, N802
        return 0 if parent.isValid() else len(self.columns)

    def headerData(  # noqa: D102, N802
        self, section: int, orientation: QtCore.Qt.Orientation, role: int = _ROLE.DisplayRole
    ) -> Any:
        if orientation != QtCore.Qt.Orientation.Horizontal:
            return None
        if role == _ROLE.DisplayRole:
            return self.columns[section].title
        if role == _ROLE.TextAlignmentRole:
            return _align(self.columns[section].right)
        return None

    def data(self, index: _Index, role: int = _ROLE.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        line = self.lines[index.row()]
        if role == _ROLE.DisplayRole:
            return line.cells[index.column()].text
        if role == _ROLE.ToolTipRole:
            return line.tip or None
        return None


class _Painter(QtWidgets.QStyledItemDelegate):
    """Paints the cells: a chosen row keeps its colours, which mean something."""

    def __init__(self, view: ListView) -> None:
        super().__init__(view)
        self._view = view

    def paint(  # noqa: D102
        self,
        painter: QtGui.QPainter,
        option: QtWidgets.QStyleOptionViewItem,
        index: _Index,
    ) -> None:
        theme, column = self._view.theme, self._view.lines.columns[index.column()]
        cell = self._view.lines.lines[index.row()].cells[index.column()]
        c, rect, pad = theme.colours, option.rect, theme.px(CELL)
        chosen = bool(option.state & QtWidgets.QStyle.StateFlag.State_Selected)
        painter.save()
        painter.fillRect(rect, c.selected if chosen else paper(theme))
        if chosen and index.column() == 0:
            painter.fillRect(rect.x(), rect.y(), theme.px(3), rect.height(), c.live)
        painter.setFont(_font(theme, column, cell.bold))
        painter.setPen(getattr(c, cell.role))
        inner = rect.adjusted(pad, 0, -pad, 0)
        if column.wrap:
            painter.drawText(inner, _WRAP | _align(column.right), cell.text)
        else:
            mode = QtCore.Qt.TextElideMode.ElideRight
            text = painter.fontMetrics().elidedText(cell.text, mode, inner.width())
            painter.drawText(inner, _align(column.right), text)
        painter.restore()

    def sizeHint(  # noqa: D102, N802
        self, option: QtWidgets.QStyleOptionViewItem, index: _Index
    ) -> QtCore.QSize:
        theme, at = self._view.theme, index.column()
        column, cell = self._view.lines.columns[at], self._view.lines.lines[index.row()].cells[at]
        metrics = QtGui.QFontMetrics(_font(theme, column, cell.bold))
        width = self._view.columnWidth(at) - 2 * theme.px(CELL)
        box = metrics.boundingRect(QtCore.QRect(0, 0, width, 10_000), _WRAP, cell.text)
        return QtCore.QSize(width, max(box.height() + theme.px(12), theme.px(_ROW)))


class ListView(QtWidgets.QTableView):
    """A list that scrolls, with one row chosen at a time.

    Attributes:
        lines: its model.
        theme: the present one; set by :meth:`set_theme`.
        hint: what stands where rows would, when there are none.

    Signals:
        chosen: key of the row that was entered or double clicked.
    """

    chosen = QtCore.Signal(str)

    def __init__(self, theme: Theme, columns: Sequence[ListColumn], name: str) -> None:
        super().__init__()
        self.lines = Lines(columns)
        self.theme = theme
        self.hint = ""
        self.setModel(self.lines)
        self.setItemDelegate(_Painter(self))
        self.setAccessibleName(name)
        self.setSelectionBehavior(self.SelectionBehavior.SelectRows)
        self.setSelectionMode(self.SelectionMode.SingleSelection)
        self.setEditTriggers(self.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QtWidgets.QHeaderView.ResizeMode.Fixed)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setDefaultAlignment(QtCore.Qt.AlignmentFlag.AlignVCenter)
        self.doubleClicked.connect(lambda index: self.chosen.emit(self._key(index.row())))
        self.lines.rowsInserted.connect(self._fit_rows)
        self.lines.dataChanged.connect(self._fit_rows)
        self.lines.modelReset.connect(self._fit_rows)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on."""
        self.theme = theme
        self.verticalHeader().setDefaultSectionSize(theme.px(_ROW))
        self._fit_columns()
        self._fit_rows()
        self.viewport().update()

    @property
    def key(self) -> str:
        """Of the chosen row; empty for none."""
        rows = self.selectionModel().selectedRows()
        return self._key(rows[0].row()) if rows else ""

    def choose(self, key: str) -> None:
        """Choose the row with ``key``, the first when there is none of it."""
        keys = [line.key for line in self.lines.lines]
        if not keys:
            self.clearSelection()
            return
        self.step(keys.index(key) if key in keys else 0, from_row=0)

    def step(self, rows: int, from_row: int | None = None) -> None:
        """Choose a row so many further, within the list."""
        count = len(self.lines.lines)
        if not count:
            return
        at = self.currentIndex().row() if from_row is None else from_row
        row = min(max(at + rows, 0), count - 1)
        self.setCurrentIndex(self.lines.index(row, 0))
        self.selectRow(row)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: D102, N802
        if event.key() in (QtCore.Qt.Key.Key_Return, QtCore.Qt.Key.Key_Enter) and self.key:
            self.chosen.emit(self.key)
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        super().resizeEvent(event)
        self._fit_columns()
        self._fit_rows()

    def _key(self, row: int) -> str:
        return self.lines.lines[row].key

    def _fit_columns(self) -> None:
        columns, room, left = self.lines.columns, self.viewport().width(), -1
        for i, column in enumerate(columns):
            if not column.sample:
                left = i
                continue
            metrics = QtGui.QFontMetrics(_font(self.theme, column, True))
            widest = max(column.sample, column.title, key=metrics.horizontalAdvance)
            width = metrics.horizontalAdvance(widest) + self.theme.px(2 * CELL + 2)
            self.setColumnWidth(i, width)
            room -= width
        if left >= 0:
            self.setColumnWidth(left, max(room, self.theme.px(80)))

    def _fit_rows(self) -> None:
        if any(column.wrap for column in self.lines.columns):
            self.resizeRowsToContents()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        super().paintEvent(event)
        if self.hint and not self.lines.lines:
            painter = QtGui.QPainter(self.viewport())
            painter.setFont(_font(self.theme, ListColumn(""), False))
            painter.setPen(self.theme.colours.dim)
            pad = self.theme.px(24)
            box = self.viewport().rect().adjusted(pad, pad, -pad, -pad)
            middle = QtCore.Qt.AlignmentFlag.AlignCenter
            painter.drawText(box, _WRAP | middle, self.hint)
            painter.end()

    def set_hint(self, text: str) -> None:
        """Say something where rows would be."""
        if text != self.hint:
            self.hint = text
            self.setAccessibleDescription(text)
            self.viewport().update()


def _font(theme: Theme, column: ListColumn, bold: bool) -> QtGui.QFont:
    font = theme.body(bold=bold, mono=column.mono)
    font.setPixelSize(theme.px(BODY))
    return font


def _align(right: bool) -> QtCore.Qt.AlignmentFlag:
    side = QtCore.Qt.AlignmentFlag.AlignRight if right else QtCore.Qt.AlignmentFlag.AlignLeft
    return side | QtCore.Qt.AlignmentFlag.AlignVCenter
