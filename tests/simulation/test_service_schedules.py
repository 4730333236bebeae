"""A short set of seeded schedules over simulated services, and proof that they can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pitwall.stream import DynamoSource, KinesisSource, Reader, at_time
from pitwall.stream.outbox import Outbox
from pitwall.stream.report import Report
from pitwall.stream.shard import Shard
from pitwall.stream.source import Anchor, Page, Position
from tests.simulation import kinds
from tests.simulation.plan import RECORDS, make_plan
from tests.simulation.runner import run_plan, run_seeds, workshop
from tests.simulation.shrink import replay_line, shrink

SEEDS = 20
BREAK_SEEDS = 60


@pytest.mark.parametrize("block", range(4))
def test_written_is_there_once_in_order_or_named(block: int) -> None:
    count = SEEDS // 4
    report = run_seeds(block * count, count)
    assert report.good, report.red
    assert report.seeds == count
    assert report.least["records"] >= RECORDS
    assert report.least["rotations"] >= 2
    assert report.least["faults"] >= 3


@pytest.mark.parametrize("source", kinds.SOURCES)
def test_a_seed_is_the_same_schedule_every_time(source: str) -> None:
    with workshop() as folder:
        (first, one), (second, other) = (run_plan(make_plan(5, source), folder) for _ in range(2))
    assert first == second
    assert one.trace == other.trace
    assert one.laptop.committed == other.laptop.committed


def test_every_kind_is_planned() -> None:
    planned: set[str] = set()
    for seed in range(150):
        plan = make_plan(seed)
        planned |= {step.kind for step in plan.steps} | plan.setup
    assert planned == {*kinds.KINDS, "rotate"}


# -- breaks: each must be seen


def at_for_after(patch: pytest.MonkeyPatch) -> None:
    """The last record again instead of the one behind it."""

    def earlier(open_: Callable[..., str]) -> Callable[..., str]:
        def opened(self: Any, shard: str, position: Position) -> str:
            if position.anchor is Anchor.AFTER:
                position = replace(position, sequence=str(int(position.sequence) - 1))
                if isinstance(self, KinesisSource):
                    position = replace(position, sequence=str(int(position.sequence) - 9999))
            return open_(self, shard, position)

        return opened

    patch.setattr(DynamoSource, "open", earlier(DynamoSource.open))
    patch.setattr(KinesisSource, "open", earlier(KinesisSource.open))


def last_batch_dropped(patch: pytest.MonkeyPatch) -> None:
    """What comes with the end of a shard is not taken."""
    for source in (DynamoSource, KinesisSource):

        def read(self: Any, iterator: str, limit: int, read_: Any = source.read) -> Page:
            page: Page = read_(self, iterator, limit)
            return page if page.next_iterator else replace(page, records=())

        patch.setattr(source, "read", read)


def checkpoint_before_data(patch: pytest.MonkeyPatch) -> None:
    """The place is handed over before what was read."""
    accepts = Outbox._accepts

    def split(self: Outbox, batch: Any, now: float) -> bool:
        empty = replace(batch, segments=(), samples=(), heads=(), quarantined=())
        return accepts(self, empty, now) and accepts(self, replace(batch, checkpoints={}), now)

    patch.setattr(Outbox, "_accepts", split)


def children_at_latest(patch: pytest.MonkeyPatch) -> None:
    """Shards that come later are read from now on."""
    open_ = Shard.open

    def opened(self: Shard, start: Position, now_us: int) -> None:
        open_(self, at_time(now_us) if self.info.parents else start, now_us)

    patch.setattr(Shard, "open", opened)


def children_beside_parents(patch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a parent."""
    from pitwall.stream.lineage import Lineage, Ready

    patch.setattr(Lineage, "ready", lambda self, shard, finished: Ready.NOW)


def gap_swallowed(patch: pytest.MonkeyPatch) -> None:
    """A loss is not told."""
    patch.setattr(Report, "lost", lambda self, *args, **more: None)


def page_taken_before_accepted(patch: pytest.MonkeyPatch) -> None:
    """A writer that takes nothing loses what it was to take."""

    def accepts(self: Outbox, batch: Any, now: float) -> bool:
        from pitwall.telemetry import PitwallError

        try:
            self._sink.submit(batch, timeout_s=1.0)
        except PitwallError:
            if self._sink.failure is not None:
                raise
        return True

    patch.setattr(Outbox, "_accepts", accepts)


def every_limit_ignored(patch: pytest.MonkeyPatch) -> None:
    """Reading as fast as answers come."""
    step = Reader.step

    def hurried(self: Reader) -> float:
        for shard in self._tree.shards.values():
            shard.due = 0.0
        return step(self)

    patch.setattr(Reader, "step", hurried)


@pytest.mark.parametrize(
    ("break_", "wrong"),
    [
        (at_for_after, "repeated"),
        (last_batch_dropped, "lost"),
        (checkpoint_before_data, "lost"),
        (children_at_latest, "lost"),
        (children_beside_parents, "out_of_order"),
        (gap_swallowed, "misnamed"),
        (page_taken_before_accepted, "lost"),
        (every_limit_ignored, "over_limit"),
    ],
)
def test_a_broken_reader_is_seen(
    break_: Callable[[pytest.MonkeyPatch], None], wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_(monkeypatch)
    report = run_seeds(0, BREAK_SEEDS, until=lambda report: bool(getattr(report, wrong)))
    assert getattr(report, wrong), report.red
    assert not report.good
    assert not report.errors, report.red


def test_a_failing_seed_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    last_batch_dropped(monkeypatch)
    report = run_seeds(0, BREAK_SEEDS, until=lambda report: not report.good)
    plan = make_plan(report.red[0]["seed"])
    with workshop() as folder:
        small = shrink(plan, folder)
        assert not run_plan(small, folder)[0].good
    assert len(small.steps) < len(plan.steps)
    assert small.steps
    line = replay_line(small)
    assert f"--replay {plan.seed}" in line
    assert f"--source {plan.source}" in line


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with workshop() as folder:
        run_plan(make_plan(3), folder)
        assert [path.name for path in folder.iterdir()] == ["empty.pitwall"]
    assert not folder.exists()
