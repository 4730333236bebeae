"""What happens when, from a seed alone."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from tests.simulation import kinds

RECORDS = 205
"""Chunks at least."""
FAULTS = (7, 10)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens.

    Attributes:
        number: its place in the seed's plan, kept when others are dropped.
        at_s: seconds after the beginning.
        kind: what; ``rotate`` besides :data:`kinds.KINDS`.
        salt: seed of its own choices.
    """

    number: int
    at_s: float
    kind: str
    salt: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule.

    Attributes:
        seed, source: what it comes from.
        steps: in order of time.
        setup: kinds that hold for the whole of it.
        length_s: how long the cars write.
        cars, chunks: of how many cars how many chunks come in all.
        shards: of the stream at first.
        history_s: seconds of writing before the program is started.
        anchored: it starts at a time rather than with the oldest record.
        limit: records per read.
        commit_s: between two transactions.
        page: shards in a page of a listing.
        kept: what is lost to the stream is still in the table.
        whole: nothing was left out; what had no effect is made up for.
    """

    seed: int
    source: str
    steps: tuple[Step, ...]
    setup: frozenset[str]
    length_s: float
    cars: int
    chunks: int
    shards: int
    history_s: float
    anchored: bool
    limit: int
    commit_s: float
    page: int
    kept: bool
    whole: bool = True

    def only(self, numbers: frozenset[int], setup: frozenset[str]) -> Plan:
        """The same with these steps and these setups alone."""
        steps = tuple(s for s in self.steps if s.number in numbers)
        return replace(self, steps=steps, setup=setup, whole=False)


def source_of(seed: int) -> str:
    """Which service a seed runs over, where none is asked for."""
    return kinds.SOURCES[seed % 2]


def make_plan(seed: int, source: str = "") -> Plan:
    """The schedule of a seed."""
    source = source or source_of(seed)
    rng = random.Random(f"{source} {seed}")
    length = rng.uniform(20, 36)
    wanted = rng.sample(kinds.PLANNED[source], rng.randint(*FAULTS))
    if rng.random() < 0.3:
        wanted += rng.sample(kinds.LOSSY, rng.choice((1, 1, 2)))
    wanted += ["rotate"] * rng.choice((2, 2, 3))
    steps = sorted(
        (
            rng.uniform(0.05, 0.4 if kind in kinds.OF_LISTINGS else 0.95) * length,
            kind,
            rng.randrange(1 << 30),
        )
        for kind in wanted
    )
    setup = rng.sample(kinds.SETUP[source], rng.choice((0, 0, 1, 1, 2)))
    return Plan(
        seed,
        source,
        tuple(Step(i, at, kind, salt) for i, (at, kind, salt) in enumerate(steps)),
        frozenset(setup),
        length,
        cars=rng.randint(2, 5),
        chunks=RECORDS + rng.randint(0, 40),
        shards=rng.choice((1, 2, 2, 3)),
        history_s=rng.choice((0.0, 5.0, 15.0)),
        anchored=rng.random() < 0.4,
        limit=rng.choice((5, 20, 1000, 1000)),
        commit_s=rng.choice((0.15, 0.5, 1.0, 1.0)),
        page=rng.choice((1, 2, 3, 100)),
        kept=rng.random() < 0.5,
    )
