"""Says a new alarm once, wherever one looks; and sounds where its rule wants that."""

from __future__ import annotations

from collections.abc import Callable

from pitwall.store import AlarmBoard, Arrival
from pitwall.ui.units import unit_text

MOST_SAID = 3


class AlarmBell:
    """Remembers which alarms were said."""

    def __init__(self, say: Callable[[str], None], ring: Callable[[], None]) -> None:
        """
        Args:
            say: shows a line for a while.
            ring: makes a sound.
        """
        self._say = say
        self._ring = ring
        self._said: set[int] = set()
        self._version = -1

    def look(self, board: AlarmBoard) -> None:
        """Say what is new; what comes late is said as such."""
        if board.version == self._version:
            return
        self._version = board.version
        new = [alarm for alarm in board.unseen if alarm.entry.id not in self._said]
        self._said = {alarm.entry.id for alarm in board.unseen}
        if not new:
            return
        lines = []
        for alarm in new[-MOST_SAID:]:
            entry = alarm.entry
            worst = f"{entry.worst:.4g} {unit_text(alarm.unit)}".strip()
            late = ", told late" if entry.arrival is Arrival.LATE else ""
            lines.append(f"Car {entry.car}: {alarm.rule.title} ({worst}{late})")
        if len(new) > MOST_SAID:
            lines.append(f"and {len(new) - MOST_SAID} more")
        self._say("Alarm · " + " · ".join(lines))
        if any(alarm.rule.sound for alarm in new):
            self._ring()
