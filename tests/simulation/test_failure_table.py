"""What can go wrong between archive and stream, row by row: the failure happens alone, in the
simulated services, and what the user is to see of it is looked for.

The rows are those of the design's table, in its words and its order; random mixtures of them are
the seeds of :mod:`tests.simulation.joins`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pitwall.cloud import chunk_item
from pitwall.store import Ledger, Source
from pitwall.stream import NotFound
from pitwall.telemetry import Failure
from pitwall.turbo import ObjectInfo
from pitwall.turbo.status import FollowerStatus
from pitwall.voice import in_words
from tests.simulation import kinds
from tests.simulation.join_judge import judge_join
from tests.simulation.join_plan import JoinPlan, JoinStep
from tests.simulation.join_race import JoinRace
from tests.simulation.join_schedules import JoinSchedule
from tests.unit.stream.rig import SECOND
from tests.unit.turbo.rig import Joined, chunk_of, lap_at

DESIGN = Path(__file__).resolve().parents[3] / "shared/design/streams.md"
BEFORE, RUN = 0, 1
"""Something happens while the race goes on before anybody joins, or in the first run."""
SLEEPS_S = {"20 min": 1200, "9 h": 9 * 3600, "26 h": 26 * 3600}


class Happens(NamedTuple):
    """When, and a kind of fault or what is done by hand; ``share`` is of that time, or which call
    of those that a kind befalls. What is to be in place when a run begins has share 0."""

    start: int
    share: float
    kind: str


class Told(JoinSchedule):
    """A schedule that keeps what every run of the program told."""

    def __init__(self, plan: JoinPlan, path: Path, hand: Callable[[Told], None] | None) -> None:
        super().__init__(plan, path)
        self.runs: list[Joined] = []
        self.seen: list[FollowerStatus] = []
        self._hand = hand

    def _join(self) -> Joined:
        joined = super()._join()
        self.runs.append(joined)
        return joined

    def _befall(self, step: JoinStep) -> None:
        if step.kind == "by hand":
            assert self._hand is not None
            self._hand(self)
        else:
            super()._befall(step)

    def _told(self, name: str) -> None:
        super()._told(name)
        self.seen.append(self.joined.status)

    @property
    def ledger(self) -> Ledger:
        """The books at the end."""
        return self.joined.store.ledger()

    def told(self, name: str) -> list[Mapping[str, Any]]:
        """The details of all events of that name, in all runs."""
        return [d for joined in self.runs for other, d in joined.events if other == name]

    def words(self) -> str:
        """Everything that a person was told."""
        return "\n".join(in_words(name, d) for joined in self.runs for name, d in joined.events)


@dataclass(frozen=True)
class Row:
    """One of the table's.

    Attributes:
        failure, sees: as the design has them.
        happens: what goes wrong.
        met: kinds that must have had an effect.
        look: what the user sees; called when all is over.
        setup: kinds that hold throughout.
        sources: services that can fail so.
        hand: what is done by hand.
        plan: what is otherwise than in most.
    """

    failure: str
    sees: str
    happens: tuple[Happens, ...]
    met: tuple[str, ...]
    look: Callable[[Told], None]
    setup: frozenset[str] = frozenset()
    sources: tuple[str, ...] = kinds.SOURCES
    hand: Callable[[Told], None] | None = None
    plan: Mapping[str, Any] | None = None


def _nothing(told: Told) -> None:
    """All of it is here, and nobody was bothered."""
    assert told.ledger.complete
    assert not told.ledger.named
    bothered = {"gap", "named", "archive-absent", "failed", "quarantined", "conflict", "disabled"}
    assert not bothered & {name for joined in told.runs for name, _ in joined.events}


def _counted_as(counter: str) -> Callable[[Told], None]:
    def look(told: Told) -> None:
        _nothing(told)
        assert getattr(told.ledger, counter) > 0

    return look


def _repaired(told: Told) -> None:
    assert told.ledger.complete
    assert told.ledger.repaired > 0


def _from_stream(told: Told) -> None:
    _nothing(told)
    assert told.ledger.by_source[Source.STREAM] > told.ledger.by_source[Source.ARCHIVE]


def _quarantined(told: Told) -> None:
    assert told.ledger.quarantined >= 1
    assert told.ledger.complete
    assert "could not be used, kept raw" in told.words()


def _damaged(told: Told) -> None:
    """The good part is used, the rest is kept; what it held came by another way."""
    assert told.ledger.complete
    assert sum(d["damaged"] for d in told.told("archive")) >= 1
    assert "damaged" in told.words()
    assert told.joined.recorder.recording.quarantine()


def _no_archive(told: Told) -> None:
    assert told.ledger.complete
    assert not told.ledger.by_source[Source.ARCHIVE]
    assert told.ledger.by_source[Source.STREAM]
    assert told.ledger.by_source[Source.TABLE] > 50
    assert "archive: NoSuchBucket" in told.words()
    said = {status.message for status in told.seen}
    assert "no archive (NoSuchBucket): loading from stream and table" in said


def _denied(told: Told) -> None:
    assert told.ledger.complete
    assert "archive: " in told.words()
    assert "s3:ListBucket" in told.words()
    assert told.told("live")


def _named(told: Told) -> None:
    assert told.told("named")
    said = re.search(r"car \d: (\d+\.\d) s missing for good, laps? (\d)", told.words())
    gaps = told.joined.recorder.recording.gaps()
    assert gaps
    assert all(gap.t_lo < gap.t_hi and gap.reason for gap in gaps)
    assert said is not None
    assert float(said[1]) == pytest.approx((gaps[0].t_hi - gaps[0].t_lo) / SECOND, abs=0.1)
    assert int(said[2]) == lap_at(gaps[0].t_lo)
    assert told.ledger.named == sum(gap.n_hi - gap.n_lo + 1 for gap in gaps)
    holes = [hole for car in told.race.cars for hole in told.joined.store.holes(car)]
    assert any(hole.named_reason for hole in holes)


def _rotated(told: Told) -> None:
    _nothing(told)
    assert told.told("rotation")


def _another_stream(told: Told) -> None:
    assert told.ledger.complete
    assert "the stream is another one now" in told.words()


def _awake(told: Told) -> None:
    assert told.told("resumed")
    assert "awake again after" in told.words()
    assert told.ledger.complete


def _clock_known(told: Told) -> None:
    _nothing(told)
    reader = told.joined.status.reader
    assert reader is not None
    assert abs(reader.clock_offset_us - told.race.time.offset_us) < SECOND


def _failed(told: Told) -> None:
    assert "stopped: the disk is full" in told.words()
    assert told.ledger.complete


def _crowded(told: Told) -> None:
    assert told.told("crowded")
    assert told.ledger.complete


def _second_epoch(told: Told) -> None:
    _nothing(told)
    assert any(series.epoch != "e1" for series in told.ledger.series)


def _conflict(told: Told) -> None:
    assert told.ledger.conflicts == 1
    (one,) = told.joined.recorder.recording.conflicts()
    assert one.first != one.second
    assert "1 chunk came again with another content" in told.words()


def _silent(told: Told) -> None:
    assert told.told("silent")
    assert not told.told("behind")
    assert told.ledger.complete


# ---------------------------------------------------------------------- by hand


def _stretch_lost(told: Told) -> None:
    """A stretch of every car never gets to the archive."""
    race = told.race
    first = max(car.n for car in race.cars.values()) + 1
    lost = range(first, first + 20)
    before = race.flaws.lose

    def lose(series: Any, n: int) -> bool:
        race.met["lost_stretch"] += n in lost
        return n in lost or before(series, n)

    race.flaws.lose = lose


def _no_bucket_and_old(told: Told) -> None:
    """There is no archive, and the stream keeps nothing of what was written so far."""

    def none(prefix: str) -> list[ObjectInfo]:
        raise NotFound("NoSuchBucket")

    told.race.bucket.list = none  # type: ignore[method-assign]
    stream = told.race.world.stream
    for name, shard in list(stream.shards.items()):
        told.race.met["trimmed"] += stream.trim(name, len(shard.changes)) > 0


def _split_at_the_first_object(told: Told) -> None:
    told.race.bucket.on_get = lambda: _split_once(told.race)


def _split_once(race: JoinRace) -> None:
    race.bucket.on_get = lambda: None
    race.world.rotate(0, 2)
    race.met["split"] += 1


def _every_iterator_expires(told: Told) -> None:
    told.race.world.client.expired_before_us = told.race.time.wall + 1


def _dozes(seconds: float) -> Callable[[Told], None]:
    return lambda told: told.race.doze(5.0, seconds)


def _written_twice_with_other_content(told: Told) -> None:
    """The producer's retry carries another payload under the same n."""
    race = told.race
    car = race.cars["0"]
    first = race.table.items[chunk_of("0", car.n, 0).series][car.n]
    again = replace(chunk_of("0", car.n, first.t_lo, salt=7))
    item = chunk_item(again)
    race.world.put(item, item["pk"]["S"])


