"""Thinning to the pixel keeps every extreme."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from pitwall.ui.plot.decimate import decimate, envelope, steps
from pitwall.ui.plot.polyline import polygon

runs = st.integers(1, 400).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(0, 60), min_size=n, max_size=n).map(sorted),
        st.lists(st.floats(-1e6, 1e6), min_size=n, max_size=n),
    )
)


@settings(max_examples=25)
@given(runs)
def test_at_most_two_points_a_column_and_no_extreme_lost(
    run: tuple[list[float], list[float]],
) -> None:
    x, y = np.array(run[0]), np.array(run[1])
    dx, dy = decimate(x, y)
    assert np.all(np.diff(dx) >= 0)
    columns = np.floor(x)
    for column in np.unique(columns):
        before, after = y[columns == column], dy[np.floor(dx) == column]
        assert len(after) <= 2
        assert after.min() == before.min()
        assert after.max() == before.max()


@settings(max_examples=25)
@given(runs)
def test_entries_and_exits_keep_their_direction(run: tuple[list[float], list[float]]) -> None:
    x, y = np.array(run[0]), np.array(run[1])
    dx, dy = decimate(x, y)
    columns = np.floor(x)
    for column in np.unique(columns):
        before, after = y[columns == column], dy[np.floor(dx) == column]
        if len(after) == 2:
            assert (after[1] >= after[0]) == (before[-1] >= before[0])


def test_a_thin_run_comes_back_unchanged() -> None:
    x = np.array([0.2, 1.7, 1.9, 5.0])
    y = np.array([3.0, 1.0, 2.0, 0.0])
    dx, dy = decimate(x, y)
    assert dx.tolist() == x.tolist()
    assert dy.tolist() == y.tolist()


def test_steps_hold_until_the_next_sample() -> None:
    x, y = steps(np.array([0.0, 10.0, 20.0]), np.array([1.0, 2.0, 3.0]))
    assert list(zip(x.tolist(), y.tolist(), strict=True)) == [
        (0, 1),
        (10, 1),
        (10, 2),
        (20, 2),
        (20, 3),
    ]


@settings(max_examples=25)
@given(runs, st.integers(1, 60))
def test_the_envelope_is_the_range_of_each_column(
    run: tuple[list[float], list[float]], width: int
) -> None:
    x, y = np.array(run[0]), np.array(run[1])
    column, low, high = envelope(x, y, y, width)
    inside = x < width
    assert column.tolist() == np.unique(np.floor(x[inside])).astype(int).tolist()
    for i, c in enumerate(column.tolist()):
        here = y[inside & (np.floor(x) == c)]
        assert (low[i], high[i]) == (here.min(), here.max())


@pytest.mark.parametrize("at", [0, 1, 4999, 77_777, 199_998, 199_999])
def test_a_single_sample_among_two_hundred_thousand_reaches_its_pixel(at: int) -> None:
    n, width, height = 200_000, 600, 100
    x = np.linspace(0, width - 1e-6, n)
    y = np.full(n, 90.0)
    y[at] = 10.0
    image = QImage(width, height, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    painter.setPen(QPen(QColor("white"), 0))
    dx, dy = decimate(x, y)
    assert len(dx) <= 2 * width
    painter.drawPolyline(polygon(dx, dy))
    painter.end()
    column = int(x[at])
    lit = [
        image.pixelColor(c, 10).lightness()
        for c in range(max(column - 1, 0), min(column + 2, width))
    ]
    assert max(lit) > 128


def test_a_polygon_holds_the_points() -> None:
    shape = polygon(np.array([1.0, 2.5]), np.array([-3.0, 4.0]))
    assert [(p.x(), p.y()) for p in shape] == [(1.0, -3.0), (2.5, 4.0)]
    assert polygon(np.empty(0), np.empty(0)).size() == 0
