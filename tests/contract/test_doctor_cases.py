"""The doctor's words for a healthy set-up and for broken ones, compared with texts kept here."""

from __future__ import annotations

import json

import pytest

from tests.unit.cloud.doctor_cases import CASES, golden, normal, run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", CASES)
def test_what_is_told(name: str) -> None:
    code, text = run(CASES[name])
    assert normal(text) == golden(name).read_text(encoding="utf-8")
    assert code == (0 if name == "healthy" else 1)


def test_every_fault_and_warning_says_what_to_do() -> None:
    for name in CASES:
        lines = golden(name).read_text(encoding="utf-8").splitlines()
        for line, following in zip(lines, lines[1:], strict=False):
            if line.startswith(("fault ", "warning ")):
                assert following.strip().startswith("-> "), (name, line)
    assert {path.stem for path in golden("healthy").parent.glob("*.txt")} == set(CASES)


def test_the_same_for_programs() -> None:
    code, text = run(CASES["clock"], "--json")
    doc = json.loads(text)
    assert (code, doc["healthy"]) == (1, False)
    assert doc["counts"] == {"ok": 1, "skipped": 0, "warning": 1, "fault": 1}
    (clock,) = [row for row in doc["findings"] if row["what"] == "clock"]
    assert 590 < clock["figures"]["skew_s"] < 610
