"""How old the picture is: the label that must neither flatter nor dance."""

from __future__ import annotations

HOLD_S = 1.0


class ShownLag:
    """The largest lag of each second, shown for the second after it.

    Samples between two commits run from a few tenths of a second up to more than half of one;
    a label that followed them would change with every frame, and one that took the newest would
    always tell the best of them.
    """

    def __init__(self) -> None:
        self._until = 0.0
        self._peak: int | None = None
        self._shown: int | None = None

    def note(self, lag_us: int | None, now_s: float) -> None:
        """One look at the lag; None where it is not known. ``now_s`` is a steady clock."""
        if lag_us is not None:
            self._peak = max(self._peak or 0, lag_us)
        if now_s >= self._until:
            self._until = now_s + HOLD_S
            self._shown, self._peak = self._peak, None

    @property
    def shown_us(self) -> int | None:
        """What the label says; None before anything is known."""
        return self._shown
