"""Advice and plan of a recording at rest, asked for and kept by the desk."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from pitwall import strategy
from pitwall.analysis import TimingEngine
from pitwall.model_desk import Asked, ModelDesk
from pitwall.prerace.ask import VARIANTS
from pitwall.prerace.desk import desk, sheet_lines
from pitwall.prerace.log import Logged, entry_text, log_in
from pitwall.prerace.series import Trust
from pitwall.prerace.sheet import Sheet, sheet_text, sheets_in
from pitwall.prerace.words import Symptom, Word, word_text
from pitwall.store import Recording, Writer, open_session
from pitwall.telemetry import BadInput
from pitwall.ui import modelling
from tests.unit.prerace.field_recording import record

LIMIT_S = 110.0


@pytest.fixture
def at_work(tmp_path):
    path = tmp_path / "f.pitwall"
    (car,) = record(path, 760.0)
    recording, store = open_session(path, read_only=True)
    timing = TimingEngine().update(store)
    desk_ = ModelDesk(recording, store, None, lambda: timing)
    desk_.start()
    yield path, car, desk_
    assert desk_.stop(30.0)
    recording.close()


def until(condition):
    tick = threading.Event()
    for _ in range(int(LIMIT_S / 0.05)):
        if condition():
            return
        tick.wait(0.05)
    raise AssertionError("not in time")


def test_from_no_sheet_to_an_applied_word(at_work):
    path, car, at = at_work
    assert at.answer.advice is None
    at.ask(Asked(car, laps=30))
    until(lambda: at.answer.advice_trouble and at.answer.plan is not None)
    assert "has no setup sheet" in at.answer.advice_trouble
    sheet = Sheet(car, 0, "grand-tourer", {"wing": 4.0, "brake_bias": 60.0}, 5)
    word = Word(car, 2, "all", "mid", Symptom.UNDERSTEER, 2, 6)
    at.keep({sheet.key: sheet_text(sheet), word.key: word_text(word)})
    until(lambda: at.answer.advice is not None)
    result = at.answer.advice
    shown = desk(result)
    assert {"wing", "brake_bias"} <= {r.key for r in shown.rows}
    assert shown.reliability.startswith("no advice has been checked")
    assert len(result.predicted.distance_m) == len(result.predicted.gained_s)
    assert sheet_lines(result.sheet)[0][0] == "Rear wing"
    assert at.papers(car).words == (word,)
    until(lambda: not at.trouble)

    def kept():
        with Recording.open(path, read_only=True) as again:
            return sheets_in(again.all_meta()) == (sheet,)

    until(kept)


def test_wrong_questions(at_work):
    _, car, at = at_work
    with pytest.raises(BadInput, match="race or qualifying"):
        at.ask(Asked(car, "rain"))
    with pytest.raises(BadInput, match="no cautions"):
        at.ask(Asked(car, cautions="x"))


def test_the_window_knows_the_models_choices():
    assert modelling.VARIANTS == VARIANTS
    assert {one.key for one in strategy.CAUTIONS} == {*modelling.CAUTIONS}


def test_asking_imports_no_model():
    """The window asks as it opens; what takes long to import is imported by a thread."""
    code = (
        "import sys; from pathlib import Path\n"
        "from pitwall.model_desk import ModelDesk; from pitwall.ui.modelling import Asked\n"
        "from types import SimpleNamespace as Any\n"
        "desk = ModelDesk(Any(path=Path('x')), Any(), None, lambda: None)\n"
        "desk.ask(Asked('7', 'qualifying', 'formula'))\n"
        "print([m for m in sys.modules if m.startswith(('pitwall.prerace', 'pitwall.strategy'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"


def test_what_is_put_down_before_the_writer_starts_is_written_and_no_trouble(tmp_path):
    path = tmp_path / "f.pitwall"
    (car,) = record(path, 30.0)
    recording, store = open_session(path)
    writer = Writer(recording, store)
    at = ModelDesk(recording, store, writer, lambda: None)
    sheet = Sheet(car, 0, "grand-tourer", {"wing": 4.0}, 5)
    at.keep({sheet.key: sheet_text(sheet)})
    assert at.stop(30.0)
    assert not at.trouble
    writer.start()
    writer.stop(30.0)
    recording, store = open_session(path, read_only=True)
    assert sheets_in(store.all_meta(), car) == (sheet,)
    recording.close()


def test_an_earlier_lap_that_comes_later_makes_a_new_plan(tmp_path):
    path = tmp_path / "f.pitwall"
    (car,) = record(path, 500.0)
    recording, store = open_session(path, read_only=True)
    whole = TimingEngine().update(store)
    laps = whole.cars[car].laps
    missing = next(n for n, lap in enumerate(laps) if lap.time_us is not None)
    part = replace(
        whole,
        cars={car: replace(whole.cars[car], laps=(*laps[:missing], *laps[missing + 1 :]))},
    )
    timing = [part]
    at = ModelDesk(recording, store, None, lambda: timing[-1])
    at.start()
    at.ask(Asked(car, laps=30))
    until(lambda: at.answer.plan is not None)
    before = at.answer.plan
    timing.append(whole)
    until(lambda: at.answer.plan is not before)
    assert at.answer.lap == whole.cars[car].last.number
    assert at.stop(30.0)
    recording.close()


def test_what_came_of_an_advice_is_kept_while_the_session_is_followed(tmp_path):
    path = tmp_path / "f.pitwall"
    (car,) = record(path, 760.0)
    recording, store = open_session(path)
    timing = TimingEngine().update(store)
    writer = Writer(recording, store)
    writer.start()
    at = ModelDesk(recording, store, writer, lambda: timing)
    at.start()
    old = Sheet(car, 0, "grand-tourer", {"wing": 4.0}, 5)
    entry = Logged(car, 6, {"wing": 5.0}, 0.2, 0.1, 0.3, 0.02, Trust.PHYSICS, 1, 8, old.key)
    new = Sheet(car, 5, "grand-tourer", {"wing": 5.0}, 7, advice=entry.key)
    at.keep({old.key: sheet_text(old), new.key: sheet_text(new), entry.key: entry_text(entry)})
    at.ask(Asked(car))
    until(lambda: at.answer.advice is not None and at.answer.advice.log)
    ((_, score),) = at.answer.advice.log
    assert score is not None
    assert at.stop(60.0)
    writer.stop(30.0)
    with Recording.open(path, read_only=True) as again:
        ((kept, known),) = log_in(again.all_meta(), car)
    assert kept == entry
    assert known == score
