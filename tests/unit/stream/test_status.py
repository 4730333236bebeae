"""What the reader lets others see of each shard and of itself."""

from __future__ import annotations

import pytest

from pitwall.stream import Pace, Retryable, ShardStatus, Throttled, Trimmed
from tests.unit.stream.rig import SECOND, Rig, head, made


def seen(rig: Rig) -> dict[str, ShardStatus]:
    """By shard, as of now."""
    assert rig.reader is not None
    rig.reader._publish(running=True)
    return {shard.id: shard for shard in rig.reader.status.shards}


def test_each_shard_counts_what_befell_it_and_no_other() -> None:
    rig = Rig(2)
    first, second = rig.world.open_ids
    rig.world.put(made(1), 0)
    rig.world.fail("read", first, lambda: Throttled("slow down"), 3)
    rig.world.fail("read", second, lambda: Retryable("500"), 2)
    rig.start()
    rig.run(20)
    shards = seen(rig)
    assert (shards[first].throttles, shards[first].retries) == (3, 0)
    assert (shards[second].throttles, shards[second].retries) == (0, 2)
    assert (shards[first].records, shards[second].records) == (1, 0)
    reads = [c for c in rig.world.calls if c[1] == "read" and c[2] == first]
    assert shards[first].polls == len(reads)
    assert rig.reader is not None
    status = rig.reader.status
    assert status.polls == shards[first].polls + shards[second].polls
    assert (status.throttles, status.retries, status.records) == (3, 2, 1)


def test_ages_go_on_while_nothing_comes() -> None:
    rig = Rig(2)
    first, second = rig.world.open_ids
    rig.world.put(made(1), 0)
    rig.start()
    rig.run(10)
    before = seen(rig)
    rig.time.advance(15)
    after = seen(rig)
    assert before[second].record_age_us is None
    grown = [shards[first].record_age_us for shards in (before, after)]
    assert grown[0] is not None
    assert grown[1] is not None
    assert grown[1] - grown[0] == 15 * SECOND
    saved = after[first].checkpoint_age_us
    assert saved is not None
    assert 15 * SECOND <= saved <= 26 * SECOND


def test_a_checkpoint_ages_only_until_the_next_one() -> None:
    rig = Rig(pace=Pace(save=30.0))
    rig.start()
    for _ in range(20):
        rig.run(10)
        [shard] = seen(rig).values()
        assert shard.checkpoint_age_us is not None
        assert shard.checkpoint_age_us <= 32 * SECOND


def test_lag_of_a_shard_is_that_of_its_own_heads() -> None:
    rig = Rig(2)
    first, second = rig.world.open_ids
    rig.start()
    rig.run(1)
    rig.world.put(head(1, rig.time.wall, "7"), 0)
    rig.world.put(head(1, rig.time.wall - 20 * SECOND, "8"), 1)
    rig.run(2)
    shards = seen(rig)
    near, far = shards[first].lag_us, shards[second].lag_us
    assert near is not None
    assert far is not None
    assert near < 2 * SECOND
    assert 20 * SECOND <= far < 22 * SECOND
    assert rig.reader is not None
    assert rig.reader.status.lag_us == near


def test_a_gap_is_counted_at_its_shard() -> None:
    rig = Rig(2)
    first, second = rig.world.open_ids
    rig.world.put(made(1), 0)
    rig.start()
    rig.run(2)
    rig.world.fail("read", first, lambda: Trimmed("trimmed"))
    rig.run(5)
    shards = seen(rig)
    assert (shards[first].gaps, shards[second].gaps) == (1, 0)


def test_a_gap_does_not_end_before_it_begins() -> None:
    rig = Rig()
    rig.world.put(made(1), created_us=rig.time.wall + 9 * SECOND)
    rig.start()
    rig.run(2)
    rig.world.put(made(2))
    rig.world.fail("read", "", lambda: Trimmed("trimmed"))
    rig.run(3)
    assert rig.reader is not None
    [gap] = rig.reader.status.gaps
    assert gap.to_us >= gap.from_us > 0


def test_the_queue_is_what_the_writer_has_and_what_waits_for_it() -> None:
    rig = Rig(3, pace=Pace(limit=1))
    for n in range(1, 10):
        rig.world.put(made(n, str(n)), n)
    rig.sink.auto = False
    rig.sink.room = 2
    rig.start()
    rig.run(5)
    assert rig.reader is not None
    seen(rig)
    assert rig.reader.status.blocked
    held = [s for s in rig.reader._tree.shards.values() if s.taken is not None]
    assert held
    assert rig.reader.status.queue_depth == 2 + len(held)
    rig.sink.auto = True
    rig.sink.commit()
    rig.run(5)
    seen(rig)
    assert rig.reader.status.queue_depth == 0


@pytest.mark.parametrize("ours", [False, True])
def test_a_silent_source_is_not_us_being_behind(ours: bool) -> None:
    rig = Rig()
    rig.start()
    assert rig.reader is not None
    assert not rig.reader.status.silent
    for n in range(1, 5):
        rig.world.put(head(n, rig.time.wall))
        rig.run(1)
    assert not rig.reader.status.silent
    if ours:
        rig.world.fail("read", "", lambda: Throttled("slow down"), 10**6)
    rig.run(5)
    seen(rig)
    assert rig.reader.status.silent is not ours