def _everybody_falls_silent(told: Told) -> None:
    told.race.writing = False


# ---------------------------------------------------------------------- the table

LONG = {"history_s": 150.0}
RAW_LAG: Mapping[str, Any] = {"lag_s": (900.0, 900.0), "history_s": 960.0, "cars": 2}

ROWS = (
    Row(
        "Firehose late 900 s", "nothing (slower start)",
        (), (), _from_stream, plan=RAW_LAG,
    ),
    Row(
        "Firehose re-order / duplicates", "counter",
        (Happens(BEFORE, 0.2, "reordered_lines"), Happens(BEFORE, 0.4, "repeated_lines")),
        ("reordered_lines", "repeated_lines"), _counted_as("duplicates"),
    ),
    Row(
        "PutRecordBatch partial failure", "counter `repaired`",
        (Happens(BEFORE, 0.2, "lost_lines"),), ("lost_lines",), _counted_as("repaired"), plan=LONG,
    ),
    Row(
        "Lambda retries whole batch", "counter",
        (Happens(BEFORE, 0.5, "repeated_object"),), ("repeated_object",),
        _counted_as("duplicates"),
    ),
    Row(
        "Lambda drops after MaxRetry", "counter",
        (Happens(BEFORE, 0.1, "by hand"),), ("lost_stretch",), _counted_as("repaired"),
        hand=_stretch_lost, plan=LONG,
    ),
    Row(
        "Lambda bisect + poison", "1 quarantined",
        (Happens(RUN, 0.3, "poison"), Happens(BEFORE, 0.2, "lost_lines")),
        ("poison", "lost_lines"), _quarantined,
    ),
    Row(
        "object truncated / bad gzip", "warning",
        (Happens(BEFORE, 0.4, "truncated"),), ("truncated",), _damaged,
    ),
    Row(
        "archive object deleted / lifecycle", "counter",
        (Happens(BEFORE, 0.1, "lost_object"), Happens(BEFORE, 0.5, "vanished_object")),
        ("lost_object", "vanished_object"), _repaired, plan=LONG,
    ),
    Row(
        "a car is absent from the archive (joined late, own slow shard)", "nothing",
        (Happens(BEFORE, 0.9, "late_car"),), ("late_car",), _nothing,
    ),
    Row(
        "archive entirely absent", '"no archive, loading from stream"',
        (Happens(BEFORE, 0.8, "by hand"),), ("trimmed",), _no_archive, hand=_no_bucket_and_old,
    ),
    Row(
        "S3 access denied", "error + continue",
        (Happens(RUN, 0.0, "archive_forbidden"),), ("archive_forbidden",), _denied,
    ),
    Row(
        "archive hole > 24 h and TTL'd", '"cars 11, 19: 3.2 s missing, lap 41"',
        (Happens(BEFORE, 0.5, "lost_everywhere"),), ("lost_everywhere",), _named,
    ),
    Row(
        "shard rotated during load", "nothing",
        (Happens(RUN, 0.0, "rotated_loading"),), ("rotated_loading",), _rotated,
    ),
    Row(
        "split during load", "nothing",
        (Happens(RUN, 0.0, "by hand"),), ("split",), _rotated, hand=_split_at_the_first_object,
    ),
    Row(
        "stream disabled/re-enabled (new ARN)", "notice",
        (Happens(RUN, 0.4, "switched_off_and_on"),), ("switched_off_and_on",), _another_stream,
        sources=(kinds.DYNAMODB,), plan={"runs_s": (90.0,)},
    ),
    Row(
        "iterator expired in load", "nothing",
        (Happens(RUN, 0.1, "by hand"),), ("expired",), _nothing, hand=_every_iterator_expires,
    ),
    *(
        Row(
            "laptop sleeps 20 min / 9 h / 26 h", '"caught up after sleep"',
            (Happens(RUN, 0.5, "by hand"),), (), _awake, hand=_dozes(seconds),
            plan={"runs_s": (60.0,), "name": name},
        )
        for name, seconds in SLEEPS_S.items()
    ),
    Row(
        "laptop clock wrong", "badge if > 5 s",
        (), ("wrong_clock",), _clock_known, setup=frozenset({"wrong_clock"}),
    ),
    Row(
        "crash mid-batch", "nothing",
        (Happens(RUN, 0.4, "crash_submit"),), ("crash_submit",), _nothing,
    ),
    Row(
        "crash between batches", "nothing",
        (Happens(RUN, 0.4, "crash_read"),), ("crash_read",), _nothing,
    ),
    Row(
        "disk full", "error", (Happens(RUN, 0.5, "disk_full"),), ("disk_full",), _failed,
    ),
    Row(
        "two Pitwall instances", "notice",
        (Happens(RUN, 0.0, "two_readers"),), ("two_readers",), _crowded, plan={"runs_s": (60.0,)},
    ),
    Row("producer reboot", "nothing", (Happens(RUN, 0.3, "reboot"),), ("reboot",), _second_epoch),
    Row(
        "producer writes n twice with different payload", "alert",
        (Happens(RUN, 0.5, "by hand"),), (), _conflict, hand=_written_twice_with_other_content,
    ),
    Row(
        "HEAD stalls", "badge",
        (Happens(RUN, 0.5, "by hand"),), (), _silent, hand=_everybody_falls_silent,
    ),
    Row(
        "AT_TIMESTAMP rejected (old endpoint/emulator/future)", "slower",
        (Happens(RUN, 0.0, "refused_time"),), (), _nothing,
    ),
)  # fmt: skip
"""All but the one whose data goes with the table, which has a test of its own."""
TABLE_DELETED = "table deleted"


