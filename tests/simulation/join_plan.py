"""What happens when while a session is joined, from a seed alone."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from tests.simulation import join_kinds, kinds
from tests.simulation.plan import source_of
from tests.simulation.troubles import TROUBLES

CHANCE = 0.3
"""That a schedule draws a kind; many have no effect where they happen."""
CHANCES = {
    **dict.fromkeys((*join_kinds.BUCKET, *TROUBLES, "back_pressure"), 0.5),
    **dict.fromkeys(("repeated_page", "two_readers", "offline", "expired", "late_object"), 0.65),
    **dict.fromkeys(("switched_off_and_on", "merge"), 0.65),
    **dict.fromkeys(join_kinds.OF_REPAIRS, 0.95),
}
"""Of those that seldom have one, or that only some schedules can have."""
EARLY_CRASHES = ("crash_repair", "crash_get", "crash_listing")
SETUP_CHANCE = 0.18
FOREIGN_EVERY = 8
"""One schedule in so many is of another producer's items."""


@dataclass(frozen=True, slots=True)
class JoinStep:
    """Something that happens.

    Attributes:
        number: its place in the seed's plan, kept when others are dropped.
        start: in which run of the program; 0 is before the first.
        share: of that run's time, when it happens; or in which call, for what befalls a call.
        kind: see :mod:`tests.simulation.join_kinds`.
        salt: seed of its own choices.
    """

    number: int
    start: int
    share: float
    kind: str
    salt: int


@dataclass(frozen=True, slots=True)
class JoinPlan:
    """A schedule.

    Attributes:
        seed, source: what it comes from.
        steps: in order.
        setup: kinds that hold for the whole of it.
        cars, shards: at first.
        history_s: seconds of racing before the program is started.
        runs_s: how long the program runs, each time it is started.
        lag_s: how long lines take to the archive.
        overlap_s, repair_most, archive_from, crosscheck_s: of the tempo.
    """

    seed: int
    source: str
    steps: tuple[JoinStep, ...]
    setup: frozenset[str]
    cars: int
    shards: int
    history_s: float
    runs_s: tuple[float, ...]
    lag_s: tuple[float, float]
    overlap_s: int
    repair_most: int
    archive_from: int
    crosscheck_s: int

    def only(self, numbers: frozenset[int], setup: frozenset[str]) -> JoinPlan:
        """The same with these steps and these setups alone."""
        steps = tuple(s for s in self.steps if s.number in numbers)
        return replace(self, steps=steps, setup=setup)


def make_join(seed: int, source: str = "") -> JoinPlan:
    """The schedule of a seed."""
    source = source or source_of(seed)
    rng = random.Random(f"join {source} {seed}")
    foreign = (seed // len(kinds.SOURCES)) % FOREIGN_EVERY == 0
    runs = tuple(rng.uniform(1.5, 5) for _ in range(rng.choice((2, 3, 3, 4))))
    setup = [kind for kind in join_kinds.SETUPS if rng.random() < SETUP_CHANCE]
    if foreign:
        setup = [join_kinds.FOREIGN]
    elif "sealed_laps" not in setup and rng.random() < 0.5:
        setup.append("sealed_laps")
    sealed = "sealed_laps" in setup
    repairs = rng.random() < 0.5
    steps = sorted(_drawn(source, len(runs), sealed, repairs, rng))
    return JoinPlan(
        seed,
        source,
        tuple(
            JoinStep(i, *step)
            for i, step in enumerate(
                step for step in steps if not foreign or step[2] in join_kinds.FOREIGN_ALONE
            )
        ),
        frozenset(setup),
        cars=rng.randint(1, 3),
        shards=rng.randint(1, 3),
        history_s=rng.uniform(75, 140) if sealed or repairs else rng.uniform(20, 120),
        runs_s=runs,
        lag_s=rng.choice(((1.0, 5.0), (5.0, 30.0), (20.0, 60.0))[: 2 if repairs else 3]),
        overlap_s=10 if repairs else rng.choice((10, 60, 120)),
        repair_most=2000 if repairs else rng.choice((20, 2000)),
        archive_from=rng.choice((1, 50)),
        crosscheck_s=rng.choice((20, 60)),
    )


def _drawn(
    source: str, runs: int, sealed: bool, repairs: bool, rng: random.Random
) -> list[tuple[int, float, str, int]]:
    """Run, share, kind and salt of everything that happens."""
    planned = join_kinds.planned(source)
    wanted = [
        kind
        for kind in planned
        if kind not in join_kinds.STRIKES
        and (repairs or kind not in join_kinds.OF_REPAIRS)
        and rng.random() < CHANCES.get(kind, CHANCE)
    ]
    if repairs and rng.random() < CHANCES["slept_repair"]:
        wanted.append("slept_repair")
    if sealed:
        wanted.append(rng.choice(join_kinds.SEALED))
    wanted += rng.sample(join_kinds.SLEEPS, 2)
    wanted += rng.sample(join_kinds.LOADING, 3)
    # A run is killed once, but for one of them.
    crashes = [*EARLY_CRASHES] if rng.random() < 0.3 else [*join_kinds.CRASHES]
    # The first run that comes so far has most to load and to repair.
    crashes = sorted(rng.sample(crashes, min(runs - 1, len(crashes))), key=_when)
    *killed, free = rng.sample(range(1, runs + 1), len(crashes) + 1)
    killed.sort()
    out = [_step(kind, runs, free, rng) for kind in wanted]
    if repairs:
        out.append((0, rng.uniform(0.2, 0.4), "lost_stretch", rng.randrange(1 << 30)))
    for start, kind in zip(killed, crashes, strict=True):
        out.append((start, rng.uniform(0.1, 1.0), kind, rng.randrange(1 << 30)))
    return out


def _when(crash: str) -> int:
    return EARLY_CRASHES.index(crash) if crash in EARLY_CRASHES else len(EARLY_CRASHES)


def _step(kind: str, runs: int, free: int, rng: random.Random) -> tuple[int, float, str, int]:
    """Of one kind; ``free`` is the run that is not killed."""
    share = rng.uniform(0.1, 1.0)
    if kind in join_kinds.OF_REPAIRS:
        return free, share, kind, rng.randrange(1 << 30)
    if kind in join_kinds.SEALED:
        # When the first lap is over, and before it is sealed without a flaw.
        return 0, 0.95, kind, rng.randrange(1 << 30)
    if kind in (*join_kinds.STRIKES, *join_kinds.BEFORE, *join_kinds.DISK):
        # The first run loads most.
        start = rng.choice((1, rng.randint(1, runs)))
    elif kind in (*join_kinds.OBJECTS, *join_kinds.LINES):
        start = rng.choice((0, 0, 0, rng.randint(0, runs)))
    elif kind in TROUBLES:
        # Before a start: it lasts for a while.
        start, share = rng.randint(1, runs), 0.0
    else:
        start = rng.randint(0, runs)
    return start, share, kind, rng.randrange(1 << 30)
