"""The title line of the stack: what is shown, each lap after a swatch of its line."""

from __future__ import annotations

from dataclasses import dataclass

from pitwall.telemetry.clock import lap_time
from pitwall.ui.model import Axis, View
from pitwall.ui.picture import Picture, Shown
from pitwall.ui.plot.furniture import Style
from pitwall.ui.qt import QtCore, QtGui
from pitwall.ui.theme import readable


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the title: its words, the colour of its swatch (None without), its dashes, and
    the colour of its words."""

    text: str
    swatch: QtGui.QColor | None
    dash: tuple[float, ...]
    ink: QtGui.QColor


def title_parts(
    picture: Picture | None, view: View, span: tuple[float, float], style: Style, *, loading: bool
) -> list[Part]:
    """What is shown and what it is compared with."""
    c = style.theme.colours
    if picture is None or view.car is None:
        return [Part("WAITING FOR THE FIRST CAR", None, (), c.dim)]
    parts = [Part(f"CAR {view.car}", None, (), c.text)]
    if picture.reading:
        parts.append(Part("PAGED OUT, READING", None, (), c.attention))
    if picture.shown is not None and picture.axis is not Axis.ROLLING:
        words = f"{lap_words(picture.shown)}{_state(view, picture.shown, style, loading)}"
    else:
        words = _stretch(view, span)
    parts.append(Part(words, style.car, (), c.text))
    for number, other in enumerate(picture.others, start=1):
        look = style.look(number)
        words = f"{other.shown.car} L{other.shown.lap.number}"
        parts.append(_coloured(words, look.inks[0], look.dash, style))
    for number, car in enumerate(picture.session.others if picture.session else (), start=1):
        look = style.look(number)
        parts.append(_coloured(f"CAR {car}", look.inks[0], look.dash, style))
    if picture.reference is not None:
        reference = picture.reference
        words = f"CAR {reference.car} · {lap_words(reference)} ({picture.reference_word.upper()})"
        parts.append(Part(words, c.reference, (), c.dim))
    elif picture.reference_word:
        parts.append(Part("NO REFERENCE: IT IS THE SHOWN LAP", None, (), c.faint))
    if picture.absent:
        what = ", ".join(picture.absent[:3]) + (" …" if len(picture.absent) > 3 else "")
        parts.append(Part(f"NOT IN THIS SESSION: {what}", None, (), c.attention))
    return parts


def axis_words(picture: Picture | None, view: View) -> tuple[str, str]:
    """What the axis counts, and the key that changes it."""
    if picture is None:
        return "", ""
    word = {Axis.DISTANCE: "distance", Axis.TIME: "time", Axis.ROLLING: "session time"}
    text = word[picture.axis]
    if view.axis is Axis.DISTANCE and picture.axis is not Axis.DISTANCE:
        text += " (laps not known yet)"
    return text, "D ⇄ T" if picture.axis is not Axis.ROLLING else "W back"


def paint_title(
    painter: QtGui.QPainter,
    parts: list[Part],
    words: tuple[str, str],
    width: int,
    height: int,
    pad: int,
    style: Style,
) -> None:
    """The parts from the left, as many as there is room for; the axis at the right."""
    theme, c = style.theme, style.theme.colours
    font = theme.small(bold=True)
    font.setLetterSpacing(QtGui.QFont.SpacingType.PercentageSpacing, 104)
    painter.setFont(font)
    metrics = painter.fontMetrics()
    x = pad
    baseline = (height + metrics.ascent() - metrics.descent()) // 2
    remark, keys = words
    painter.setFont(theme.small())
    right = width - pad - painter.fontMetrics().horizontalAdvance(f"{remark}   {keys}")
    painter.setPen(c.faint)
    painter.drawText(right, baseline, f"{remark}   {keys}")
    painter.setFont(font)
    for number, part in enumerate(parts):
        if right - theme.px(60) - x < theme.px(30) and number + 1 < len(parts):
            painter.setPen(c.dim)
            painter.drawText(x, baseline, f"+{len(parts) - number}")
            break
        if part.swatch is not None:
            swatch = theme.px(24 if part.dash else 14)
            _swatch(painter, part, x, baseline - metrics.ascent() // 2 + 1, swatch, style)
            x += swatch + theme.px(6)
        room = right - theme.px(12) - x
        if room < theme.px(30):
            break
        painter.setPen(part.ink)
        shown = metrics.elidedText(part.text, QtCore.Qt.TextElideMode.ElideRight, room)
        painter.drawText(x, baseline, shown)
        x += metrics.horizontalAdvance(shown) + theme.px(14)


def lap_words(shown: Shown) -> str:
    """``LAP 18``."""
    return f"LAP {shown.lap.number}"


def _coloured(words: str, colour: QtGui.QColor, dash: tuple[float, ...], style: Style) -> Part:
    c = style.theme.colours
    return Part(words, colour, dash, readable(colour, c.panel, c.text))


def _swatch(painter: QtGui.QPainter, part: Part, x: int, y: int, width: int, style: Style) -> None:
    """A piece of the line as it is drawn."""
    assert part.swatch is not None  # noqa: S101 - the caller has looked
    height = style.theme.px(3)
    if not part.dash:
        painter.fillRect(x, y, width, height, part.swatch)
        return
    at, solid = 0.0, True
    for length in part.dash * 8:
        if at >= width:
            break
        if solid:
            painter.fillRect(QtCore.QRectF(x + at, y, min(length, width - at), height), part.swatch)
        at, solid = at + length, not solid


def _stretch(view: View, span: tuple[float, float]) -> str:
    low, high = span
    length = f"{high - low:.0f} S" if high - low < 300 else f"{(high - low) / 60:.0f} MIN"
    return f"LAST {length}" if view.live and view.span is None else length


def _state(view: View, shown: Shown, style: Style, loading: bool) -> str:
    if view.live and shown.open:
        if loading:
            return " · LOADING"
        return " · LIVE" if style.connected else " · NOT FINISHED"
    if shown.lap.time_us is not None:
        return f" · {lap_time(shown.lap.time_us)}"
    return ""
