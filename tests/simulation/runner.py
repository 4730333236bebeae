"""Many seeds over several processes, and what came of them."""

from __future__ import annotations

import gc
import multiprocessing
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pitwall.store import Recording
from tests.simulation import kinds
from tests.simulation.judge import Verdict, judge
from tests.simulation.plan import Plan, make_plan
from tests.simulation.schedule import Schedule
from tests.unit.turbo.rig import SESSION

Block = TypeVar("Block")
Result = TypeVar("Result")
BLOCK = 20
"""Seeds that a process takes at a time."""
MEMORY = Path("/dev/shm")
"""A file system in memory, where there is one: recordings are small and short-lived."""


@dataclass
class Report:
    """What came of a run. Counts of ``lost`` to ``damaged`` are of chunks, and all of them zero
    when everything is as it must be.

    Attributes:
        seeds, first: how many, and the first.
        lost, repeated, out_of_order, damaged, misnamed, over_limit, errors: see
            :class:`tests.simulation.judge.Verdict`.
        gaps, named: rows that name a loss, and their chunks.
        records, rotations: chunks written, and ends of shards.
        least: the fewest records, rotations and kinds of faults that a seed had.
        faults: for each kind, the seeds in which it had an effect.
        red: seeds that failed, with what is wrong.
        wall_s, cpu_s: how long it took.
        processes: in how many processes.
    """

    seeds: int = 0
    first: int = 0
    lost: int = 0
    repeated: int = 0
    out_of_order: int = 0
    damaged: int = 0
    misnamed: int = 0
    over_limit: int = 0
    errors: int = 0
    gaps: int = 0
    named: int = 0
    records: int = 0
    rotations: int = 0
    least: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=lambda: dict.fromkeys(kinds.KINDS, 0))
    red: list[dict[str, Any]] = field(default_factory=list)
    wall_s: float = 0.0
    cpu_s: float = 0.0
    processes: int = 1

    @property
    def good(self) -> bool:
        """Every seed ended as it must."""
        return not self.red

    def add(self, verdict: Verdict) -> None:
        """Count one seed."""
        self.seeds += 1
        for name in ("lost", "repeated", "out_of_order", "damaged", "misnamed"):
            setattr(self, name, getattr(self, name) + len(getattr(verdict, name)))
        self.over_limit += verdict.over_limit
        self.errors += bool(verdict.error)
        self.gaps += verdict.gaps
        self.named += verdict.named
        self.records += verdict.records
        self.rotations += verdict.rotations
        met = [kind for kind in kinds.KINDS if verdict.met[kind]]
        for kind in met:
            self.faults[kind] += 1
        for name, value in (
            ("records", verdict.records),
            ("rotations", verdict.rotations),
            ("faults", len(met)),
        ):
            self.least[name] = min(self.least.get(name, value), value)
        if not verdict.good:
            self.red.append(
                {"seed": verdict.seed, "source": verdict.source, "wrong": verdict.text()}
            )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@contextmanager
def workshop() -> Iterator[Path]:
    """A folder with an empty recording to begin from, for as long as the context lasts."""
    folder = Path(
        tempfile.mkdtemp(prefix="pitwall-seeds-", dir=MEMORY if MEMORY.is_dir() else None)
    )
    try:
        Recording.create(folder / "empty.pitwall", SESSION).close()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_plan(plan: Plan, folder: Path) -> tuple[Verdict, Schedule]:
    """Run one schedule in ``folder`` (see :func:`workshop`)."""
    own = Path(tempfile.mkdtemp(dir=folder))
    schedule = Schedule(plan, own, folder / "empty.pitwall")
    try:
        schedule.run()
        return judge(schedule), schedule
    except Exception as error:  # noqa: BLE001 - whatever the program raises is a red seed
        verdict = Verdict(plan.seed, plan.source, error=f"{type(error).__name__}: {error}")
        schedule.trace.append(verdict.error)
        return verdict, schedule
    finally:
        schedule.laptop.abandon()
        shutil.rmtree(own, ignore_errors=True)


def run_seeds(
    first: int,
    count: int,
    processes: int = 1,
    source: str = "",
    *,
    until: Callable[[Report], bool] | None = None,
) -> Report:
    """Run ``count`` seeds from ``first`` on.

    ``source`` is a service to run all of them over, in place of each seed's own. With ``until``
    the run ends soon after that has become true. With one process everything happens in this
    one; with more they are forked where the system can, so that what was changed here holds there.
    """
    began, cpu = time.monotonic(), cpu_s()
    report = Report(first=first, processes=processes)
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


def spread(
    run: Callable[[Block], Result], blocks: Sequence[Block], processes: int
) -> Iterator[Result]:
    """``run`` of each block, as they come, in so many processes."""
    if processes <= 1:
        yield from map(run, blocks)
        return
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in methods else None)
    with context.Pool(processes, initializer=_prepare) as pool:
        yield from pool.imap_unordered(run, blocks)
        pool.close()
        pool.join()


def _prepare() -> None:
    """A process of its own: what a block leaves is collected at its end, not in between."""
    gc.freeze()
    gc.disable()


def _run_block(block: tuple[list[int], str]) -> list[Verdict]:
    seeds, source = block
    with workshop() as folder:
        verdicts = [run_plan(make_plan(seed, source), folder)[0] for seed in seeds]
    settle_memory()
    return verdicts


def settle_memory() -> None:
    """Collect what a block has left, in a process that was prepared for blocks."""
    if not gc.isenabled():
        gc.collect()


def cpu_s() -> float:
    """Of this process and its ended children."""
    try:
        import resource
    except ImportError:  # not on every system
        return time.process_time()
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def wrongs(verdict: Verdict) -> Counter[str]:
    """What kinds of wrong a verdict speaks of."""
    names = ("lost", "repeated", "out_of_order", "damaged", "misnamed", "over_limit", "error")
    return Counter({name: 1 for name in names if getattr(verdict, name)})