def plan_of(row: Row, source: str, seed: int) -> JoinPlan:
    """A race of a minute and a half, joined once and followed for half a minute."""
    plan = JoinPlan(
        seed,
        source,
        tuple(
            JoinStep(i, happens.start, happens.share, happens.kind, seed)
            for i, happens in enumerate(sorted(row.happens))
        ),
        row.setup,
        cars=3,
        shards=2,
        history_s=90.0,
        runs_s=(30.0,),
        lag_s=(3.0, 10.0),
        overlap_s=10,
        repair_most=2000,
        archive_from=1,
        crosscheck_s=20,
    )
    changes = {name: value for name, value in (row.plan or {}).items() if name != "name"}
    return replace(plan, **changes)


def named(row: Row) -> str:
    """For people, in the list of tests."""
    return " ".join([row.failure, str((row.plan or {}).get("name", ""))]).strip()


@pytest.mark.parametrize(
    ("row", "source"),
    [pytest.param(r, s, id=f"{named(r)} - {s}") for r in ROWS for s in r.sources],
)
def test_row(row: Row, source: str, tmp_path: Path) -> None:
    told = Told(plan_of(row, source, 11), tmp_path / "race.pitwall", row.hand)
    try:
        told.run()
        met = told.met_kinds() + told.race.met
        assert not [kind for kind in row.met if not met[kind]], told.trace
        row.look(told)
        verdict = judge_join(told)
    finally:
        told.close()
    if row.look is _conflict:
        assert verdict.damaged == ["1 conflicts"]
        verdict.damaged.clear()
    assert verdict.good, (verdict.text(), told.trace)


