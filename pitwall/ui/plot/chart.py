"""The frame of a chart pane: axes, title, and a worker that computes beside the Qt thread.

A subclass says what is asked for and how an answer is painted. At most one computation runs for a
pane; while it runs, the newest question waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace

from pitwall.runtime.errands import Errand, Errands
from pitwall.store import SessionStore
from pitwall.ui.chart_choice import ChartChoice
from pitwall.ui.charts import Part, parts_of
from pitwall.ui.charts.parts import REFERENCE
from pitwall.ui.model import Workspace
from pitwall.ui.panes.panel import Panel, elided
from pitwall.ui.picture import Picture
from pitwall.ui.plot.axis import Scale, nice_step, nice_ticks, tick_text
from pitwall.ui.plot.carrying import unpacked
from pitwall.ui.plot.choice import Trace
from pitwall.ui.plot.looks import Look, look_of
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.scene import Scene
from pitwall.ui.theme import Theme, mix, readable
from pitwall.ui.trace_layout import ChannelName

REST_S = 0.4
"""Between two answers while data comes; nobody reads a distribution faster."""
LEFT, BOTTOM, TOP, RIGHT = 58, 36, 4, 16


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be computed; equal questions have equal answers.

    Attributes:
        parts: of which samples.
        traces: of which channels.
        versions: of the columns they are in.
    """

    parts: tuple[Part, ...]
    traces: tuple[Trace, ...]
    versions: tuple[Hashable, ...]


