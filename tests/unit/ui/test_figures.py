"""The figures that panes show: overdue chunks, standings of the past, words, gains."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np

from pitwall.analysis import CarTiming, Lap, LapKind, Timing
from pitwall.analysis.gains import gain_classes
from pitwall.store import Hole, Ledger
from pitwall.store.ledger import SeriesLedger
from pitwall.telemetry import Series
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.asof import Standing, best_of_session, standings
from pitwall.ui.overdue import Overdue, overlap
from pitwall.ui.panes.laps import _cells, columns, missing_us, sector
from pitwall.ui.panes.timeline_band import merged_holes
from pitwall.ui.panes.timing import _row, gap_cell
from pitwall.ui.qt import QtGui
from pitwall.ui.words import DASH, count, delta, seconds, signed

SERIES = Series("2025-09-06-x", "7", "pos", "a")


def books(*missing: tuple[int, int]) -> Ledger:
    lost = sum(hi - lo + 1 for lo, hi in missing)
    line = SeriesLedger(
        SERIES, 100, 100, 100 - lost, ((1, 100),), missing, missing, 0, 0, (),
        MappingProxyType({}), 0, 0, 0, 0, True,
    )  # fmt: skip
    return Ledger(100, 100 - lost, lost, series=MappingProxyType({SERIES: line}))


def test_what_is_on_its_way_is_no_alarm() -> None:
    overdue = Overdue()
    for step in range(40):
        # At every look something is missing, but never the same chunk.
        assert overdue.count(books((step + 1, step + 1)), step * 0.25, at_rest=False) == 0


def test_what_stays_away_is() -> None:
    overdue = Overdue()
    assert overdue.count(books((5, 7)), 0.0, at_rest=False) == 0
    assert overdue.count(books((5, 7)), 1.0, at_rest=False) == 0
    assert overdue.count(books((5, 7), (50, 50)), 2.1, at_rest=False) == 3
    assert overdue.count(books((6, 6)), 2.4, at_rest=False) == 1
    assert overdue.count(books(), 2.6, at_rest=False) == 0


def test_at_rest_everything_missing_counts_at_once() -> None:
    assert Overdue().count(books((1, 4)), 0.0, at_rest=True) == 4


def test_overlap_of_intervals() -> None:
    assert overlap(((1, 3), (7, 9)), ((3, 7),)) == 2
    assert overlap((), ((1, 2),)) == 0


def lap(car: str, number: int, start: int, end: int | None, valid: bool = True) -> Lap:
    time = (end - start) * SECOND_US if end is not None else None
    stop = end * SECOND_US if end is not None else None
    kind = LapKind.FLYING if valid else LapKind.PIT
    return Lap(car, number, start * SECOND_US, stop, time, 0, kind, valid, "", ())


def field() -> Timing:
    a = (lap("a", 1, 0, 90), lap("a", 2, 90, 178), lap("a", 3, 178, None))
    b = (lap("b", 1, 0, 91), lap("b", 2, 91, 176), lap("b", 3, 176, None))
    c = (lap("c", 1, 0, 100), lap("c", 2, 100, None, valid=False))
    behind = {"a": 2 * SECOND_US, "b": None, "c": 80 * SECOND_US}
    cars = {
        name: CarTiming(
            name,
            laps,
            current_lap=laps[-1].number,
            best=min(laps[:-1], key=lambda one: one.time_us),
            last=laps[-2],
            position=place,
            gap_us=behind[name],
            progress=progress,
        )
        for name, laps, place, progress in (("a", a, 2, 0.1), ("b", b, 1, 0.2), ("c", c, 3, 0.9))
    }
    return Timing(1, MappingProxyType(cars), ("b", "a", "c"), None, b[1])


def test_the_live_table_is_the_timing_engines() -> None:
    table = standings(field(), None)
    assert [line.car for line in table] == ["b", "a", "c"]
    assert table[1].gap_us == 2 * SECOND_US
    # One lap fewer, and further round it than the leader: less than a whole lap behind.
    assert table[2].laps_down == 0


def test_a_car_without_a_place_is_no_laps_behind() -> None:
    whole = field()
    lost = replace(whole.cars["c"], position=0, gap_us=None, progress=0.1)
    timing = replace(whole, cars=MappingProxyType({**whole.cars, "c": lost}))
    for moment in (None, 200 * SECOND_US):
        table = {line.car: line for line in standings(timing, moment)}
        assert (table["c"].position, table["c"].gap_us, table["c"].laps_down) == (0, None, 0)
    cells = _row(standings(timing, None)[2], None, False, QtGui.QColor("red")).cells
    assert [cell.text for cell in cells] == [DASH, "c", DASH, "1:40.000", "1:40.000", "0 s"]
    first = replace(whole.cars["b"], position=0, gap_us=None, current_lap=9)
    timing = replace(whole, cars=MappingProxyType({**whole.cars, "b": first}))
    down = [line.laps_down for line in standings(timing, None)]
    assert down == [0, 0, 0], "counted from the first that has a place"


def test_the_past_knows_nothing_of_the_future() -> None:
    timing = field()
    at = 95 * SECOND_US
    table = standings(timing, at)
    assert [line.car for line in table] == ["a", "b", "c"]
    assert [line.gap_us for line in table] == [0, 1 * SECOND_US, None]
    assert table[2].last is None
    assert table[0].best.number == 1
    assert best_of_session(timing, at).car == "a"
    assert best_of_session(timing, None).car == "b"
    later = standings(timing, 177 * SECOND_US)
    assert [line.car for line in later] == ["b", "a", "c"]
    # a has not crossed the line since b did, a second ago: that is no lap
    assert (later[1].laps_down, later[1].gap_us) == (0, 1 * SECOND_US)
    assert later[2].in_pit
    assert standings(timing, -1)[0].last is None


def test_a_lap_down_is_one_that_was_lost_at_the_line() -> None:
    lead = tuple(lap("a", n, 90 * (n - 1), 90 * n) for n in range(1, 7))
    slow = tuple(lap("b", n, 130 * (n - 1), 130 * n) for n in range(1, 5))
    cars = {
        name: CarTiming(name, laps, current_lap=len(laps), position=place)
        for name, laps, place in (("a", lead, 1), ("b", slow, 2))
    }
    timing = Timing(1, MappingProxyType(cars), ("a", "b"), None, None)

    def behind(at: int) -> tuple[int, int | None]:
        line = standings(timing, at * SECOND_US)[1]
        return line.laps_down, line.gap_us

    # b ends its laps at 130, 260, 390 and 520 s; the leader's third ends at 270, its fourth at 360
    assert behind(131) == (0, 40 * SECOND_US)
    assert behind(265) == (0, 80 * SECOND_US)
    assert behind(355) == (0, 85 * SECOND_US), "so long ago the leader began its next lap"
    assert behind(395)[0] == 1, "the leader had ended its fourth before b ended its third"


def test_missing_time_of_a_lap_is_that_of_its_worst_group() -> None:
    one = lap("a", 1, 0, 90)
    holes = [
        Hole(10 * SECOND_US, 12 * SECOND_US, "pos", 4, 9, None),
        Hole(80 * SECOND_US, 95 * SECOND_US, "driver", 1, 2, None),
        Hole(20 * SECOND_US, 50 * SECOND_US, "pos", 0, 0, "silent"),
    ]
    assert missing_us(one, holes, named=True) == 10 * SECOND_US
    assert missing_us(one, holes, named=False) == 30 * SECOND_US


def test_an_interval_is_told_beside_a_hole() -> None:
    one = replace(lap("a", 1, 0, 90), uncertainty_us=310_000)
    holes = [Hole(20 * SECOND_US, 23 * SECOND_US, "pos", 0, 0, "silent")]
    for rough in (True, False):
        cells = _cells(one, False, None, None, None, holes, 0, rough, False)
        titles = [column.title for column in columns(0, rough=rough)]
        assert len(cells) == len(titles)
        assert cells[-1].text == "3.0 s no data"
        assert ("±" in titles) == rough
        if rough:
            assert cells[titles.index("±")].text == "0.31"


def test_the_lap_that_is_predicted_from_is_named() -> None:
    from_lap, running = lap("b", 7, 0, 90), lap("a", 9, 100, None)
    (_, time, *_, remark) = _cells(
        running, True, (90_441_000, from_lap), None, None, (), 0, False, False
    )
    assert (time.text, remark.text) == ("≈1:30.4", "≈ from b L7")


def test_holes_of_several_groups_are_one_stretch_on_the_timeline() -> None:
    holes = (
        Hole(0, 3 * SECOND_US, "pos", 1, 2, None),
        Hole(1 * SECOND_US, 4 * SECOND_US, "driver", 1, 2, None),
        Hole(9 * SECOND_US, 9 * SECOND_US + 100_000, "pos", 3, 3, None),
        Hole(20 * SECOND_US, 30 * SECOND_US, "pos", 0, 0, "silent"),
    )
    assert merged_holes(holes) == [
        (0, 4 * SECOND_US, "gap 4.0 s"),
        (20 * SECOND_US, 30 * SECOND_US, "no data 10 s (pos)"),
    ]


def test_gains_and_losses_along_the_line() -> None:
    s = np.arange(0.0, 3000.0, 2.0)
    behind = np.where(s < 1000, 0.0, np.where(s < 2000, (s - 1000) * 1e-3, 1.0 - (s - 2000) * 5e-4))
    even, classes = gain_classes(s, behind)
    at = {m: int(classes[np.searchsorted(even, m)]) for m in (500.0, 1500.0, 2500.0)}
    assert at == {500.0: 0, 1500.0: 1, 2500.0: -1}


def test_words() -> None:
    assert count(124803) == "124\u2009803"
    assert seconds(400_000) == "0.4 s"
    assert seconds(53_000_000) == "53 s"
    assert seconds(215_000_000) == "3:35"
    assert seconds(None) == "—"
    assert signed(-0.0001, 3) == "0.000"
    assert signed(0.121, 3) == "+0.121"
    assert delta(-441_000) == "−0.441"
    assert delta(15_100_000) == "+15.1"
    assert sector(28_430_000) == "28.4"
    assert sector(277_000_000) == "4:37"


def test_a_car_that_is_not_heard_of_any_more_has_no_gap() -> None:
    line = Standing("7", 2, 4_773_000, 0, None, None, False, 9 * SECOND_US)
    assert gap_cell(line).text == "+4.773"
    assert gap_cell(replace(line, age_us=11 * SECOND_US)).text == "no data"
    assert (
        gap_cell(replace(line, age_us=None)).text == "+4.773"
    )  # in the past gaps are of crossings
