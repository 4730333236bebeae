"""The first thing on screen: what is being prepared and how far it is, or what can be opened."""

from __future__ import annotations

from pathlib import Path

from pitwall.ui.panes.button import PillButton
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.theme import Theme

MAX_STEPS = 8


class StartWindow(QtWidgets.QWidget):
    """Shown until there is a session to show.

    Signals:
        open_requested: path of a recording the user chose or dropped.
        demo_requested: the user wants the demo.
        closed: the user closed it.
    """

    open_requested = QtCore.Signal(object)
    demo_requested = QtCore.Signal()
    closed = QtCore.Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self._steps: list[str] = []
        self._share: float | None = None
        self._fault = ""
        self._idle = False
        self._leaving = False
        self._open = PillButton(theme, "Open a recording…", "live", self)
        self._demo = PillButton(theme, "Run the demo", "live", self)
        self._demo.set_on(False)
        self._open.clicked.connect(self._choose)
        self._demo.clicked.connect(self._run_demo)
        self.setWindowTitle("Pitwall")
        self.setAccessibleName("Pitwall, starting")
        self.setAcceptDrops(True)
        self.resize(theme.px(720), theme.px(380))
        self._show_buttons()

    def offer(self) -> None:
        """Nothing is being prepared: let the user choose."""
        self._idle = True
        self._show_buttons()
        self.update()

    def step(self, text: str) -> None:
        """A new thing is being done; earlier ones stay listed above it."""
        self._idle, self._fault, self._share = False, "", None
        self._steps = [*self._steps, text][-MAX_STEPS:]
        self._show_buttons()
        self.update()

    def progress(self, share: float, text: str) -> None:
        """How far the newest step is, 0..1, and what it says now."""
        self._share = min(max(share, 0.0), 1.0)
        if self._steps:
            self._steps[-1] = text
        else:
            self._steps = [text]
        self.update()

    def fault(self, text: str) -> None:
        """It cannot go on: one line that says what and what to do."""
        self._fault, self._share, self._idle = text, None, True
        self._show_buttons()
        self.update()

    def leave(self) -> None:
        """Close without telling anybody: the session's window takes over."""
        self._leaving = True
        self.close()

    @property
    def steps(self) -> tuple[str, ...]:
        """The lines shown."""
        return tuple(self._steps)

    def _show_buttons(self) -> None:
        self._open.setVisible(self._idle)
        self._demo.setVisible(self._idle)

    def _run_demo(self) -> None:
        self._steps = []
        self.demo_requested.emit()

    def _choose(self) -> None:
        dialog = QtWidgets.QFileDialog(self, "Open a recording")
        dialog.setNameFilter("Pitwall recordings (*.pitwall)")
        dialog.setFileMode(QtWidgets.QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._chosen)
        dialog.open()

    def _chosen(self, path: str) -> None:
        self._steps = []
        self.open_requested.emit(Path(path))

    def dragEnterEvent(self, event: QtGui.QDragEnterEvent) -> None:  # noqa: D102, N802
        if self._idle and _dropped(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QtGui.QDropEvent) -> None:  # noqa: D102, N802
        path = _dropped(event.mimeData())
        if path is not None:
            self._steps = []
            self.open_requested.emit(path)

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:  # noqa: D102, N802
        super().closeEvent(event)
        if not self._leaving:
            self.closed.emit()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        x, y = self.theme.px(40), self.height() - self.theme.px(64)
        for button in (self._open, self._demo):
            size = button.sizeHint()
            button.setGeometry(x, y, size.width(), size.height())
            x += size.width() + self.theme.px(12)
        super().resizeEvent(event)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        theme, c = self.theme, self.theme.colours
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), c.ground)
        left, width = theme.px(40), self.width() - 2 * theme.px(40)
        y = theme.px(64)
        painter.setPen(c.text)
        painter.setFont(theme.large(bold=True))
        painter.drawText(left, y, "Pitwall")
        painter.setFont(theme.body())
        row = theme.px(24)
        y += theme.px(16)
        for i, text in enumerate(self._steps):
            y += row
            newest = i == len(self._steps) - 1 and not self._fault
            painter.setPen(c.text if newest else c.dim)
            words = painter.fontMetrics().elidedText(
                text, QtCore.Qt.TextElideMode.ElideRight, width
            )
            painter.drawText(left, y, words)
        if self._share is not None:
            y += theme.px(14)
            bar = QtCore.QRectF(left, y, width, theme.px(4))
            painter.fillRect(bar, c.line)
            bar.setWidth(bar.width() * self._share)
            painter.fillRect(bar, c.live)
        if self._fault:
            box = QtCore.QRect(left, y + theme.px(12), width, theme.px(80))
            painter.setPen(c.fault)
            painter.drawText(box, QtCore.Qt.TextFlag.TextWordWrap, self._fault)
        elif self._idle and not self._steps:
            painter.setPen(c.dim)
            painter.drawText(left, y + row, "Open a recording, drop one here, or run the demo.")
        painter.end()


def _dropped(data: QtCore.QMimeData) -> Path | None:
    urls = data.urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if path.suffix == ".pitwall" else None
