"""How Qt's own fields, lists and buttons look in the dialogs: flat, hairlines, one ground."""

from __future__ import annotations

from pitwall.ui.fonts import MONO, SANS, family
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme, apply_palette, mix

_SHEET = """
* {{ font-family: "{sans}"; }}
QLineEdit#typed {{ font-family: "{mono}"; }}
QDialog, QWidget#page {{ background: {page}; }}
QDialog {{ border: 1px solid {line}; }}
QLabel {{ color: {dim}; font-size: {small}px; }}
QLabel#title {{ color: {text}; font-size: {large}px; font-weight: 600; }}
QLabel#words, QLabel#status {{ color: {text}; font-size: {body}px; }}
QLabel#quiet {{ color: {dim}; font-size: {body}px; }}
QCheckBox {{ color: {text}; font-size: {body}px; spacing: {pad}px; }}
QFrame#trouble {{ background: {fault_ground}; border-left: {bar}px solid {fault}; }}
QFrame#trouble QLabel {{ color: {text}; font-size: {body}px; }}
QLineEdit, QComboBox {{
    background: {paper}; color: {text}; border: 1px solid {line}; border-radius: {radius}px;
    padding: 0 {pad}px; min-height: {field}px; font-size: {body}px;
    selection-background-color: {selected}; selection-color: {text};
}}
QLineEdit:focus, QComboBox:focus {{ border: 1px solid {focus}; }}
QComboBox QLineEdit {{ border: none; padding: 0; min-height: 0; }}
QComboBox::drop-down {{ border: none; width: {arrow}px; }}
QComboBox QAbstractItemView {{
    background: {raised}; color: {text}; border: 1px solid {line};
    selection-background-color: {selected}; selection-color: {text}; outline: none;
}}
QPushButton {{
    background: {raised}; color: {text}; border: 1px solid {line}; border-radius: {radius}px;
    padding: 0 {wide}px; min-height: {field}px; font-size: {body}px;
}}
QPushButton:hover {{ border: 1px solid {faint}; }}
QPushButton:focus {{ border: 1px solid {focus}; }}
QPushButton:disabled {{ color: {faint}; background: {page}; }}
QPushButton#main {{ background: {live}; color: {on_live}; border: 1px solid {live};
    font-weight: 600; }}
QPushButton#main:focus {{ border: 2px solid {text}; }}
QPushButton#main:disabled {{ background: {page}; color: {faint}; border: 1px solid {line}; }}
QPushButton#link {{ background: transparent; border: 1px solid transparent; color: {dim};
    padding: 0 {pad}px; }}
QPushButton#link:focus {{ border: 1px solid {focus}; }}
QTableView {{
    background: {paper}; color: {text}; border: 1px solid {line}; border-radius: {radius}px;
    outline: none; font-size: {body}px;
}}
QTableView:focus {{ border: 1px solid {focus}; }}
QHeaderView {{ background: {paper}; }}
QHeaderView::section {{
    background: {paper}; color: {faint}; border: none; border-bottom: 1px solid {line};
    padding: 0 {cell}px; min-height: {head}px; font-size: {small}px; font-weight: 400;
}}
QProgressBar {{ background: {line}; border: none; max-height: {bar}px; min-height: {bar}px; }}
QProgressBar::chunk {{ background: {live}; }}
QScrollBar:vertical {{ background: {paper}; width: {scroll}px; margin: 0; }}
QScrollBar::handle:vertical {{ background: {line}; border-radius: {half}px; min-height: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {line}; }}
"""
SMALL, BODY, LARGE = 12, 14, 20
"""Read from further away than the window's figures: a dialog has room."""
CELL = 10
"""Room at the left and right of a list's cells and headings."""


def page(theme: Theme) -> QtGui.QColor:
    """The ground of a dialog: fields lie in it, darker where light is text, lighter where it is
    not, so that none looks switched off."""
    return theme.colours.panel if theme.dark else theme.colours.ground


def paper(theme: Theme) -> QtGui.QColor:
    """The ground of fields and lists."""
    return theme.colours.ground if theme.dark else theme.colours.panel


