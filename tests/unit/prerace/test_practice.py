"""Laps of the demo's field, screened and fitted."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pitwall.analysis import TimingEngine
from pitwall.cli import main
from pitwall.cloud.local.field import make_field
from pitwall.prerace import parse_vehicle, track_of_line
from pitwall.prerace import practice as practice_module
from pitwall.prerace.practice import SLOWEST, enough, practice_laps
from pitwall.store import Batch, Recording, SessionStore, Source
from pitwall.telemetry import BadInput, Series, Session, chunk, encode

T0 = 1_790_000_000_000_000
KEY = "2026-09-20-field-practice"


def recorded(folder, seconds):
    field = make_field(seed=3, seconds=seconds, cars=1)
    session = Session(KEY, "Field", field.catalog, T0)
    path = folder / "field.pitwall"
    with Recording.create(path, session) as recording:
        store = SessionStore(session)
        group = field.catalog.group("pos")
        (car,) = field.cars
        samples = field.samples(car.number, "pos")
        t = samples.t_us + T0
        bounds = [*range(0, len(t), 500), len(t)]
        parts = []
        for n, (a, b) in enumerate(zip(bounds[:-1], bounds[1:], strict=True), start=1):
            payload = encode(t[a:b], samples.values[:, a:b], group, field.catalog.version)
            series = Series(KEY, car.number, "pos", "a")
            lap = int(samples.lap[a])
            parts.append(chunk(series, n, lap, int(t[a]), int(t[b - 1]), b - a, payload))
        store.commit(recording.apply(Batch(Source.ARCHIVE, tuple(parts))))
    return path, store, car.number


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("practice"), 800.0)


def test_laps_that_count_and_their_speeds(practice):
    _, store, car = practice
    timing = TimingEngine().update(store)
    track = track_of_line(timing.track, "field")
    laps = practice_laps(store, timing, car, track)
    used = [lap for lap in laps if not lap.dropped]
    assert len(used) >= 4
    best = min(lap.lap.time_us for lap in used)
    for lap in used:
        assert lap.lap.time_us <= SLOWEST * best
        assert np.isfinite(lap.speed_ms).all()
        assert lap.speed_ms[0] == pytest.approx(lap.speed_ms[1], rel=0.05)
        seconds = (track.step_m / lap.speed_ms).sum()
        assert seconds == pytest.approx(lap.lap.time_us / 1e6, rel=0.005)
    for lap in laps:
        assert bool(lap.dropped) == (len(lap.speed_ms) == 0)
    assert any(lap.dropped for lap in laps)
    assert len(enough(laps)) == len(used)


def test_slow_laps_are_dropped_with_the_reason(practice, monkeypatch):
    _, store, car = practice
    timing = TimingEngine().update(store)
    track = track_of_line(timing.track, "field")
    monkeypatch.setattr(practice_module, "SLOWEST", 1.0 + 1e-9)
    laps = practice_laps(store, timing, car, track)
    (fastest,) = [lap for lap in laps if not lap.dropped]
    assert fastest.lap == timing.cars[car].best
    assert any(lap.dropped == "over 100% of the car's best" for lap in laps)


def test_a_car_that_is_not_there(practice):
    _, store, _ = practice
    timing = TimingEngine().update(store)
    with pytest.raises(BadInput, match="car 999: no laps"):
        practice_laps(store, timing, "999", track_of_line(timing.track, "field"))


def test_too_few_laps(tmp_path, capsys):
    path, _, car = recorded(tmp_path, 330.0)
    code = main(["model", "fit", str(path), "--car", car, "--vehicle", "road-cup"])
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert "laps can be used, at least 3 are needed" in err


def test_fit_on_the_command_line(practice, tmp_path, capsys):
    path, _, car = practice
    wanted = tmp_path / "fitted.toml"
    words = ["model", "fit", str(path), "--car", car, "--vehicle", "road-cup"]
    assert main([*words, "--out", str(wanted), "--json"]) == 0
    doc = json.loads(capsys.readouterr().out)
    assert abs(doc["fitted_s"] - doc["best_used_s"]) < abs(doc["before_s"] - doc["best_used_s"])
    assert abs(doc["fitted_s"] / doc["best_used_s"] - 1) < 0.03
    assert {"grip", "drag", "downforce", "power", "braking", "traction"} <= set(doc["factors"])
    fitted = parse_vehicle(wanted.read_text(encoding="utf-8"), "fitted")
    assert fitted.power_scale == pytest.approx(doc["factors"]["power"]["factor"], abs=1e-4)
    assert main(words) == 0
    assert "best lap" in capsys.readouterr().out
    assert main([*words, "--out", str(wanted)]) == 2
    assert "exists already" in capsys.readouterr().err
