"""Pictures of laps: what is drawn as seen, as carried on, and not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pitwall.analysis import TimingEngine
from pitwall.telemetry import Catalog, Group
from pitwall.ui import lapview
from pitwall.ui.lapview import LapView
from pitwall.ui.model import Axis, Reference, ReferenceKind, View
from pitwall.ui.picture import Line, Picture
from pitwall.ui.plot.choice import choose
from pitwall.ui.plot.delta_plot import parts as _parts
from tests.unit.analysis.rig import DISTANCE, POSITION, SPEED, Drive, Rig, segments

SPLIT = Catalog(
    (
        Group("pos", 20.0, 250_000, POSITION + DISTANCE),
        Group("engine", 20.0, 250_000, SPEED),
    )
)


def picture_of_a_holed_lap(folder: Path, lost: tuple[str, ...], axis: Axis) -> Picture:
    """Lap 3 of a car, 5 s of which have no samples of the groups ``lost``, against lap 2."""
    rig = Rig(folder, SPLIT)
    drive = Drive([50.0, 50.0, 50.5, 50.0])
    lo = int(drive.crossings[2]) + 20_000_000
    for group in SPLIT.groups:
        t, values = drive.sample([c.name for c in group.channels], 20.0)
        parts = segments("1", SPLIT, t, values)
        rig.add([p for p in parts if group.name not in lost or not lo < p.t_lo < lo + 5_000_000])
    timing = TimingEngine().update(rig.store)
    view = View("1", lap=3, axis=axis, reference=Reference(ReferenceKind.LAP, "1", 2))
    made = LapView(rig.store, choose(SPLIT)).picture(view, timing)
    rig.close()
    return made


@pytest.mark.parametrize("axis", [Axis.DISTANCE, Axis.TIME])
def test_the_delta_breaks_where_nothing_tells_where_the_car_was(tmp_path: Path, axis: Axis) -> None:
    picture = picture_of_a_holed_lap(tmp_path, ("pos", "engine"), axis)
    line, hole = picture.delta, picture.holes[0]
    assert line is not None
    assert picture.carried == ()
    assert len(line.starts) == 2
    assert not ((line.x > hole.x0 + 1) & (line.x < hole.x1 - 1)).any()
    assert line.value_at(int(np.interp((hole.x0 + hole.x1) / 2, line.x, line.t))) is None
    assert picture.behind is not None
    assert np.isnan(picture.behind[1]).any()


@pytest.mark.parametrize("axis", [Axis.DISTANCE, Axis.TIME])
def test_where_speed_carried_the_car_the_delta_is_marked(tmp_path: Path, axis: Axis) -> None:
    picture = picture_of_a_holed_lap(tmp_path, ("pos",), axis)
    line, hole = picture.delta, picture.holes[0]
    assert line is not None
    assert len(line.starts) == 1
    room = 25.0 if axis is Axis.DISTANCE else 0.5
    assert picture.carried[0] == pytest.approx((hole.x0, hole.x1), abs=room)
    seen = [part for part, was_seen in _parts(line, picture.carried) if was_seen]
    assert len(seen) == 2
    assert seen[0].x[-1] <= picture.carried[0][0] + 1e-6
    assert seen[1].x[0] >= picture.carried[0][1] - 1e-6


def test_a_lap_whose_beginning_was_not_seen_has_no_delta(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    drive = Drive([50.0] * 4)
    at = int(drive.crossings[2])
    parts = rig.drive("1", drive)
    rig.add([p for p in parts if not at - 4_000_000 < p.t_lo < at + 4_000_000])
    timing = TimingEngine().update(rig.store)
    view = LapView(rig.store, choose(rig.catalog))
    for lap, told in ((0, False), (1, True), (2, True), (3, False), (4, True)):
        shown = View("1", lap=lap, reference=Reference(ReferenceKind.OWN_BEST))
        picture = view.picture(shown, timing)
        if picture.reference is not None:
            assert (picture.delta is not None) == told
    rig.close()


def test_one_reference_for_the_delta_and_the_prediction(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.add(rig.drive("1", Drive([50.0, 49.0, 50.0, 52.0], part=0.5)))
    rig.add(rig.drive("2", Drive([48.0, 48.5, 49.5], part=0.5)))
    timing = TimingEngine().update(rig.store)
    laps = LapView(rig.store, choose(rig.catalog))
    elapsed = (rig.store.latest_us("1") - timing.cars["1"].lap_start_us) / 1e6
    for reference, car, number, seconds in (
        (Reference(ReferenceKind.OWN_BEST), "1", 2, 49.0),
        (Reference(ReferenceKind.SESSION_BEST), "2", 1, 48.0),
        (Reference(ReferenceKind.LAP, "1", 4), "1", 4, 52.0),
    ):
        view = View("1", reference=reference)
        picture, predicted = laps.picture(view, timing), laps.prediction(view, timing)
        assert predicted is not None
        assert (predicted[1].car, predicted[1].number) == (car, number)
        assert picture.reference is not None
        assert picture.reference.lap == predicted[1]
        assert picture.predicted_us == predicted[0]
        # the part of a 52 s lap that was driven, against the same part of the reference
        behind = elapsed * (1 - seconds / 52.0)
        assert predicted[0] / 1e6 == pytest.approx(seconds + behind, abs=0.06)
        past = laps.prediction(View("1", lap=2, reference=reference), timing)
        assert past == predicted, "of the lap being driven, whatever lap is looked at"
    assert laps.prediction(View("1", reference=Reference(ReferenceKind.NONE)), timing) is None
    pits = {**timing.cars, "1": replace(timing.cars["1"], in_pit=True)}
    boxed = replace(timing, cars=pits)
    assert laps.prediction(View("1"), boxed) is None
    assert laps.picture(View("1"), boxed).predicted_us is None
    laps.connected = False
    assert laps.prediction(View("1"), timing) is None
    rig.close()


@pytest.mark.parametrize("over_the_line", [True, False])
def test_a_running_lap_with_a_hole_predicts_nothing(tmp_path: Path, over_the_line: bool) -> None:
    rig = Rig(tmp_path)
    drive = Drive([50.0, 49.0, 50.0, 52.0], part=0.7)
    parts = rig.drive("1", drive)
    at = int(drive.crossings[-1]) + (0 if over_the_line else 10_000_000)
    late = [p for p in parts if at - 4_000_000 < p.t_lo < at + 4_000_000]
    rig.add([p for p in parts if p not in late])
    engine, laps = TimingEngine(), LapView(rig.store, choose(rig.catalog))
    assert laps.prediction(View("1"), engine.update(rig.store)) is None
    rig.add(late)
    assert laps.prediction(View("1"), engine.update(rig.store)) is not None
    rig.close()


def test_parts_of_a_line_join() -> None:
    x = np.arange(10.0)
    line = Line(x.astype(np.int64), x, x, np.array([0, 7], np.intp))
    parts = list(_parts(line, ((2.5, 5.5),)))
    assert [(part.x.tolist(), seen) for part, seen in parts] == [
        ([0, 1, 2], True),
        ([2, 3, 4, 5, 6], False),
        ([6, 7, 8, 9], True),
    ]
    assert [part.starts.tolist() for part, _ in parts] == [[0], [0], [0, 1]]
    assert [seen for _, seen in _parts(line, ())] == [True]


def test_a_lap_that_nobody_has_ended_yet_ends_at_the_line(tmp_path: Path) -> None:
    """The data is ahead of the timing, which still takes lap 2 for the running one."""
    rig = Rig(tmp_path)
    drive = Drive([50.0, 50.0, 50.5, 50.0])
    parts = rig.drive("1", drive)
    line = int(drive.crossings[2])
    rig.add([p for p in parts if p.t_hi < line - 500_000])
    engine = TimingEngine()
    before = engine.update(rig.store)
    assert before.cars["1"].current_lap == 2
    rig.add([p for p in parts if line - 500_000 <= p.t_hi < line + 20_000_000])
    view = LapView(rig.store, choose(rig.catalog))
    look = View("1", reference=Reference(ReferenceKind.LAP, "1", 1))
    late = view.picture(look, before)
    assert late.shown is not None
    assert late.shown.t_end == pytest.approx(line, abs=60_000)
    assert max(int(one.t[-1]) for one in late.lines) <= late.shown.t_end
    now = engine.update(rig.store)
    lap = next(one for one in now.cars["1"].laps if one.number == 2)
    assert late.predicted_us == pytest.approx(lap.time_us, abs=60_000)
    rig.close()


def test_a_running_lap_is_worked_out_anew_for_its_own_data_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path)
    parts = rig.drive("1", Drive([50.0, 50.0, 50.0], part=0.5))
    edge = parts[-1].t_hi - 3_000_000
    rig.add([p for p in parts if p.t_hi < edge])
    others = rig.drive("2", Drive([51.0, 51.0, 51.0], part=0.5))
    rig.add([p for p in others if p.t_hi < edge])
    timing = TimingEngine().update(rig.store)
    laps = LapView(rig.store, choose(rig.catalog))
    look = View("1", reference=Reference(ReferenceKind.LAP, "1", 1))
    monkeypatch.setattr(lapview, "REFRESH_US", 60_000_000)  # looked at again in any case
    first = laps.picture(look, timing)
    asked: list[str] = []
    real = lapview.lap_axis
    monkeypatch.setattr(
        lapview, "lap_axis", lambda store, car, *rest: asked.append(car) or real(store, car, *rest)
    )
    rig.add([p for p in others if p.t_hi >= edge])
    again = laps.picture(look, timing)
    assert asked == []
    assert [len(line.t) for line in again.lines] == [len(line.t) for line in first.lines]
    rig.add([p for p in parts if p.t_hi >= edge])
    grown = laps.picture(look, timing)
    assert asked == ["1"]
    assert all(
        len(b.t) > len(a.t) for a, b in zip(first.lines, grown.lines, strict=True) if len(a.t)
    )
    rig.close()
