"""``compare``, ``export`` and the options of ``import`` and ``laps``, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pitwall.cli import main
from tests.unit.formats import samples


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        told = capsys.readouterr()
        return code, told.out, told.err

    samples.put(tmp_path, "run.vbo", samples.vbo().encode())
    assert call("import", "run.vbo", "--out", "s.pitwall", "--car", "22")[0] == 0
    return call


def test_a_lap_beside_another_and_beside_itself(run):
    code, out, _ = run("compare", "s.pitwall", "--lap", "22:best", "--ref", "22:last", "--json")
    doc = json.loads(out)
    assert code == 0
    assert set(doc) == {
        "session", "reference_session", "lap", "reference", "difference_s", "uncertainty_s",
        "sectors_s", "length_m", "delta", "carried_m", "blind_m",
    }  # fmt: skip
    assert doc["difference_s"] == pytest.approx(sum(doc["sectors_s"]), abs=1e-5)
    own = json.loads(run("compare", "s.pitwall", "--lap", "22:1", "--ref", "22:1", "--json")[1])
    assert {row["behind_s"] for row in own["delta"]} == {0.0}
    assert run("compare", "s.pitwall", "--lap", "22:1", "--ref", "22:2")[1].startswith(
        "lap: car 22"
    )


def test_a_reference_of_another_recording(run):
    code, out, _ = run(
        "compare",
        "s.pitwall",
        "--lap",
        "22:1",
        "--ref",
        "22:2",
        "--ref-file",
        "s.pitwall",
        "--json",
    )
    assert code == 0
    assert json.loads(out)["reference"]["lap"] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("compare", "s.pitwall", "--lap", "9:1", "--ref", "22:1"), "car 9 is not in"),
        (("compare", "s.pitwall", "--lap", "22:77", "--ref", "22:1"), "car 22 has no lap 77"),
        (("compare", "s.pitwall", "--lap", "22:0", "--ref", "22:1"), "its beginning is not known"),
        (("compare", "s.pitwall", "--lap", "22", "--ref", "22:1"), "CAR:LAP such as"),
        (
            ("export", "s.pitwall", "--format", "csv", "--car", "9"),
            "car 9 is not in this recording",
        ),
        (("export", "s.pitwall", "--format", "xls"), "invalid choice"),
        (("export", "none.pitwall", "--format", "csv"), "no such file"),
        (("laps", "s.pitwall", "--by", "beacon"), "no lap is told by beacon"),
        (("import", "run.vbo", "--out", "t.pitwall", "--car", "a#b"), "printable characters"),
        (("import", "run.vbo", "--out", "t.pitwall", "--start", "noon"), "not an ISO 8601 time"),
    ],
)
def test_what_is_wrong_is_one_line(run, words, said):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("kind", ["csv", "parquet", "ld"])
def test_there_and_back(run, kind):
    code, out, _ = run("export", "s.pitwall", "--format", kind, "--json")
    doc = json.loads(out)
    assert code == 0
    assert set(doc) == {"files", "format", "cars", "rows", "laps", "notes"}
    assert Path(doc["files"][0]).name == f"s.{kind}"
    assert run("import", f"s.{kind}", "--out", "t.pitwall")[0] == 0
    laps = [json.loads(run("laps", name, "--json")[1]) for name in ("s.pitwall", "t.pitwall")]
    assert laps[0] == laps[1]
