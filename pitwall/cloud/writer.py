"""Writing items to the table in batches, in order within each lane.

BatchWriteItem promises no order and may leave items out (``UnprocessedItems``). So a batch carries
at most one item of each lane, and the next of a lane goes only after the one before was accepted:
within a lane, order holds; lanes do not wait for each other. What was left out is sent again,
unchanged, with growing, jittered waits.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

from pitwall.cloud.faults import explain, is_passing
from pitwall.cloud.items import Item
from pitwall.telemetry import Failure

BATCH = 25
"""Items in one BatchWriteItem."""
FIRST_WAIT_S = 0.05
LAST_WAIT_S = 5.0

Wait = Callable[[float], object]
"""Waits so many seconds."""


class Put(NamedTuple):
    """One item on its way, and what to do when the table has it."""

    item: Item
    accepted: Callable[[], None] | None


@dataclass(slots=True)
class WriterStats:
    """Counts of one writer: batches sent, items accepted, items left out and sent again, batches
    that failed as a whole and were sent again."""

    batches: int = 0
    accepted: int = 0
    retried: int = 0
    failed: int = 0


class TableWriter:
    """Lanes of items to one table. Used by one thread.

    Args:
        client: a DynamoDB client.
        table: its name.
        wait: called with the seconds to wait before something is sent again.
        max_stall_s: seconds of waiting in a row, with nothing accepted, after which it fails.
        on_taken: called after each batch of which something was accepted.
    """

    def __init__(
        self,
        client: Any,
        table: str,
        wait: Wait,
        max_stall_s: float = 120.0,
        on_taken: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._table = table
        self._wait = wait
        self._max_stall_s = max_stall_s
        self._on_taken = on_taken
        self._lanes: dict[Hashable, deque[Put]] = {}
        self._turn: deque[Hashable] = deque()
        self._pause = FIRST_WAIT_S
        self._stalled_s = 0.0
        self.pending = 0
        self.trouble = ""
        """Why nothing is accepted at the moment, in one line; empty while something is."""
        self.stats = WriterStats()

    def put(self, lane: Hashable, item: Item, accepted: Callable[[], None] | None = None) -> None:
        """Queue ``item`` behind the others of its lane; ``accepted`` is called once it is in the
        table, before the next of the lane is sent."""
        queue = self._lanes.get(lane)
        if queue is None:
            queue = self._lanes[lane] = deque()
            self._turn.append(lane)
        queue.append(Put(item, accepted))
        self.pending += 1

    def step(self) -> int:
        """Send one batch; the number of items accepted. Waits a little when any was left out.

        Raises Failure when the table refuses for good or has taken nothing for too long.
        """
        lanes = [self._turn.popleft() for _ in range(min(BATCH, len(self._turn)))]
        if not lanes:
            return 0
        puts = [self._lanes[lane][0] for lane in lanes]
        try:
            left = self._send([put.item for put in puts])
        except BaseException:
            self._turn.extendleft(reversed(lanes))
            raise
        taken = 0
        again: list[Hashable] = []
        for lane, put in zip(lanes, puts, strict=True):
            if _key(put.item) in left:
                again.append(lane)
                continue
            taken += 1
            queue = self._lanes[lane]
            queue.popleft()
            if queue:
                self._turn.append(lane)
            else:
                del self._lanes[lane]
            self.pending -= 1
            if put.accepted is not None:
                put.accepted()
        self._turn.extendleft(reversed(again))
        self.stats.accepted += taken
        if taken:
            self.trouble = ""
            self._on_taken()
        self.stats.retried += len(again)
        self._back_off(taken, len(again))
        return taken

    @property
    def stalled_s(self) -> float:
        """Seconds waited in a row with nothing accepted."""
        return self._stalled_s

    def limit_stall(self, seconds: float) -> None:
        """From now on give up after so many seconds of waiting with nothing accepted; ``inf`` never
        gives up."""
        self._max_stall_s = seconds

    def drain(self) -> None:
        """Send until nothing is pending. Raises Failure."""
        while self.pending:
            self.step()

    def _send(self, items: list[Item]) -> set[tuple[str, str]]:
        """Keys of the items that were not taken."""
        self.stats.batches += 1
        requests = [{"PutRequest": {"Item": item}} for item in items]
        try:
            answer = self._client.batch_write_item(RequestItems={self._table: requests})
        except Exception as error:  # botocore's errors: told in one line unless they pass
            if not is_passing(error) or self._stalled_s >= self._max_stall_s:
                raise Failure(f"table {self._table}: {explain(error)}") from error
            self.stats.failed += 1
            self.trouble = explain(error)
            return {_key(item) for item in items}
        left = answer.get("UnprocessedItems", {}).get(self._table, [])
        if len(left) == len(items):
            self.trouble = f"table {self._table}: takes none of a batch (throttled)"
        return {_key(request["PutRequest"]["Item"]) for request in left}

    def _back_off(self, taken: int, left: int) -> None:
        if taken:
            self._stalled_s = 0.0
        if not left:
            self._pause = FIRST_WAIT_S
            return
        if not taken and self._stalled_s >= self._max_stall_s:
            raise Failure(
                f"table {self._table}: took nothing for {self._stalled_s:.0f} s (throttled); "
                "raise its write capacity or publish slower"
            )
        # between half and the whole pause, so that several writers do not come back together
        delay = self._pause * (0.5 + random.random() / 2)
        self._wait(delay)
        if taken:
            # a table that takes a part of each batch is slow enough by that
            self._pause = max(self._pause / 2, FIRST_WAIT_S)
        else:
            self._stalled_s += delay
            self._pause = min(self._pause * 2, LAST_WAIT_S)


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
