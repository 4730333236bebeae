"""What the reader has counted and told. The reader's thread only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pitwall.stream.faults import Fault
from pitwall.stream.lag import HeadLag
from pitwall.stream.pace import Pace
from pitwall.stream.shard import Shard, State
from pitwall.stream.skew import ServerClock
from pitwall.stream.status import OnEvent, ReaderStatus, ShardStatus, StreamGap
from pitwall.stream.tree import ShardTree
from pitwall.telemetry.clock import SECOND_US

_GAPS_KEPT = 100
_GRAVEST = ("gone", "denied", "replaced", "disabled", "held", "crowded")
"""Events that warn of a lasting state."""


class Report:
    """Counters, losses and the message of a reader.

    Attributes:
        rotations, polls, records, skipped, throttles, retries: see :class:`ReaderStatus`.
        fault: why the last call failed; None since one succeeded.
    """

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self.rotations = 0
        self.polls = 0
        self.records = 0
        self.skipped = 0
        self.throttles = 0
        self.retries = 0
        self.fault: Fault | None = None
        self._warnings: dict[str, str] = {}
        """By event, what the user should know now."""
        self._gaps: tuple[StreamGap, ...] = ()
        self._gap_count = 0
        self._denied: set[str] = set()
        """Kinds of calls that are refused for want of a permission."""

    def tell(self, event: str, details: Mapping[str, object]) -> None:
        """Say what happened."""
        self._on_event(event, details)

    def warn(self, event: str, text: str) -> None:
        """Say it, once, and keep it until it is settled."""
        if self._warnings.get(event) != text:
            self._warnings[event] = text
            self._on_event(event, {"reason": text})

    def settle(self, event: str) -> None:
        """It is not so any more."""
        self._warnings.pop(event, None)

    def denied(self, calls: str, text: str) -> None:
        """Calls of a kind are refused for want of a permission."""
        self._denied.add(calls)
        self.warn("denied", text)

    def answered(self, calls: str) -> None:
        """The service has answered a call of this kind as it should."""
        self.fault = None
        self._denied.discard(calls)
        if not self._denied:
            self.settle("denied")

    @property
    def message(self) -> str:
        """What the user should know: the gravest of what was warned of; empty when nothing."""
        return next((self._warnings[e] for e in _GRAVEST if e in self._warnings), "")

    def lost(self, shard: Shard, from_us: int, to_us: int, reason: str) -> None:
        """Something is lost to the stream; ``to_us`` is 0 while its end is not known."""
        gap = StreamGap(shard.id, from_us, to_us, reason)
        shard.gaps += 1
        self._gaps = (*self._gaps[1 - _GAPS_KEPT :], gap)
        self._gap_count += 1
        self._on_event(
            "gap", {"shard": shard.id, "from_us": from_us, "to_us": to_us, "reason": reason}
        )

    def found_again(self, shard: str, at_us: int) -> None:
        """The first record after a loss ends it. Creation times may step back: not before it
        began."""
        self._gaps = tuple(
            replace(g, to_us=max(at_us, g.from_us)) if g.shard == shard and not g.to_us else g
            for g in self._gaps
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
        queued: int,
    ) -> ReaderStatus:
        """A snapshot of everything."""
        now_us = server.now_us()
        offset = server.offset_us
        shards = tree.shards.values()
        states = [shard.state for shard in shards]
        passed_us = tree.passed_us(now_us)
        failing = sum(shard.faults >= 3 for shard in shards if shard.active)
        head_age_us = now_us - lag.read_us if lag.read_us else None
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
            skipped=self.skipped,
            throttles=self.throttles,
            retries=self.retries,
            last_record_us=tree.newest_us(),
            passed_us=passed_us,
            lag_us=lag.lag_us,
            source_lag_us=lag.source_lag_us,
            head_age_us=head_age_us,
            clock_offset_us=None if offset is None else -offset,
            stalled=tuple(tree.stalled(pace, now)),
            failing=failing,
            blocked=blocked,
            queue_depth=queued + sum(shard.taken is not None for shard in shards),
            silent=(
                not (blocked or failing)
                and head_age_us is not None
                and head_age_us > pace.silent * SECOND_US
                and now_us - passed_us <= pace.behind * SECOND_US
            ),
            gaps=self._gaps,
            gap_count=self._gap_count,
            shards=tuple(_shard_status(shard, now_us) for shard in shards),
            fault=self.fault,
            shift_us=lag.shift_us,
            message=self.message,
        )


def _shard_status(shard: Shard, now_us: int) -> ShardStatus:
    return ShardStatus(
        shard.id,
        shard.state,
        shard.verified_us,
        shard.last_us,
        shard.saved_us,
        shard.faults,
        shard.polls,
        shard.records,
        shard.throttles,
        shard.retries,
        shard.gaps,
        shard.lag_us,
        # the service rounds creation times down and our offset is an estimate: never below none
        max(now_us - shard.last_us, 0) if shard.last_us else None,
        max(now_us - shard.saved_us, 0) if shard.saved_us else None,
        shard.doubt_us,
    )
