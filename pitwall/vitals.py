"""The source's health in full, gathered when somebody looks.

Nothing here runs by itself: the counters are kept by reader, follower and writer, and what is
"a second" comes from two looks.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pitwall.runtime import Health, HealthDetail, ShardHealth
from pitwall.telemetry.clock import SECOND_US, now_us

if TYPE_CHECKING:
    from pitwall.store import SessionStore, Writer
    from pitwall.stream import ShardStatus
    from pitwall.turbo import FollowerStatus

WINDOW_S = 5.0
"""What a rate is taken over."""
UNUSUAL_US = 3 * SECOND_US
"""A shard that answers does so about every second."""
_LOOKS = 16
_RANK = {"gap": 0, "open": 1, "draining": 1, "waiting": 2, "finished": 3}
FAILING = 3
"""Failures in a row from which a shard counts as failing, as the reader has it."""


class Rates:
    """Reads a second of each shard, from counters that only rise. One thread at a time."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, dict[str, int]]] = deque(maxlen=_LOOKS)

    def look(self, polls: dict[str, int], now_s: float) -> dict[str, float]:
        """Take in the counters at ``now_s`` (a steady clock); the rates that can be told."""
        looks = self._looks
        if not looks or now_s - looks[-1][0] >= WINDOW_S / (_LOOKS - 1):
            looks.append((now_s, polls))
        while len(looks) > 2 and now_s - looks[1][0] >= WINDOW_S:
            looks.popleft()
        then_s, then = looks[0]
        span = now_s - then_s
        if span < WINDOW_S / 2:
            return {}  # one read more or less would make too much of a difference
        # A shard that was not there then has been read since it came.
        return {name: max(count - then.get(name, 0), 0) / span for name, count in polls.items()}


class Vitals:
    """Gathers :class:`pitwall.runtime.HealthDetail`. One thread at a time."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._rates = Rates()

    def _due_us(self) -> int:
        """When the newest sample was due; 0 without one."""
        latest_us = self._store.latest_us()
        return self._store.session.due_us(latest_us) if latest_us else 0

    def detail(
        self, health: Health, status: FollowerStatus | None, writer: Writer | None, server_us: int
    ) -> HealthDetail:
        """As of now; ``server_us`` is server time."""
        ledger = self._store.ledger()
        reader = status.reader if status else None
        if status is None or reader is None:
            return HealthDetail(health, ledger, lag_us=health.lag_us)
        polls = {shard.id: shard.polls for shard in reader.shards if _is_read(shard)}
        if status.table_reads is not None:
            # A look at a series costs a read only when there is something new.
            polls = {"table": status.table_reads}
        rates = self._rates.look(polls, time.monotonic())
        committed_us = writer.stats.last_commit_us if writer is not None else 0
        return HealthDetail(
            health,
            ledger,
            lag_us=_lag_us(health, self._due_us(), server_us),
            queue=reader.queue_depth,
            held=reader.blocked,
            commit_age_us=max(now_us() - committed_us, 0) if committed_us else None,
            reads_per_s=sum(rates.values()) if rates else None,
            named=status.named,
            polls=reader.polls,
            records=reader.records,
            throttles=reader.throttles,
            retries=reader.retries,
            gaps=reader.gap_count,
            failing=reader.failing,
            shards=tuple(_shards(reader.shards, frozenset(reader.stalled), rates, server_us)),
        )


def _is_read(shard: ShardStatus) -> bool:
    return shard.state.value in ("open", "draining")


def _shards(
    shards: Iterable[ShardStatus],
    stalled: frozenset[str],
    rates: dict[str, float],
    server_us: int,
) -> Iterable[ShardHealth]:
    """Those that need a look first; a shard changes its place only with its state."""
    ordered = sorted(shards, key=lambda s: (0 if s.id in stalled else _rank(s), s.id))
    for shard in ordered:
        answer_us = max(server_us - shard.verified_us, 0) if shard.verified_us else None
        yield ShardHealth(
            shard.id,
            shard.state.value,
            failures=shard.faults,
            lag_us=_shard_lag_us(shard, answer_us),
            answer_age_us=answer_us,
            record_us=shard.last_us,
            record_age_us=shard.record_age_us,
            checkpoint_us=shard.saved_us,
            checkpoint_age_us=shard.checkpoint_age_us,
            reads_per_s=rates.get(shard.id),
            polls=shard.polls,
            records=shard.records,
            throttles=shard.throttles,
            retries=shard.retries,
            gaps=shard.gaps,
            doubt_us=shard.doubt_us,
            stalled=shard.id in stalled,
        )


def _shard_lag_us(shard: ShardStatus, answer_us: int | None) -> int | None:
    """A lag is of the last answer: a shard that gives none any more must not keep a good one."""
    if shard.lag_us is None or answer_us is None or answer_us < UNUSUAL_US or not _is_read(shard):
        return shard.lag_us
    return shard.lag_us + answer_us


def _rank(shard: ShardStatus) -> int:
    if _is_read(shard) and (shard.faults >= FAILING or shard.doubt_us):
        return 0
    return _RANK[shard.state.value]


def _lag_us(health: Health, due_us: int, server_us: int) -> int | None:
    """A head may be fresh while what it speaks of is still on its way."""
    if not health.connected:
        return health.lag_us
    known = [] if health.lag_us is None else [health.lag_us]
    if health.shift_us is not None and due_us:
        known.append(max(server_us - due_us - health.shift_us, 0))
    return max(known, default=None)
