"""The shards that one reader knows: which to start, where, and whose children to look for.

No calls are made here. All of it belongs to the reader's thread.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pitwall.stream import checkpoint
from pitwall.stream.lineage import Lineage, Ready
from pitwall.stream.pace import Pace
from pitwall.stream.shard import Shard, State
from pitwall.stream.source import HORIZON, Listing, Position, ShardInfo
from pitwall.telemetry import BadInput

STUCK = 2
"""Times that a shard's place was opened anew in vain, after which it counts as stuck."""


@dataclass(slots=True)
class Seek:
    """An ended shard whose children are looked for.

    Attributes:
        since: monotonic seconds when it ended.
        due: when to ask next.
        tries: how often was asked.
        told: the delay has been reported.
    """

    since: float
    due: float
    tries: int = 0
    told: bool = False


@dataclass(frozen=True, slots=True)
class Started:
    """A shard that was just opened: whether for want of a listed parent, and the ended shards that
    it is the first child of, with the seconds they had waited."""

    shard: Shard
    orphan: bool
    follows: tuple[tuple[str, float], ...]


class ShardTree:
    """See the module's text.

    Args:
        listing: the first listing. Its shards are opened at ``anchor``, unless they descend from a
            restored one; those, and all that are found later, from their oldest record.
        anchor: where that is.
        saved: checkpoints by shard.
        now_us: server time.
        now: monotonic seconds.
    """

    def __init__(
        self,
        listing: Listing,
        anchor: Position,
        saved: Mapping[str, str],
        now_us: int,
        now: float,
    ) -> None:
        self.stream = listing.stream
        self.lineage = Lineage()
        self.shards: dict[str, Shard] = {}
        self.seeks: dict[str, Seek] = {}
        self._ended: dict[str, float] = {}
        """Monotonic seconds when shards ended that nothing follows yet; the reader's thread."""
        self.damaged: list[str] = []
        """Checkpoints that could not be read, in words."""
        self.retention_us = 0
        """How long the service keeps records, as the newest listing has it; 0 when not said."""
        self._anchor = anchor
        self._followed: set[str] = set()
        restored = self._restore(saved)
        self.merge(listing, now_us, now)
        self._resumed = bool(restored)
        self._anchored = {
            info.id for info in listing.shards if not restored & self._with_ancestors(info.id)
        }
        for shard in self.shards.values():
            if shard.over:
                if self.lineage.children(shard.id):
                    self._followed.add(shard.id)
                self.ended(shard, now)

    def _restore(self, saved: Mapping[str, str]) -> set[str]:
        for name, text in saved.items():
            try:
                token = checkpoint.load(name, text)
            except BadInput as error:
                self.damaged.append(str(error))
                continue
            if token.stream != self.stream:
                continue
            shard = self.shards[name] = Shard.restored(token)
            self.lineage.add([shard.info], token.verified_us)
        return set(self.shards)

    def _with_ancestors(self, name: str) -> set[str]:
        out: set[str] = set()
        todo = [name]
        while todo:
            one = todo.pop()
            if one in out:
                continue
            out.add(one)
            node = self.lineage.nodes.get(one)
            todo.extend(node.info.parents if node else ())
        return out

    # ------------------------------------------------------------------ listings

    def merge(self, listing: Listing, now_us: int, now: float) -> None:
        """Take in a complete listing, and forget what may be forgotten."""
        back = listing.enabled and not self.lineage.enabled
        self.retention_us = listing.retention_us
        self.lineage.merge(listing, now_us)
        self._adopt(listing.shards)
        for name in self.lineage.forgettable(now_us, self.over):
            self.lineage.forget(name)
            del self.shards[name]
            self.seeks.pop(name, None)
            self._followed.discard(name)
        if not listing.enabled:
            self.switched_off()
        elif back:
            for shard in self.shards.values():
                if shard.over:
                    self.ended(shard, now)

    def switched_off(self) -> None:
        """The stream brings nothing any more: its last shards end without children."""
        self.lineage.enabled = False
        self.seeks.clear()

    def add(self, infos: Iterable[ShardInfo], now_us: int) -> None:
        """Take in the children of a shard."""
        found = tuple(infos)
        self.lineage.add(found, now_us)
        self._adopt(found)

    def _adopt(self, infos: Iterable[ShardInfo]) -> None:
        for info in infos:
            merged = self.lineage.nodes[info.id].info
            shard = self.shards.get(info.id)
            if shard is None:
                self.shards[info.id] = Shard(merged)
            else:
                shard.listed(merged)

    # ------------------------------------------------------------------ starting

    def over(self, name: str) -> bool:
        """True when the shard has been read to its end, or is lost."""
        shard = self.shards.get(name)
        return shard is not None and shard.over

    def start_ready(self, by_time: bool, now_us: int, now: float) -> list[Started]:
        """Open every shard whose turn it is."""
        out = []
        for shard in list(self.shards.values()):
            if shard.state is not State.WAITING:
                continue
            anchored = shard.id in self._anchored
            ready = self.lineage.ready(shard.id, self.over)
            listed = any(p in self.shards for p in shard.info.parents)
            if ready is Ready.ORPHAN and anchored and not listed and not self._resumed:
                # The parents of a stream's oldest shards are not listed any more: no loss.
                ready = Ready.NOW
            if ready is Ready.ORPHAN:
                anchored = False
            if ready is Ready.WAIT:
                continue
            shard.open(self._anchor if anchored and by_time else HORIZON, now_us)
            shard.due = now
            # What its parents held was read when they ended; before that it had nothing.
            read = [self.shards[p].passed_us for p in shard.info.parents if p in self.shards]
            shard.passed_us = max(shard.passed_us, min(read, default=0))
            out.append(Started(shard, ready is Ready.ORPHAN, tuple(self._follow(shard, now))))
        return out

    def _follow(self, child: Shard, now: float) -> Iterator[tuple[str, float]]:
        for parent in child.info.parents:
            self.seeks.pop(parent, None)
            ended = self._ended.pop(parent, now)
            if parent in self.shards and parent not in self._followed:
                self._followed.add(parent)
                yield parent, now - ended

    @property
    def orphans(self) -> bool:
        """True when a shard waits for listings to bring its parent."""
        return any(
            s.state is State.WAITING and not all(p in self.shards for p in s.info.parents)
            for s in self.shards.values()
        )

    # ------------------------------------------------------------------ ended shards

    def ended(self, shard: Shard, now: float) -> None:
        """It was read to its end, or lost: its children are wanted."""
        self._ended[shard.id] = now
        if self.lineage.enabled and not self.lineage.children(shard.id):
            self.seeks[shard.id] = Seek(now, now)

    def due_seeks(self, now: float) -> list[str]:
        """Ended shards to ask for the children of, longest due first."""
        due = [(seek.due, name) for name, seek in self.seeks.items() if seek.due <= now]
        return [name for _, name in sorted(due)]

    def sought(self, name: str, pace: Pace, rng: random.Random, now: float) -> None:
        """The children of ``name`` were asked for. While there are none, ask again, ever less
        often; in the end only the listings look for them."""
        seek = self.seeks.get(name)
        if seek is None:
            return
        if self.lineage.children(name):
            del self.seeks[name]
            return
        seek.tries += 1
        pause = min(pace.backoff * 1.6 ** min(seek.tries - 1, 16), 1.0)
        if now - seek.since > pace.seek:
            pause = pace.listing
        seek.due = now + pause * (0.8 + 0.4 * rng.random())

    def stalled(self, pace: Pace, now: float) -> list[str]:
        """Ended shards whose children are overdue, and shards that do not advance."""
        ended = [name for name, seek in self.seeks.items() if now - seek.since > pace.stall]
        return ended + [s.id for s in self.shards.values() if s.rewinds >= STUCK]

    def overslept(self, shard: Shard, now_us: int) -> bool:
        """True when its place was last read so long ago that records behind it may be gone. Some
        services (Kinesis) then go on with the oldest record and say nothing."""
        return 0 < self.retention_us < now_us - max(shard.verified_us, shard.opened_us)

    # ------------------------------------------------------------------ sums

    def unfollowed_us(self) -> int:
        """Server time since which something may have been written to shards that were never
        listed: since the oldest end of a shard whose children have not been found."""
        ends = [s.anchored_us for s in self.shards.values() if s.over and s.id in self.seeks]
        return min(ends, default=self.newest_us())

    def newest_us(self) -> int:
        """Creation time of the newest record accepted."""
        return max((shard.last_us for shard in self.shards.values()), default=0)

    def passed_us(self, now_us: int) -> int:
        """Server time up to which everything has most likely been read."""
        marks = [s.passed_us for s in self.shards.values() if s.active or s.id in self.seeks]
        return min(marks, default=now_us)
