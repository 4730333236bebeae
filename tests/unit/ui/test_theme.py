"""Themes are complete, readable, and their car colours can be told apart by everybody."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PySide6.QtGui import QColor, QFont

from pitwall.telemetry import BadInput
from pitwall.ui.qt import make_application
from pitwall.ui.theme import AA, SCALES, THEMES, Theme, load_theme, readable, scale_for

# Machado, Oliveira, Fernandes 2009: full protanopia and deuteranopia, on linear RGB.
PROTAN = np.array(
    [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]
)
DEUTAN = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def linear(colour: QColor) -> np.ndarray:
    c = np.array([colour.redF(), colour.greenF(), colour.blueF()])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    x = TO_XYZ @ rgb / np.array([0.95047, 1.0, 1.08883])
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(a: QColor, b: QColor) -> float:
    """The least CIE76 difference over three kinds of eyes."""
    eyes = (np.eye(3), PROTAN, DEUTAN)
    return min(
        float(np.linalg.norm(lab(np.clip(e @ linear(a), 0, 1)) - lab(np.clip(e @ linear(b), 0, 1))))
        for e in eyes
    )


def contrast(a: QColor, b: QColor) -> float:
    """WCAG contrast ratio."""
    ya, yb = (float(TO_XYZ[1] @ linear(c)) for c in (a, b))
    return (max(ya, yb) + 0.05) / (min(ya, yb) + 0.05)


@pytest.fixture(params=THEMES)
def theme(request: pytest.FixtureRequest) -> Theme:
    make_application()
    return load_theme(request.param)


def test_car_colours_can_be_told_apart(theme: Theme) -> None:
    assert len(theme.cars) >= 10
    for a, b in itertools.combinations(theme.cars[:10], 2):
        assert apart(a, b) >= 13, f"{a.name()} and {b.name()}"
    for car in theme.cars[:8]:
        assert apart(car, theme.colours.reference) >= 10, car.name()


def test_car_colours_repeat_in_their_order(theme: Theme) -> None:
    assert theme.car(0) == theme.cars[0]
    assert theme.car(len(theme.cars) + 2) == theme.cars[2]


def test_text_can_be_read(theme: Theme) -> None:
    c = theme.colours
    assert contrast(c.text, c.panel) >= 7
    for ground in (c.ground, c.panel, c.raised, c.selected):
        for name in (
            *("text", "dim", "faint", "live", "attention", "fault", "best", "reference_text"),
        ):
            assert contrast(getattr(c, name), ground) >= AA, f"{name} on {ground.name()}"
        for car in theme.cars:
            assert contrast(readable(car, ground, c.text), ground) >= AA
    assert contrast(c.dim, c.panel) > 1.2 * contrast(c.faint, c.panel), "dim and faint differ"
    assert contrast(c.on_live, c.live) >= 4.5


def test_a_theme_at_another_scale(theme: Theme) -> None:
    larger = theme.scaled(2.0)
    assert larger.body().pixelSize() == 2 * theme.body().pixelSize()
    assert larger.px(7) == 14
    assert {theme.small().pixelSize(), theme.body().pixelSize(), theme.large().pixelSize()} == {
        11,
        13,
        20,
    }


def test_a_font_that_is_changed_is_nobody_elses(theme: Theme) -> None:
    theme.small().setLetterSpacing(QFont.SpacingType.PercentageSpacing, 150)
    assert theme.small().letterSpacing() == 0


def test_the_bundled_faces_are_used(theme: Theme) -> None:
    assert theme.body().family() == "Inter"
    assert theme.body(mono=True).family() == "JetBrains Mono"


def test_scale_suits_the_size() -> None:
    assert scale_for(1366, 768) == SCALES[0]
    assert scale_for(1920, 1080) == 1.0
    assert scale_for(3840, 2160) == 2.0


def test_a_missing_theme_is_one_line() -> None:
    with pytest.raises(Exception, match="no-such"):
        load_theme("no-such")


def test_a_damaged_theme_is_one_line(tmp_path, monkeypatch) -> None:
    (tmp_path / "x.toml").write_text("title = 'x'\ndark = true\nheavy = false\n[colours]\n")
    monkeypatch.setattr("pitwall.ui.theme.resource_path", lambda *parts: tmp_path / parts[-1])
    with pytest.raises(BadInput, match="theme x"):
        load_theme("x")
