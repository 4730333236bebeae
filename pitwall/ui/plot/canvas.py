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
    """

    def __init__(self, size: QtCore.QSize, ratio: float) -> None:
        self.ratio = ratio
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

    def painter(self) -> QtGui.QPainter:
        """Qt's way of painting on it; ended by the caller."""
        return QtGui.QPainter(self.image)


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