def dress(widget: QtWidgets.QWidget, theme: Theme) -> None:
    """Give ``widget`` and all in it the theme's looks."""
    c, px = theme.colours, theme.px
    names = ("raised", "line", "text", "dim", "faint", "live", "fault")
    colours = {name: getattr(c, name).name() for name in (*names, "selected", "on_live")}
    apply_palette(widget, theme)
    widget.setStyleSheet(
        _SHEET.format(
            **colours,
            page=page(theme).name(),
            paper=paper(theme).name(),
            focus=c.reference.name(),
            fault_ground=mix(page(theme), c.fault, 0.12).name(),
            small=px(SMALL), body=px(BODY), large=px(LARGE), radius=px(4), pad=px(8), wide=px(16),
            field=px(30), arrow=px(22), cell=px(CELL), head=px(26), bar=px(3), scroll=px(8),
            half=px(4), sans=family(SANS), mono=family(MONO),
        )
    )  # fmt: skip


def fit(widget: QtWidgets.QWidget, theme: Theme, width: int, height: int) -> None:
    """Size a dialog as wanted at scale 1, or as the screen has room for."""
    wanted = QtCore.QSize(theme.px(width), theme.px(height))
    screen = widget.screen()
    if screen is not None and QtGui.QGuiApplication.platformName() != "offscreen":
        room = screen.availableGeometry().size() - QtCore.QSize(16, 56)
        wanted = wanted.boundedTo(room)
    widget.resize(wanted)


class Combo(QtWidgets.QComboBox):
    """A choice, with a mark that says so: a sheet of Qt's has no arrow without a picture."""

    def __init__(self, theme: Theme, width: int, *, editable: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self.setMinimumWidth(theme.px(width))
        self.setMaxVisibleItems(16)
        if editable:
            self.setEditable(True)
            self.setInsertPolicy(self.InsertPolicy.NoInsert)
            completer = self.completer()
            if completer is not None:
                completer.setFilterMode(QtCore.Qt.MatchFlag.MatchContains)
                completer.setCompletionMode(QtWidgets.QCompleter.CompletionMode.PopupCompletion)

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        super().paintEvent(event)
        px = self._theme.px
        at = QtCore.QPointF(self.width() - px(14), self.height() / 2 + px(2))
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QtGui.QPen(self._theme.colours.dim, px(1.5)))
        side = QtCore.QPointF(px(4), -px(4))
        painter.drawPolyline([at + QtCore.QPointF(-side.x(), side.y()), at, at + side])
        painter.end()


def heading(text: str) -> QtWidgets.QLabel:
    """The title of a dialog, in it: not every desktop gives windows a bar with one."""
    made = QtWidgets.QLabel(text)
    made.setObjectName("title")
    return made


class Words(QtWidgets.QLabel):
    """Text in as many lines as it takes; a layout may not make it shorter than that."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setObjectName("words")
        self.setWordWrap(True)
        self.setTextFormat(QtCore.Qt.TextFormat.PlainText)

    def setText(self, text: str) -> None:  # noqa: D102, N802
        super().setText(text)
        if self.isVisible():  # before that its width is anybody's
            self._keep_room()

    def showEvent(self, event: QtGui.QShowEvent) -> None:  # noqa: D102, N802
        super().showEvent(event)
        self._keep_room()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        super().resizeEvent(event)
        self._keep_room()

    def _keep_room(self) -> None:
        self.setMinimumHeight(max(self.heightForWidth(self.width()), 0))


def button(text: str, name: str = "", tip: str = "") -> QtWidgets.QPushButton:
    """A button that is pressed by click, Space or its letter; never by Return in a field."""
    made = QtWidgets.QPushButton(text)
    made.setAutoDefault(False)
    made.setAccessibleName(text.replace("&", "").rstrip("…"))
    if name:
        made.setObjectName(name)
    if tip:
        made.setToolTip(tip)
        made.setAccessibleDescription(tip)
    return made


def labelled(
    text: str, field: QtWidgets.QWidget, *, tip: str = ""
) -> tuple[QtWidgets.QVBoxLayout, QtWidgets.QLabel]:
    """A field under its name; the name's letter with Alt goes to the field."""
    label = QtWidgets.QLabel(text)
    label.setBuddy(field)
    field.setAccessibleName(text.replace("&", ""))
    if tip:
        field.setToolTip(tip)
        field.setAccessibleDescription(tip)
    column = QtWidgets.QVBoxLayout()
    column.setSpacing(3)
    column.addWidget(label)
    column.addWidget(field)
    return column, label
