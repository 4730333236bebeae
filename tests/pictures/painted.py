"""What a window really writes: every text that is painted, where, in which colour, and whether it
is cut.

The window is painted once more, onto a device that keeps texts instead of pixels. Panes that keep
what they have painted in a picture of their own paint that anew for it, and what they write there
is kept too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from pitwall.ui.main_window import MainWindow

Rect = tuple[float, float, float, float]
"""Left, top, right, bottom, in logical pixels of the window."""
CUT_PX = 1.5
"""A text may reach so far over its area: an accent or the slope of a letter."""


@dataclass(frozen=True, slots=True)
class Word:
    """One text.

    Attributes:
        text: as painted.
        rect: from ascent to descent.
        ink: colour, ``#rrggbb``.
        size: height of the font, pixels.
        cut: how many pixels of it lie outside the area that was painted on.
    """

    text: str
    rect: Rect
    ink: str
    size: float
    cut: float = 0.0


class _Engine(QtGui.QPaintEngine):
    """Keeps texts; shapes are nothing to it."""

    def __init__(self) -> None:
        super().__init__(QtGui.QPaintEngine.PaintEngineFeature.AllFeatures)
        self.words: list[Word] = []
        self.aside: dict[tuple[int, int], list[Word]] = {}

    def begin(self, device: QtGui.QPaintDevice) -> bool:  # noqa: ARG002
        return True

    def end(self) -> bool:
        return True

    def type(self) -> QtGui.QPaintEngine.Type:
        return QtGui.QPaintEngine.Type.User

    def updateState(self, state: QtGui.QPaintEngineState) -> None:  # noqa: N802
        """Asked of the painter when it is wanted."""

    def drawTextItem(self, at: QtCore.QPointF, item: QtGui.QTextItem) -> None:  # noqa: N802
        painter = self.painter()
        turn = painter.deviceTransform()
        box = QtCore.QRectF(
            at.x(), at.y() - item.ascent(), item.width(), item.ascent() + item.descent()
        )
        area = QtCore.QRectF(self.systemClip().boundingRect())
        if painter.hasClipping():
            mine = turn.mapRect(painter.clipBoundingRect())
            area = mine if area.isEmpty() else area.intersected(mine)
        self._keep(item.text(), turn.mapRect(box), area, painter)

    def _keep(
        self, text: str, box: QtCore.QRectF, area: QtCore.QRectF, painter: QtGui.QPainter
    ) -> None:
        ink = painter.pen().color().name()
        size = QtGui.QFontInfo(painter.font()).pixelSize()
        rect = (box.left(), box.top(), box.right(), box.bottom())
        last = self.words[-1] if self.words else None
        cut = _cut(rect, area)
        # Signs that the font does not have come as a text of their own.
        if last is not None and last.ink == ink and _goes_on(last.rect, rect):
            joined = (last.rect[0], last.rect[1], rect[2], last.rect[3])
            self.words[-1] = Word(last.text + text, joined, ink, size, max(cut, last.cut))
            return
        self.words.append(Word(text, rect, ink, size, cut))

    def drawPixmap(self, r: QtCore.QRectF, pm: QtGui.QPixmap, sr: QtCore.QRectF) -> None:  # noqa: N802, ARG002
        self._pasted((pm.width(), pm.height()), r)

    def drawImage(  # noqa: N802
        self,
        r: QtCore.QRectF,
        image: QtGui.QImage,
        sr: QtCore.QRectF,  # noqa: ARG002
        flags: QtCore.Qt.ImageConversionFlag = QtCore.Qt.ImageConversionFlag.AutoColor,  # noqa: ARG002
    ) -> None:
        self._pasted((image.width(), image.height()), r)

    def _pasted(self, size: tuple[int, int], r: QtCore.QRectF) -> None:
        corner = self.painter().deviceTransform().map(r.topLeft())
        x, y = corner.x(), corner.y()
        for word in self.aside.pop(size, ()):
            a, b, c, d = word.rect
            self.words.append(
                Word(word.text, (a + x, b + y, c + x, d + y), word.ink, word.size, word.cut)
            )

    def drawPath(self, path: QtGui.QPainterPath) -> None:  # noqa: N802
        """No text."""

    def drawPolygon(self, *_: Any) -> None:  # noqa: N802
        """No text."""

    def drawTiledPixmap(self, *_: Any) -> None:  # noqa: N802
        """No text."""


class _Device(QtGui.QPaintDevice):
    """As large as the window."""

    def __init__(self, window: QtWidgets.QWidget) -> None:
        super().__init__()
        self.engine = _Engine()
        metric = QtGui.QPaintDevice.PaintDeviceMetric
        image = QtGui.QImage(window.size(), QtGui.QImage.Format.Format_RGB32)
        self._figures = {
            metric.PdmWidth: image.width(),
            metric.PdmHeight: image.height(),
            metric.PdmWidthMM: image.widthMM(),
            metric.PdmHeightMM: image.heightMM(),
            metric.PdmDpiX: image.logicalDpiX(),
            metric.PdmDpiY: image.logicalDpiY(),
            metric.PdmPhysicalDpiX: image.physicalDpiX(),
            metric.PdmPhysicalDpiY: image.physicalDpiY(),
            metric.PdmDepth: 32,
            metric.PdmNumColors: 1 << 24,
            metric.PdmDevicePixelRatio: 1,
            metric.PdmDevicePixelRatioScaled: int(self.devicePixelRatioFScale()),
        }

    def paintEngine(self) -> QtGui.QPaintEngine:  # noqa: N802
        return self.engine

    def metric(self, which: QtGui.QPaintDevice.PaintDeviceMetric) -> int:
        return self._figures.get(which, 0)


def words_of(window: MainWindow) -> list[Word]:
    """Every text in the window as it is now."""
    _forget(window)
    device = _Device(window)
    with _listening(device.engine.aside):
        window.render(device)
    left = [word for words in device.engine.aside.values() for word in words]
    if left:
        raise AssertionError(f"painted aside and never shown: {left[0].text}")
    return [word for word in device.engine.words if word.text.strip()]


def _forget(window: MainWindow) -> None:
    """Have the panes paint anew what they keep in pictures of their own."""
    panes = window.panes
    panes.traces._easel._layers = None  # noqa: SLF001 - no one else wants this
    panes.traces._easel.stale()  # noqa: SLF001
    panes.map._ground = panes.map._pixmap = None  # noqa: SLF001
    panes.timeline._pixmap = None  # noqa: SLF001


@contextmanager
def _listening(aside: dict[tuple[int, int], list[Word]]) -> Iterator[None]:
    """Keep what is written onto pictures in memory, by their size."""
    draw = QtGui.QPainter.drawText

    def listen(painter: QtGui.QPainter, *args: Any) -> Any:
        device = painter.device()
        if isinstance(device, QtGui.QPixmap | QtGui.QImage):
            word = _written(painter, device, args)
            if word is not None:
                aside.setdefault((device.width(), device.height()), []).append(word)
        return draw(painter, *args)

    QtGui.QPainter.drawText = listen  # type: ignore[method-assign]
    try:
        yield
    finally:
        QtGui.QPainter.drawText = draw  # type: ignore[method-assign]


def _written(
    painter: QtGui.QPainter, device: QtGui.QPixmap | QtGui.QImage, args: tuple[Any, ...]
) -> Word | None:
    """What one call of ``drawText`` writes; None for a way of calling it that nobody uses."""
    metrics = QtGui.QFontMetricsF(painter.font())
    first, text = args[0], args[-1]
    if not isinstance(text, str):
        return None
    if isinstance(first, QtCore.QRect | QtCore.QRectF):
        box = painter.boundingRect(QtCore.QRectF(first), int(args[1]), text)
    else:
        x, y = (first.x(), first.y()) if len(args) == 2 else (first, args[1])
        wide, up = metrics.horizontalAdvance(text), metrics.ascent()
        box = QtCore.QRectF(x, y - up, wide, up + metrics.descent())
    turn = painter.combinedTransform()
    ratio = device.devicePixelRatio()
    turn = turn * QtGui.QTransform.fromScale(1 / ratio, 1 / ratio)
    area = QtCore.QRectF(0, 0, device.width() / ratio, device.height() / ratio)
    if painter.hasClipping():
        area = area.intersected(turn.mapRect(painter.clipBoundingRect()))
    box = turn.mapRect(box)
    rect = (box.left(), box.top(), box.right(), box.bottom())
    size = QtGui.QFontInfo(painter.font()).pixelSize()
    return Word(text, rect, painter.pen().color().name(), size, _cut(rect, area))


def _goes_on(a: Rect, b: Rect) -> bool:
    """Whether ``b`` begins where ``a`` ends."""
    return abs(a[2] - b[0]) < 1 and abs(a[1] - b[1]) < 6 and abs(a[3] - b[3]) < 6


def _cut(rect: Rect, area: QtCore.QRectF) -> float:
    """How far a text reaches over an area: what stands out above or below the letters does not
    count, nor what is wholly outside, which is scrolled away."""
    if area.isEmpty():
        return 0.0
    left, top, right, bottom = rect
    spare = 0.22 * (bottom - top)
    if right <= area.left() or left >= area.right():
        return 0.0
    if bottom <= area.top() or top >= area.bottom():
        return 0.0
    over = max(
        area.left() - left,
        right - area.right(),
        area.top() - top - spare,
        bottom - spare - area.bottom(),
    )
    return over if over > CUT_PX else 0.0
