"""The binding guard: the one place that knows which Qt binding and which versions we run on."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from pitwall.telemetry import Failure

# Whoever asks for "a Qt" through this variable (pyqtgraph, pytest-qt) gets ours.
os.environ.setdefault("QT_API", "pyside6")

import PySide6
from PySide6 import QtCore, QtGui, QtWidgets

OLDEST = (6, 8)
BEFORE = (6, 12)
"""6.12.0 takes a reference from None with every painter call and aborts on Python 3.11."""
BROKEN = ((6, 11, 0), (6, 11, 1))

SWITCH_S = 0.002
"""How long a thread that decodes may keep the interpreter while the window waits for it. With two
busy threads beside it a frame took half as long as with Python's 5 ms; below 1 ms the switching
itself costs more than it gives."""

__all__ = ["QtCore", "QtGui", "QtWidgets", "check_binding", "headless", "make_application"]


def version() -> tuple[int, ...]:
    """The binding's version, e.g. ``(6, 11, 3)``."""
    return tuple(int(part) for part in PySide6.__version__.split(".")[:3])


def check_binding() -> None:
    """Raise Failure when this binding is one we know to break."""
    found = version()
    if not OLDEST <= found[:2] < BEFORE or found in BROKEN:
        raise Failure(
            f"PySide6 {PySide6.__version__} cannot be used: install PySide6-Essentials "
            ">=6.8,<6.12 (not 6.11.0 or 6.11.1)"
        )
    if os.environ["QT_API"].lower() != "pyside6":
        raise Failure(f"QT_API is {os.environ['QT_API']!r}: unset it or set it to pyside6")


def headless() -> bool:
    """True when there is no display to open a window on, or none is wanted."""
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if platform:
        return platform.split(":")[0] in ("offscreen", "minimal")
    if not sys.platform.startswith("linux"):
        return False
    return not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def make_application(argv: Sequence[str] = ("pitwall",)) -> QtWidgets.QApplication:
    """The application object, made once; without a display it draws offscreen.

    Raises Failure when the binding is one that must not be used.
    """
    check_binding()
    running = QtWidgets.QApplication.instance()
    if isinstance(running, QtWidgets.QApplication):
        return running
    if headless():
        os.environ["QT_QPA_PLATFORM"] = os.environ.get("QT_QPA_PLATFORM") or "offscreen"
    sys.setswitchinterval(SWITCH_S)
    QtGui.QGuiApplication.setHighDpiScaleFactorRoundingPolicy(
        QtCore.Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
    )
    application = QtWidgets.QApplication(list(argv))
    if application.platformName() == "offscreen":
        QtCore.qInstallMessageHandler(_without_window_manager)
    application.setApplicationName("Pitwall")
    application.setStyle("Fusion")
    return application


def _without_window_manager(
    kind: QtCore.QtMsgType, context: QtCore.QMessageLogContext, text: str
) -> None:
    """Print what Qt says, but for calls that only a window manager could answer: nobody who draws
    offscreen has one, and the words would stand between the lines of a command."""
    if not text.startswith("This plugin does not support"):
        sys.stderr.write(f"{text}\n")
