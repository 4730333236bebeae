"""Which missing chunks have had their time: live holes that a keyed read should look for."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from pitwall.store import Ledger
from pitwall.telemetry import Series
from pitwall.turbo.splice import Missing, unexplained

_MARKS = 512


@dataclass(slots=True)
class _Line:
    """What was known of a series when. The follower's thread only.

    Attributes:
        marks: (server time, n that existed then), oldest first, both rising.
        due_n: every n up to this is overdue when missing.
        again_us: server time before which its holes are not asked for again.
        wait_us: the pause after the next attempt that finds nothing.
    """

    marks: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_MARKS))
    due_n: int = 0
    again_us: int = 0
    wait_us: int = 0


class Overdue:
    """A chunk exists once a head states it or a later one of its series has come. It is overdue
    when that was known before ``limit_us`` and it is still missing."""

    def __init__(self, first_wait_us: int, most_wait_us: int) -> None:
        self._first = first_wait_us
        self._most = most_wait_us
        self._lines: dict[Series, _Line] = {}

    def note(self, ledger: Ledger, now_us: int) -> None:
        """Mark what exists now."""
        for series, books in ledger.series.items():
            line = self._lines.setdefault(series, _Line(wait_us=self._first))
            if not line.marks or line.marks[-1][1] < books.expected:
                line.marks.append((now_us, books.expected))

    def holes(self, ledger: Ledger, limit_us: int, now_us: int) -> list[Missing]:
        """Overdue holes to ask for now."""
        out: list[Missing] = []
        for series, line in self._lines.items():
            while line.marks and line.marks[0][0] <= limit_us:
                line.due_n = max(line.due_n, line.marks.popleft()[1])
            if line.due_n and now_us >= line.again_us:
                out += unexplained(ledger, series, line.due_n)
        return out

    def tried(self, left: list[Missing], asked: list[Missing], now_us: int) -> None:
        """``asked`` were asked for, ``left`` are still missing: those wait, ever longer."""
        still = {hole.series for hole in left}
        for series in {hole.series for hole in asked}:
            line = self._lines[series]
            if series in still:
                line.again_us = now_us + line.wait_us
                line.wait_us = min(line.wait_us * 2, self._most)
            else:
                line.again_us, line.wait_us = 0, self._first
