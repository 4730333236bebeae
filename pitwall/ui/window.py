"""Making the window and taking its picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pitwall.telemetry import Failure
from pitwall.ui.inputs import Inputs
from pitwall.ui.layout_shelf import Shelf
from pitwall.ui.main_window import MainWindow
from pitwall.ui.qt import QtGui
from pitwall.ui.theme import load_theme, scale_for

SIZE = (1920, 1080)
SMALLEST = (1100, 640)
LARGEST = (2560, 1440)
FRAME = (4, 40)
"""Left free for the frame and title bar that the desktop puts around the window."""


@dataclass(frozen=True, slots=True)
class LookedAt:
    """What a window shows.

    Attributes:
        car: the selected car; None before there is one.
        lap: number of the lap shown; None before there is one.
        reference: ``(car, lap)`` that it is compared with; None without one.
        predicted_us: the lap time to come; None when not known.
    """

    car: str | None
    lap: int | None = None
    reference: tuple[str, int] | None = None
    predicted_us: int | None = None


def build_window(
    inputs: Inputs,
    *,
    theme: str = "dark",
    size: tuple[int, int] | None = None,
    scale: float | None = None,
    layouts: Shelf | None = None,
) -> MainWindow:
    """The window over ``inputs``, not shown yet; needs an application.

    Args:
        inputs: the data and commands.
        theme: name of a theme.
        size: width and height in logical pixels, without the frame; when None the screen's
            room less a frame, at most 2560 x 1440.
        scale: factor on all text; fits the size when None.
        layouts: where layouts are kept; none are when None.
    """
    width, height = size or _screen_size()
    window = MainWindow(inputs, load_theme(theme, scale or scale_for(width, height)), layouts)
    window.setMinimumSize(*SMALLEST)
    window.resize(width, height)
    return window


def _screen_size() -> tuple[int, int]:
    """What fits the screen; offscreen has no screen worth asking."""
    if QtGui.QGuiApplication.platformName() == "offscreen":
        return SIZE
    room = QtGui.QGuiApplication.primaryScreen().availableGeometry()
    return within(room.width(), room.height())


def within(width: int, height: int) -> tuple[int, int]:
    """The size inside the frame for a screen with so much room, in logical pixels."""
    return (
        max(min(width - FRAME[0], LARGEST[0]), SMALLEST[0]),
        max(min(height - FRAME[1], LARGEST[1]), SMALLEST[1]),
    )


def picture_of(window: MainWindow) -> QtGui.QPixmap:
    """What the window shows now, brought up to date."""
    if not window.isVisible():
        window.show()
    window.refresh()
    return window.grab()


def save_picture(picture: QtGui.QPixmap, path: Path | str) -> None:
    """Write it as PNG. Raises Failure when it cannot be written."""
    target = Path(path)
    if not picture.save(str(target), "PNG"):
        raise Failure(f"{target}: the screenshot cannot be written; choose another place")


def looked_at(window: MainWindow) -> LookedAt:
    """What the window shows now, by name."""
    picture = window.feed.picture
    shown = picture.shown if picture is not None else None
    reference = picture.reference if picture is not None else None
    return LookedAt(
        window.workspace.view.car,
        shown.lap.number if shown is not None else None,
        (reference.car, reference.lap.number) if reference is not None else None,
        picture.predicted_us if picture is not None else None,
    )
