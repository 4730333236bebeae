"""What people settle about a session: kept in the recording, known at once, undone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pitwall.analysis import TRACK_META, DebriefEngine, TimingEngine
from pitwall.analysis.official import confirmed_cars
from pitwall.session_desk import SessionDesk
from pitwall.store import Batch, Recording, Source, Writer, open_session
from pitwall.telemetry import (
    OFFICIAL_META,
    BadInput,
    Official,
    OfficialLap,
    TableClock,
    official_to_json,
)
from pitwall.telemetry.clock import now_us
from tests.ui.session import make_race, make_wall

WAIT_S = 30.0


@pytest.fixture(scope="module")
def race():
    return make_race(2, 330)


@pytest.fixture(scope="module")
def at_rest(race, tmp_path_factory):
    """A recording at rest of two cars, with a table in which their numbers are 58 and 4."""
    wall = make_wall(race, tmp_path_factory.mktemp("race"))
    wall.advance(330, hole=False)
    path = wall.recording.path
    rows = []
    for k, car in enumerate(wall.timing.order):
        laps = [lap for lap in wall.timing.cars[car].laps if lap.time_us is not None]
        rows += [
            OfficialLap(("58", "4")[k], i, lap.time_us, lap.t_end) for i, lap in enumerate(laps)
        ]
    table = Official("laps.csv", "laps", TableClock.UTC, tuple(rows))
    meta = {OFFICIAL_META: official_to_json((table,))}
    wall.recording.apply(Batch(Source.TABLE, received_us=now_us(), meta=meta))
    wall.close()
    return path


@pytest.fixture
def kept(at_rest, tmp_path):
    """A copy of it that a test may change."""
    return Path(shutil.copy(at_rest, tmp_path))


class Open:
    """The desk over a recording, and the analysis it needs."""

    def __init__(self, path: Path, *, live: bool = False) -> None:
        self.recording, self.store = open_session(path, read_only=not live)
        self.writer = Writer(self.recording, self.store) if live else None
        if self.writer is not None:
            self.writer.start()
        self.engine = TimingEngine()
        self.timing = self.engine.update(self.store)
        self.desk = SessionDesk(self.recording, self.store, self.writer, lambda: self.timing)

    def matched(self):
        """Which car is which, as its thread works it out."""
        return self.desk._match()

    def close(self) -> None:
        assert self.desk.stop(WAIT_S)
        if self.writer is not None:
            self.writer.stop(WAIT_S)
        else:
            self.recording.close()


@pytest.mark.parametrize("live", [False, True])
def test_a_confirmed_car_counts_at_once_is_kept_and_can_be_undone(kept, live):
    here = Open(kept, live=live)
    first, second = here.timing.order
    here.desk.start()
    here.desk._cars.latest = here.matched()
    assert {m.car: m.official for m in here.desk.cars.official.identity.matches} == {
        first: "58", second: "4",
    }  # fmt: skip
    here.desk.confirm(first, "4")
    match = here.matched().official.match(first)
    assert (match.official, match.sure) == ("4", True)
    here.desk.confirm(second, "58")
    assert here.desk.undo() == f"{second} is official car 58"
    here.close()
    again = Open(kept)
    assert confirmed_cars(again.store) == {first: "4"}
    again.desk._cars.latest = again.matched()
    again.desk.confirm(first, None)
    assert again.matched().official.match(first).official == "58"
    again.close()
    last = Open(kept)
    assert confirmed_cars(last.store) == {}
    last.close()


def test_what_is_not_there_is_refused(kept):
    here = Open(kept)
    here.desk._cars.latest = here.matched()
    with pytest.raises(BadInput, match="neither in the telemetry"):
        here.desk.confirm("nobody", "4")
    with pytest.raises(BadInput, match="not in the table"):
        here.desk.confirm(here.timing.order[0], "99")
    assert here.desk.undo() == ""
    here.close()


def test_laps_are_told_as_the_table_has_them(kept):
    here = Open(kept)
    cars = here.matched()
    car = here.timing.order[0]
    lap = next(lap for lap in here.timing.cars[car].laps if lap.time_us is not None)
    assert cars.laps[car][lap.number].time_us == lap.time_us
    assert cars.source == "laps.csv"
    here.close()


@pytest.mark.parametrize("live", [False, True])
def test_a_corner_is_called_otherwise_everywhere_and_laps_stay_as_they_are(kept, live):
    here = Open(kept, live=live)
    debriefing = DebriefEngine(here.store)
    before = debriefing.update(here.timing)
    here.desk.rename(2, "Hairpin")
    here.desk.rename(3, "Chicane")
    with pytest.raises(BadInput, match="two of one name"):
        here.desk.rename(1, "Hairpin")
    assert here.desk.undo() == "turn 3 is called Chicane"
    assert here.desk._keeper.stop(WAIT_S)
    if here.writer is not None:
        here.writer.stop(WAIT_S)
    timing = here.engine.update(here.store)
    assert [c.name for c in timing.circuit.corners[:3]] == ["T1", "Hairpin", "T3"]
    after = debriefing.update(timing)
    assert [c.name for c in after.corners[:3]] == ["T1", "Hairpin", "T3"]
    assert after.version > before.version
    assert all(after.laps[key] is before.laps[key] for key in before.laps)
    if here.writer is None:
        here.recording.close()
    with Recording.open(kept, read_only=True) as recording:
        assert recording.meta(TRACK_META) is not None
    again = Open(kept)
    assert [c.name for c in again.timing.circuit.corners[:3]] == ["T1", "Hairpin", "T3"]
    again.desk.rename(2, "")
    assert again.desk._keeper.stop(WAIT_S)
    assert again.engine.update(again.store).circuit.corners[1].name == "T2"
    again.close()
