"""Named colours and three text sizes; a theme is a file, not an inversion of another."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from pitwall.telemetry import BadInput
from pitwall.telemetry.resources import resource_path
from pitwall.ui.fonts import MONO, SANS, family
from pitwall.ui.qt import QtGui, QtWidgets

SMALL, BODY, LARGE = 11, 13, 20
"""Text heights in pixels at scale 1: labels, figures, the session clock."""
SCALES = (0.85, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5)
THEMES = ("dark", "sunlight", "contrast")


@dataclass(frozen=True, slots=True)
class Colours:
    """One colour for each role; see ``resources/themes`` for what each is for."""

    ground: QtGui.QColor
    panel: QtGui.QColor
    raised: QtGui.QColor
    line: QtGui.QColor
    text: QtGui.QColor
    dim: QtGui.QColor
    faint: QtGui.QColor
    live: QtGui.QColor
    attention: QtGui.QColor
    fault: QtGui.QColor
    best: QtGui.QColor
    reference: QtGui.QColor
    reference_text: QtGui.QColor
    cursor: QtGui.QColor
    selected: QtGui.QColor
    track: QtGui.QColor
    on_live: QtGui.QColor
    hatch: QtGui.QColor


@dataclass(frozen=True, slots=True)
class Theme:
    """What the painters need to know about looks.

    Attributes:
        name: file name without ending.
        title: as shown.
        dark: True for light text on a dark ground.
        heavy: True when traces are two pixels wide and text is one step bolder.
        colours: by role.
        cars: car colours in their fixed order, as many in every theme.
        scale: factor on all text and spacing.
    """

    name: str
    title: str
    dark: bool
    heavy: bool
    colours: Colours
    cars: tuple[QtGui.QColor, ...]
    scale: float = 1.0

    def px(self, value: float) -> int:
        """A length at this scale, in whole logical pixels, never below 1."""
        return max(1, round(value * self.scale))

    def car(self, index: int) -> QtGui.QColor:
        """The colour at place ``index``; from the last on they begin again."""
        return self.cars[index % len(self.cars)]

    def small(self, *, bold: bool = False, mono: bool = False) -> QtGui.QFont:
        """The font of labels and remarks."""
        return self._font(SMALL, bold, mono)

    def body(self, *, bold: bool = False, mono: bool = False) -> QtGui.QFont:
        """The font of rows and figures."""
        return self._font(BODY, bold, mono)

    def large(self, *, bold: bool = False, mono: bool = False) -> QtGui.QFont:
        """The font of the session clock and of the one figure that matters."""
        return self._font(LARGE, bold, mono)

    def _font(self, size: int, bold: bool, mono: bool) -> QtGui.QFont:
        # A copy: whoever changes its spacing must not change everybody's.
        return QtGui.QFont(_font(round(size * self.scale), bold, mono, self.heavy))

    def scaled(self, scale: float) -> Theme:
        """The same theme at another scale."""
        return Theme(self.name, self.title, self.dark, self.heavy, self.colours, self.cars, scale)


@cache
def _font(pixels: int, bold: bool, mono: bool, heavy: bool) -> QtGui.QFont:
    font = QtGui.QFont(family(MONO if mono else SANS))
    font.setPixelSize(pixels)
    # Hinted advances differ between measuring and painting on some platforms, and text that was
    # measured to fit would be cut.
    font.setHintingPreference(QtGui.QFont.HintingPreference.PreferNoHinting)
    # Coloured fringes reach beyond the measured text and differ from cached pictures.
    font.setStyleStrategy(QtGui.QFont.StyleStrategy.NoSubpixelAntialias)
    weight = QtGui.QFont.Weight
    if bold:
        font.setWeight(weight.Bold if heavy else weight.DemiBold)
    else:
        font.setWeight(weight.Medium if heavy else weight.Normal)
    if not mono:
        # Inter's digits are proportional by default; figures that change must not dance.
        font.setFeature(QtGui.QFont.Tag("tnum"), 1)
    return font


def load_theme(name: str, scale: float = 1.0) -> Theme:
    """The theme called ``name``. Raises BadInput when its file is missing or incomplete."""
    path = resource_path("themes", f"{name}.toml")
    try:
        doc = tomllib.loads(path.read_text(encoding="utf-8"))
        given = doc["colours"]
        colours = Colours(**{f.name: _colour(given[f.name], path) for f in fields(Colours)})
        cars = tuple(_colour(text, path) for text in doc["cars"]["colours"])
        return Theme(name, doc["title"], doc["dark"], doc["heavy"], colours, cars, scale)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"theme {name}: {path.name} cannot be used ({error!r})") from error


def _colour(text: str, path: Path) -> QtGui.QColor:
    colour = QtGui.QColor(text)
    if not colour.isValid():
        raise BadInput(f"theme {path.name}: {text!r} is not a colour")
    return colour


def scale_for(width: int, height: int) -> float:
    """The text scale that suits a window of this size in logical pixels: what is read from two
    metres on a laptop must not shrink on a wall-size screen at 100 %."""
    wanted = min(width / 1920, height / 1080)
    return max((s for s in SCALES if s <= wanted + 0.02), default=SCALES[0])


AA = 4.5
"""Contrast that small text needs (WCAG 2, level AA)."""


def luminance(colour: QtGui.QColor) -> float:
    """Relative luminance, 0..1, as WCAG reckons it."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    r, g, b = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: QtGui.QColor, b: QtGui.QColor) -> float:
    """WCAG contrast, 1..21."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def readable(colour: QtGui.QColor, ground: QtGui.QColor, ink: QtGui.QColor) -> QtGui.QColor:
    """``colour`` as text on ``ground``: with as much of ``ink`` as it takes to be read."""
    shares = (step / 10 for step in range(11))
    return next(c for s in shares if contrast(c := mix(colour, ink, s), ground) >= AA or s == 1)


def with_alpha(colour: QtGui.QColor, alpha: float) -> QtGui.QColor:
    """The same colour at ``alpha`` 0..1."""
    made = QtGui.QColor(colour)
    made.setAlphaF(alpha)
    return made


def mix(a: QtGui.QColor, b: QtGui.QColor, share: float) -> QtGui.QColor:
    """``share`` of ``b`` over ``a``, opaque."""
    return QtGui.QColor.fromRgbF(
        a.redF() + (b.redF() - a.redF()) * share,
        a.greenF() + (b.greenF() - a.greenF()) * share,
        a.blueF() + (b.blueF() - a.blueF()) * share,
    )


def apply_palette(widget: QtWidgets.QWidget, theme: Theme) -> None:
    """Give Qt's own widgets (message boxes, scroll bars, tool tips) the theme's colours."""
    c, role = theme.colours, QtGui.QPalette.ColorRole
    palette = QtGui.QPalette()
    for roles, colour in (
        ((role.Window, role.Button, role.AlternateBase), c.panel),
        ((role.Base,), c.ground),
        ((role.Text, role.WindowText, role.ButtonText, role.ToolTipText), c.text),
        ((role.ToolTipBase,), c.raised),
        ((role.Mid, role.Dark, role.Midlight, role.Light), c.line),
        ((role.Highlight,), c.selected),
        ((role.HighlightedText,), c.text),
        ((role.PlaceholderText,), c.faint),
    ):
        for one in roles:
            palette.setColor(one, colour)
    widget.setPalette(palette)
    widget.setFont(theme.body())
