"""numpy positions to Qt polylines without a Python object per point."""

from __future__ import annotations

import numpy as np
import shiboken6
from numpy.typing import NDArray

from pitwall.ui.qt import QtGui

Floats = NDArray[np.float64]


def polygon(x: Floats, y: Floats) -> QtGui.QPolygonF:
    """A polygon with the points ``(x[i], y[i])``, written straight into Qt's memory."""
    made = QtGui.QPolygonF()
    made.resize(len(x))
    if len(x):
        address = shiboken6.getCppPointer(made.data())[0]
        memory = shiboken6.VoidPtr(address, len(x) * 16, True)  # type: ignore[call-arg]
        points = np.frombuffer(memory, np.float64).reshape(-1, 2)  # type: ignore[call-overload]
        points[:, 0] = x
        points[:, 1] = y
    return made
