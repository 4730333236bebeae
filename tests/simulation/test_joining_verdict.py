"""What the state of things is called: whose fault it is that nothing new is on the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.stream import Denied, Fault, ReaderStatus, Retryable, ShardStatus, Throttled
from pitwall.stream.shard import State as ShardState
from pitwall.telemetry import Failure
from pitwall.turbo import Phase, Tempo
from pitwall.turbo.verdict import Judge
from tests.unit.stream.rig import SECOND, START, Rig
from tests.unit.turbo.rig import Joined, Race, joined_after

TEMPO = Tempo()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "race.pitwall"


class Watched:
    """A race that was joined, what it was called from then on, and something that befalls it."""

    def __init__(self, path: Path, shards: int = 2) -> None:
        self.race = Race(shards=shards)
        self.joined = joined_after(self.race, path, 300)
        self.joined.follow(30, self.joined.live)
        self.joined = Joined(self.race, path)
        self.since = 0.0
        """Monotonic seconds of the first LIVE."""

    def follow(
        self, seconds: float, *, after: float = 5.0, does: Callable[[], None]
    ) -> list[tuple[float, Phase]]:
        """Follow; ``does`` is called once, ``after`` seconds of being live. Each new phase with
        the seconds since then."""
        phases: list[tuple[float, Phase]] = []
        joined, time = self.joined, self.race.time
        done = threading.Event()

        def look() -> None:
            if joined.live() and not self.since:
                self.since = time.mono
            if self.since and time.mono >= self.since + after and not done.is_set():
                done.set()
                does()
            phase = joined.status.phase
            if self.since and (not phases or phases[-1][1] is not phase):
                phases.append((time.mono - self.since - after, phase))

        joined.on_slice = look
        joined.follow(seconds)
        assert done.is_set()
        return phases


def names(phases: list[tuple[float, Phase]]) -> list[Phase]:
    return [phase for _, phase in phases]


def fail(race: Race, fault: Callable[[], Fault], shard: str = "", times: int = 10**6) -> None:
    race.world.fail("read", shard, fault, times)


def test_a_dead_network_is_offline_within_five_seconds(path: Path) -> None:
    watched = Watched(path)
    phases = watched.follow(
        40, does=lambda: fail(watched.race, lambda: Retryable("EndpointConnectionError: refused"))
    )
    assert names(phases) == [Phase.LIVE, Phase.OFFLINE]
    assert TEMPO.failing_s <= phases[1][0] <= TEMPO.offline_s + 1
    assert "refused" in watched.joined.status.why


def test_permission_that_was_withdrawn_is_offline_and_says_so(path: Path) -> None:
    watched = Watched(path)
    phases = watched.follow(
        40, does=lambda: fail(watched.race, lambda: Denied("the session has expired"))
    )
    assert names(phases) == [Phase.LIVE, Phase.OFFLINE]
    assert watched.joined.status.why == "the session has expired"


def test_a_network_that_comes_back_is_behind_at_most_until_it_has_caught_up(path: Path) -> None:
    watched = Watched(path)

    def cut() -> None:
        fail(watched.race, lambda: Retryable("reset"))
        watched.race.every.append(mend)
        watched.cut_at = watched.race.time.mono  # type: ignore[attr-defined]

    def mend() -> None:
        if watched.race.time.mono > watched.cut_at + 30:  # type: ignore[attr-defined]
            watched.race.world.faults.clear()

    phases = names(watched.follow(90, does=cut))
    assert phases[:2] == [Phase.LIVE, Phase.OFFLINE]
    assert phases[-1] is Phase.LIVE
    assert set(phases[2:-1]) <= {Phase.BEHIND}
    assert watched.joined.status.why == ""


def test_too_many_readers_are_throttling_and_not_being_offline(path: Path) -> None:
    watched = Watched(path)
    phases = watched.follow(
        60, does=lambda: fail(watched.race, lambda: Throttled("limit exceeded"))
    )
    assert names(phases) == [Phase.LIVE, Phase.THROTTLED]


def test_a_call_that_is_refused_now_and_then_is_no_news(path: Path) -> None:
    watched = Watched(path)

    def now_and_then() -> None:
        if watched.race.time.wall // SECOND % 5 == 0:
            fail(watched.race, lambda: Throttled("limit exceeded"), times=2)

    phases = watched.follow(120, does=lambda: watched.race.every.append(now_and_then))
    assert names(phases) == [Phase.LIVE]
    assert watched.joined.status.reader.throttles >= 40


def test_one_shard_that_fails_is_being_behind(path: Path) -> None:
    watched = Watched(path)
    first = watched.race.world.open_ids[0]
    phases = watched.follow(40, does=lambda: fail(watched.race, lambda: Retryable("503"), first))
    assert names(phases) == [Phase.LIVE, Phase.BEHIND]
    assert watched.joined.status.why == "calls fail for 1 of 2 shards"


def test_a_source_that_stops_is_silent(path: Path) -> None:
    watched = Watched(path)
    phases = watched.follow(40, does=lambda: setattr(watched.race, "writing", False))
    assert names(phases) == [Phase.LIVE, Phase.SILENT]
    assert phases[1][0] < TEMPO.silent_us / SECOND + 2


def test_a_stream_that_is_switched_off_is_said_to_be(path: Path) -> None:
    watched = Watched(path)

    def off() -> None:
        world = watched.race.world
        world.enabled = False
        for shard in world.open_ids:
            world.end(shard)
        watched.race.writing = False

    phases = watched.follow(90, does=off)
    assert names(phases)[-1] is Phase.STREAM_OFF
    assert Phase.OFFLINE not in names(phases)


@pytest.mark.parametrize("pieces", [1, 2])
@pytest.mark.parametrize("delay_s", [0.0, 1.5])
def test_a_rotation_is_not_being_behind(path: Path, pieces: int, delay_s: float) -> None:
    watched = Watched(path)
    turned: list[float] = []

    def turn() -> None:
        if watched.race.time.mono > (turned or [watched.since])[-1] + 12:
            turned.append(watched.race.time.mono)
            watched.race.world.rotate(len(turned) % 2, pieces, delay_s)

    phases = watched.follow(120, does=lambda: watched.race.every.append(turn))
    assert watched.joined.status.reader.rotations >= 8
    assert names(phases) == [Phase.LIVE]


def test_a_child_begins_where_its_parent_was_read_to(path: Path) -> None:
    rig = Rig(1)
    rig.start()
    rig.run(60)
    rig.world.rotate()
    worst = 0
    for _ in range(100):
        rig.run(0.1)
        assert rig.reader is not None
        rig.reader._publish(running=True)
        worst = max(worst, rig.time.wall - rig.reader.status.passed_us)
    assert rig.reader is not None
    assert rig.reader.status.rotations == 1
    assert worst < 5 * SECOND


def test_joining_without_a_network_is_offline_until_it_is_there(path: Path) -> None:
    race = Race()
    race.advance(100)
    heads = race.table.heads
    refused: list[float] = []

    def refuse() -> object:
        if len(refused) < 6:
            refused.append(race.time.mono)
            raise Failure("cannot reach the table") from ConnectionError("refused")
        return heads()

    race.table.heads = refuse  # type: ignore[method-assign, assignment]
    joined = Joined(race, path)
    phases: list[tuple[Phase, str]] = []
    joined.on_slice = lambda: phases.append((joined.status.phase, joined.status.why))
    joined.follow(60, joined.live)
    assert joined.live()
    assert (Phase.OFFLINE, "cannot reach the table") in phases
    assert phases[0][0] is Phase.ROSTER
    assert joined.names()[:3] == ["offline", "reached", "joined"]
    assert joined.status.why == joined.status.message == ""


def test_what_was_read_late_is_not_called_the_source_s_lateness(path: Path) -> None:
    watched = Watched(path)

    def cut() -> None:
        fail(watched.race, lambda: Retryable("reset"))
        watched.race.every.append(mend)
        began.append(watched.race.time.mono)

    def mend() -> None:
        if watched.race.time.mono > began[0] + 30:
            watched.race.world.faults.clear()

    began: list[float] = []
    phases = names(watched.follow(90, does=cut))
    assert Phase.LATE not in phases
    assert phases[-1] is Phase.LIVE


def test_what_the_service_gets_late_is_late_until_it_comes_in_time(path: Path) -> None:
    watched = Watched(path)
    race = watched.race
    in_time = race.event_us
    held: list[float] = []

    def hold() -> None:
        held.append(race.time.mono)
        race.event_us = lambda car: (
            in_time(car)
            - (  # type: ignore[method-assign]
                9 * SECOND if race.time.mono < held[0] + 20 else 0
            )
        )

    phases = watched.follow(60, does=hold)
    assert names(phases) == [Phase.LIVE, Phase.LATE, Phase.LIVE]
    assert 20 <= phases[2][0] <= 23


def test_a_program_that_stood_still_is_not_offline(path: Path) -> None:
    """Where the monotonic clock runs on while nobody does anything."""
    watched = Watched(path)
    watched.joined.slice_s = TEMPO.tick_s

    def stop_next() -> None:
        reader = watched.joined.follower.reader
        assert reader is not None
        step = reader.step

        def stand_still() -> float:
            """The follower wakes before the reader has done anything."""
            reader.step = step  # type: ignore[method-assign]
            watched.race.time.wall += 45 * SECOND
            watched.race.time.mono += 45
            return 0.0

        reader.step = stand_still  # type: ignore[method-assign]

    phases = names(watched.follow(70, does=stop_next))
    assert phases[0] is phases[-1] is Phase.LIVE
    assert Phase.OFFLINE not in phases


def test_what_was_in_the_way_is_not_said_for_ever(path: Path) -> None:
    watched = Watched(path)
    race = watched.race
    heads = race.table.heads
    cut_at: list[float] = []
    said: list[str] = []

    def cut() -> None:
        fail(race, lambda: Retryable("reset"))
        race.every.append(mend)
        cut_at.append(race.time.mono)

    def unreachable() -> object:
        if cut_at and race.time.mono < cut_at[0] + 60:
            raise Failure("the table cannot be reached")
        return heads()

    def mend() -> None:
        said.append(watched.joined.status.message)
        if race.time.mono > cut_at[0] + 60:
            race.world.faults.clear()

    race.table.heads = unreachable  # type: ignore[method-assign, assignment]
    phases = names(watched.follow(110, does=cut))
    assert phases[-1] is Phase.LIVE
    assert "the table cannot be reached" in said
    assert said[-1] == ""


def test_an_ended_shard_that_nothing_follows_is_told_and_is_why_we_are_behind(path: Path) -> None:
    watched = Watched(path)
    world = watched.race.world
    ended: list[str] = []

    def end() -> None:
        ended.append(world.open_ids[0])
        (child,) = world.rotate()
        world.hide = lambda shard: shard == child

    phases = watched.follow(120, does=end)
    assert names(phases)[-1] is Phase.BEHIND
    assert "1 of 2 shards do not go on" in watched.joined.status.why
    told = [details for name, details in watched.joined.events if name == "stalled"]
    assert [details["shard"] for details in told] == ended


@pytest.mark.parametrize("resumed", [False, True])
def test_who_joins_a_silent_source_is_never_told_that_it_is_live(path: Path, resumed: bool) -> None:
    race = Race()
    joined = joined_after(race, path, 300)
    if resumed:
        joined.follow(30)
        joined = Joined(race, path)
    race.writing = False
    race.advance(16 * 60)
    seen: list[Phase] = []
    joined.on_slice = lambda: seen.append(joined.status.phase)
    joined.follow(20)
    assert Phase.SILENT in seen
    assert not {Phase.LIVE, Phase.LATE, Phase.BEHIND} & set(seen)


# ---------------------------------------------------------------------- the order of precedence


SHARD = ShardStatus("a", ShardState.OPEN, START, START, START, 0)
WELL = ReaderStatus(running=True, open=1, total=1, lag_us=300_000, shards=(SHARD,))


def judged(
    status: ReaderStatus,
    *,
    over: bool = False,
    quiet_us: int = 0,
    unread_us: int = 0,
    joined_us: int = 3600 * SECOND,
    stands_s: float = 0.0,
) -> Phase:
    """The verdict when ``status`` has held for so long after all was well."""
    judge = Judge(TEMPO)
    judge.verdict(WELL, 100.0, over=False, quiet_us=0, unread_us=0, joined_us=joined_us)
    for now in (100.0, 100.0 + stands_s):
        found = judge.verdict(
            status,
            now,
            over=over,
            quiet_us=quiet_us,
            unread_us=unread_us,
            joined_us=joined_us,
        )
    return found.phase


def test_each_condition_alone() -> None:
    answered = replace(SHARD, verified_us=START + SECOND)
    assert judged(WELL) is Phase.LIVE
    assert judged(replace(WELL, source_lag_us=6 * SECOND)) is Phase.LATE
    assert judged(replace(WELL, lag_us=60 * SECOND)) is Phase.LIVE
    assert judged(WELL, quiet_us=4 * SECOND) is Phase.SILENT
    assert judged(WELL, quiet_us=4 * SECOND, unread_us=4 * SECOND) is Phase.LIVE
    assert judged(WELL, unread_us=9 * SECOND) is Phase.BEHIND
    late = replace(WELL, lag_us=130 * SECOND)
    assert judged(late, unread_us=129 * SECOND, joined_us=4 * SECOND) is Phase.LIVE
    assert judged(late, unread_us=129 * SECOND, joined_us=9 * SECOND) is Phase.BEHIND
    assert judged(replace(WELL, blocked=True), stands_s=60) is Phase.BEHIND
    assert judged(replace(WELL, failing=1, open=2), stands_s=1) is Phase.LIVE
    assert judged(replace(WELL, failing=1, open=2), stands_s=3) is Phase.BEHIND
    assert judged(replace(WELL, failing=1), stands_s=3) is Phase.OFFLINE
    assert judged(replace(WELL, throttles=1), unread_us=9 * SECOND) is Phase.THROTTLED
    assert judged(replace(WELL, enabled=False, open=0)) is Phase.STREAM_OFF
    assert judged(WELL, stands_s=5) is Phase.OFFLINE
    assert judged(replace(WELL, shards=(answered,)), stands_s=3) is Phase.LIVE
    between = replace(WELL, open=0)  # an ended shard's children are not listed yet
    assert judged(between, stands_s=5) is Phase.LIVE
    assert judged(replace(between, retries=1), stands_s=5) is Phase.OFFLINE
    assert judged(WELL, over=True) is Phase.ENDED


def test_a_source_at_the_limit_is_not_late_and_live_by_turns() -> None:
    judge = Judge(TEMPO)
    phases = [
        judge.verdict(
            replace(WELL, source_lag_us=round(lag_s * SECOND)),
            100.0 + i / 10,
            over=False,
            quiet_us=0,
            unread_us=0,
            joined_us=3600 * SECOND,
        ).phase
        for i, lag_s in enumerate([4.9, 5.1, 4.9, 5.1, 3.1, 2.9, 3.1, 4.9])
    ]
    assert phases == [Phase.LIVE, *[Phase.LATE] * 4, *[Phase.LIVE] * 3]


ORDER = [
    Phase.ENDED,
    Phase.OFFLINE,
    Phase.STREAM_OFF,
    Phase.THROTTLED,
    Phase.BEHIND,
    Phase.SILENT,
    Phase.LATE,
    Phase.LIVE,
]


@given(
    over=st.booleans(),
    off=st.booleans(),
    throttles=st.integers(0, 1),
    failing=st.integers(0, 1),
    blocked=st.booleans(),
    quiet_us=st.sampled_from([0, 4 * SECOND]),
    unread_us=st.sampled_from([0, 9 * SECOND]),
    lag_us=st.sampled_from([None, 300_000, 6 * SECOND]),
    stands_s=st.sampled_from([0.0, 3.0, 5.0, 20.0]),
)
def test_more_trouble_never_makes_it_sound_better(
    over: bool,
    off: bool,
    throttles: int,
    failing: int,
    blocked: bool,
    quiet_us: int,
    unread_us: int,
    lag_us: int | None,
    stands_s: float,
) -> None:
    """What only adds to the trouble moves the verdict up the order or leaves it."""
    open_ = 0 if off else 1
    status = replace(
        WELL,
        enabled=not off,
        open=open_,
        throttles=throttles,
        failing=min(failing, open_),
        blocked=blocked,
        lag_us=lag_us,
        source_lag_us=lag_us,
    )
    found = judged(status, over=over, quiet_us=quiet_us, unread_us=unread_us, stands_s=stands_s)
    rank = ORDER.index(found)
    worse = [
        judged(status, over=over, quiet_us=9 * SECOND, unread_us=unread_us, stands_s=stands_s),
        judged(status, over=over, quiet_us=quiet_us, unread_us=60 * SECOND, stands_s=stands_s),
        judged(
            replace(status, source_lag_us=60 * SECOND),
            over=over,
            quiet_us=quiet_us,
            unread_us=unread_us,
            stands_s=stands_s,
        ),
    ]
    assert all(ORDER.index(each) <= rank for each in worse)
    if over:
        assert found is Phase.ENDED
    elif found is Phase.LIVE:
        assert not blocked
        assert not off
        assert quiet_us == unread_us == 0
