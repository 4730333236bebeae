"""The stack's canvases, and what of them has to be painted anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pitwall.store import SessionStore
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.picture import Picture
from pitwall.ui.plot.boxes import DELTA_WEIGHT, Boxes, arrange
from pitwall.ui.plot.canvas import Canvas
from pitwall.ui.plot.columns import Curves, curves_of
from pitwall.ui.plot.forecast import Forecast
from pitwall.ui.plot.frame import Frame, Painted, lay_out
from pitwall.ui.plot.furniture import Style
from pitwall.ui.plot.layers import paint_back, paint_ground, paint_live
from pitwall.ui.qt import QtCore, QtGui


@dataclass(frozen=True, slots=True)
class Sitter:
    """What is painted.

    Attributes:
        picture: the curves; None before the first.
        span: the visible part of the axis.
        style: how they look.
        top: where the plots begin, under the title.
        words: what the title says; when it changes, it is painted anew.
        paint_frame: paints the pane's ground and title.
        forecast: a modelled lap under the shown one; None for none.
    """

    picture: Picture | None
    span: tuple[float, float]
    style: Style
    top: int
    words: object
    paint_frame: Callable[[QtGui.QPainter], None]
    forecast: Forecast | None = None


class Easel:
    """Paints a picture in layers, each only when it looks different.

    Attributes:
        renders: how often the shown lap was painted.
        ground_renders: how often all the rest was.
        boxes, painted: where the plots are and what was drawn there; None before the first.
        curves: of a session, one set for each car.
    """

    def __init__(self, store: SessionStore) -> None:
        self.renders = 0
        self.ground_renders = 0
        self.boxes: Boxes | None = None
        self.painted: Painted | None = None
        self.curves: tuple[Curves, ...] = ()
        self._store = store
        self._layers: tuple[Canvas, Canvas] | None = None
        self._back_key: tuple[bool, object, object] | None = None
        self.coarse: Callable[[], int] = lambda: 1
        """How many times wider the stretches are that a session's curves are drawn from."""
        self._ground_key: object = None
        self._drawn = False

    def stale(self) -> None:
        """Paint at the next occasion."""
        self._drawn = False

    def canvas(self, size: QtCore.QSize, ratio: float, sit: Callable[[], Sitter]) -> Canvas:
        """The painted picture in a size and density; ``sit`` is asked only when it is painted."""
        if self._layers is None or not self._layers[0].fits(size, ratio):
            self._layers = Canvas(size, ratio), Canvas(size, ratio)
            self._back_key = self._ground_key = None
            self._drawn = False
        if not self._drawn:
            self._render(self._layers, size, ratio, sit())
            self._drawn = True
        return self._layers[1]

    def _render(
        self, layers: tuple[Canvas, Canvas], size: QtCore.QSize, ratio: float, sitter: Sitter
    ) -> None:
        self.renders += 1
        ground, top = layers
        picture, style = sitter.picture, sitter.style
        if picture is not None and picture.session is not None:
            ground = top
        self.boxes = self.painted = None
        self.curves = ()
        frame = None
        low, high = sitter.span
        if picture is not None and picture.traces and high > low:
            weights = tuple(plot.weight for plot in picture.stack)
            if picture.delta is not None:
                weights = (DELTA_WEIGHT, *weights)
            self.boxes = arrange(size, sitter.top, weights, style.theme)
            self.curves = self._session_curves(picture, self.boxes, sitter.span, ratio)
            frame = lay_out(picture, self.boxes, (low, high), style, self.curves)
        back = (ground is top, sitter.words, _back_looks(picture, frame, style))
        before, self._back_key = self._back_key, back
        if before is not None and before != back and _but_words(before) == _but_words(back):
            painter = ground.painter()
            painter.setClipRect(0, 0, size.width(), sitter.top)
            sitter.paint_frame(painter)
            painter.end()
        elif back != before:
            self._ground_key = None
            painter = ground.painter()
            sitter.paint_frame(painter)
            if frame is not None and picture is not None:
                paint_back(painter, picture, frame, style)
            painter.end()
        looks = (_ground_looks(picture, frame), sitter.forecast)
        if ground is top or looks != self._ground_key:
            self._ground_key = looks
            self.ground_renders += 1
            if frame is not None and picture is not None:
                paint_ground(ground, picture, frame, style, sitter.forecast)
        if ground is not top:
            top.copy_of(ground)
        if frame is not None and picture is not None:
            self.painted = paint_live(top, picture, frame, style, self.curves)

    def _session_curves(
        self, picture: Picture, boxes: Boxes, span: tuple[float, float], ratio: float
    ) -> tuple[Curves, ...]:
        session = picture.session
        if session is None:
            return ()
        times = tuple(session.start_us + round(at * SECOND_US) for at in span)
        width = round((boxes.right - boxes.left) * ratio)
        return tuple(
            curves_of(self._store, car, picture.traces, (times[0], times[1]), width, self.coarse())
            for car in (session.car, *session.others)
        )


def _back_looks(picture: Picture | None, frame: Frame | None, style: Style) -> object:
    """Equal as long as labels and values need not be painted anew."""
    return (
        (style.theme.name, style.theme.scale, style.reconstructed, style.units),
        [(look.inks[0].rgb(), look.dash) for look in style.looks],
        frame.strips if frame is not None else None,
        picture.traces if picture is not None else None,
    )


def _but_words(back: tuple[bool, object, object]) -> tuple[bool, object]:
    """What the back looks like below the title."""
    return back[0], back[2]


def _ground_looks(picture: Picture | None, frame: Frame | None) -> object:
    """Equal as long as the axis and the laps that are over need not be painted anew."""
    if picture is None or frame is None:
        return ()
    reference = picture.reference
    over = [one for one in picture.others if not one.shown.open]
    return (
        picture.axis,
        picture.corners,
        (reference.lap, reference.t_end) if reference else None,
        tuple(len(line.t) for line in picture.reference_lines),
        [(one.shown, [len(line.t) for line in one.lines]) for one in over],
        frame.x,
    )
