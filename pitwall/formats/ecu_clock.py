"""Event time from a producer's own stamps: put in order, and moved to the receiver's clock."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from pitwall.formats.odometer import Stamp

_WINDOW_US = 60_000_000
_MAX_HELD = 20_000
_JUMP_US = 600_000_000
"""A change of (receipt - stamp) beyond this is another clock setting, not a late delivery."""


class EcuClock:
    """Stamps of one car in order of the producer's clock, shifted by one constant.

    The producer's clock may be hours off, so that its stamps are moved by the least difference to
    the receipt time that the first minute shows: intervals stay the producer's own, but for a
    drift that was found over the whole file. Rows of one
    instant that arrived apart are joined. Memory is bounded by a minute of stamps.
    """

    def __init__(self, drift: float = 0.0) -> None:
        """``drift``: seconds that the receiver's clock gains in each of the producer's."""
        self._drift = drift
        self._origin: int | None = None
        self._heap: list[tuple[int, int, Stamp]] = []
        self._seen = 0
        self._offset: int | None = None
        self._least: int | None = None
        self._newest = 0

    def push(self, stamp: Stamp) -> Iterator[tuple[Stamp, int]]:
        """Take the next stamp in file order; yield ``(stamp, event_us)`` in order of event."""
        event = stamp.event_us
        if event is None:
            return
        if self._origin is None:
            self._origin = event
        event += round((event - self._origin) * self._drift)
        difference = stamp.receipt_us - event
        if self._least is not None and abs(difference - self._least) > _JUMP_US:
            yield from self.finish()
            self._offset = self._least = None
        self._least = difference if self._least is None else min(self._least, difference)
        self._newest = max(self._newest, event) if self._heap else event
        heapq.heappush(self._heap, (event, self._seen, stamp))
        self._seen += 1
        while self._heap and (
            self._newest - self._heap[0][0] > _WINDOW_US or len(self._heap) > _MAX_HELD
        ):
            yield self._take()

    def finish(self) -> Iterator[tuple[Stamp, int]]:
        """Yield what is left."""
        while self._heap:
            yield self._take()

    def _take(self) -> tuple[Stamp, int]:
        if self._offset is None:
            self._offset = self._least or 0
        event, _, stamp = heapq.heappop(self._heap)
        while self._heap and self._heap[0][0] == event:
            _, _, other = self._heap[0]
            if any(stamp.values.get(k, v) != v for k, v in other.values.items()):
                break
            heapq.heappop(self._heap)
            stamp = Stamp(
                max(stamp.receipt_us, other.receipt_us),
                event,
                {**stamp.values, **other.values},
                stamp.lap if other.lap is None else other.lap,
            )
        return stamp, event + self._offset
