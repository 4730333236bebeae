"""One shard's state, from waiting for its parent to read to its end.

::

    WAITING --open--> OPEN --listing says closed--> DRAINING --no next iterator--> FINISHED
       |                |                              |
       +----------------+--------- not there ----------+----------------------> GAP

Everything here belongs to the reader's thread ("pitwall-stream"): no other thread reads or
writes it. What others may see is copied into :class:`pitwall.stream.status.ReaderStatus`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pitwall.store import Quarantined
from pitwall.stream.checkpoint import Token, newer
from pitwall.stream.source import HORIZON, Anchor, Position, ShardInfo, after
from pitwall.telemetry import Head, Samples, Segment


class State(StrEnum):
    """Where a shard is in its life."""

    WAITING = "waiting"
    OPEN = "open"
    DRAINING = "draining"
    """As OPEN; a listing knows its end, so its children wait for us."""
    FINISHED = "finished"
    GAP = "gap"
    """It went away before it was read to its end; what it still held is a reported gap."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A decoded page, held until the writer has accepted it. Immutable.

    Attributes:
        segments, heads, quarantined: what it held for the recording.
        samples: of each segment, None where the writer is to unpack it.
        sequence, last_us: of its last record; empty and 0 when there was none.
        iterator: where to go on.
        ends: the shard ends after it.
        asked_us: server time when it was asked for.
    """

    segments: tuple[Segment, ...] = ()
    samples: tuple[Samples | None, ...] = ()
    heads: tuple[Head, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    records: int = 0
    sequence: str = ""
    last_us: int = 0
    iterator: str | None = None
    ends: bool = False
    asked_us: int = 0


@dataclass(slots=True)
class Shard:
    """The state.

    Attributes:
        info: name and parents.
        state: see :class:`State`.
        start: where it is opened while nothing has been read; set at opening, and again when the
            service refused that place. Never "latest".
        sequence: of the last record that the writer has accepted; empty while there is none.
            Moves only in :meth:`accept`.
        iterator: valid place to read on; None when one must be opened. Not kept over a restart.
        opened_us: server time of the first opening; set once, kept over restarts.
        verified_us: server time of the last answer.
        last_us: creation time of the last record accepted.
        saved_us: server time when the checkpoint last went to the writer.
        passed_us: server time up to which its records have most likely all been read: decides
            when a repair stops waiting for it, never what is complete.
        asked: monotonic seconds when it was last read.
        due: monotonic seconds when it may be read next.
        empties: empty pages in a row.
        faults: failures in a row; counted anew from the first answer about its place.
        spoken: the last failure was such an answer: the service is there.
        repeats: pages in a row that brought nothing newer than ``sequence``.
        rewinds: times in a row that its place was opened anew because of that.
        slow: times the shortest time between reads; grows when reads are refused.
        busy: a fetch is under way in the pool.
        missed: answers "not there" in a row; ``missed_us`` is the server time of the first.
        taken: page waiting to be accepted; nothing is fetched meanwhile.
        unsaved: its state changed without a page and has not gone to the writer yet.
        gap_from_us: where a reported loss begins, until its end is known; 0 otherwise.
        doubt_us: creation time of the last record before its place was refused: the records from
            there on must come again, or they are lost; 0 when not in doubt.
        doubt_sequence: number of that record; empty when it is not known.
        lag_us: age of the newest head that came through it, when it was read; None before one.
        polls, records, throttles, retries, gaps: counted since the start, for whoever watches.
    """

    info: ShardInfo
    state: State = State.WAITING
    start: Position = HORIZON
    sequence: str = ""
    iterator: str | None = field(default=None, repr=False)
    opened_us: int = 0
    verified_us: int = 0
    last_us: int = 0
    saved_us: int = 0
    passed_us: int = 0
    asked: float = 0.0
    due: float = 0.0
    empties: int = 0
    faults: int = 0
    spoken: bool = False
    repeats: int = 0
    rewinds: int = 0
    slow: float = 1.0
    busy: bool = False
    missed: int = 0
    missed_us: int = 0
    taken: Taken | None = field(default=None, repr=False)
    unsaved: bool = False
    gap_from_us: int = 0
    doubt_us: int = 0
    doubt_sequence: str = ""
    lag_us: int | None = None
    polls: int = 0
    records: int = 0
    throttles: int = 0
    retries: int = 0
    gaps: int = 0

    @property
    def id(self) -> str:
        """The shard's name."""
        return self.info.id

    @property
    def active(self) -> bool:
        """True while it is to be read."""
        return self.state in (State.OPEN, State.DRAINING)

    @property
    def over(self) -> bool:
        """True when its children may be read."""
        return self.state in (State.FINISHED, State.GAP)

    @property
    def position(self) -> Position:
        """Where an iterator is to be opened: after what was accepted, else where it started."""
        return after(self.sequence) if self.sequence else self.start

    def open(self, start: Position, now_us: int) -> None:
        """WAITING -> OPEN, anchored at ``start``."""
        self.state = State.DRAINING if self.info.closed else State.OPEN
        self.start = start
        self.opened_us = self.opened_us or now_us
        # The anchor is kept before the first read: an idle shard must survive a restart too.
        self.unsaved = True

    def listed(self, info: ShardInfo) -> None:
        """Take over what a listing says of it."""
        self.info = info
        if info.closed and self.state is State.OPEN:
            self.state = State.DRAINING

    def accept(self, taken: Taken) -> None:
        """The writer has accepted ``taken``: only now does the position move."""
        if taken.sequence and newer(taken.sequence, self.sequence):
            self.sequence = taken.sequence
            self.repeats = self.rewinds = 0
        elif taken.records:
            self.repeats += 1
        self.last_us = max(self.last_us, taken.last_us)
        self.verified_us = max(self.verified_us, taken.asked_us)
        self.iterator = taken.iterator
        self.empties = 0 if taken.records else self.empties + 1
        if taken.ends:
            self.state = State.FINISHED
            self.iterator = None
        # Empty pages prove nothing; two in a row make it likely that there was nothing more. One
        # that was closed, whenever that was, says nothing of what its children have held since.
        if self.empties >= 2 and self.state is State.OPEN:
            self.passed_us = max(self.passed_us, taken.asked_us)
        elif taken.last_us:
            self.passed_us = max(self.passed_us, taken.last_us)

    def reopen(self, start: Position) -> None:
        """The place reached cannot be read from any more: go on from ``start``."""
        self.start = start
        self.sequence = ""
        self.iterator = None

    def lose(self) -> None:
        """-> GAP."""
        self.state = State.GAP
        self.iterator = None
        self.taken = None

    def token(self, stream: str, taken: Taken | None) -> Token:
        """The checkpoint as it will be when ``taken`` has been applied."""
        sequence, verified, last = self.sequence, self.verified_us, self.last_us
        state = "finished" if self.state is State.FINISHED else "open"
        if taken is not None:
            if taken.sequence and newer(taken.sequence, sequence):
                sequence = taken.sequence
            verified = max(verified, taken.asked_us)
            last = max(last, taken.last_us)
            state = "finished" if taken.ends else state
        if self.state is State.GAP:
            state = "gap"
        return Token(
            stream,
            self.id,
            self.info.parents,
            state,
            self.start,
            sequence,
            self.opened_us,
            verified,
            last,
        )

    @staticmethod
    def restored(token: Token) -> Shard:
        """The shard that ``token`` tells of."""
        states = {"open": State.OPEN, "finished": State.FINISHED, "gap": State.GAP}
        return Shard(
            ShardInfo(token.shard, token.parents, token.state != "open"),
            states[token.state],
            token.start,
            token.sequence,
            opened_us=token.opened_us,
            verified_us=token.verified_us,
            last_us=token.last_us,
            # Records came and their place is not known any more: it had been refused.
            doubt_us=0 if token.sequence else token.last_us,
        )

    @property
    def anchored_us(self) -> int:
        """The latest server time before which nothing of it can be missing: of the last record,
        or of the opening."""
        if self.last_us:
            return self.last_us
        return self.start.at_us if self.start.anchor is Anchor.TIME else self.opened_us