class ChartPane(Panel):
    """A chart of what is in view.

    Attributes:
        answer: what is shown, as its subclass computed it; None before the first.
        answers: how many there were so far; for tests.
    """

    ACTION = ""
    """Name of the action that brings it up."""
    ASKS: tuple[str, ...] = ()
    """Which channels of :class:`ChartChoice` it is of; a dropped channel becomes the last."""

    SMALLEST = (220, 150)

    def __init__(
        self,
        theme: Theme,
        title: str,
        workspace: Workspace,
        store: SessionStore,
        parent: QtWidgets.QWidget | None = None,
    ) -> None:
        super().__init__(theme, title, parent)
        self.answer: object = None
        self.answers = 0
        self.workspace = workspace
        self.store = store
        self._asked: Question | None = None
        self._next: Question | None = None
        self._done_at = 0.0
        self._looks: dict[int, Look] = {}
        self._units = workspace.view.units
        self._up = QtCore.QRect()
        self._errands = Errands(f"pitwall-{type(self).__name__.lower()}")
        self._errands.told.connect(self._told)
        self._later = QtCore.QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._ask)
        self.setAcceptDrops(True)

    # -- of a subclass ------------------------------------------------------------------

    def compute(self, question: Question) -> object:
        """The answer; runs on the worker's thread and touches no widget."""
        raise NotImplementedError

    def describe(self) -> tuple[str, str]:
        """Title and remark for :attr:`answer`."""
        raise NotImplementedError

    def paint_answer(self, painter: QtGui.QPainter, area: QtCore.QRect) -> None:
        """Paint :attr:`answer` into the chart's area."""
        raise NotImplementedError

    def figures(self) -> list[tuple[Part, str]]:
        """What there is to say of each part of :attr:`answer`, a line each, over the chart."""
        return []

    # -- asking -------------------------------------------------------------------------

    def show_scene(self, scene: Scene) -> None:
        """Ask about what is in view now, when it is another thing."""
        picture, view = scene.picture, scene.view
        if picture is None:
            return
        traces = tuple(view.charts.trace(what, self.store.catalog) for what in self.ASKS)
        known = tuple(trace for trace in traces if trace is not None)
        if len(known) < len(self.ASKS):
            self.set_titles(self.title, "no channels")
            return
        parts = parts_of(picture, view)
        if view.units != self._units:
            self._units = view.units
            self.update()
        self._learn_looks(scene, picture)
        versions = tuple(
            columns.version if (columns := self.store.columns(part.car, trace.group)) else -1
            for part in parts
            for trace in known
        )
        question = Question(parts, known, versions)
        if question != self._asked:
            self._next = question
            self._ask()

    def show_cursor(self, scene: Scene) -> None:
        """Another part may be in view."""
        self.show_scene(scene)

    def stop(self, limit_s: float) -> bool:
        """End the worker; True when it has ended in time."""
        self._later.stop()
        self._next = None
        return self._errands.stop(limit_s)

    def handlers(self) -> dict[str, Callable[[], None]]:
        """Its action: the window has shown it, so that only the keyboard is left to follow."""
        return {self.ACTION: self.setFocus}

    def look(self, number: int) -> Look:
        """Looks of a part."""
        return self._looks.get(number) or look_of(self.theme, self.theme.colours.reference)

    def _learn_looks(self, scene: Scene, picture: Picture) -> None:
        others = picture.session.others if picture.session is not None else ()
        looks = {0: look_of(self.theme, scene.colour(picture.car))}
        for number, car in enumerate(others, start=1):
            looks[number] = look_of(self.theme, scene.colour(car))
        for number, other in enumerate(picture.others, start=1):
            looks[number] = look_of(self.theme, scene.colour(other.shown.car), other.rank)
        looks[REFERENCE] = look_of(self.theme, self.theme.colours.reference)
        if looks != self._looks:
            self._looks = looks
            self.update()

    def _ask(self) -> None:
        if self._next is None or self._errands.busy or self._later.isActive():
            return
        wait = REST_S - (time.monotonic() - self._done_at)
        if wait > 0 and self._asked is not None and self._same_place(self._next):
            self._later.start(max(1, round(wait * 1000)))
            return
        self._asked, self._next = self._next, None
        self._errands.run(_job(self.compute, self._asked))

    def _same_place(self, question: Question) -> bool:
        """Only data changed: that can wait. What the user did cannot."""
        before = self._asked
        if before is None or question.traces != before.traces:
            return False
        return [p.words for p in question.parts] == [p.words for p in before.parts]

    def _told(self, key: str, value: object) -> None:
        if key == "answer":
            self.answer = value
            self.answers += 1
            self.set_titles(*self.describe())
            self.update()
        elif key == "failed":
            self.set_titles(self.title, f"not computed: {value}")
        elif key == "ended":
            self._done_at = time.monotonic()
            self._ask()

    # -- painting -----------------------------------------------------------------------

    @property
    def area(self) -> QtCore.QRect:
        """Where the chart is, under the lines that say what it is of."""
        px = self.theme.px
        lines = max(len(self.figures()) if self.answer is not None else 0, 1)
        top = self.top + px(TOP) + lines * self._line_height
        return QtCore.QRect(
            px(LEFT),
            top,
            max(self.width() - px(LEFT) - px(RIGHT), 10),
            max(self.height() - top - px(BOTTOM), 10),
        )

    @property
    def _line_height(self) -> int:
        return QtGui.QFontMetrics(self._legend).height()

    @property
    def _legend(self) -> QtGui.QFont:
        """For what is said of the parts: one size smaller where there is no room for all of it."""
        large = self.theme.body(mono=True)
        metrics, figures = QtGui.QFontMetrics(large), self._legend_lines()
        widest = max((metrics.horizontalAdvance(text) for _, text in figures), default=0)
        room = self.width() - self.padding - self.theme.px(RIGHT + 12) - self._up.width()
        return large if widest <= room else self.theme.small(mono=True)

    def _legend_lines(self) -> list[tuple[Part, str]]:
        if self.answer is None:
            return []
        return [
            (part, f"{'ref ' if part.number == REFERENCE else ''}{part.words}  {words}")
            for part, words in self.figures()
        ]

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: D102, N802
        painter = QtGui.QPainter(self)
        self.paint_frame(painter)
        if self.answer is not None:
            self.paint_answer(painter, self.area)
            self._paint_figures(painter)
        painter.end()

    def paint_axes(
        self,
        painter: QtGui.QPainter,
        x: Scale,
        y: Scale,
        words: tuple[str, str],
        *,
        left: bool = True,
    ) -> None:
        """Hairlines, figures, and what the axes are: ``words`` across and up. ``left=False``: no
        figures at the left, where the caller has its own."""
        theme, c, area = self.theme, self.theme.colours, self.area
        painter.setFont(theme.small(mono=True))
        metrics = painter.fontMetrics()
        hair = mix(c.panel, c.line, 0.6)
        wanted = max(2, area.width() // theme.px(90))
        step = nice_step(x.high - x.low, wanted)
        for value in nice_ticks(x.low, x.high, wanted):
            at = round(x.pixel(value))
            painter.setPen(hair)
            painter.drawLine(at, area.top(), at, area.bottom())
            text = tick_text(value, step)
            painter.setPen(c.faint)
            half = metrics.horizontalAdvance(text) / 2
            base = area.bottom() + theme.px(3) + metrics.ascent()
            painter.drawText(QtCore.QPointF(at - half, base), text)
        wanted = max(2, area.height() // theme.px(40))
        step = nice_step(y.high - y.low, wanted)
        for value in nice_ticks(y.low, y.high, wanted) if left else ():
            at = round(y.pixel(value))
            painter.setPen(hair)
            painter.drawLine(area.left(), at, area.right(), at)
            self.paint_left(painter, at, tick_text(value, step))
        painter.setFont(theme.small())
        painter.setPen(c.dim)
        metrics = painter.fontMetrics()
        base = self.height() - theme.px(6) - metrics.descent()
        across = metrics.elidedText(words[0], QtCore.Qt.TextElideMode.ElideRight, area.width())
        right = area.right() - metrics.horizontalAdvance(across)
        painter.drawText(QtCore.QPointF(right, base), across)
        self._up = QtCore.QRect(self.padding, self.top, metrics.horizontalAdvance(words[1]), 0)
        painter.drawText(self._up.left(), self.top + metrics.ascent(), words[1])

    def _paint_figures(self, painter: QtGui.QPainter) -> None:
        """What there is to say of each part, in its colour, over the chart's right end."""
        theme, c, area = self.theme, self.theme.colours, self.area
        painter.setFont(self._legend)
        metrics, top = painter.fontMetrics(), self.top
        room = area.right() - self._up.right() - theme.px(12)
        for part, words in self._legend_lines():
            text = elided(painter, words, room)
            painter.setPen(readable(self.look(part.number).inks[0], c.panel, c.text))
            x = area.right() - metrics.horizontalAdvance(text)
            painter.drawText(QtCore.QPointF(x, top + metrics.ascent()), text)
            top += self._line_height

    def paint_left(self, painter: QtGui.QPainter, at: int, text: str) -> None:
        """A figure at the left axis."""
        metrics = painter.fontMetrics()
        painter.setPen(self.theme.colours.faint)
        x = self.area.left() - self.theme.px(6) - metrics.horizontalAdvance(text)
        painter.drawText(QtCore.QPointF(x, at + metrics.ascent() / 2 - 1), text)

    # -- another channel ----------------------------------------------------------------

    def choose(self, name: ChannelName, what: str | None = None) -> None:
        """Show this channel."""
        charts: ChartChoice = self.workspace.view.charts
        self.workspace.change(charts=replace(charts, **{what or self.ASKS[-1]: name}))

    def dragEnterEvent(self, event: QtGui.QDragEnterEvent) -> None:  # noqa: D102, N802
        if unpacked(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QtGui.QDropEvent) -> None:  # noqa: D102, N802
        name = unpacked(event.mimeData())
        if name is not None:
            self.choose(name, self.drop_on(event.position()))
            event.acceptProposedAction()

    def drop_on(self, point: QtCore.QPointF) -> str:
        """Which channel a drop there is for."""
        return self.ASKS[-1]


def _job(compute: Callable[[Question], object], question: Question) -> Callable[[Errand], None]:
    return lambda errand: errand.tell("answer", compute(question))
