"""Ctrl-C and SIGTERM while Qt's event loop runs.

Python runs its signal handlers between two of its own instructions, which in an idle event loop
may be never, and an exception raised inside a slot is printed and forgotten. So the signal only
writes a byte into a socket, and the event loop reads it.
"""

from __future__ import annotations

import contextlib
import signal
import socket
from types import FrameType
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, Signal, Slot

WATCHED = (signal.SIGINT, signal.SIGTERM)


class Signals(QObject):
    """Turns the signals that ask a program to end into a Qt signal, until :meth:`restore`.

    To be made on the main thread, which must be the Qt thread.

    Signals:
        asked: the program was asked to end; on the Qt thread.
    """

    asked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._woken)
        self._before: dict[signal.Signals, Any] = {
            number: signal.signal(number, _noted) for number in WATCHED
        }
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)

    def restore(self) -> None:
        """Give the signals back to whoever had them. Calling it again does nothing."""
        if not self._before:
            return
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
        self._reader.close()
        self._writer.close()

    @Slot()
    def _woken(self) -> None:
        numbers = b""
        with contextlib.suppress(OSError):
            numbers = self._reader.recv(64)
        if any(number in numbers for number in WATCHED):
            self.asked.emit()


def _noted(number: int, frame: FrameType | None) -> None:
    """The byte in the socket is what counts."""