def test_every_row_of_the_design_is_here() -> None:
    if not DESIGN.exists():
        pytest.skip("the design is not beside this checkout")
    text = DESIGN.read_text()
    table = text[text.index("### 3.6 ") : text.index("### 3.7 ")]
    cells = [re.split(r" ?\| ?", line.strip("| ")) for line in table.splitlines() if "|" in line]
    wanted = [(cell[0], cell[-1]) for cell in cells[2:]]
    here = list(dict.fromkeys((row.failure, row.sees) for row in ROWS))
    here.insert([f for f, _ in wanted].index(TABLE_DELETED), (TABLE_DELETED, "error"))
    assert here == wanted


def test_the_table_is_deleted(tmp_path: Path) -> None:
    """The stream goes with it: nothing of what is here is lost, and what is wrong is said for as
    long as it is so."""
    row = Row(TABLE_DELETED, "error", (Happens(RUN, 0.4, "by hand"),), (), _nothing, hand=_deleted)
    plan = replace(plan_of(row, kinds.DYNAMODB, 11), runs_s=(90.0,))
    told = Told(plan, tmp_path / "race.pitwall", _deleted)
    told._set_up()
    told._history()
    told._run(RUN, plan.runs_s[0])
    try:
        joined = told.runs[0]
        assert joined.live()
        held = told.ledger.applied
        assert held > 90
        assert told.told("stream-off")
        assert "table pitwall does not exist" in joined.status.message
        assert joined.status.why == joined.status.message  # and not that the table is read
    finally:
        told.close()


def _deleted(told: Told) -> None:
    def gone(*asked: object) -> Any:
        raise Failure("table pitwall does not exist")

    table = told.race.table
    for name in ("heads", "catalog", "chunks", "sealed"):
        setattr(table, name, gone)
    told.race.writing = False
    told.race.world.switch(on=False)
