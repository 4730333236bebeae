"""Curves of a whole session: nothing lost in drawing, holes stay open, the same at every width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from pitwall.store import SessionStore, Source
from pitwall.store.block import pieces_of
from pitwall.store.ledger import Ledger
from pitwall.store.samples import Samples
from pitwall.telemetry import Catalog, Channel, Group, Session
from pitwall.ui.lapview import LapView
from pitwall.ui.model import ROLLING_S, Axis, Workspace
from pitwall.ui.plot.choice import choose
from pitwall.ui.plot.columns import reduced
from pitwall.ui.plot.trace_stack import TraceStack
from pitwall.ui.theme import load_theme

HZ = 100
STEP_US = 1_000_000 // HZ
GROUP = Group(
    "driver",
    float(HZ),
    250_000,
    (
        Channel("speed", "m/s", 0.01, -100.0, 100.0),
        Channel("gear", "1", 1.0, -100.0, 100.0, step=True),
    ),
)
SESSION = Session("2025-09-06-test-long", "Long", Catalog((GROUP,)), 0)
Show = Callable[..., tuple[TraceStack, Workspace]]


def filled(values: np.ndarray, missing: slice = slice(0, 0)) -> SessionStore:
    """A car with these samples, float[2, n], but for the chunks of those that are missing."""
    n = np.arange(values.shape[1]) // 25 + 1
    keep = np.ones(len(n), np.bool_)
    keep[missing] = False
    none = np.zeros(int(keep.sum()), np.uint16)
    source = np.full(len(none), Source.STREAM.code, np.uint8)
    pieces = pieces_of(n[keep].astype(np.int32), none, source, none)
    t = np.arange(values.shape[1], dtype=np.int64)[keep] * STEP_US
    store = SessionStore(SESSION)
    growing = store.growing(("1", "driver"))
    growing.epoch_index("a")
    growing.insert(Samples(t, values[:, keep].astype(np.float32), pieces))
    store.publish([("1", "driver")], Ledger(), {}, {})
    return store


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    def make(
        store: SessionStore, size: tuple[int, int] = (1000, 400)
    ) -> tuple[TraceStack, Workspace]:
        workspace = Workspace()
        workspace.change(car="1", axis=Axis.ROLLING)
        stack = TraceStack(load_theme("dark"), workspace, store)
        qtbot.addWidget(stack)
        stack.resize(*size)
        picture = LapView(store, choose(SESSION.catalog)).picture(workspace.view, None)
        stack.show_picture(replace(picture, holes=()), QColor("#4fb3ff"))
        workspace.subscribe(stack.view_changed)
        return stack, workspace

    return make


def inked(stack: TraceStack, plot: int) -> np.ndarray:
    """bool[height, width] of a plot's curve: what is as blue as the car's colour."""
    image = stack.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    box = stack._boxes.plots[plot].inner.adjusted(0, -2, 1, 2)
    part = pixels[box.top() : box.bottom() + 1, box.left() : box.right() + 1]
    return (part & 255) > 150


@pytest.mark.parametrize("n", [1_500, 6_000, 40_000, 300_000, 1_200_000])
def test_no_extreme_is_lost(show: Show, n: int) -> None:
    """Single samples high and low, anywhere: each is seen in its own column or the next."""
    rng = np.random.default_rng(n)
    values = np.zeros((2, n))
    at = np.unique(rng.integers(0, n, 30))
    values[0, at] = np.where(np.arange(len(at)) % 2, 90.0, -90.0)
    stack, workspace = show(filled(values))
    end = (n - 1) / HZ
    for low, high in ((0.0, end), (0.3 * end, 0.5 * end), (0.5 * end, 0.52 * end)):
        workspace.change(span=(low, high))
        ink = inked(stack, 0)
        y = stack._painted.y[0]
        top = stack._boxes.plots[0].inner.top() - 2
        seen = 0
        for i in at:
            x = stack._painted.x.pixel(i / HZ) - stack._boxes.left
            if not 1 < x < ink.shape[1] - 2:
                continue
            seen += 1
            row = round(y.pixel(values[0, i])) - top
            near = ink[max(row - 2, 0) : row + 3, int(x) - 1 : int(x) + 3]
            assert near.any(), f"sample {i} of {n} is not drawn"
        assert seen or high - low < end


@pytest.mark.parametrize("n", [1_500, 40_000, 300_000])
def test_a_hole_stays_open(show: Show, n: int) -> None:
    hole = slice(n // 2 // 25 * 25, (n // 2 + n // 10) // 25 * 25)
    values = np.tile(np.linspace(-50, 50, n), (2, 1))
    stack, workspace = show(filled(values, hole))
    workspace.change(span=(0.0, (n - 1) / HZ))
    for plot in (0, 1):
        columns = inked(stack, plot).any(axis=0)
        width = len(columns)
        first, last = hole.start / n * width, hole.stop / n * width
        assert not columns[int(first) + 3 : int(last) - 3].any()
        assert columns[3 : int(first) - 3].all()
        assert columns[int(last) + 3 : -3].all()


def test_every_width_of_window_draws_one_level_where_nothing_moves(show: Show) -> None:
    values = np.full((2, 400_000), 20.0)
    stack, workspace = show(filled(values))
    for seconds in (3.0, 8.0, 20.0, 90.0, 900.0, 3999.0):
        workspace.change(span=(0.0, seconds))
        ink = inked(stack, 0)
        assert ink.any(axis=0)[2:-2].all()
        assert 1 <= ink.sum(axis=0)[2:-2].max() <= 3, seconds


@pytest.mark.parametrize("thin", [40.0, 400.0, 3999.0])
def test_level_parts_of_a_lively_curve_are_drawn_too(show: Show, thin: float) -> None:
    values = np.zeros((2, 400_000))
    values[0] = np.where(np.arange(400_000) // 3000 % 2, 0.0, 100.0)
    values[0, ::97] = -100.0
    stack, workspace = show(filled(values))
    workspace.change(span=(0.0, thin))
    assert inked(stack, 0).any(axis=0)[2:-2].all()
    values[0, 1000:] = np.where(np.arange(399_000) % 900 < 450, 100.0, -100.0)
    stack, workspace = show(filled(values))
    workspace.change(span=(0.0, thin / 20))
    assert inked(stack, 0).any(axis=0)[2:-2].all()


@pytest.mark.parametrize("seconds", [4.0, 9.0, 12.0])
def test_a_step_holds_its_value(show: Show, seconds: float) -> None:
    n = int(seconds * HZ) + 1
    values = np.zeros((2, n))
    values[:, n // 2 :] = 80.0
    stack, workspace = show(filled(values))
    workspace.change(span=(0.0, (n - 1) / HZ))
    ink = inked(stack, 1)
    middle = ink[ink.shape[0] // 8 * 3 : ink.shape[0] // 8 * 5]  # between the two levels
    y = stack._painted.y[1]
    top = stack._boxes.plots[1].inner.top() - 2
    between = round((y.pixel(0.0) + y.pixel(80.0)) / 2) - top
    assert ink[between].sum() <= 3
    assert ink[between].any()
    assert middle.shape[0] > 4


def test_the_wheel_reaches_the_whole_session_and_home_comes_back(show: Show) -> None:
    stack, workspace = show(filled(np.zeros((2, 100_000))))
    assert stack.span[1] - stack.span[0] == pytest.approx(ROLLING_S)
    stack.zoom(0.25, stack.span[1])
    assert workspace.view.span is None
    assert workspace.view.window_s == pytest.approx(4 * ROLLING_S)
    stack.pan(-1.0)
    assert workspace.view.span is not None
    stack.whole()
    assert (workspace.view.span, workspace.view.window_s) == (None, ROLLING_S)
    stack.whole()
    assert stack._workspace.view.window_s == pytest.approx(999.99, abs=0.1)


@pytest.mark.parametrize("each", [1, 3, 4, 5, 7, 50])
def test_reduced_is_reduceat(each: int) -> None:
    rng = np.random.default_rng(each)
    values = rng.normal(size=(2, 600)).astype(np.float32)
    values[:, rng.integers(0, 600, 30)] = np.nan
    first = np.concatenate(([0], np.cumsum(each + rng.integers(0, 2, 600))))
    first = first[first < 600]
    if 2 < each < 50:
        first = np.delete(first, [5, 40, 41, -3])  # some are longer
    for one in (np.fmin, np.fmax):
        np.testing.assert_array_equal(
            reduced(one, values, first), one.reduceat(values, first, axis=1)
        )


@pytest.mark.parametrize("n", [40_000, 1_200_000])
def test_coarser_under_load_no_extreme_is_lost(show: Show, n: int) -> None:
    """Four times wider stretches: every extreme is still at its height, a few columns off at
    most, and what is near is as fine as ever."""
    values = np.zeros((2, n))
    at = np.arange(n // 20, n, n // 10)
    values[0, at] = np.where(np.arange(len(at)) % 2, 90.0, -90.0)
    stack, workspace = show(filled(values))
    stack.draw_coarse(lambda: 4)
    workspace.change(span=(0.0, (n - 1) / HZ))
    ink = inked(stack, 0)
    y, box = stack._painted.y[0], stack._boxes.plots[0].inner
    for i in at:
        x = int(stack._painted.x.pixel(i / HZ) - stack._boxes.left)
        row = round(y.pixel(values[0, i])) - (box.top() - 2)
        assert ink[max(row - 2, 0) : row + 3, max(x - 6, 0) : x + 7].any(), i
    near = (0.5 * n / HZ, 0.5 * n / HZ + 4.0)
    workspace.change(span=near)
    fine = inked(stack, 0)
    stack.draw_coarse(lambda: 1)
    stack._easel.stale()
    assert (inked(stack, 0) == fine).all()
