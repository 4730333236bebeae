"""Which lap is which: the line decides where a lap begins, the producer's count what it is called.

Crossings in a long hole cannot be counted, and nor can laps before the data begin. A producer that
counts its laps says in every chunk which one it is in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.analysis.knots import Knots


@dataclass(frozen=True, slots=True)
class Numbers:
    """Laps numbered.

    Attributes:
        of: number of each lap, rising.
        told: True when the producer's count stands behind the newest of them, so that laps that
            were lost before it do not matter.
    """

    of: tuple[int, ...]
    told: bool


def producer_lap(way: Knots) -> int | None:
    """The lap that the producer was in along ``way``, one lap; None without a sample.

    The median: a chunk belongs to the lap of its first sample, so that the first samples behind
    the line are still counted to the lap before.
    """
    return int(np.median(way.lap)) if len(way.lap) else None


def number_laps(counts: Sequence[int | None], sure: Sequence[bool]) -> Numbers:
    """Number laps in order.

    Args:
        counts: the producer's lap on each, None where there is no sample.
        sure: whether the crossing that each began with was seen; of the first it does not matter.

    Between crossings that were seen laps follow each other by one. Such a stretch takes its place
    from the producer where more than half of its laps agree on one, and numbers do not fall;
    otherwise it goes on from the stretch before.
    """
    numbers: list[int] = []
    told = False
    # Behind a lap without a sample, which is a hole, nobody knows how many there were.
    edges = [i for i in range(len(counts)) if i == 0 or not sure[i] or counts[i - 1] is None]
    for a, b in zip(edges, [*edges[1:], len(counts)], strict=False):
        first = numbers[-1] + 1 if numbers else 0
        known = [(count - i, count) for i, count in enumerate(counts[a:b]) if count is not None]
        told = False
        for start, votes in Counter(start for start, _ in known).most_common(1):
            if 2 * votes > len(known) and start >= first:
                first = start
                # A producer that does not count says 0 throughout.
                told = any(count > 0 for _, count in known)
        numbers += range(first, first + b - a)
    return Numbers(tuple(numbers), told)
