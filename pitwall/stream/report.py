"""What the reader has counted and told. The reader's thread only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pitwall.stream.lag import HeadLag
from pitwall.stream.pace import Pace
from pitwall.stream.shard import State
from pitwall.stream.skew import ServerClock
from pitwall.stream.status import OnEvent, ReaderStatus, ShardStatus, StreamGap
from pitwall.stream.tree import ShardTree

_GAPS_KEPT = 100


class Report:
    """Counters, losses and the message of a reader.

    Attributes:
        rotations, polls, records, throttles, retries: see :class:`ReaderStatus`.
        message: what the user should know; empty when nothing.
    """

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self.rotations = 0
        self.polls = 0
        self.records = 0
        self.throttles = 0
        self.retries = 0
        self.message = ""
        self._passing = False
        """The message speaks of something that the next good answer disproves."""
        self._gaps: tuple[StreamGap, ...] = ()
        self._gap_count = 0

    def tell(self, event: str, details: Mapping[str, object]) -> None:
        """Say what happened."""
        self._on_event(event, details)

    def warn(self, event: str, text: str, *, passing: bool = False) -> None:
        """Say it, once, and keep it as the message."""
        if text != self.message:
            self.message, self._passing = text, passing
            self._on_event(event, {"reason": text})

    def answered(self) -> None:
        """The service has answered as it should."""
        if self._passing:
            self.message, self._passing = "", False

    def lost(self, shard: str, from_us: int, to_us: int, reason: str) -> None:
        """Something is lost to the stream; ``to_us`` is 0 while its end is not known."""
        gap = StreamGap(shard, from_us, to_us, reason)
        self._gaps = (*self._gaps[1 - _GAPS_KEPT :], gap)
        self._gap_count += 1
        self._on_event(
            "gap", {"shard": shard, "from_us": from_us, "to_us": to_us, "reason": reason}
        )

    def found_again(self, shard: str, at_us: int) -> None:
        """The first record after a loss ends it."""
        self._gaps = tuple(
            replace(g, to_us=at_us) if g.shard == shard and not g.to_us else g for g in self._gaps
        )

    def status(
        self,
        tree: ShardTree,
        lag: HeadLag,
        server: ServerClock,
        pace: Pace,
        now: float,
        *,
        running: bool,
        blocked: bool,
    ) -> ReaderStatus:
        """A snapshot of everything."""
        now_us = server.now_us()
        offset = server.offset_us
        shards = tree.shards.values()
        states = [shard.state for shard in shards]
        return ReaderStatus(
            running=running,
            enabled=tree.lineage.enabled,
            open=states.count(State.OPEN) + states.count(State.DRAINING),
            waiting=states.count(State.WAITING),
            finished=states.count(State.FINISHED),
            lost=states.count(State.GAP),
            total=len(states),
            rotations=self.rotations,
            polls=self.polls,
            records=self.records,
            throttles=self.throttles,
            retries=self.retries,
            last_record_us=tree.newest_us(),
            passed_us=tree.passed_us(now_us),
            lag_us=lag.lag_us,
            head_age_us=now_us - lag.read_us if lag.read_us else None,
            clock_offset_us=None if offset is None else -offset,
            stalled=tuple(tree.stalled(pace, now)),
            failing=sum(shard.faults >= 3 for shard in shards if shard.active),
            blocked=blocked,
            gaps=self._gaps,
            gap_count=self._gap_count,
            shards=tuple(
                ShardStatus(s.id, s.state, s.verified_us, s.last_us, s.saved_us, s.faults)
                for s in shards
            ),
            message=self.message,
        )
