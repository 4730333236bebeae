"""Damaged files of every format: one line, never a traceback, never more memory than the file."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitwall.formats import export, import_files
from pitwall.telemetry import PitwallError
from tests.unit.formats import samples
from tests.unit.formats.feed import burst_feed, rows
from tests.unit.formats.test_roundtrip import block, recording


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, tuple[str, bytes]]:
    """A whole small file of each format, ours among them."""
    folder = tmp_path_factory.mktemp("whole")
    values = [[43.0 + i * 1e-6, 100.0 + i] for i in range(20)]
    made = recording(folder / "a.pitwall", {"7": [block("pos", [100_000] * 20, values)]}, {})
    ours = {}
    for kind in ("csv", "parquet", "ld"):
        (path,) = export(made, folder / f"x.{kind}", kind, ()).files
        ours[f"pitwall-{kind}"] = (path.name, path.read_bytes())
    made.close()
    grcup = ("\n".join(rows(burst_feed(seconds=20))) + "\n").encode()
    return {**samples.everything(), **ours, "grcup": ("GR86-022-13.csv", grcup)}


NAMES = [*samples.everything(), "pitwall-csv", "pitwall-parquet", "pitwall-ld", "grcup"]


def attempt(folder: Path, name: str, content: bytes) -> str:
    """The one line of an import that is refused, empty for one that is not."""
    path = samples.put(folder, name, content)
    out = folder / "out.pitwall"
    out.unlink(missing_ok=True)
    with contextlib.suppress(PitwallError):
        import_files([path], out)
        return ""
    try:
        import_files([path], out)
    except PitwallError as error:
        assert not out.exists()
        assert [p.name for p in folder.iterdir()] == [name]
        return str(error)
    return ""


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_file_is_good(tmp_path, whole, name):
    assert attempt(tmp_path, *whole[name]) == ""


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_one_line(tmp_path_factory, whole, name, data):
    file, content = whole[name]
    raw = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(raw) - 1, 0)))
        how = data.draw(st.sampled_from(["cut", "byte", "word", "drop", "twice"]))
        if how == "cut":
            del raw[at:]
        elif how == "byte" and raw:
            raw[at] = data.draw(st.integers(0, 255))
        elif how == "word":
            odd = [b"\xff\xff\xff\xff", b"\0\0\0\0", b"1e999", b"NaN", b'"', b"[[[[", b"-1", b",;"]
            word = data.draw(st.sampled_from(odd))
            raw[at : at + len(word)] = word
        elif how == "drop":
            del raw[at : at + data.draw(st.integers(1, 64))]
        else:
            raw[at:at] = raw[at : at + 64]
    said = attempt(tmp_path_factory.mktemp("fuzz"), file, bytes(raw))
    assert "\n" not in said
    assert len(said) < 1000


@pytest.mark.parametrize("name", ["f1_tel.json", "x.json.gz", "y.ld", "z.parquet", "w.vbo"])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=4000))
def test_anything_at_all_is_one_line(tmp_path_factory, name, junk):
    heads = {
        "f1_tel.json": b'{"tel": {',
        "x.json.gz": b'[{"vid": 1, "mt": 2, "ts": 3, "lap": 4, "src": 5},',
        "y.ld": samples.ld([("A", "", 1, np.arange(3))])[:1900],
        "z.parquet": b"PAR1",
        "w.vbo": b"File created on 01/08/2025 @ 12:00:00\r\n[header]\r\n",
    }
    assert attempt(tmp_path_factory.mktemp("junk"), name, heads[name] + junk) != ""


def test_nested_brackets_do_not_exhaust_the_stack(tmp_path):
    deep = b'{"tel":{"time":' + b"[" * 200_000
    assert "not JSON" in attempt(tmp_path, "1_tel.json", deep)


def test_a_gzip_bomb_is_refused_by_its_size(tmp_path):
    import gzip

    bomb = gzip.compress(b'[{"vid":"A","mt":"x","ts":"y","lap":1,"src":"' + b"a" * 40_000_000)
    assert "element 1" in attempt(tmp_path, "bomb.json.gz", bomb)
