"""One process of the benchmark ``start``: shows a window and says when it was painted.

``python -m tests.bench.start_child recording|start|eager|pyqtgraph|empty FILE``. Prints
``painted SECONDS`` by the steady clock, which all processes of a machine share.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from typing import Any


def painted(_event: object = None) -> None:
    """What was to be seen is there."""
    sys.stdout.write(f"painted {time.monotonic():.6f}\n")
    sys.stdout.flush()


def ours(words: list[str], useful: Callable[[Any], bool]) -> int:
    """Pitwall's own command line, watched from outside: its widgets' paints go by here."""
    from PySide6 import QtCore, QtWidgets

    class Watch(QtCore.QObject):
        seen = QtCore.Signal()

        def __init__(self) -> None:
            super().__init__()
            self.done = False
            self.seen.connect(self._after, QtCore.Qt.ConnectionType.QueuedConnection)

        def _after(self) -> None:
            painted()
            QtWidgets.QApplication.quit()

        def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802
            if not self.done and event.type() == QtCore.QEvent.Type.Paint and useful(watched):
                self.done = True
                self.seen.emit()  # queued: after the paint that is about to happen
            return False

    watch = Watch()

    class Application(QtWidgets.QApplication):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.installEventFilter(watch)

    QtWidgets.QApplication = Application  # type: ignore[misc]
    main: Callable[[list[str]], int] = importlib.import_module("pitwall.cli").main
    return main(words)


def _traces(widget: Any) -> bool:
    picture = getattr(widget, "picture", None) if type(widget).__name__ == "TraceStack" else None
    # The session's last minutes first; laps as soon as they are known.
    return picture is not None and (
        picture.session is not None or any(len(line.t) for line in picture.lines)
    )


def _start_window(widget: Any) -> bool:
    return type(widget).__name__ == "StartWindow"


def pyqtgraph(*, eager: bool) -> int:
    """Twelve plots as large as ours, of a lap each."""
    if eager:
        boto3 = importlib.import_module("boto3")
        session = boto3.Session()
        kept = [session.client(one) for one in ("dynamodb", "dynamodbstreams", "kinesis", "s3")]
        assert kept
    import numpy as np
    import pyqtgraph as pg
    from PySide6 import QtCore, QtWidgets

    app = QtWidgets.QApplication([])
    widget = pg.GraphicsLayoutWidget()
    widget.resize(1600, 900)
    t = np.arange(9_000) / 100
    for row in range(12):
        plot = widget.addPlot(row=row, col=0)
        plot.plot(t, np.sin(t / (row + 1)), pen=pg.mkPen("#4fb3ff", width=1))
    return _until_painted(app, widget, widget.viewport(), QtCore)


def empty() -> int:
    """Qt itself."""
    from PySide6 import QtCore, QtWidgets

    app = QtWidgets.QApplication([])
    widget = QtWidgets.QWidget()
    widget.resize(1600, 900)
    return _until_painted(app, widget, widget, QtCore)


def _until_painted(app: Any, window: Any, surface: Any, core: Any) -> int:
    class Watch(core.QObject):  # type: ignore[misc]
        seen = core.Signal()

        def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802
            if event.type() == core.QEvent.Type.Paint:
                surface.removeEventFilter(self)
                self.seen.emit()
            return False

    def after() -> None:
        painted()
        app.quit()

    watch = Watch()
    watch.seen.connect(after, core.Qt.ConnectionType.QueuedConnection)
    surface.installEventFilter(watch)
    window.show()
    return int(app.exec())


def main() -> int:
    """One child."""
    kind, path = sys.argv[1:3]
    if kind == "recording":
        return ours(["open", path, "--seconds", "30"], _traces)
    if kind == "start":
        return ours([], _start_window)
    if kind == "empty":
        return empty()
    return pyqtgraph(eager=kind == "eager")


if __name__ == "__main__":
    sys.exit(main())
