"""Which shards there are, and which of them may be read yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum

from pitwall.stream.source import Listing, ShardInfo
from pitwall.telemetry.clock import SECOND_US

FORGET_US = 48 * 3600 * SECOND_US
"""A finished shard is forgotten when it is not listed any more and this long gone: twice what
the service keeps, so that a listing that comes late cannot bring it back to be read again."""
ORPHAN_LISTINGS = 2
"""Complete listings in a row that must lack a shard's parent before it is read without it."""


class Ready(Enum):
    """Whether a shard may be started."""

    NOW = "now"
    WAIT = "wait"
    ORPHAN = "orphan"
    """Its parent is not known and listings keep lacking it: it may be started, with a report."""


@dataclass(slots=True)
class Node:
    """A known shard. Changed by the reader's thread only.

    Attributes:
        info: the union of what listings said.
        listed_us: server time of the last listing that had it.
        orphan: complete listings in a row after which a parent of it was not known.
    """

    info: ShardInfo
    listed_us: int
    orphan: int = 0


@dataclass(slots=True)
class Lineage:
    """All listings ever seen, merged: a listing that lacks a shard takes nothing away.

    Attributes:
        nodes: by shard name; the reader's thread only.
        enabled: what the last complete listing said of the stream.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    enabled: bool = True

    def merge(self, listing: Listing, now_us: int) -> list[ShardInfo]:
        """Take in a complete listing; returns the shards that are new."""
        self.enabled = listing.enabled
        fresh = self.add(listing.shards, now_us)
        # Of all shards, listed or not: one that leaves the listings while it waits for its parent
        # must not keep its own children waiting for ever.
        for node in self.nodes.values():
            known = all(parent in self.nodes for parent in node.info.parents)
            node.orphan = 0 if known else node.orphan + 1
        return fresh

    def add(self, shards: Iterable[ShardInfo], now_us: int) -> list[ShardInfo]:
        """Take in some shards (children of one, or restored ones); returns the new ones."""
        fresh = []
        for shard in shards:
            node = self.nodes.get(shard.id)
            if node is None:
                self.nodes[shard.id] = Node(shard, now_us)
                fresh.append(shard)
            else:
                node.info = ShardInfo(
                    shard.id,
                    shard.parents or node.info.parents,
                    shard.closed or node.info.closed,
                )
                node.listed_us = max(node.listed_us, now_us)
        return fresh

    def children(self, shard: str) -> list[str]:
        """Known shards that continue ``shard``."""
        return [name for name, node in self.nodes.items() if shard in node.info.parents]

    def ready(self, shard: str, finished: Callable[[str], bool]) -> Ready:
        """May ``shard`` be started? All parents that are known must have been read to their end;
        both of a merge, for the second of which some listings are waited for."""
        node = self.nodes[shard]
        parents = node.info.parents
        known = [p for p in parents if p in self.nodes]
        if not all(finished(p) for p in known):
            return Ready.WAIT
        if len(known) < len(parents) and node.orphan < ORPHAN_LISTINGS:
            return Ready.WAIT
        return Ready.NOW if known or not parents else Ready.ORPHAN

    def forgettable(self, now_us: int, finished: Callable[[str], bool]) -> list[str]:
        """Finished shards that no listing has had for longer than :data:`FORGET_US`."""
        return [
            name
            for name, node in self.nodes.items()
            if finished(name) and now_us - node.listed_us > FORGET_US
        ]

    def forget(self, shard: str) -> None:
        """Drop one."""
        del self.nodes[shard]
