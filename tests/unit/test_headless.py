"""The lines of a session that is followed without a window."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest

from pitwall.headless import Lines, follow, plain
from pitwall.runtime import Health, HealthDetail, State
from pitwall.store import Ledger
from pitwall.stream import ReaderStatus, ShardStatus
from pitwall.stream.shard import State as ShardState
from pitwall.telemetry import Failure, Session
from pitwall.turbo import FollowerStatus, Phase
from pitwall.vitals import Rates, Vitals
from pitwall.voice import Voice, in_words
from tests.unit.stream.rig import SECOND, START
from tests.unit.turbo.rig import SESSION


def test_spans_are_seconds_and_moments_are_iso() -> None:
    told = plain(
        {
            "shard": "shardId-1",
            "from_us": START,
            "to_us": 0,
            "age_us": 1_250_000,
            "lag_us": None,
            "seconds": 2.00049,
            "waited_s": 0.12345,
            "chunks": 7,
        }
    )
    assert told == {
        "shard": "shardId-1",
        "from": "2026-09-21T14:13:20.000000Z",
        "to": None,
        "age_s": 1.25,
        "lag_s": None,
        "after_s": 2.0,
        "waited_s": 0.123,
        "chunks": 7,
    }


def test_an_event_is_a_line_of_its_own() -> None:
    out = io.StringIO()
    Lines(out).event("gap", {"shard": "a", "from_us": START, "to_us": 0, "reason": "trimmed"})
    doc = json.loads(out.getvalue())
    assert (doc["line"], doc["event"], doc["state"]) == ("event", "gap", "joining")
    assert doc["time"].endswith("Z")
    assert doc["reason"] == "trimmed"


def test_a_reader_that_has_gone_does_not_end_the_thread_that_tells() -> None:
    out = io.StringIO()
    out.close()
    lines = Lines(out)
    lines.event("live", {})
    with pytest.raises(ValueError, match="closed"):
        lines.write({"line": "health"})


@pytest.mark.parametrize("phase", [p for p in Phase if State.__members__.get(p.name)])
def test_states_have_one_name_everywhere(phase: Phase) -> None:
    state = State[phase.name]
    assert state.value == phase.value
    if state.says:
        words = in_words(phase.value, {"why": "because"})
        assert words == f"{state.word.lower()}: {state.says} (because)"


def test_every_phase_of_trouble_is_a_state() -> None:
    shared = {p.value for p in Phase} & {s.value for s in State}
    assert shared == {
        "live", "late", "silent", "behind", "throttled", "stream-off", "offline", "ended",
    }  # fmt: skip


def test_old_shards_are_one_line_and_new_ones_a_line_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    voice = Voice(0.0)
    ended = {"shard": "shardId-00000001", "child": "b", "waited_s": 0.0}
    voice.event("joined", {"session": "s", "cars": 1, "shards": 57, "chunks": 1})
    for _ in range(56):
        voice.event("rotation", ended)
    voice.event("live", {"seconds": 1.0, "missing": 0})
    voice.event("rotation", ended)
    voice.event("live", {})
    lines = [line.split(" s  ")[1] for line in capsys.readouterr().err.splitlines()]
    assert lines[1:] == [
        "56 closed shards read through",
        "live after 1.0 s, 0 chunks missing",
        "rotation survived: shard …00000001 went on in its children",
        "live again",
    ]


def test_a_shard_that_does_not_go_on_has_words() -> None:
    words = in_words("stalled", {"shard": "shardId-00000001", "reason": "its records repeat"})
    assert words == "shard …00000001 does not go on: its records repeat"
    words = in_words("stalled", {"shard": "shardId-00000001", "waited_s": 31.0})
    assert words.startswith("shard …00000001 does not go on: it has ended")


class Failing:
    """A run that stops by itself at once."""

    def __init__(self) -> None:
        self.stopped = False

    def start(self) -> None:
        pass

    def stop(self) -> None:
        self.stopped = True

    def health(self) -> Health:
        return Health(State.FAULT, message="the disk is full")

    def detail(self) -> HealthDetail:
        return HealthDetail(self.health(), Ledger())

    def summary(self) -> dict[str, object]:
        return {"session": "s", "state": "failed"}


def test_the_last_line_is_the_end_when_following_fails_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pitwall.headless.STATUS_EVERY_S", 0.0)
    out = io.StringIO()
    run = Failing()
    with pytest.raises(Failure, match="the disk is full"):
        follow(run, 60.0, Lines(out), Voice(0.0, quiet=True))  # type: ignore[arg-type]
    assert run.stopped
    last = json.loads(out.getvalue().splitlines()[-1])
    assert (last["line"], last["final"], last["state"]) == ("end", True, "fault")
    assert last["message"] == "the disk is full"


class Loads(Failing):
    """A run whose history comes in, a quarter with each look, and which ends when it is there."""

    looks = 0

    def health(self) -> Health:
        if self.looks > 4:
            return Health(State.ENDED)
        done = self.looks / 4
        return Health(State.HISTORY, history_done=done, history_text="reading the archive")

    def detail(self) -> HealthDetail:
        self.looks += 1
        return HealthDetail(self.health(), Ledger(applied=self.looks * 1000))


def test_a_person_is_told_how_far_the_history_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pitwall.headless.STATUS_EVERY_S", 0.0)
    monkeypatch.setattr("pitwall.headless.HISTORY_EVERY_S", 0.0)
    follow(Loads(), 60.0, Lines(None), Voice(0.0))  # type: ignore[arg-type]
    said = [line.split(" s  ")[1] for line in capsys.readouterr().err.splitlines()]
    assert said[0] == "reading the archive · 25 %, 1,000 chunks"
    assert said[-1] == "reading the archive · 100 %, 4,000 chunks"
    assert len(said) == 4


def test_not_with_every_look_and_not_for_a_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pitwall.headless.STATUS_EVERY_S", 0.0)
    monkeypatch.setattr("pitwall.headless.HISTORY_EVERY_S", 3600.0)
    follow(Loads(), 60.0, Lines(None), Voice(0.0))  # type: ignore[arg-type]
    assert capsys.readouterr().err.count("\n") == 1
    follow(Loads(), 60.0, Lines(None), Voice(0.0, quiet=True))  # type: ignore[arg-type]
    assert not capsys.readouterr().err


# ---------------------------------------------------------------------- the detail


def test_a_rate_is_of_the_last_seconds_only() -> None:
    rates = Rates()
    polls = 0
    for tenth in range(100):
        polls += 1 if tenth < 50 else 0
        told = rates.look({"a": polls}, tenth / 10)
    assert told["a"] < 0.5
    assert Rates().look({"a": 3}, 1.0) == {}


def test_a_shard_that_came_later_counts_from_then() -> None:
    rates = Rates()
    rates.look({"a": 100}, 0.0)
    assert rates.look({"a": 110, "b": 5}, 5.0) == {"a": 2.0, "b": 1.0}


class Store:
    """As much of a store as is asked."""

    def __init__(self, session: Session, latest_us: int) -> None:
        self.session = session
        self._latest, self._ledger = latest_us, Ledger()

    def ledger(self) -> object:
        return self._ledger

    def latest_us(self) -> int:
        return self._latest


def shard(name: str, state: ShardState, faults: int = 0) -> ShardStatus:
    return ShardStatus(name, state, START, START, START, faults, polls=10, lag_us=300_000)


def detail_of(reader: ReaderStatus, *, latest_us: int, now_us: int, shift_us: int | None = 0):  # type: ignore[no-untyped-def]
    health = Health(State.LIVE, lag_us=300_000, shift_us=shift_us)
    vitals = Vitals(Store(SESSION, latest_us))  # type: ignore[arg-type]
    return vitals.detail(health, FollowerStatus(Phase.LIVE, reader=reader), None, now_us)


def test_what_needs_a_look_comes_first_and_nothing_else_moves() -> None:
    shards = (
        shard("d", ShardState.FINISHED),
        shard("c", ShardState.OPEN),
        shard("b", ShardState.OPEN, faults=4),
        shard("a", ShardState.DRAINING),
        shard("e", ShardState.GAP),
        shard("f", ShardState.WAITING),
    )
    reader = ReaderStatus(running=True, shards=shards, open=3, total=6)
    detail = detail_of(reader, latest_us=START, now_us=START)
    assert [s.id for s in detail.shards] == ["b", "e", "a", "c", "f", "d"]
    later = tuple(replace(s, lag_us=9 * SECOND, polls=99) for s in reversed(shards))
    again = detail_of(replace(reader, shards=later), latest_us=START, now_us=START)
    assert [s.id for s in again.shards] == [s.id for s in detail.shards]


@pytest.mark.parametrize(
    ("behind_us", "shift_us", "lag_us"),
    [
        (200_000, 0, 300_000),
        (5 * SECOND, 0, 5 * SECOND),
        (5 * SECOND + 3600 * SECOND, 3600 * SECOND, 5 * SECOND),
        (5 * SECOND, None, 300_000),
        (-SECOND, 0, 300_000),
    ],
)
def test_lag_is_of_what_is_here_however_fresh_the_head_was(
    behind_us: int, shift_us: int | None, lag_us: int
) -> None:
    reader = ReaderStatus(running=True, shards=(shard("a", ShardState.OPEN),))
    detail = detail_of(reader, latest_us=START, now_us=START + behind_us, shift_us=shift_us)
    assert detail.lag_us == lag_us


def test_a_shard_that_does_not_go_on_comes_first() -> None:
    shards = (shard("a", ShardState.OPEN), shard("b", ShardState.FINISHED))
    reader = ReaderStatus(running=True, shards=shards, stalled=("b",))
    detail = detail_of(reader, latest_us=START, now_us=START)
    assert [(s.id, s.stalled) for s in detail.shards] == [("b", True), ("a", False)]


def test_a_shard_that_does_not_answer_keeps_no_good_lag() -> None:
    shards = (shard("a", ShardState.OPEN), shard("b", ShardState.FINISHED))
    reader = ReaderStatus(running=True, shards=shards)
    for after_us, lag_us in ((SECOND, 300_000), (20 * SECOND, 20 * SECOND + 300_000)):
        detail = detail_of(reader, latest_us=START, now_us=START + after_us)
        assert [s.lag_us for s in detail.shards] == [lag_us, 300_000]
        assert detail.shards[0].answer_age_us == after_us
