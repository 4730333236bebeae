"""Many seeds of joining: archive, stream and table, over the simulated services."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.simulation import join_kinds
from tests.simulation.join_foreign import ForeignSchedule, judge_foreign
from tests.simulation.join_judge import JoinVerdict, judge_join
from tests.simulation.join_plan import JoinPlan, make_join
from tests.simulation.join_schedules import JoinSchedule
from tests.simulation.runner import BLOCK, cpu_s, settle_memory, spread, workshop

RUNS = 80
"""Attempts at making a failing seed smaller, at most."""


@dataclass
class JoinReport:
    """What came of a run. All counts from ``lost`` to ``errors`` are zero when everything is as it
    must be.

    Attributes:
        joins, first: how many seeds, and the first.
        lost, repeated, damaged, misnamed, lies, errors: see
            :class:`tests.simulation.join_judge.JoinVerdict`.
        named: chunks that gaps name.
        records: chunks written, or samples where there is no contract.
        least: the fewest kinds of faults that a seed had.
        faults: for each kind, the seeds in which it had an effect.
        red: seeds that failed, with what is wrong.
        wall_s, cpu_s: how long it took.
    """

    joins: int = 0
    first: int = 0
    lost: int = 0
    repeated: int = 0
    damaged: int = 0
    misnamed: int = 0
    lies: int = 0
    errors: int = 0
    named: int = 0
    records: int = 0
    least: int = 0
    faults: dict[str, int] = field(default_factory=lambda: dict.fromkeys(join_kinds.KINDS, 0))
    red: list[dict[str, Any]] = field(default_factory=list)
    wall_s: float = 0.0
    cpu_s: float = 0.0

    @property
    def good(self) -> bool:
        """Every seed ended as it must."""
        return not self.red

    def add(self, verdict: JoinVerdict) -> None:
        """Count one seed."""
        met = [kind for kind in join_kinds.KINDS if verdict.met[kind]]
        self.least = min(self.least, len(met)) if self.joins else len(met)
        self.joins += 1
        for name in ("lost", "repeated", "damaged", "misnamed", "lies"):
            setattr(self, name, getattr(self, name) + len(getattr(verdict, name)))
        self.errors += bool(verdict.error)
        self.named += verdict.named
        self.records += verdict.records
        for kind in met:
            self.faults[kind] += 1
        if not verdict.good:
            self.red.append(
                {"seed": verdict.seed, "source": verdict.source, "wrong": verdict.text()}
            )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def run_join(plan: JoinPlan, folder: Path) -> tuple[JoinVerdict, JoinSchedule]:
    """Run one schedule in ``folder`` (see :func:`tests.simulation.runner.workshop`)."""
    own = Path(tempfile.mkdtemp(dir=folder))
    path = own / "race.pitwall"
    shutil.copyfile(folder / "empty.pitwall", path)
    foreign = join_kinds.FOREIGN in plan.setup
    schedule = ForeignSchedule(plan, path) if foreign else JoinSchedule(plan, path)
    try:
        schedule.run()
        if isinstance(schedule, ForeignSchedule):
            return judge_foreign(schedule), schedule
        return judge_join(schedule), schedule
    except Exception as error:  # noqa: BLE001 - whatever the program raises is a red seed
        verdict = JoinVerdict(plan.seed, plan.source, error=f"{type(error).__name__}: {error}")
        schedule.trace.append(verdict.error)
        return verdict, schedule
    finally:
        schedule.close()
        shutil.rmtree(own, ignore_errors=True)


def run_joins(
    first: int,
    count: int,
    processes: int = 1,
    source: str = "",
    *,
    until: Callable[[JoinReport], bool] | None = None,
) -> JoinReport:
    """Run ``count`` seeds from ``first`` on, each over the service of its number or all over
    ``source``; with ``until`` the run ends soon after that has become true."""
    began, cpu = time.monotonic(), cpu_s()
    report = JoinReport(first=first)
    size = BLOCK if until is None else 3
    blocks = [
        (list(range(at, min(at + size, first + count))), source)
        for at in range(first, first + count, size)
    ]
    for verdicts in spread(_run_block, blocks, processes):
        for verdict in verdicts:
            report.add(verdict)
        if until is not None and until(report):
            break
    report.wall_s = round(time.monotonic() - began, 1)
    report.cpu_s = round(cpu_s() - cpu, 1)
    report.red.sort(key=lambda red: red["seed"])
    return report


def _run_block(block: tuple[list[int], str]) -> list[JoinVerdict]:
    seeds, source = block
    with workshop() as folder:
        verdicts = [run_join(make_join(seed, source), folder)[0] for seed in seeds]
    settle_memory()
    return verdicts


def shrink_join(plan: JoinPlan, folder: Path) -> JoinPlan:
    """Leave out steps and setups, half of them at a time, then fewer, while it fails alike."""
    before = set(run_join(plan, folder)[0].wrongs)
    left: list[int | str] = [*(s.number for s in plan.steps), *sorted(plan.setup)]
    runs, size = 0, max(len(left) // 2, 1)
    while runs < RUNS:
        at, dropped = 0, False
        while at < len(left) and runs < RUNS:
            fewer = left[:at] + left[at + size :]
            runs += 1
            if before & set(run_join(only(plan, fewer), folder)[0].wrongs):
                left, dropped = fewer, True
            else:
                at += size
        if size == 1 and not dropped:
            break
        size = max(size // 2, 1)
    return only(plan, left)


def only(plan: JoinPlan, left: list[int | str]) -> JoinPlan:
    """The plan with these of its steps and setups alone; another producer's stays one."""
    numbers = frozenset(part for part in left if isinstance(part, int))
    setup = frozenset(part for part in left if isinstance(part, str))
    return plan.only(numbers, plan.setup & (setup | {join_kinds.FOREIGN}))


def replay_line(plan: JoinPlan) -> str:
    """The command that runs this very schedule again."""
    parts = [*(str(step.number) for step in plan.steps), *sorted(plan.setup)]
    return (
        f"python -m tests.simulation --replay-join {plan.seed} --source {plan.source} "
        f"--only {','.join(parts) or '-'}"
    )
