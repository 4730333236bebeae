"""Marks on the timeline: what is shown of notes, alarms and cautions, and made anew only then."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pitwall.analysis import Lap, LapKind
from pitwall.store import Alarm, AlarmBoard, Arrival, Kind, Logged, Rule
from pitwall.store.note_book import NoteBook
from pitwall.telemetry.official import (
    OFFICIAL_META,
    Official,
    OfficialFlag,
    TableClock,
    official_to_json,
)
from pitwall.ui.feeds.marks import Marks
from pitwall.ui.panes.timeline_band import MarkKind

SECOND = 1_000_000
T0 = 1_757_184_000_000_000
RULE = Rule("hot", "oil", Kind.ABOVE, 0, 120)


class Rig:
    """What marks are made from, without a window."""

    def __init__(self, *flags: OfficialFlag) -> None:
        self.latest = T0 + 600 * SECOND
        meta = {}
        if flags:
            clock = TableClock.UTC if flags[0].at_us else TableClock.NONE
            table = Official("x", "flags", clock, flags=flags)
            meta[OFFICIAL_META] = official_to_json([table])
        self.store = SimpleNamespace(
            latest_us=lambda: self.latest,
            session=SimpleNamespace(started_us=T0),
            meta=meta.get,
        )
        self.channels = SimpleNamespace(
            notes=NoteBook((), lambda _: None), alarms=AlarmBoard(), trouble=""
        )
        laps = tuple(
            Lap("7", n, T0 + n * 90 * SECOND, T0 + (n + 1) * 90 * SECOND, 90 * SECOND, 0,
                LapKind.FLYING, True, "", ())
            for n in range(6)
        )  # fmt: skip
        self.timing: Any = SimpleNamespace(order=("7",), cars={"7": SimpleNamespace(laps=laps)})
        self.marks = Marks(self)  # type: ignore[arg-type]

    def of(self, car: str = "7") -> list[tuple[str, float, float, str, str]]:
        found = self.marks.of(car, self.timing)
        return [
            (m.kind.value, (m.t_lo - T0) / SECOND, (m.t_hi - T0) / SECOND, m.words, m.role)
            for m in found
        ]


def alarm(car: str, lo_s: float, hi_s: float | None, **fields: Any) -> Alarm:
    entry = Logged(
        fields.pop("id", 1), RULE.to_text(), car, T0 + int(lo_s * SECOND),
        None if hi_s is None else T0 + int(hi_s * SECOND), T0 + int(lo_s * SECOND), 131.0,
        fields.pop("arrival", Arrival.LIVE), **fields,
    )  # fmt: skip
    return Alarm(entry, RULE, "degC", True)


def test_cautions_are_where_official_timing_says_they_were() -> None:
    at = T0 + 100 * SECOND
    rig = Rig(
        OfficialFlag("YELLOW", at_us=at),
        OfficialFlag("GREEN", at_us=at + 60 * SECOND),
        OfficialFlag("RED", at_us=at + 400 * SECOND),
    )
    assert rig.of() == [
        ("caution", 100, 160, "caution", "attention"),
        ("caution", 500, 600, "red", "fault"),  # until now
    ]


def test_cautions_by_laps_are_those_of_the_leader() -> None:
    rig = Rig(OfficialFlag("FCY", lap=2), OfficialFlag("GREEN", lap=3))
    assert rig.of() == [("caution", 180, 360, "caution", "attention")]


def test_without_official_timing_nothing_is_said_of_flags() -> None:
    assert Rig().of() == []


def test_alarms_of_other_cars_are_shown_while_nobody_has_seen_them() -> None:
    rig = Rig()
    rig.channels.alarms = AlarmBoard(
        1,
        (RULE,),
        (
            alarm("7", 10, 12, id=1, arrival=Arrival.HISTORY),
            alarm("22", 20, 22, id=2),
            alarm("22", 30, 32, id=3, acknowledged_us=5),
            alarm("7", 40, 42, id=4, arrival=Arrival.LATE),
            alarm("7", 50, 52, id=5, withdrawn=True),
        ),
    )
    assert rig.of() == [
        ("alarm", 10, 12, "", "dim"),
        ("alarm", 20, 22, "22 hot", "fault"),
        ("alarm", 40, 42, "7 hot", "attention"),
    ]


def test_what_goes_on_grows_in_steps() -> None:
    rig = Rig()
    rig.channels.alarms = AlarmBoard(1, (RULE,), (alarm("7", 590, None),))
    first = rig.marks.of("7", rig.timing)
    rig.latest += SECOND
    assert rig.marks.of("7", rig.timing) is first
    rig.latest += 10 * SECOND
    (mark,) = rig.marks.of("7", rig.timing)
    assert mark.t_hi > first[0].t_hi
    assert "still so" in mark.tip


def test_a_note_is_a_mark_of_its_own_kind() -> None:
    rig = Rig()
    assert rig.of() == []
    note = rig.channels.notes.write("22", T0 + 5 * SECOND, 3, "loose")
    (mark,) = rig.marks.of("7", rig.timing)
    assert (mark.kind, mark.id, mark.words) == (MarkKind.NOTE, note.id, "loose")
    assert mark.tip == "00:00:05 · car 22 L3\nloose"


@pytest.mark.parametrize(
    ("arrival", "words"),
    [(Arrival.LATE, "told late"), (Arrival.HISTORY, "found in what was loaded")],
)
def test_the_tip_says_how_it_was_told(arrival: Arrival, words: str) -> None:
    rig = Rig()
    rig.channels.alarms = AlarmBoard(1, (RULE,), (alarm("7", 10, 12, arrival=arrival),))
    (mark,) = rig.marks.of("7", rig.timing)
    assert words in mark.tip
    assert "worst 131 °C" in mark.tip
