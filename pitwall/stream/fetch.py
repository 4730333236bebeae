"""The reader's blocking calls, as jobs for a pool. They hold copies and touch no state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pitwall.stream.faults import Fault
from pitwall.stream.source import Listing, Page, Position, ShardInfo, StreamSource


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page and when it was asked for (server time)."""

    page: Page
    asked_us: int


Result = Fetched | Listing | tuple[ShardInfo, ...]


@dataclass(frozen=True, slots=True)
class Fetch:
    """One read of one shard, opening it first where needed. Runs in the pool; touches no state."""

    source: StreamSource
    shard: str
    position: Position
    iterator: str | None
    limit: int
    now_us: Callable[[], int]

    def __call__(self) -> Result:
        """The page. Raises Fault."""
        asked = self.now_us()
        iterator = self.iterator
        if iterator is None:
            try:
                iterator = self.source.open(self.shard, self.position)
            except Fault as fault:
                fault.opening = True
                raise
        return Fetched(self.source.read(iterator, self.limit), asked)


@dataclass(frozen=True, slots=True)
class FetchChildren:
    """One look-up of children. Runs in the pool."""

    source: StreamSource
    shard: str

    def __call__(self) -> Result:
        """The children listed so far. Raises Fault."""
        return self.source.children(self.shard)
