"""The left margin of the stack: names to drag, edges to pull, scales to turn the wheel over."""

from __future__ import annotations

from dataclasses import dataclass

from pitwall.telemetry import Catalog
from pitwall.ui.picture import Picture
from pitwall.ui.plot.boxes import Boxes
from pitwall.ui.plot.carrying import Target, target_at
from pitwall.ui.plot.frame import Strip
from pitwall.ui.plot.furniture import label_row
from pitwall.ui.plot.plot_editor import PlotEditor
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import Theme
from pitwall.ui.trace_layout import ChannelName

GRIP = 4
"""Pixels to the edge between two plots at which it is pulled."""
SLACK = 4


@dataclass(slots=True)
class _Held:
    """What the pointer has taken hold of: a channel, or the edge under a plot."""

    start: QtCore.QPointF
    plot: int
    name: ChannelName | None
    below: int = 0
    heights: tuple[float, float] = (0.0, 0.0)
    pixels: int = 1
    moved: bool = False


class Margin:
    """The pointer left of the curves.

    Attributes:
        target: where the channel that is dragged would land; None while none is.
    """

    def __init__(self, editor: PlotEditor, theme: Theme) -> None:
        self.target: Target | None = None
        self._editor = editor
        self._held: _Held | None = None
        self.theme = theme

    @property
    def busy(self) -> bool:
        """Whether the pointer holds something."""
        return self._held is not None

    def holds(self, boxes: Boxes | None, point: QtCore.QPointF) -> bool:
        """Whether a point lies in the margin."""
        return boxes is not None and point.x() < boxes.left and point.y() > boxes.corners.top()

    def shape(self, strips: tuple[Strip, ...], y: float) -> QtCore.Qt.CursorShape:
        """What the pointer can do there."""
        if _edge(strips, y) is not None:
            return QtCore.Qt.CursorShape.SplitVCursor
        over = strip_at(strips, y) is not None
        return QtCore.Qt.CursorShape.OpenHandCursor if over else QtCore.Qt.CursorShape.ArrowCursor

    def press(self, picture: Picture, strips: tuple[Strip, ...], point: QtCore.QPointF) -> None:
        """Take hold of an edge or of a channel's name."""
        y = point.y()
        plots = self._editor.layout.plots
        edge = _edge(strips, y)
        if edge is not None:
            upper, lower = edge
            a, b = upper.plot.number, lower.plot.number
            pixels = upper.box.rect.height() + lower.box.rect.height()
            self._held = _Held(point, a, None, b, (plots[a].height, plots[b].height), pixels)
            return
        strip = strip_at(strips, y)
        if strip is not None:
            row = strip.plot.rows[label_row(strip.box, y, len(strip.plot.rows), self.theme)]
            self._editor.current = strip.plot.number
            self._held = _Held(point, strip.plot.number, picture.traces[row].name)

    def move(self, strips: tuple[Strip, ...], point: QtCore.QPointF) -> None:
        """The pointer goes on with what it holds."""
        held = self._held
        if held is None:
            return
        held.moved = held.moved or (point - held.start).manhattanLength() > SLACK
        if not held.moved:
            return
        if held.name is None:
            self._pull(held, point.y())
        else:
            self.target = target_at(strips, point.y())

    def release(self, inside: bool) -> None:
        """Let go: a channel lands, or leaves its plot when it is outside of the stack."""
        held, target = self._held, self.target
        self._held = self.target = None
        if held is None or held.name is None or not held.moved:
            return
        if not inside:
            self._editor.remove(held.name, held.plot)
        elif target is not None:
            self._editor.carry(held.name, held.plot, onto=target.onto, before=target.before)

    def wheel(self, picture: Picture, strips: tuple[Strip, ...], y: float, factor: float) -> None:
        """The values of the plot under the pointer, larger or smaller."""
        strip = strip_at(strips, y)
        if strip is None:
            return
        limits = [
            (picture.traces[row].name, scale.low, scale.high)
            for row, scale in zip(strip.plot.rows, strip.y, strict=True)
        ]
        first = strip.y[0]
        share = (first.value(y) - first.low) / (first.high - first.low)
        self._editor.zoom_scale(limits, factor, min(max(share, 0.0), 1.0))

    def tip(self, picture: Picture, strips: tuple[Strip, ...], y: float, catalog: Catalog) -> str:
        """What the channel is that is named at a height."""
        strip = strip_at(strips, y)
        if strip is None:
            return ""
        row = strip.plot.rows[label_row(strip.box, y, len(strip.plot.rows), self.theme)]
        trace = picture.traces[row]
        channel, rate = trace.channel, catalog.group(trace.group).rate_hz
        lines = [
            f"{trace.group}/{channel.name}, {rate:g} samples a second",
            f"recorded in {channel.unit}"
            + (f", in steps of {channel.resolution:g}" if channel.resolution else ""),
        ]
        if channel.high > channel.low:
            lines.append(f"limits {channel.low:g} to {channel.high:g} {channel.unit}")
        lines.append("drag: elsewhere, onto another plot, or out; wheel: its scale")
        return "\n".join(lines)

    def _pull(self, held: _Held, y: float) -> None:
        """The edge follows the pointer: one plot gets what the other gives."""
        both = sum(held.heights)
        layout = self._editor.layout
        if max(held.plot, held.below) >= len(layout.plots):
            return
        shift = (y - held.start.y()) * both / max(held.pixels, 1)
        upper = min(max(held.heights[0] + shift, 0.25), both - 0.25)
        layout = layout.with_height(held.plot, upper)
        self._editor.put(layout.with_height(held.below, both - upper))


def strip_at(strips: tuple[Strip, ...], y: float) -> Strip | None:
    """The plot at a height; None for none (the delta, above and below all)."""
    found = (s for s in strips if s.box.rect.top() <= y <= s.box.rect.bottom())
    return next(found, None)


def _edge(strips: tuple[Strip, ...], y: float) -> tuple[Strip, Strip] | None:
    """The two plots whose common edge is at a height."""
    for upper, lower in zip(strips, strips[1:], strict=False):
        apart = upper.plot.number != lower.plot.number
        if apart and abs(y - upper.box.rect.bottom()) <= GRIP:
            return upper, lower
    return None


def paint_current(
    painter: QtGui.QPainter, strips: tuple[Strip, ...], current: int | None, theme: Theme
) -> None:
    """A bar at the left of the plot that keys act on."""
    for strip in strips:
        if strip.plot.number == current:
            rect = strip.box.rect
            painter.fillRect(
                1, rect.top() + 2, theme.px(3), rect.height() - 4, theme.colours.reference
            )
