"""When to call again: inside the service's limits, soon while there is data, never in step with
others after a failure."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """The reader's tempo, seconds unless said otherwise.

    Attributes:
        poll: shortest time between two reads of one shard: a little more than the fifth of a
            second that a shard serves, since calls are not equally long on their way.
        idle: longest pause between reads of a shard that has nothing.
        eager: empty pages in a row after which the pause begins to grow. Empty pages are normal
            in front of data, so the first ones do not slow a reader down that is catching up.
        listing: between two complete listings, varied by a fifth.
        control: shortest time between calls that list shards; the service serves 10 a second.
        save: longest age of the checkpoint of a shard that answers and has nothing.
        stall: an ended shard whose children are not found within this time is reported.
        seek: how long an ended shard's children are looked for by name; later listings do it.
        silent: without a head for so long while everything has been read, the source is silent.
        behind: a shard that has not been read to its end for so long is behind.
        limit: records per read.
        backoff, backoff_most: first and largest pause after a failure.
    """

    poll: float = 0.21
    idle: float = 1.0
    eager: int = 5
    listing: float = 30.0
    control: float = 0.125
    save: float = 30.0
    stall: float = 20.0
    seek: float = 120.0
    silent: float = 3.0
    behind: float = 8.0
    limit: int = 1000
    backoff: float = 0.1
    backoff_most: float = 5.0

    def after_empty(self, empties: int, draining: bool) -> float:
        """Pause after the ``empties``-th empty page in a row. A shard that has ended is drained at
        full pace, because its children wait."""
        if draining or empties <= self.eager:
            return self.poll
        grown = self.poll * 1.5 ** min(empties - self.eager, 20)
        return float(min(grown, self.idle))

    def after_fault(self, faults: int, rng: random.Random) -> float:
        """Pause after the ``faults``-th failure in a row: doubled each time, half of it random."""
        grown = min(self.backoff * 2 ** min(faults - 1, 16), self.backoff_most)
        return float(grown * (0.5 + rng.random() / 2))

    def next_listing(self, rng: random.Random) -> float:
        """Pause until the next complete listing."""
        return self.listing * (0.8 + 0.4 * rng.random())
