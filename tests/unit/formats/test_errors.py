"""Bad files: one clear line, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from pitwall.formats import import_files
from pitwall.formats.lines import MAX_LINE
from pitwall.telemetry import BadInput, Failure

HEAD = "meta_time,telemetry_name,telemetry_value\n"
ROW = "2025-09-06T18:40:01.545000Z,speed,100.5\n"
GOOD = HEAD + ROW * 3

CASES = {
    "empty": (b"", "is empty"),
    "only a header": (HEAD.encode(), "no rows"),
    "another table": (b"lap,time\n1,97.4\n", "not a file that can be imported"),
    "not a table": (b"%PDF-1.7 \xe2\xe3\xcf\xd3\n", "not a file that can be imported"),
    "binary": (b"\x7fELF\0\0\1\2" * 40, "zero bytes"),
    "utf-16 with a mark": (GOOD.encode("utf-16"), "UTF-16"),
    "utf-16 without": (GOOD.encode("utf-16-le"), "zero bytes"),
    "latin-1 further down": (
        (GOOD + "2025-09-06T18:40:02Z,température,1\n").encode("latin-1"),
        ":5: byte 26 is not UTF-8",
    ),
    "wrong column": (
        GOOD.replace("telemetry_value", "value").encode(),
        ":1: column telemetry_value is missing",
    ),
    "a column twice": ((HEAD.strip() + ",meta_time\n" + "a,b,1,c\n").encode(), "named twice"),
    "torn: fields missing": (
        (GOOD + "2025-09-06T18:40:02Z,spe").encode(),
        ":5: the last line is cut",
    ),
    "torn: inside the number": (GOOD[:-3].encode(), ":4: the last line is cut off"),
    "a short row": ((GOOD + "2025-09-06T18:40:02Z,speed\n").encode(), ":5: 2 fields where 3"),
    "a long row": ((GOOD + ROW.strip() + ",9\n").encode(), ":5: 4 fields where 3"),
    "bad number": ((GOOD + ROW.replace("100.5", "1O0.5")).encode(), ":5: '1O0.5' is not a number"),
    "number missing": ((GOOD + ROW.replace("100.5", "")).encode(), ":5: '' is not a number"),
    "infinite": ((GOOD + ROW.replace("100.5", "inf")).encode(), ":5: 'inf' is not a number"),
    "not a number": ((GOOD + ROW.replace("100.5", "nan")).encode(), ":5: 'nan' is not a number"),
    "underscore": ((GOOD + ROW.replace("100.5", "1_0")).encode(), ":5: '1_0' is not a number"),
    "bad time": ((GOOD + ROW.replace("2025-09-06T18", "yesterday 18")).encode(), ":5: time"),
    "time out of reason": ((GOOD + ROW.replace("2025", "1925")).encode(), ":5: time"),
    "no channel name": ((GOOD + ROW.replace("speed", " ")).encode(), ":5: telemetry_name"),
    "zero bytes further down": ((GOOD + ROW.replace("speed", "sp\0ed")).encode(), ":5: zero bytes"),
    "a line without end": ((GOOD + "x" * (MAX_LINE + 10)).encode(), ":5: the line is longer"),
    "an open quote": ((GOOD + '2025-09-06T18:40:02Z,"speed,1\n').encode(), ":5: not a row"),
    "too many channel names": (
        (HEAD + "".join(f"2025-09-06T18:40:01Z,c{i},1\n" for i in range(500))).encode(),
        ":402: more than 400 channels",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line_exit_2_and_no_output(tmp_path: Path, case: str) -> None:
    content, expected = CASES[case]
    path = tmp_path / "GR86-001-7.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        import_files([path], tmp_path / "out.pitwall")
    text = str(caught.value)
    assert expected in text
    assert str(path) in text
    assert "\n" not in text
    assert caught.value.exit_code == 2
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_bad_second_file_leaves_nothing_either(tmp_path: Path) -> None:
    good, bad = tmp_path / "a-1.csv", tmp_path / "b-2.csv"
    good.write_text(GOOD)
    bad.write_text(GOOD + "torn")
    with pytest.raises(BadInput, match="b-2.csv:5"):
        import_files([good, bad], tmp_path / "out.pitwall")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a-1.csv", "b-2.csv"]


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        import_files([tmp_path / "none.csv"], tmp_path / "out.pitwall")
    with pytest.raises(BadInput, match="a folder"):
        import_files([tmp_path], tmp_path / "out.pitwall")
    with pytest.raises(BadInput, match="no files"):
        import_files([], tmp_path / "out.pitwall")


def test_the_output_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    path, out = tmp_path / "a-1.csv", tmp_path / "out.pitwall"
    path.write_text(GOOD)
    out.write_text("precious")
    with pytest.raises(BadInput, match="exists already"):
        import_files([path], out)
    assert out.read_text() == "precious"
    import_files([path], out, overwrite=True)
    assert out.read_bytes().startswith(b"SQLite format 3")


def test_a_failed_overwrite_keeps_the_old_file(tmp_path: Path) -> None:
    path, out = tmp_path / "a-1.csv", tmp_path / "out.pitwall"
    path.write_text(GOOD + "torn")
    out.write_text("precious")
    with pytest.raises(BadInput):
        import_files([path], out, overwrite=True)
    assert out.read_text() == "precious"


def test_no_folder_for_the_output(tmp_path: Path) -> None:
    path = tmp_path / "a-1.csv"
    path.write_text(GOOD)
    with pytest.raises((BadInput, Failure), match="no folder"):
        import_files([path], tmp_path / "nowhere" / "out.pitwall")


def test_a_cancelled_import_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a-1.csv"
    path.write_text(HEAD + ROW * 30_000)

    class Cancelled(Exception):
        pass

    stages = []

    def progress(at) -> None:
        stages.append(at.stage)
        assert 0 < at.done <= at.total
        if at.stage == "importing":
            raise Cancelled

    with pytest.raises(Cancelled):
        import_files([path], tmp_path / "out.pitwall", progress=progress)
    assert stages[0] == "checking"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_same_car_twice(tmp_path: Path) -> None:
    text = HEAD.strip() + ",vehicle_id\n" + ROW.strip() + ",GR86-1-2\n"
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match="GR86-1-2 is in two of the files"):
        import_files([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "out.pitwall")
    with pytest.raises(BadInput, match="named twice"):
        import_files([tmp_path / "a.csv", tmp_path / "a.csv"], tmp_path / "out.pitwall")
