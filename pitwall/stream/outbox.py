"""Pages on their way to the writer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from pitwall.store import Batch, Source
from pitwall.stream import checkpoint
from pitwall.stream.pace import Pace
from pitwall.stream.shard import Shard
from pitwall.stream.skew import ServerClock
from pitwall.stream.timing import Time
from pitwall.stream.tree import ShardTree
from pitwall.telemetry import PitwallError
from pitwall.telemetry.clock import SECOND_US

_PATIENCE_S = 1.0


class Sink(Protocol):
    """Where batches go: the writer."""

    @property
    def failure(self) -> PitwallError | None:
        """What ended it; None while it works."""
        ...

    @property
    def depth(self) -> int:
        """Batches accepted and not committed yet."""
        ...

    def submit(self, batch: Batch, timeout_s: float = 30.0) -> None:
        """Accept a batch or raise Failure, also when the queue stays full."""
        ...


class Outbox:
    """Gives every page to the writer together with its shard's checkpoint, in one batch: both are
    committed or neither is. The reader's thread only.

    Attributes:
        blocked_since: monotonic seconds since when the writer has taken nothing; None while it
            does. Pages are kept meanwhile, one a shard at most.
    """

    def __init__(
        self, sink: Sink, tree: ShardTree, server: ServerClock, time: Time, pace: Pace
    ) -> None:
        self._sink = sink
        self._tree = tree
        self._server = server
        self._time = time
        self._pace = pace
        self.blocked_since: float | None = None

    @property
    def blocked(self) -> bool:
        """True while the writer takes nothing."""
        return self.blocked_since is not None

    @property
    def depth(self) -> int:
        """Batches that the writer has not committed yet."""
        return self._sink.depth

    def hand_over(self, now: float) -> list[Shard]:
        """Shards whose pages, or whose change of state, the writer has accepted just now, or that
        have a page which need not be kept. Raises the writer's failure."""
        passed: list[Shard] = []
        states: list[Shard] = []
        for shard in self._tree.shards.values():
            if shard.unsaved or self._worth_saving(shard):
                states.append(shard)
            elif shard.taken is not None:
                passed.append(shard)
        if not states:
            self.blocked_since = None
        elif self._accepts(self._batch(states), now):
            saved_us = self._server.now_us()
            for shard in states:
                shard.saved_us = saved_us
                shard.unsaved = False
            passed += states
        return passed

    def _accepts(self, batch: Batch, now: float) -> bool:
        try:
            self._sink.submit(batch, timeout_s=_PATIENCE_S)
        except PitwallError:
            if self._sink.failure is not None:
                raise
            # The disk is slow: keep the pages, read nothing more, try again.
            if self.blocked_since is None:
                self.blocked_since = now
            return False
        self.blocked_since = None
        return True

    def _batch(self, shards: Collection[Shard]) -> Batch:
        pages = [shard.taken for shard in shards if shard.taken is not None]
        return Batch(
            Source.STREAM,
            tuple(s for page in pages for s in page.segments),
            tuple(h for page in pages for h in page.heads),
            self._time.now_us(),
            tuple(q for page in pages for q in page.quarantined),
            checkpoints={
                s.id: checkpoint.dump(s.token(self._tree.stream, s.taken)) for s in shards
            },
            samples=tuple(s for page in pages for s in page.samples),
        )

    def _worth_saving(self, shard: Shard) -> bool:
        taken = shard.taken
        if taken is None:
            return False
        if taken.records or taken.ends:
            return True
        return taken.asked_us - shard.saved_us >= self._pace.save * SECOND_US
