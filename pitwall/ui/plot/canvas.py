"""A picture in memory that both Qt and numpy paint on, kept from frame to frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pitwall.ui.qt import QtCore, QtGui

Pixels = NDArray[np.uint32]


class Canvas:
    """An opaque image.

    Memory that is fresh for every frame would cost more than what is painted on it: the system
    hands it out page by page.

    Attributes:
        pixels: uint32[height, width] of device pixels, 0xffRRGGBB.
        image: the same for Qt.
        ratio: device pixels per logical pixel.
        layer: room for what numpy paints for it.
    """

    def __init__(self, size: QtCore.QSize, ratio: float) -> None:
        self.ratio = ratio
        self.layer = Layer(ratio)
        device = (size * ratio).expandedTo(QtCore.QSize(1, 1))
        self.pixels: Pixels = np.full((device.height(), device.width()), 0xFF000000, np.uint32)
        self.image = QtGui.QImage(
            self.pixels.data,
            device.width(),
            device.height(),
            device.width() * 4,
            QtGui.QImage.Format.Format_RGB32,
        )
        self.image.setDevicePixelRatio(ratio)

    def fits(self, size: QtCore.QSize, ratio: float) -> bool:
        """Whether it has this size."""
        return (size * ratio).expandedTo(QtCore.QSize(1, 1)) == self.image.size() and (
            ratio == self.ratio
        )

    def copy_of(self, other: Canvas) -> None:
        """Look like ``other``, which has the same size."""
        np.copyto(self.pixels, other.pixels)

    def fill(self, area: tuple[int, int, int, int], colour: int) -> None:
        """Fill a rectangle (left, top, width, height in logical pixels) with 0xffRRGGBB: faster
        than by Qt where it is large or there are many."""
        ratio = self.ratio
        left, top, width, height = area
        if ratio != 1.0:
            left, top = round(left * ratio), round(top * ratio)
            width, height = round(width * ratio), round(height * ratio)
        if left < 0 or top < 0 or width < 0 or height < 0:
            left, top, width, height = (max(each, 0) for each in (left, top, width, height))
        self.pixels[top : top + height, left : left + width] = colour

    def painter(self) -> QtGui.QPainter:
        """Qt's way of painting on it; ended by the caller."""
        return QtGui.QPainter(self.image)


class Layer:
    """Room for what is painted by numpy on its way to a picture; used again and again.

    Attributes:
        ratio: device pixels per logical pixel.
    """

    def __init__(self, ratio: float) -> None:
        self.ratio = ratio
        self._room: Pixels = np.empty(0, np.uint32)
        self._shape = (0, 0)

    def taken(self, rows: int, width: int) -> Pixels:
        """uint32[rows, width], premultiplied, with whatever was there before."""
        if self._room.size < rows * width:
            self._room = np.empty(rows * width, np.uint32)
        self._shape = (rows, width)
        return self._room[: rows * width].reshape(rows, width)

    def image(self) -> QtGui.QImage:
        """The last pixels asked for; valid until the next are."""
        rows, width = self._shape
        picture = QtGui.QImage(
            self._room.data,
            width,
            rows,
            width * 4,
            QtGui.QImage.Format.Format_ARGB32_Premultiplied,
        )
        picture.setDevicePixelRatio(self.ratio)
        return picture


def show(painter: QtGui.QPainter, canvas: Canvas, area: QtCore.QRect) -> None:
    """The part of the canvas that lies under ``area``, in logical pixels."""
    if canvas.ratio == 1.0:
        painter.drawImage(area.topLeft(), canvas.image, area)
        return
    ratio = canvas.ratio
    source = QtCore.QRectF(
        area.x() * ratio, area.y() * ratio, area.width() * ratio, area.height() * ratio
    )
    painter.drawImage(QtCore.QRectF(area), canvas.image, source)
