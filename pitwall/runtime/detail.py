"""The source's health in full: what the health pane and the headless lines show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pitwall.runtime.health import Health

if TYPE_CHECKING:
    from pitwall.store import Ledger

READS_PER_SHARD_S = 5.0
"""What the services allow for one shard, of all its readers together, in reads a second."""


@dataclass(frozen=True, slots=True)
class ShardHealth:
    """One shard at one moment.

    Attributes:
        id: its name.
        state: waiting (for its parent), open, draining (its end is known), finished, gap (lost).
        failures: calls that failed in a row, now.
        lag_us: age of the newest head that came through it, when it was read, and more by the time
            that it has not answered since, where that is unusual; None before a head.
        answer_age_us: since it last answered a call; None before the first time.
        record_us: creation time of its last record, server time; 0 before the first.
        record_age_us: age of that record now; None before the first.
        checkpoint_us: server time when its checkpoint last went to the writer; 0 before the first.
        checkpoint_age_us: since then; None before the first.
        reads_per_s: reads a second, over the last seconds; None before there are any to count.
        polls, records, throttles, retries, gaps: counted since the start of following.
        doubt_us: creation time of the last record before its place was refused, until the next one
            shows whether anything between was lost; 0 when not in doubt.
    """

    id: str
    state: str
    failures: int = 0
    lag_us: int | None = None
    answer_age_us: int | None = None
    record_us: int = 0
    record_age_us: int | None = None
    checkpoint_us: int = 0
    checkpoint_age_us: int | None = None
    reads_per_s: float | None = None
    polls: int = 0
    records: int = 0
    throttles: int = 0
    retries: int = 0
    gaps: int = 0
    doubt_us: int = 0

    stalled: bool = False
    """It does not go on: its records repeat, or what follows it is not listed."""

    @property
    def read(self) -> bool:
        """True while it is being read."""
        return self.state in ("open", "draining")


@dataclass(frozen=True, slots=True)
class HealthDetail:
    """Everything at one moment.

    Attributes:
        health: the state and what the window's lines say.
        ledger: the books.
        lag_us: age of the newest data: of the newest head when it was read, or of the newest
            sample here now, whichever is more; None when not known.
        queue: batches that are accepted and not on disk, and pages held back for them.
        held: the disk takes nothing at the moment, so that nothing is read.
        commit_age_us: since data was last written to the recording; None before.
        reads_per_s: of all shards, over the last seconds; None when not known.
        named: chunks given up by name.
        polls, records, throttles, retries, gaps: counted since the start of following.
        failing: shards whose last three calls or more failed.
        shards: each shard, those first that need a look, otherwise in the order of their names.
    """

    health: Health
    ledger: Ledger
    lag_us: int | None = None
    queue: int = 0
    held: bool = False
    commit_age_us: int | None = None
    reads_per_s: float | None = None
    named: int = 0
    polls: int = 0
    records: int = 0
    throttles: int = 0
    retries: int = 0
    gaps: int = 0
    failing: int = 0
    shards: tuple[ShardHealth, ...] = field(default=(), repr=False)

    @property
    def busiest_per_s(self) -> float | None:
        """Reads a second of the shard that is read most; None when not known."""
        return max((s.reads_per_s for s in self.shards if s.reads_per_s is not None), default=None)
