"""Pictures of every workspace of a running demo, in several sizes and themes, each with what was
painted and with what the session said at the same moment.

It is the demo that ``pitwall demo`` shows: stand-in, cars and app, nothing made up. Once the race
has gone on for a while, somebody turns to each workspace, makes the window larger and smaller,
changes the theme, and takes a picture each time.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PySide6 import QtCore, QtWidgets

from pitwall.demo import Demo
from pitwall.desktop import Desktop
from pitwall.display import RunOptions
from pitwall.moment import take
from pitwall.ui.main_window import MainWindow
from pitwall.ui.roles import Role
from pitwall.ui.theme import load_theme, scale_for
from pitwall.ui.window import save_picture
from pitwall.voice import Voice
from tests.pictures.painted import Rect, Word, words_of

SIZES = ((1366, 768), (1920, 1080), (3840, 2160))
THEMES = ("dark", "sunlight")
STREAM_S = 60.0
"""The first picture is of a race that has come through the stream for so long."""
SETTLE_MS = 900
"""After a change of size or theme; live data goes on coming in."""
ROLE_MS = 7000
"""After turning to a workspace for the first time: its panes' own work has to be done."""
LOOK_MS = 250
JOINED_S = 120.0
"""A demo that is not live after so long has said why on its start window, or never will."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture to take."""

    role: Role
    size: tuple[int, int]
    theme: str

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.role.value}-{self.size[0]}x{self.size[1]}-{self.theme}"


def shots(
    roles: tuple[Role, ...], sizes: tuple[tuple[int, int], ...], themes: tuple[str, ...]
) -> list[Shot]:
    """Workspace by workspace."""
    return [Shot(*one) for one in itertools.product(roles, sizes, themes)]


class Walk(QtCore.QObject):
    """Turns to each workspace in turn, and ends the demo after the last picture."""

    def __init__(self, desktop: Desktop, wanted: list[Shot], folder: Path, stream_s: float) -> None:
        super().__init__()
        self.done = False
        self._desktop = desktop
        self._wanted = iter(wanted)
        self._folder = folder
        self._stream_s = stream_s
        self._begun = time.monotonic()
        self._live_at: float | None = None
        self._steps: Iterator[int] | None = None
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._look)
        self._timer.start(LOOK_MS)

    def _look(self) -> None:
        wait: int | None = LOOK_MS
        if self._steps is not None:
            wait = next(self._steps, None)
        elif self._long_enough():
            self._steps = self._walk()
        elif time.monotonic() - self._begun > JOINED_S + self._stream_s:
            wait = None
        if wait is None:
            QtWidgets.QApplication.quit()
        else:
            self._timer.start(wait)

    def _long_enough(self) -> bool:
        run, window = self._desktop._run, self._desktop.window  # noqa: SLF001 - as its finish does
        if run is None or window is None or run.summary()["time_to_live_s"] is None:
            return False
        self._live_at = self._live_at or time.monotonic()
        return time.monotonic() - self._live_at >= self._stream_s

    def _walk(self) -> Iterator[int]:
        window = self._desktop.window
        assert window is not None
        role: Role | None = None
        for shot in self._wanted:
            window.resize(*shot.size)
            window.set_theme(load_theme(shot.theme, scale_for(*shot.size)))
            window.bench.show_role(shot.role)
            yield SETTLE_MS if shot.role is role else ROLE_MS
            role = shot.role
            self._take(window, shot)
        self.done = True

    def _take(self, window: MainWindow, shot: Shot) -> None:
        run = self._desktop._run  # noqa: SLF001
        assert run is not None
        picture, moment = take(window, run)
        words = words_of(window)
        save_picture(picture, self._folder / f"{shot.name}.png")
        doc = {"shot": shot.name, "moment": moment, "panes": by_pane(window, words)}
        text = json.dumps(doc, ensure_ascii=False, indent=1)
        (self._folder / f"{shot.name}.json").write_text(text + "\n", encoding="utf-8")


def by_pane(window: MainWindow, words: list[Word]) -> dict[str, list[dict[str, Any]]]:
    """What each pane and line of the window shows, by its name."""
    areas = list(_areas(window))
    found: dict[str, list[dict[str, Any]]] = {name: [] for name, _ in areas}
    for word in words:
        x, y = (word.rect[0] + word.rect[2]) / 2, (word.rect[1] + word.rect[3]) / 2
        name = next((n for n, r in areas if r[0] <= x <= r[2] and r[1] <= y <= r[3]), "window")
        found.setdefault(name, []).append(asdict(word))
    return found


def _areas(window: MainWindow) -> Iterator[tuple[str, Rect]]:
    lines = {
        name: getattr(window.panes, name)
        for name in ("header", "banner", "loading", "timeline", "strip")
    }
    panes = {name: window.bench.pane(name) for name in window.bench.visible}
    for name, widget in {**panes, **lines}.items():
        if widget is not None and widget.isVisible():
            corner = widget.mapTo(window, QtCore.QPoint(0, 0))
            right, bottom = corner.x() + widget.width(), corner.y() + widget.height()
            yield name, (corner.x(), corner.y(), right, bottom)


def walk(folder: Path, wanted: list[Shot], stream_s: float) -> dict[str, Any]:
    """Show the demo and take the pictures; what its ``--json`` says at the end."""
    voice = Voice(time.monotonic())
    demo = Demo(None, 1.0, voice)
    desktop = Desktop(
        RunOptions(size=wanted[0].size, theme=wanted[0].theme, screenshot=folder / "last.png"),
        voice,
        prepare=demo.prepare,
        cancel=demo.cancel,
    )
    begin = desktop.begin
    walks: list[Walk] = []

    def begin_and_walk() -> None:
        begin()
        walks.append(Walk(desktop, wanted, folder, stream_s))

    desktop.begin = begin_and_walk  # type: ignore[method-assign]
    try:
        desktop.loop()
    finally:
        demo.stop()
    if desktop.last_summary is None or not walks[0].done:
        raise AssertionError("the demo ended before its last picture")
    return desktop.last_summary
