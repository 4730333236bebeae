"""Unbroken runs of samples, put together block by block."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pitwall.store.block import Block, Rule
from pitwall.store.intervals import Interval


@dataclass(frozen=True, slots=True)
class Run:
    """Samples without a break in between: counters and times of its ends."""

    n_first: int
    n_last: int
    t_first: int
    t_last: int


@dataclass(frozen=True, slots=True)
class Runs:
    """The unbroken runs of one epoch in order of n, and the silences between them."""

    runs: tuple[Run, ...]
    silences: tuple[Interval, ...]

    def before(self, n: int) -> int | None:
        """Time of the last sample of the chunks below ``n``."""
        i = bisect_left(self.runs, n, key=lambda r: r.n_last) - 1
        return self.runs[i].t_last if i >= 0 else None

    def after(self, n: int) -> int | None:
        """Time of the first sample of the chunks above ``n``."""
        i = bisect_right(self.runs, n, key=lambda r: r.n_first)
        return self.runs[i].t_first if i < len(self.runs) else None


@dataclass(slots=True)
class RunFold:
    """Runs of the blocks so far, in order of time.

    Attributes:
        rule: what breaks a run.
        runs, silences: by index of the epoch.
    """

    rule: Rule
    runs: dict[int, list[Run]] = field(default_factory=dict)
    silences: dict[int, list[Interval]] = field(default_factory=dict)

    def add(self, blocks: Iterable[Block]) -> None:
        """The next blocks. O(blocks and breaks), not samples."""
        for block in blocks:
            edges = [0, *block.starts.tolist(), len(block)]
            for a, z in zip(edges, edges[1:], strict=False):
                n_first, epoch, _, _ = block.piece(a)
                n_last = block.piece(z - 1)[0]
                self._go_on(epoch, Run(n_first, n_last, int(block.t[a]), int(block.t[z - 1])))

    def join(self, later: RunFold) -> None:
        """What was put together of blocks that come after all of these."""
        for epoch, runs in later.runs.items():
            # Only where the two meet can a run go on; the rest has been looked at.
            self._go_on(epoch, runs[0])
            self.runs[epoch] += runs[1:]
        for epoch, silences in later.silences.items():
            self.silences.setdefault(epoch, []).extend(silences)

    def by_epoch(self, epochs: tuple[str, ...]) -> Mapping[str, Runs]:
        """The runs of each epoch, by its name."""
        return {
            epochs[epoch]: Runs(
                tuple(sorted(runs, key=lambda r: r.n_first)),
                tuple(self.silences.get(epoch, ())),
            )
            for epoch, runs in self.runs.items()
        }

    def _go_on(self, epoch: int, run: Run) -> None:
        runs, rule = self.runs.setdefault(epoch, []), self.rule
        if runs and not (rule.counted and abs(run.n_first - runs[-1].n_last) > 1):
            before = runs[-1]
            if run.t_first - before.t_last > rule.limit_us:
                self.silences.setdefault(epoch, []).append((before.t_last, run.t_first))
            else:
                runs[-1] = Run(before.n_first, run.n_last, before.t_first, run.t_last)
                return
        runs.append(run)
