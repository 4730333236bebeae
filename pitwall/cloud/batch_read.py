"""Many items by key: BatchGetItem, a hundred keys a call, several calls at once.

A race's sealed laps are ten thousand partitions and their keys are known, so they take a hundred
calls instead of ten thousand. What an answer leaves over (16 MB are full, the table is busy) is
asked for again. Nothing depends on the order of answers: an item is told by its key.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pitwall.cloud.faults import explain, is_throttled
from pitwall.cloud.items import Item
from pitwall.cloud.prepared import prepared
from pitwall.telemetry import Failure

Key = tuple[str, str]
"""``(pk, sk)``."""
BATCH_KEYS = 100
THREADS = 8
"""Calls at once: with 40 ms to the service a hundred calls take half a second, and more threads
would only take the interpreter from each other."""
_FIRST_WAIT_S = 0.05
_LAST_WAIT_S = 5.0
_FULL = 12_000_000
"""Bytes of an answer from which left-over keys mean that it was full, not that the table is busy:
it holds 16 MB, which base64 makes longer, and the last item may be large."""
_JOIN_S = 5.0


def batch_get(
    client: Any,
    table: str,
    wanted: Iterable[Key],
    *,
    consistent: bool = True,
    threads: int = 1,
    stop: threading.Event | None = None,
    max_wait_s: float = 60.0,
    wait: Callable[[float], object] | None = None,
) -> Iterator[Item]:
    """Items with these keys, each once, in no order; a key without an item gives nothing.

    Args:
        client: a DynamoDB client, shared by all threads.
        table: its name.
        wanted: the keys; one that is there twice counts once.
        consistent: strongly consistent reads.
        threads: calls at once; 1 calls on the caller's thread. More are named "pitwall-batch-…" and
            end with the iterator, also when it is closed before its end.
        stop: ends the iterator early, without an error, when it is set.
        max_wait_s: how long to wait in a row, without any key being answered, for a table that is
            busy. Waits grow and are jittered.
        wait: waits so many seconds; for tests.

    Raises Failure when the table cannot be read, also in the middle, and when an answer holds
    anything that was not asked for.
    """
    work = _Work(client, table, wanted, consistent, stop or threading.Event(), max_wait_s, wait)
    if threads <= 1:
        for items in work.answers():
            yield from items
        return
    yield from _side_by_side(work, threads)


def _side_by_side(work: _Work, threads: int) -> Iterator[Item]:
    # Answers wait for the caller here, a few of them: one may be 16 MB.
    done: queue.Queue[list[Item] | None] = queue.Queue(threads)

    def run() -> None:
        try:
            for items in work.answers():
                _put(done, items, work)
        except BaseException as error:  # noqa: BLE001 - raised again where it can be seen
            work.fail(error)
        finally:
            _put(done, None, work)

    several = [
        threading.Thread(target=run, name=f"pitwall-batch-{i}", daemon=True)
        for i in range(min(threads, work.calls))
    ]
    try:
        for thread in several:
            thread.start()
        running = len(several)
        while running and not work.over:
            try:
                items = done.get(timeout=0.25)
            except queue.Empty:
                continue
            if items is None:
                running -= 1
            else:
                yield from items
        if work.error is not None:
            raise work.error
    finally:
        work.end()
        until = time.monotonic() + _JOIN_S
        for thread in several:
            thread.join(max(until - time.monotonic(), 0.0))


def _put(done: queue.Queue[list[Item] | None], items: list[Item] | None, work: _Work) -> None:
    while not work.over:
        try:
            done.put(items, timeout=0.25)
        except queue.Full:
            continue
        return


class _Work:
    """The keys that are left, and one worker's way through them. Any thread."""

    def __init__(
        self,
        client: Any,
        table: str,
        wanted: Iterable[Key],
        consistent: bool,
        stop: threading.Event,
        max_wait_s: float,
        wait: Callable[[float], object] | None,
    ) -> None:
        self._client = client
        self._table = table
        self._consistent = consistent
        self._stop = stop
        self._max_wait_s = max_wait_s
        self._wait = wait or stop.wait
        self._moved = threading.Condition()
        """Guards what follows."""
        self._left: deque[Key] = deque(dict.fromkeys(wanted))
        self._open: set[Key] = set(self._left)
        """Not answered yet: an answer with any other key is refused."""
        self._asked = 0
        """Keys that are being asked for."""
        self._answered = 0
        self._ended = False
        self.error: BaseException | None = None
        """What ended everything; the first one."""
        self.calls = -(-len(self._left) // BATCH_KEYS)
        """At least so many are needed."""

    @property
    def over(self) -> bool:
        """Nothing more is to be asked."""
        return self._ended or self._stop.is_set()

    def end(self) -> None:
        """Ask nothing more."""
        with self._moved:
            self._ended = True
            self._moved.notify_all()

    def fail(self, error: BaseException) -> None:
        """End everything for this reason."""
        with self._moved:
            self.error = self.error or error
            self._ended = True
            self._moved.notify_all()

    def answers(self) -> Iterator[list[Item]]:
        """Items, a call at a time, until nothing is left for this worker."""
        pause, waited, seen = _FIRST_WAIT_S, 0.0, -1
        while some := self._take():
            items, left, full = self._ask(some)
            self._settle(some, left)
            yield items
            if not left or full:
                pause, waited = _FIRST_WAIT_S, 0.0
                continue
            if len(left) < len(some):
                pause = _FIRST_WAIT_S  # it moves: only slower than asked
            answered = self._answered
            if answered != seen:
                seen, waited = answered, 0.0
            if waited >= self._max_wait_s:
                raise Failure(
                    f"table {self._table}: throttled for {waited:.0f} s, "
                    f"{len(self._open)} keys unread"
                )
            delay = pause * (0.5 + random.random() / 2)
            self._wait(delay)
            waited += delay
            pause = min(pause * 2, _LAST_WAIT_S)

    def _take(self) -> list[Key]:
        """The next keys; none when there will be no more. While others' calls may still leave
        some over, it waits for them."""
        with self._moved:
            while not self._left and self._asked and not self.over:
                self._moved.wait(0.25)
            if self.over:
                return []
            some = [self._left.popleft() for _ in range(min(BATCH_KEYS, len(self._left)))]
            self._asked += len(some)
            return some

    def _settle(self, some: list[Key], left: list[Key]) -> None:
        with self._moved:
            self._asked -= len(some)
            self._answered += len(some) - len(left)
            self._left.extend(left)
            self._open.difference_update(some)
            self._open.update(left)
            self._moved.notify_all()

    def _ask(self, some: list[Key]) -> tuple[list[Item], list[Key], bool]:
        """Items, keys left over, and whether those are because the answer was full."""
        request = prepared(self._table, some, self._consistent)
        try:
            answer = self._client.batch_get_item(RequestItems=request)
        except Exception as error:
            if is_throttled(error):
                return [], some, False
            raise Failure(f"table {self._table}: {explain(error)}") from error
        items = answer.get("Responses", {}).get(self._table, [])
        again = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
        left = [_key(each) for each in again]
        unanswered = set(some)
        for key in [*left, *map(_key, items)]:
            if key not in unanswered:
                raise Failure(
                    f"table {self._table}: an answer holds {' '.join(key)}, which was not asked "
                    "for or is there twice: is something between this machine and AWS?"
                )
            unanswered.discard(key)
        length = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("content-length")
        return items, left, bool(items) and str(length).isdecimal() and int(length) >= _FULL


def _key(item: Item) -> Key:
    try:
        return item["pk"]["S"], item["sk"]["S"]
    except (KeyError, TypeError):
        return "an item", "without a key"
