"""Channels on the move: where a dragged one would land, and how it travels between widgets."""

from __future__ import annotations

from dataclasses import dataclass

from pitwall.ui.plot.boxes import Boxes
from pitwall.ui.plot.frame import Strip
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import Theme, with_alpha
from pitwall.ui.trace_layout import LONGEST, ChannelName

MIME = "application/x-pitwall-channel"
EDGE = 0.28
"""Share of a plot's height, above and below, that means beside it and not onto it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a channel would land.

    Attributes:
        onto: the plot it would lie over; None for a plot of its own.
        before: the plot its own would come before; the number of plots for the end.
        rect: what is marked.
    """

    onto: int | None
    before: int | None
    rect: QtCore.QRect


def target_at(strips: tuple[Strip, ...], y: float) -> Target | None:
    """Where a channel let go at the height ``y`` lands; None without plots."""
    if not strips:
        return None
    under = [strip for strip in strips if y <= strip.box.rect.bottom()]
    strip = under[0] if under else strips[-1]
    rect = strip.box.rect
    share = (y - rect.top()) / max(rect.height(), 1)
    number = strip.plot.number
    if EDGE <= share <= 1 - EDGE:
        return Target(number, None, rect)
    above = share < EDGE
    line = QtCore.QRect(rect.left(), (rect.top() if above else rect.bottom()) - 1, rect.width(), 3)
    return Target(None, number if above else number + 1, line)


def paint_target(painter: QtGui.QPainter, target: Target, boxes: Boxes, theme: Theme) -> None:
    """A frame around the plot, or a line between two."""
    colour = theme.colours.live
    if target.onto is not None:
        painter.setPen(QtGui.QPen(colour, theme.px(1)))
        painter.fillRect(target.rect, with_alpha(colour, 0.10))
        painter.drawRect(target.rect.adjusted(1, 1, -2, -2))
    else:
        painter.fillRect(target.rect, colour)


def packed(name: ChannelName) -> QtCore.QMimeData:
    """A channel for the journey to another widget, and as text for any other program."""
    data = QtCore.QMimeData()
    data.setData(MIME, f"{name.group}\n{name.channel}".encode())
    data.setText(name.channel)
    return data


def unpacked(data: QtCore.QMimeData) -> ChannelName | None:
    """The channel; None when it is something else, whoever sent it."""
    if not data.hasFormat(MIME):
        return None
    try:
        text = bytes(data.data(MIME).data()).decode()
    except UnicodeDecodeError:
        return None
    group, _, channel = text.partition("\n")
    good = 0 < len(group) <= LONGEST and 0 < len(channel) <= LONGEST
    return ChannelName(group, channel) if good else None
