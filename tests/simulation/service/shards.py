"""A stream's shards and records, from the service's documentation.

Nothing here is shared with the program's own notion of shards: what a shard is, is written down
once more. Records have numbers; every position in a shard is a number, never an index, so that
trimming cannot make a reader skip.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

SECOND = 1_000_000
RING = 1 << 32
"""Keys are hashed on a ring of this many places."""


@dataclass(slots=True)
class Change:
    """One record as the service keeps it.

    Attributes:
        number: its sequence number.
        created_us: what the service says of its creation; may step back.
        written_us: when it was written.
        shard: where.
        key: what its place on the ring comes from.
        body: the answer's form of it.
        size: bytes.
        tag: what it is to the judge.
    """

    number: int
    created_us: int
    written_us: int
    shard: str
    key: str
    body: Any
    size: int
    tag: Any = None


@dataclass(slots=True)
class Shard:
    """A part of the ring for a time.

    Attributes:
        id, parents: its name and those it continues.
        lo, hi: its part of the ring, ``hi`` not included.
        first, last: starting and ending number; ``last`` is None while it is open.
        born_us: when it was made.
        seen_us, end_seen_us: from when on listings know it, and its end.
        ended_us: when it was closed; None while it is open.
        changes: its records that are still there, by number; ``numbers`` are theirs.
        trimmed: number of the newest record that is gone; below ``first`` when none is.
        gone: the service does not know it any more.
        index: its place in the order of making.
        linger: empty pages that still carry an iterator after everything was read and it is
            closed.
    """

    id: str
    parents: tuple[str, ...]
    lo: int
    hi: int
    first: int
    born_us: int
    index: int
    seen_us: int
    last: int | None = None
    end_seen_us: int = 0
    ended_us: int | None = None
    changes: list[Change] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    trimmed: int = 0
    gone: bool = False
    linger: int = 0

    def lingers(self) -> bool:
        """Whether the end is kept back once more."""
        self.linger -= 1
        return self.linger >= 0

    def after(self, number: int) -> int:
        """Index of the first record above ``number``."""
        return bisect_right(self.numbers, number)

    def drop(self, count: int) -> list[Change]:
        """The oldest records go."""
        out = self.changes[:count]
        if out:
            self.trimmed = out[-1].number
            del self.changes[:count]
            del self.numbers[:count]
        return out


def place(key: str) -> int:
    """Where a key lies on the ring."""
    return crc32(key.encode())


class Stream:
    """A tree of shards.

    Args:
        clock: the service's time, microseconds UTC.
        name: ARN or name.
        shards: how many there are at first.
        seed: of numbers and names.
        first: the first number; numbers of neighbours differ by up to ``step``.
        marked: numbers end in their shard's index, as Kinesis's carry it.
        retention_us: how long a record is kept.
        long_names: shards are named as DynamoDB names them.
        linger: see :class:`Shard`.
    """

    def __init__(
        self,
        clock: Callable[[], int],
        name: str,
        *,
        shards: int = 1,
        seed: int = 0,
        first: int = 10**21 - 3000,
        step: int = 9,
        marked: bool = False,
        retention_us: int = 24 * 3600 * SECOND,
        long_names: bool = True,
        linger: int = 0,
    ) -> None:
        self.clock = clock
        self.name = name
        self.made_us = clock()
        self.enabled = True
        self.retention_us = retention_us
        self.shards: dict[str, Shard] = {}
        self.open: list[str] = []
        """Open shards by their place on the ring."""
        self.lost: list[Change] = []
        """Everything that was trimmed or went away with its shard, in order."""
        self.step_back_us = 0
        """How far creation times step back, at random."""
        self.seconds = True
        """Creation times are rounded down to the second."""
        self.linger = linger
        """Of every shard that is made; see :class:`Shard`."""
        self._marked = marked
        self._long_names = long_names
        self._rng = random.Random(seed)
        self._step = step
        self.number = first
        """The newest number given out."""
        for i in range(shards):
            self._make((), RING * i // shards, RING * (i + 1) // shards)

    @property
    def identity(self) -> str:
        """Its name and when it was made: another one may have had the name before."""
        return f"{self.name}@{self.made_us}"

    # -- numbers and names

    def _next(self, index: int) -> int:
        if self._marked:
            base = self.number // 10_000 + self._rng.randint(1, self._step)
            self.number = base * 10_000 + index % 10_000
        else:
            self.number += self._rng.randint(1, self._step)
        return self.number

    def lengthen(self) -> None:
        """Numbers go on with one more digit."""
        grown: int = 10 ** len(str(self.number))
        self.number = grown - self._rng.randint(1, 40) * (10_000 if self._marked else 1)

    def _make(self, parents: tuple[str, ...], lo: int, hi: int, delay_us: int = 0) -> Shard:
        now = self.clock()
        index = len(self.shards)
        if self._long_names:
            # The moment of making, then something that keeps names of one moment in order.
            name = f"shardId-{now // 1000:020d}-{index:08x}"
        else:
            name = f"shardId-{index:012d}"
        seen = max([now + delay_us, *(self.shards[p].seen_us for p in parents)])
        shard = Shard(name, parents, lo, hi, self._next(index), now, index, seen)
        shard.trimmed = shard.first - 1
        shard.linger = self.linger
        self.shards[name] = shard
        self.open = sorted(
            [*(s for s in self.open if s not in parents), name],
            key=lambda s: self.shards[s].lo,
        )
        return shard

    # -- what happens to it

    def home(self, key: str) -> Shard:
        """The open shard that a key's records go into."""
        at = place(key)
        return next(s for s in map(self.shards.__getitem__, self.open) if s.lo <= at < s.hi)

    def add(
        self, key: str, body: Any, size: int, tag: Any = None, number: int | None = None
    ) -> Change:
        """Write a record."""
        shard = self.home(key)
        now = self.clock()
        number = self._next(shard.index) if number is None else number
        created = now // SECOND * SECOND if self.seconds else now // 1000 * 1000
        if self.step_back_us and self._rng.random() < 0.3:
            created -= self._rng.randint(0, self.step_back_us) // SECOND * SECOND
        change = Change(number, created, now, shard.id, key, body, size, tag)
        shard.changes.append(change)
        shard.numbers.append(number)
        return change

    def close(self, name: str, delay_us: int = 0) -> None:
        """No more records in this one."""
        shard = self.shards[name]
        now = self.clock()
        shard.ended_us = now
        shard.end_seen_us = now + delay_us
        shard.last = self._next(shard.index)

    def split(self, name: str, pieces: int = 2, delay_us: int = 0, end_delay_us: int = 0) -> None:
        """Close a shard and continue it in one (a rotation) or several."""
        shard = self.shards[name]
        self.close(name, end_delay_us)
        width = shard.hi - shard.lo
        for i in range(pieces):
            lo = shard.lo + width * i // pieces
            hi = shard.lo + width * (i + 1) // pieces
            self._make((name,), lo, hi, delay_us)

    def merge(self, left: str, right: str, delay_us: int = 0, end_delay_us: int = 0) -> None:
        """Close two neighbours and continue them in one."""
        a, b = self.shards[left], self.shards[right]
        assert a.hi == b.lo
        self.close(left, end_delay_us)
        self.close(right, end_delay_us)
        self._make((left, right), a.lo, b.hi, delay_us)

    def trim(self, name: str, count: int) -> int:
        """The oldest records of a shard go; returns how many did."""
        gone = self.shards[name].drop(count)
        self.lost += gone
        return len(gone)

    def vanish(self, name: str) -> None:
        """A shard goes with everything in it."""
        shard = self.shards[name]
        self.trim(name, len(shard.changes))
        shard.gone = True

    def tidy(self) -> None:
        """What is older than the retention goes; closed shards go an hour later."""
        horizon = self.clock() - self.retention_us
        for shard in self.shards.values():
            if shard.changes and shard.changes[0].written_us < horizon:
                old = next(
                    (i for i, c in enumerate(shard.changes) if c.written_us >= horizon),
                    len(shard.changes),
                )
                self.trim(shard.id, old)
            if shard.ended_us is not None and shard.ended_us < horizon - 3600 * SECOND:
                shard.gone = True

    def switch_off(self) -> None:
        """The stream is disabled: its open shards end without children."""
        self.enabled = False
        for name in self.open:
            self.close(name)
        self.open = []

    # -- what listings know

    def listed(self) -> list[Shard]:
        """The shards that a listing shows now, sorted by name."""
        now = self.clock()
        return sorted(
            (s for s in self.shards.values() if s.seen_us <= now and not s.gone),
            key=lambda s: s.id,
        )
