"""From worker threads to the Qt thread: one queued signal per burst, latest value per key."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, Qt, Signal, Slot


class Handover(QObject):
    """A mailbox that any thread fills and the Qt thread empties.

    Only the newest value of each key is kept, so it is bounded by the number of keys, and a
    burst of posts costs the Qt thread one event.

    Signals:
        delivered: (key, value), on the thread that owns this object.
    """

    delivered = Signal(str, object)
    _arrived = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._waiting: dict[str, object] = {}
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def post(self, key: str, value: object = None) -> None:
        """Leave ``value`` under ``key``; any thread."""
        with self._lock:
            first = not self._waiting
            self._waiting[key] = value
        if first:
            self._arrived.emit()

    @Slot()
    def _deliver(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, {}
        for key, value in batch.items():
            self.delivered.emit(key, value)
