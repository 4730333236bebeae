"""True lag, from the producers' heads."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pitwall.telemetry import Head

FOREIGN_US = 30_000_000
"""A producer's clock (or its replayed event time) that is further than this from server time is
taken as a clock of its own, and its heads are compared with its own first ones."""


class HeadLag:
    """How old the newest head was when it was read. The reader's thread only.

    Args:
        due: when what has an event time is to be with the service, where that is another time.
    """

    def __init__(self, due: Callable[[int], int] = int) -> None:
        self._due = due
        self.lag_us: int | None = None
        """Of the newest head; None before the first."""
        self.source_lag_us: int | None = None
        """How old the newest head was when the service got it; None before the first."""
        self.read_us = 0
        """Server time when the newest head was read."""
        self.shift_us: int | None = None
        """Server time minus the time that is due, where the newest head's clock is taken as one of
        its own; 0 where it is not, None before the first head."""
        self._newest = 0
        self._offsets: dict[tuple[str, str], int] = {}
        """By car and epoch, what is added to a head's time."""
        self._last: dict[tuple[str, str], tuple[int, int]] = {}
        """Time and creation time of the last head, by car and epoch."""

    def age_of(self, heads: Iterable[Head], server_us: int) -> int | None:
        """Age of the newest of ``heads``, all noted before, at ``server_us``; None of none."""
        stamps = [self._due(head.t) + self._offsets[head.car, head.epoch] for head in heads]
        return max(server_us - max(stamps), 0) if stamps else None

    def note(self, head: Head, created_us: int, server_us: int) -> None:
        """Take in a head, the service's creation time of its record and server time now."""
        key = (head.car, head.epoch)
        t = self._due(head.t)
        before = self._last.get(key)
        self._last[key] = (t, created_us)
        if before is None or _stepped(t - before[0], created_us - before[1]):
            behind = created_us - t
            self._offsets[key] = behind if abs(behind) > FOREIGN_US else 0
        offset = self._offsets[key]
        # A head from the future would hide all that come before that moment.
        stamped = min(t + offset, server_us)
        if stamped >= self._newest:
            self._newest = stamped
            self.lag_us = max(server_us - stamped, 0)
            # The service may round its times down.
            self.source_lag_us = max(created_us - stamped, 0)
            self.shift_us = offset
        self.read_us = max(self.read_us, server_us)


def _stepped(passed_us: int, created_us: int) -> bool:
    """Between two heads, did the producer's clock step? Heads that were held up come late, but
    their times go on as before: there only creation times are far apart."""
    if abs(passed_us - created_us) <= FOREIGN_US:
        return False
    return passed_us < 0 or passed_us > created_us
