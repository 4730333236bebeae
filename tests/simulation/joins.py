"""Many seeds of joining: archive, stream and table, over the simulated services."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.simulation.join_schedules import JoinOutcome, JoinSchedule
from tests.simulation.plan import source_of
from tests.simulation.runner import MEMORY, spread


@dataclass
class JoinReport:
    """What came of a run.

    Attributes:
        joins, first: how many seeds, and the first.
        lost: chunks neither there nor named.
        repeated: samples there more than once, or too few.
        misnamed: chunks named as missing that the table had.
        conflicts: chunks that came with two contents.
        named: chunks named.
        records: chunks written.
        faults: seeds that met each kind.
        red: seeds that failed.
        wall_s: how long it took.
    """

    joins: int = 0
    first: int = 0
    lost: int = 0
    repeated: int = 0
    misnamed: int = 0
    conflicts: int = 0
    named: int = 0
    records: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    red: list[dict[str, Any]] = field(default_factory=list)
    wall_s: float = 0.0

    def add(self, outcome: JoinOutcome, source: str) -> None:
        """Count one."""
        self.joins += 1
        self.lost += sum(map(len, outcome.lost.values()))
        self.repeated += outcome.twice
        self.misnamed += len(outcome.wrongly_named)
        self.conflicts += outcome.conflicts
        self.named += outcome.named
        self.records += outcome.written
        for kind in outcome.met:
            self.faults[kind] = self.faults.get(kind, 0) + 1
        if not outcome.good or outcome.applied + outcome.named != outcome.written:
            self.red.append({"seed": outcome.seed, "source": source, "wrong": str(outcome)[:600]})

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def run_joins(first: int, count: int, processes: int = 1, source: str = "") -> JoinReport:
    """Run ``count`` seeds from ``first`` on, each over the service of its number."""
    began = time.monotonic()
    report = JoinReport(first=first)
    seeds = list(range(first, first + count))
    blocks = [(seeds[at : at + 10], source) for at in range(0, count, 10)]
    for outcomes in spread(_run_block, blocks, processes):
        for outcome, served in outcomes:
            report.add(outcome, served)
    report.wall_s = round(time.monotonic() - began, 1)
    return report


def _run_block(block: tuple[Sequence[int], str]) -> list[tuple[JoinOutcome, str]]:
    seeds, source = block
    out = []
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="pitwall-joins-", dir=place) as folder:
        for seed in seeds:
            served = source or source_of(seed)
            schedule = JoinSchedule(seed, Path(folder) / f"{seed}.pitwall", served)
            out.append((schedule.run(), served))
            schedule.joined.close()
    return out
