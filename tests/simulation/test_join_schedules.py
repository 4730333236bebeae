"""A short set of random schedules of joining, killing and joining again, and proof that they can
fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pitwall.store import Ledger
from pitwall.turbo import repair, roster
from pitwall.turbo.archive import ArchiveLoader
from pitwall.turbo.history import History
from pitwall.turbo.roster import Roster
from pitwall.turbo.splice import Seam
from tests.simulation import join_kinds, kinds
from tests.simulation.join_plan import make_join
from tests.simulation.joins import replay_line, run_join, run_joins, shrink_join
from tests.simulation.runner import workshop

BLOCKS = 5
SEEDS = 40
BREAK_SEEDS = 300


@pytest.mark.parametrize("block", range(BLOCKS))
def test_written_is_there_once_or_named(block: int) -> None:
    count = SEEDS // BLOCKS
    report = run_joins(block * count, count)
    assert report.good, report.red
    assert report.joins == count
    assert report.least >= 1


@pytest.mark.parametrize("source", kinds.SOURCES)
def test_a_seed_is_the_same_schedule_every_time(source: str) -> None:
    with workshop() as folder:
        (first, one), (second, other) = (run_join(make_join(9, source), folder) for _ in range(2))
    assert first == second
    assert one.trace == other.trace


def test_every_kind_is_planned() -> None:
    planned: set[str] = set()
    for seed in range(150):
        plan = make_join(seed)
        planned |= {step.kind for step in plan.steps} | plan.setup
    assert planned == {*join_kinds.KINDS} - {join_kinds.SECOND}


# -- breaks: each must be seen


def no_roster(patch: pytest.MonkeyPatch) -> None:
    """What the heads promise is not looked at."""
    patch.setattr(roster, "targets_of", lambda heads, session: {})


def stream_from_now_on(patch: pytest.MonkeyPatch) -> None:
    """The stream is read without an overlap, and nothing is read by key."""
    seam = Roster.seam

    def late(self: Roster, tails: Any, reach_us: int) -> Seam:
        return replace(seam(self, tails, reach_us), anchor_us=self.asked_us, older=())

    patch.setattr(Roster, "seam", late)
    patch.setattr(repair.Repairer, "_reads", lambda self, holes: {})


def gaps_without_times(patch: pytest.MonkeyPatch) -> None:
    """A gap ends where it begins."""
    gap = repair.Gap

    def short(series: Any, n_lo: int, n_hi: int, t_lo: int, t_hi: int, reason: str) -> Any:
        return gap(series, n_lo, n_hi, t_lo, t_lo, reason)

    patch.setattr(repair, "Gap", short)


def named_unasked(patch: pytest.MonkeyPatch) -> None:
    """What the stream lacks is given up without a look into the table."""
    patch.setattr(repair.Repairer, "_reads", lambda self, holes: {})
    patch.setattr(repair.Repairer, "_sealed_reads", lambda self, holes: {})


def complete_at_the_first_look(patch: pytest.MonkeyPatch) -> None:
    """Live is said of whatever there is."""
    patch.setattr(Roster, "complete", lambda self, ledger: True)


def seam_taken_for_granted(patch: pytest.MonkeyPatch) -> None:
    """The proof does not look."""
    patch.setattr(Roster, "seam_proved", lambda self, ledger: True)


def never_proved(patch: pytest.MonkeyPatch) -> None:
    """The proof is not given when everything is here."""
    patch.setattr(Roster, "seam_proved", lambda self, ledger: False)


def books_complete(patch: pytest.MonkeyPatch) -> None:
    """Holes and series without heads do not count."""
    patch.setattr(Ledger, "complete", property(lambda self: True))


def loaded_again(patch: pytest.MonkeyPatch) -> None:
    """Every start fetches all of the archive."""
    patch.setattr(ArchiveLoader, "_new", lambda self, objects: list(objects))


def archive_looked_at_once(patch: pytest.MonkeyPatch) -> None:
    """What comes late into the archive is never looked for."""
    load = History.load

    def first(self: History, *args: Any, shown: bool, **more: Any) -> Any:
        if not shown:
            return None
        return load(self, *args, shown=shown, **more)

    patch.setattr(History, "load", first)


@pytest.mark.parametrize(
    ("break_", "wrong"),
    [
        (no_roster, "lies"),
        (stream_from_now_on, "misnamed"),
        (gaps_without_times, "misnamed"),
        (named_unasked, "misnamed"),
        (complete_at_the_first_look, "lies"),
        (seam_taken_for_granted, "lies"),
        (never_proved, "lies"),
        (books_complete, "lies"),
        (loaded_again, "lies"),
        (archive_looked_at_once, "misnamed"),
    ],
)
def test_a_broken_joining_is_seen(
    break_: Callable[[pytest.MonkeyPatch], None], wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_(monkeypatch)
    report = run_joins(0, BREAK_SEEDS, until=lambda report: bool(getattr(report, wrong)))
    assert getattr(report, wrong), report.red
    assert not report.good


def test_a_failing_seed_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    never_proved(monkeypatch)
    report = run_joins(2, BREAK_SEEDS, until=lambda report: not report.good)
    plan = make_join(report.red[0]["seed"])
    with workshop() as folder:
        small = shrink_join(plan, folder)
        assert not run_join(small, folder)[0].good
    assert len(small.steps) < len(plan.steps)
    assert f"--replay-join {plan.seed} --source {plan.source}" in replay_line(small)


@pytest.mark.parametrize(
    ("seed", "source"), [(5487, "kinesis"), (6343, "kinesis"), (6462, "dynamodb")]
)
def test_late_objects_of_cars_without_heads_are_not_lost(seed: int, source: str) -> None:
    """Nobody says that something is missing there: the archive is looked at with every start, and
    once more when what was late must have come."""
    with workshop() as folder:
        verdict, _ = run_join(make_join(seed, source), folder)
    assert verdict.good, verdict.text()
