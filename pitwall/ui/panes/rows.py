"""A table of rows painted by us: tabular figures, hairlines, no boxes.

Only figures that changed are repainted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pitwall.ui.panes.panel import Panel
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

ROW_HEIGHT = 26
HEAD_HEIGHT = 24
BAR_WIDTH = 3
TITLE_AND_THREE = 30 + HEAD_HEIGHT + 3 * ROW_HEIGHT
COLUMN_GAP = 10


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        title: heading; empty for none.
        sample: the widest text it must hold; sets its share of the width.
        right: True to align right.
        mono: True for figures.
        optional: dropped, highest number first, when the width is too small; columns of one
            number go together; 0 is kept.
        remark: True for quiet small text.
        tip: what its figures are: formula and inputs; shown over them and over the heading.
    """

    title: str
    sample: str
    right: bool = True
    mono: bool = True
    optional: int = 0
    remark: bool = False
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure: its text, the name of its colour's role, and whether it is bold."""

    text: str
    role: str = "text"
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        key: what a click on it selects.
        cells: one for each column.
        bar: colour of the bar at the left, None for no bar.
        selected: True for the lighter ground.
        marked: True for an outline (the reference lap).
        tip: tool tip.
    """

    key: object
    cells: tuple[Cell, ...]
    bar: QtGui.QColor | None = None
    selected: bool = False
    marked: bool = False
    tip: str = ""


class RowsPane(Panel):
    """A titled table.

    Attributes:
        rows: what is shown, set by :meth:`set_rows`.
        row_paints: rows painted so far; for tests.

    Signals:
        chosen: (key, modified) where modified is True for a click with Shift or Ctrl, a
            double click or the right button.
    """

    SMALLEST = (0, TITLE_AND_THREE)
    chosen = QtCore.Signal(object, bool)

    def __init__(
        self,
        theme: Theme,
        title: str,
        columns: Sequence[Column],
        bar_after: int | None = None,
        row_height: int = ROW_HEIGHT,
        parent: QtWidgets.QWidget | None = None,
    ) -> None:
        super().__init__(theme, title, parent)
        self.columns = tuple(columns)
        self.rows: tuple[Row, ...] = ()
        self.row_paints = 0
        self._bar_after = bar_after
        self._row_height = row_height
        self._scroll = 0
        self._widths: tuple[int, ...] = ()
        self._placed: tuple[tuple[int, ...], list[tuple[int, int, int]]] = ((), [])
        self.setMouseTracking(False)

    def set_theme(self, theme: Theme) -> None:
        """As :meth:`Panel.set_theme`; the columns are laid out again."""
        self._widths = ()
        super().set_theme(theme)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Other columns from now on."""
        if tuple(columns) != self.columns:
            self.columns = tuple(columns)
            self._widths = ()
            self.update()

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show other rows; repaints those that differ."""
        new, old = tuple(rows), self.rows
        if new == old:
            return
        self.rows = new
        limit = max(0, len(new) - self.visible_rows)
        if self._scroll > limit or len(new) != len(old):
            self._scroll = min(self._scroll, limit)
            self.update()
            return
        for i, (a, b) in enumerate(zip(new, old, strict=True)):
            if a is not b and a != b:
                self._update_row(i, a, b)

    def _update_row(self, index: int, new: Row, old: Row) -> None:
        """Have painted what differs: a figure or two, as a rule."""
        rect = self.row_rect(index)
        same = (new.bar, new.selected, new.marked) == (old.bar, old.selected, old.marked)
        if not same or len(new.cells) != len(old.cells) or not rect.intersects(self.rect()):
            self.update(rect)
            return
        for i, cell in self._cells(rect):
            if new.cells[i] != old.cells[i]:
                self.update(cell.adjusted(-_OVERHANG, 0, _OVERHANG, 0))

    # -- geometry -----------------------------------------------------------------------

    @property
    def row_height(self) -> int:
        """Height of one row in pixels."""
        return self.theme.px(self._row_height)

    @property
    def first_y(self) -> int:
        """Where the rows begin."""
        return self.top + self.theme.px(HEAD_HEIGHT)

    @property
    def visible_rows(self) -> int:
        """Whole rows that fit."""
        return max(1, (self.height() - self.first_y - 4) // self.row_height)

    def row_rect(self, index: int) -> QtCore.QRect:
        """Where row ``index`` is; may lie outside the widget."""
        y = self.first_y + (index - self._scroll) * self.row_height
        return QtCore.QRect(1, y, self.width() - 2, self.row_height)

    def row_at(self, y: float) -> int | None:
        """The row at ``y``, None between or beyond the rows."""
        if y < self.first_y:
            return None
        index = int((y - self.first_y) // self.row_height) + self._scroll
        shown = index < self._scroll + self.visible_rows
        return index if shown and index < len(self.rows) else None

    def scroll_to(self, key: object) -> None:
        """Bring the row with ``key`` into view."""
        for i, row in enumerate(self.rows):
            if row.key == key:
                shown = range(self._scroll, self._scroll + self.visible_rows)
                if i not in shown:
                    self._scroll_by(i - (shown.start if i < shown.start else shown.stop - 1))
                return

    def widths(self) -> tuple[int, ...]:
        """Width of each column in pixels, 0 for those dropped for want of room."""
        if not self._widths:
            self._widths = self._layout_columns()
        return self._widths

    def needed_width(self) -> int:
        """Width at which no column is dropped."""
        return sum(self._natural()) + 2 * self.padding + self._bar_room

    @property
    def _bar_room(self) -> int:
        return self.theme.px(BAR_WIDTH + 8) if self._bar_after is not None else 0

    def _natural(self) -> list[int]:
        gap = self.theme.px(COLUMN_GAP)
        out = []
        for column in self.columns:
            metrics = QtGui.QFontMetrics(self._font(column))
            heading = QtGui.QFontMetrics(self.theme.small()).horizontalAdvance(column.title)
            out.append(max(metrics.horizontalAdvance(column.sample), heading) + gap)
        if out:
            out[-1] -= gap
        return out

    def _layout_columns(self) -> tuple[int, ...]:
        natural = self._natural()
        room = self.width() - 2 * self.padding - self._bar_room
        order = sorted(
            (i for i, c in enumerate(self.columns) if c.optional),
            key=lambda i: -self.columns[i].optional,
        )
        for level in dict.fromkeys(self.columns[i].optional for i in order):
            if sum(natural) <= room:
                break
            for i in order:
                if self.columns[i].optional == level:
                    natural[i] = 0
        spare = room - sum(natural)
        if spare > 0:
            live = [i for i, w in enumerate(natural) if w and i > 0]
            for k, i in enumerate(live):
                natural[i] += spare * (k + 1) // len(live) - spare * k // len(live)
        return tuple(natural)

    def _font(self, column: Column, bold: bool = False) -> QtGui.QFont:
        if column.remark:
            return self.theme.small(mono=column.mono)
        return self.theme.body(mono=column.mono, bold=bold)

    # -- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        dirty = event.region()
        end = min(len(self.rows), self._scroll + self.visible_rows)
        below = self.row_rect(end).y()
        rows = QtCore.QRect(1, self.first_y, self.width() - 2, below - self.first_y)
        whole = not rows.contains(event.rect())
        if whole:
            self.paint_frame(painter)
            self._paint_heading(painter)
        painter.setClipRect(1, self.first_y, self.width() - 2, self.height() - self.first_y - 3)
        for i in range(self._scroll, end):
            rect = self.row_rect(i)
            if dirty.intersects(rect):
                self._paint_row(painter, rect, self.rows[i], dirty)
        self._paint_scroll(painter)
        painter.end()

    def _cells(self, rect: QtCore.QRect) -> list[tuple[int, QtCore.QRect]]:
        widths = self.widths()
        if self._placed[0] is not widths:
            self._placed = (widths, self._places(widths))
        left, y, height = rect.x() - 1, rect.y(), rect.height()
        return [(i, QtCore.QRect(left + x, y, room, height)) for i, x, room in self._placed[1]]

    def _places(self, widths: tuple[int, ...]) -> list[tuple[int, int, int]]:
        """Of each column that is shown its number, where it begins, and the room for its text."""
        x = self.padding
        out = []
        gap = self.theme.px(COLUMN_GAP)
        last = max((i for i, w in enumerate(widths) if w), default=0)
        for i, width in enumerate(widths):
            if width:
                out.append((i, x, width if i == last else width - gap))
            x += width
            if i == self._bar_after:
                x += self._bar_room
        return out

    def _paint_heading(self, painter: QtGui.QPainter) -> None:
        c = self.theme.colours
        painter.setFont(self.theme.small())
        painter.setPen(c.faint)
        height = self.theme.px(HEAD_HEIGHT)
        line = QtCore.QRect(1, self.top, self.width() - 2, height)
        for i, rect in self._cells(line):
            align = _RIGHT if self.columns[i].right else _LEFT
            painter.drawText(rect, align, self.columns[i].title)
        painter.setPen(c.line)
        painter.drawLine(1, self.first_y - 1, self.width() - 2, self.first_y - 1)

    def _paint_scroll(self, painter: QtGui.QPainter) -> None:
        """Where the visible rows lie among all, when there are more."""
        total, shown = len(self.rows), self.visible_rows
        if total <= shown:
            return
        room = shown * self.row_height
        width = self.theme.px(3)
        painter.fillRect(
            self.width() - width - 2,
            self.first_y + room * self._scroll // total,
            width,
            max(room * shown // total, self.theme.px(12)),
            self.theme.colours.line,
        )

    def _paint_row(
        self, painter: QtGui.QPainter, rect: QtCore.QRect, row: Row, dirty: QtGui.QRegion
    ) -> None:
        """Ground and figures, as far as they lie in ``dirty``, to which Qt cuts all of it."""
        self.row_paints += 1
        c = self.theme.colours
        painter.fillRect(rect, c.selected if row.selected else c.panel)
        if row.marked:
            painter.fillRect(
                rect.x(), rect.y() + 3, self.theme.px(3), rect.height() - 6, c.reference
            )
        for i, cell_rect in self._cells(rect):
            cell, column = row.cells[i], self.columns[i]
            if cell.text and dirty.intersects(cell_rect):
                painter.setFont(self._font(column, cell.bold))
                painter.setPen(getattr(c, cell.role))
                text = cell.text
                if len(text) > len(column.sample):  # measuring every figure of a frame is dear
                    metrics = painter.fontMetrics()
                    text = metrics.elidedText(text, _ELIDE, cell_rect.width())
                painter.drawText(cell_rect, _RIGHT if column.right else _LEFT, text)
            if i == self._bar_after and row.bar is not None:
                bar = self.theme.px(BAR_WIDTH)
                x = cell_rect.right() + self.theme.px(COLUMN_GAP) + 1
                inset = self.theme.px(6)
                painter.fillRect(x, rect.y() + inset, bar, rect.height() - 2 * inset, row.bar)

    # -- pointer ------------------------------------------------------------------------

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        self._widths = ()
        self._scroll = min(self._scroll, max(0, len(self.rows) - self.visible_rows))
        super().resizeEvent(event)

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: D102, N802
        self._scroll_by(-round(event.angleDelta().y() / 40))
        event.accept()

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        index = self.row_at(event.position().y())
        if index is not None:
            keys = QtCore.Qt.KeyboardModifier
            modified = (
                bool(event.modifiers() & (keys.ShiftModifier | keys.ControlModifier))
                or event.button() == QtCore.Qt.MouseButton.RightButton
            )
            self.chosen.emit(self.rows[index].key, modified)

    def mouseDoubleClickEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: D102, N802
        index = self.row_at(event.position().y())
        if index is not None:
            self.chosen.emit(self.rows[index].key, True)

    def event(self, event: QtCore.QEvent) -> bool:
        """Tool tips by row; everything else as usual."""
        if event.type() == QtCore.QEvent.Type.ToolTip and isinstance(event, QtGui.QHelpEvent):
            QtWidgets.QToolTip.showText(event.globalPos(), self.tip_at(event.pos()), self)
            return True
        return super().event(event)

    def tip_at(self, at: QtCore.QPoint) -> str:
        """What there is to say of the figure there: what its column is, and of its row."""
        index = self.row_at(at.y())
        line = self.rect() if index is None else self.row_rect(index)
        column = next(
            (i for i, rect in self._cells(line) if rect.left() <= at.x() <= rect.right()), None
        )
        said = self.columns[column].tip if column is not None else ""
        if index is None and at.y() < self.top:
            return ""
        row = self.rows[index].tip if index is not None else ""
        return "\n".join(part for part in (said, row) if part)

    def focusInEvent(self, event: QtGui.QFocusEvent) -> None:  # noqa: D102, N802
        # Read out to who cannot see it; made then, because figures change all the time.
        lines = (", ".join(cell.text for cell in row.cells) for row in self.rows)
        self.setAccessibleDescription("; ".join(lines))
        super().focusInEvent(event)

    def _scroll_by(self, rows: int) -> None:
        limit = max(0, len(self.rows) - self.visible_rows)
        wanted = min(max(0, self._scroll + rows), limit)
        if wanted != self._scroll:
            self._scroll = wanted
            self.update()


_ELIDE = QtCore.Qt.TextElideMode.ElideRight
_RIGHT = QtCore.Qt.AlignmentFlag.AlignRight | QtCore.Qt.AlignmentFlag.AlignVCenter
_LEFT = QtCore.Qt.AlignmentFlag.AlignLeft | QtCore.Qt.AlignmentFlag.AlignVCenter
_OVERHANG = 1
"""Pixels by which a letter may reach beyond its place."""
