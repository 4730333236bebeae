"""Undo and redo of what is looked at and where panes are. No Qt.

Changes that follow each other closely and are of one kind (a wheel turned, a pane's edge dragged)
are one step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from pitwall.ui.layout import Layout
from pitwall.ui.model import View, Workspace

MOST_STEPS = 200
TOGETHER_S = 0.8
PASSING = frozenset({"cursor", "mark", "pinned"})
"""Fields of a view that come and go with the pointer."""


@dataclass(frozen=True, slots=True)
class _State:
    view: View
    layout: Layout


class History:
    """Remembers states, newest last; bounded.

    Attributes:
        words: what the last undo or redo changed, for people.
    """

    def __init__(
        self,
        workspace: Workspace,
        layout: Callable[[], Layout],
        show_layout: Callable[[Layout], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            workspace: what is looked at; subscribed to.
            layout: the present layout.
            show_layout: shows another one.
            clock: seconds, for what counts as one step.
        """
        self.words = ""
        self._workspace = workspace
        self._layout = layout
        self._show_layout = show_layout
        self._clock = clock
        self._back: list[_State] = []
        self._forth: list[_State] = []
        self._now = _State(workspace.view, layout())
        self._kind: frozenset[str] = frozenset()
        self._at = 0.0
        self._aside = 0
        workspace.subscribe(self._view_changed)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What changes in here was not the user's doing."""
        self._aside += 1
        try:
            yield
        finally:
            self._aside -= 1

    def layout_changed(self) -> None:
        """Another layout is shown."""
        kind = {"layout"}
        if self._layout().role is not self._now.layout.role:
            kind = {"workspace"}
        self._changed(frozenset(kind))

    def _view_changed(self, names: frozenset[str]) -> None:
        self._changed(names - PASSING)

    def _changed(self, kind: frozenset[str]) -> None:
        before, self._now = self._now, _State(self._workspace.view, self._layout())
        if self._aside or not kind or _same(before, self._now):
            return
        now = self._clock()
        together = kind == self._kind and now - self._at < TOGETHER_S and bool(self._back)
        self._kind, self._at = kind, now
        self._forth.clear()
        if not together:
            self._back = [*self._back, before][-MOST_STEPS:]

    @property
    def steps(self) -> tuple[int, int]:
        """How many steps can be undone and done again."""
        return len(self._back), len(self._forth)

    def undo(self) -> bool:
        """Go one step back; False when there is none."""
        return self._go(self._back, self._forth)

    def redo(self) -> bool:
        """Do again what was undone last; False when there is nothing."""
        return self._go(self._forth, self._back)

    def _go(self, source: list[_State], target: list[_State]) -> bool:
        if not source:
            self.words = ""
            return False
        target.append(self._now)
        wanted = source.pop()
        self.words = _difference(self._now, wanted)
        with self.aside():
            self._restore(wanted)
        self._now = _State(self._workspace.view, self._layout())
        self._kind = frozenset()
        return True

    def _restore(self, wanted: _State) -> None:
        if wanted.layout != self._layout():
            self._show_layout(wanted.layout)
        view = wanted.view
        changed = {n: getattr(view, n) for n in _differing(self._workspace.view, view)}
        if changed:
            # In the past the cursor is the moment; a mark on what is no longer shown means nothing.
            past = view.moment is not None
            self._workspace.change(**changed, cursor=view.moment, pinned=past, mark=None)


def _differing(a: View, b: View) -> tuple[str, ...]:
    names = (f.name for f in fields(View) if f.name not in PASSING)
    return tuple(n for n in names if getattr(a, n) != getattr(b, n))


def _same(a: _State, b: _State) -> bool:
    return a.layout == b.layout and not _differing(a.view, b.view)


_WORDS = {"span": "zoom", "window_s": "zoom", "moment": "time", "traces": "plots"}


def _difference(a: _State, b: _State) -> str:
    words = [_WORDS.get(n, n) for n in _differing(a.view, b.view)]
    if a.layout.role is not b.layout.role:
        words.append("workspace")
    elif a.layout != b.layout:
        words.append("layout")
    return ", ".join(dict.fromkeys(words))
