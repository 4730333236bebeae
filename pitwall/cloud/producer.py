"""One car's producer: what it has written, and the heads that say so.

The contract that readers rely on: the first head is in the table before the first chunk; a head
states only counters whose chunks the table has accepted; the head that ends an epoch comes after
its last chunk. ``n`` runs by one in each series and is never given twice.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Protocol

from pitwall.cloud.items import Item, chunk_item, head_item
from pitwall.telemetry import BadInput, Head, Segment, Series

HEAD_EVERY_US = 1_000_000


class Lanes(Protocol):
    """Takes items, in order within each lane."""

    def put(self, lane: Hashable, item: Item, accepted: Callable[[], None] | None = None) -> None:
        """Queue ``item``; ``accepted`` is called once the table has it, before the next of the lane
        goes out."""
        ...


class Producer:
    """The producer of one (session, car, epoch). Used by the thread of its writer.

    Args:
        writer: takes the items.
        text: binary attributes as base64 text (see :mod:`pitwall.cloud.items`).
        session, car, epoch: whose chunks.
        groups: stated in every head, 0 where nothing was written yet.
        accepted: called with each chunk once the table has it, in order of n.
        stated: called with each head once the table has it.
    """

    def __init__(
        self,
        writer: Lanes,
        session: str,
        car: str,
        epoch: str,
        groups: Sequence[str] = (),
        accepted: Callable[[Segment], None] | None = None,
        stated: Callable[[Head], None] = lambda head: None,
        *,
        text: bool = False,
    ) -> None:
        self.session, self.car, self.epoch = session, car, epoch
        self.heads = 0
        self._writer = writer
        self._told = accepted
        self._stated = stated
        self._text = text
        self._offered: dict[str, int] = {}
        self._n: dict[str, int] = dict.fromkeys(groups, 0)
        self._t_first: int | None = None
        self._t = 0
        self._t_newest = 0
        self._lap = 0
        self._open = False
        self._waiting: list[Segment] = []
        self._head_pending = False

    def resume(self, heads: Iterable[Head]) -> None:
        """Go on after what the head of this very epoch states, where ``heads`` has one: chunks up
        to its counters are in the table already. Call it before the first chunk. Raises BadInput
        when that head has ended the epoch."""
        for head in heads:
            if (head.session, head.car, head.epoch) == (self.session, self.car, self.epoch):
                if head.ended:
                    raise BadInput(f"car {self.car}: epoch {self.epoch} has ended, use a new one")
                self._n.update(head.n)
                self._offered.update(head.n)
                self._t_first, self._t, self._lap = head.t_first, head.t, head.lap
                self._t_newest = head.t
                self._open = True

    def has(self, chunk: Segment) -> bool:
        """Whether a head this producer resumed from states ``chunk`` already."""
        return chunk.n_hi <= self._offered.get(chunk.series.group, 0)

    def offer(self, chunk: Segment) -> None:
        """Write ``chunk``, the next of its series. Raises BadInput when it is not."""
        series = chunk.series
        if (series.session, series.car, series.epoch) != (self.session, self.car, self.epoch):
            raise BadInput(f"chunk of {series} given to the producer of {self.car} {self.epoch}")
        expected = self._offered.get(series.group, 0) + 1
        if chunk.n_lo != expected or chunk.n_hi != expected:
            raise BadInput(f"{series}: n {chunk.n_lo} to {chunk.n_hi} where {expected} is next")
        self._offered[series.group] = expected
        if self._t_first is None:
            self._t_first = chunk.t_lo
        self._t_first = min(self._t_first, chunk.t_lo)
        if self._open:
            self._put(chunk)
            return
        self._waiting.append(chunk)
        if len(self._waiting) == 1:
            self._lap = chunk.lap
            self.head(chunk.t_lo)

    def head(self, t: int) -> None:
        """Write a head for event time ``t``, unless one is still on its way."""
        if self._t_first is None or self._head_pending:
            return
        self._head(t, ended=False)

    def end(self, t: int) -> None:
        """Write the head that ends the epoch; all chunks must have been accepted. A producer that
        never wrote anything has none."""
        if self._t_first is not None:
            self._head(t, ended=True)

    def _head(self, t: int, *, ended: bool) -> None:
        self._t = max(self._t, t, self._t_newest)
        head = Head(
            self.session,
            self.car,
            self.epoch,
            self._t_first or 0,
            self._t,
            self._lap,
            dict(self._n),
            ended,
        )
        self._head_pending = True
        self._writer.put(
            (self.session, self.car, self.epoch), head_item(head), lambda: self._head_in(head)
        )

    def _head_in(self, head: Head) -> None:
        self.heads += 1
        self._stated(head)
        self._head_pending = False
        self._open = True
        for chunk in self._waiting:
            self._put(chunk)
        self._waiting.clear()

    def _put(self, chunk: Segment) -> None:
        self._writer.put(
            chunk.series, chunk_item(chunk, text=self._text), lambda: self._chunk_in(chunk)
        )

    def _chunk_in(self, chunk: Segment) -> None:
        self._n[chunk.series.group] = chunk.n_hi
        if chunk.t_hi >= self._t_newest:
            self._t_newest = chunk.t_hi
            self._lap = chunk.lap
        if self._told is not None:
            self._told(chunk)


def owner(series: Series) -> tuple[str, str, str]:
    """Which producer a series is of: (session, car, epoch)."""
    return series.session, series.car, series.epoch
