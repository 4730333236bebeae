"""The command line: one line for what is wrong, stable keys for what was asked."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pitwall import __version__, cli
from pitwall.cloud.local.process import StandIn
from pitwall.cloud.spool import Spool
from pitwall.formats import importer
from pitwall.store import Batch, Recording, Source
from pitwall.telemetry import BadInput
from tests.unit.formats.feed import burst_feed, rows
from tests.unit.store.helpers import SESSION, head, one

CSV = "meta_time,telemetry_name,telemetry_value\n2025-09-06T18:40:01.545000Z,speed,100.5\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with one file of each kind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    (tmp_path / "junk.pitwall").write_bytes(os.urandom(4000))
    (tmp_path / "empty.pitwall").touch()
    (tmp_path / "cut.pitwall").write_bytes(b"SQLite format 3\0")
    with sqlite3.connect(tmp_path / "other.pitwall") as db:
        db.execute("CREATE TABLE lunch (dish TEXT)")
    db.close()
    (tmp_path / "lunch.csv").write_text("dish,price\nsoup,4\n")
    (tmp_path / "wrong.csv").write_text(CSV.replace("telemetry_value", "value"))
    (tmp_path / "torn.csv").write_text(CSV + CSV.splitlines()[1][:30])
    (tmp_path / "a-1.csv").write_text(CSV)
    Recording.create(tmp_path / "hollow.pitwall", SESSION).close()
    with Recording.create(tmp_path / "race.pitwall", SESSION) as recording:
        chunks = tuple(one(n) for n in (*range(1, 30), *range(33, 81)))
        recording.apply(Batch(Source.STREAM, chunks, (head(80),)))
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit code of a command that fails, and the one line that it says."""
    code = cli.main(words)
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 1, err
    assert lines[0].startswith("pitwall: ")
    assert "Traceback" not in err
    return code, lines[0].removeprefix("pitwall: ")


BAD = {
    "no such file": ("info missing.pitwall", "missing.pitwall: no such file"),
    "no such file to open": ("open missing.pitwall", "missing.pitwall: no such file"),
    "no such file to replay": ("demo --from missing.pitwall", "missing.pitwall: no such file"),
    "junk to replay": ("demo --from junk.pitwall", "junk.pitwall: not a Pitwall recording"),
    "nothing to replay": ("demo --from hollow.pitwall", "hollow.pitwall: the recording holds no"),
    "no such file to publish": (
        "publish missing.pitwall --session 2026-01-31-a-r1",
        "no such file",
    ),
    "no such file to import": ("import a-1.csv b-2.csv --out x.pitwall", "b-2.csv: no such file"),
    "a folder": ("laps .", ".: a folder"),
    "junk": ("info junk.pitwall", "junk.pitwall: not a Pitwall recording"),
    "empty": ("laps empty.pitwall --json", "empty.pitwall: not a Pitwall recording"),
    "cut short": ("info cut.pitwall", "cut.pitwall: not a Pitwall recording"),
    "another database": ("laps other.pitwall", "other.pitwall: not a Pitwall recording"),
    "junk to publish": (
        "publish junk.pitwall --session 2025-01-01-a-b --endpoint-url http://127.0.0.1:9",
        "junk.pitwall: not a Pitwall recording",
    ),
    "another table": ("import lunch.csv --out x.pitwall", "lunch.csv:1: not a file that can be"),
    "wrong column": ("import wrong.csv --out x.pitwall", "wrong.csv:1: column telemetry_value"),
    "torn line": ("import torn.csv --out x.pitwall", "torn.csv:3: the last line is cut"),
    "a good and a torn one": ("import a-1.csv torn.csv --out x.pitwall", "torn.csv:3: the last"),
    "exists": ("import a-1.csv --out race.pitwall", "race.pitwall: exists already"),
    "no folder": ("import a-1.csv --out no/x.pitwall", "no/x.pitwall: there is no folder"),
    "unknown car": ("laps race.pitwall --car 99", "car 99 is not in this session (cars: 11)"),
    "size": ("demo --size nonsense", "argument --size: as in 1920x1080, not 'nonsense'"),
    "tiny": ("open race.pitwall --size 3x3", "argument --size: between 640x400 and"),
    "no time": ("demo --seconds 0", "argument --seconds: a number above 0"),
    "not a time": ("demo --seconds soon", "argument --seconds: a number above 0"),
    "not a number": ("demo --seconds nan", "argument --seconds: a number above 0"),
    "standing still": ("demo --speed 0", "argument --speed: a number above 0"),
    "theme": ("demo --theme pink", "argument --theme: invalid choice: 'pink'"),
    "screenshot": ("demo --screenshot no/x.png", "no/x.png: no place for a picture"),
    "screenshot of a folder": ("open race.pitwall --screenshot .", ".: no place for a picture"),
    "no session": ("live", "the following arguments are required: --session"),
    "session": (
        "live --session A#b --endpoint-url http://127.0.0.1:9 --headless --json",
        "session key 'A#b': use <date>-<event>-<name>",
    ),
    "session to publish as": (
        "publish race.pitwall --session barber --endpoint-url http://127.0.0.1:9 --spool here",
        "session key 'barber': use <date>-<event>-<name>",
    ),
    "session to seal": ("cloud seal --session a/b", "session key 'a/b': use <date>"),
    "endpoint": (
        "live --session 2026-01-31-a-r1 --endpoint-url nonsense",
        "argument --endpoint-url: a URL such",
    ),
    "endpoint with a password": (
        "live --session 2026-01-31-a-r1 --headless --json --endpoint-url http://u:hunter2@127.0.0.1:9",
        "argument --endpoint-url: give it without user and password",
    ),
    "no stream": (
        "live --session 2026-01-31-a-r1 --kinesis la#ps",
        "argument --kinesis: name or ARN of a Kinesis",
    ),
    "two ways at once": (
        "live --session 2026-01-31-a-r1 --table-only --kinesis laps",
        "--table-only and --kinesis: the one leaves out what the other needs",
    ),
    "verb": ("launch", "argument COMMAND: invalid choice: 'launch'"),
    "flag": ("info race.pitwall --nope", "unrecognized arguments: --nope"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_exit_2(
    case: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, expected = BAD[case]
    before = sorted(file.name for file in folder.iterdir())
    code, line = told(capsys, *words.split())
    assert code == 2
    assert expected in line
    assert "hunter2" not in line
    assert sorted(file.name for file in folder.iterdir()) == before


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A stand-in with an empty table."""
    with StandIn.start() as stand_in:
        yield stand_in.endpoint


class TestNetwork:
    """What the other end does not do."""

    NOBODY = ("--endpoint-url", "http://127.0.0.1:9", "--headless", "--json")

    def live(self, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
        return told(capsys, "live", "--session", "2025-01-01-a-b", *words)

    def test_nobody_is_there(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code, line = self.live(capsys, "--recording", "x.pitwall", *self.NOBODY)
        assert code == 1
        assert "cannot reach http://127.0.0.1:9/: check the network" in line
        assert not Path("x.pitwall").exists()

    def test_no_region(
        self,
        folder: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name, raising=False)
        code, line = self.live(capsys, "--headless", "--json")
        assert code == 1
        assert line == "no AWS region: set AWS_REGION or give --region"

    def test_unknown_session(
        self, folder: Path, capsys: pytest.CaptureFixture[str], endpoint: str
    ) -> None:
        words = ("--endpoint-url", endpoint, "--headless", "--json", "--recording", "x.pitwall")
        code, line = self.live(capsys, *words)
        assert code == 2
        assert "session 2025-01-01-a-b is not in table pitwall" in line
        assert not Path("x.pitwall").exists()

    def test_unknown_table(
        self, folder: Path, capsys: pytest.CaptureFixture[str], endpoint: str
    ) -> None:
        words = ("--endpoint-url", endpoint, "--headless", "--json", "--table", "lunch")
        code, line = self.live(capsys, *words)
        assert code == 1
        assert line.startswith("table lunch: ")


LAP = {
    "car", "lap", "start", "end", "time_s", "uncertainty_s", "kind", "valid", "reason", "sectors_s",
}  # fmt: skip
LEDGER = {
    "expected", "applied", "imported", "duplicates", "late", "conflicts", "quarantined",
    "missing", "provable",
}  # fmt: skip


class TestAnswers:
    """Keys are a contract: scripts read them."""

    def ask(self, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
        assert cli.main(words) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return json.loads(out)

    def test_info(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        doc = self.ask(capsys, "info", "race.pitwall", "--json")
        assert set(doc) == {
            "session", "title", "simulated", "clock", "clock_text", "started", "start", "end",
            "seconds", "cars", "channels", "ledger", "notes", "replay", "driven",
            "imported",
        }  # fmt: skip
        assert set(doc["ledger"]) == LEDGER
        assert (doc["ledger"]["expected"], doc["ledger"]["missing"]) == (80, 3)
        (car,) = doc["cars"]
        assert set(car) == {"car", "id", "groups", "holes"}
        assert [set(group) for group in car["groups"]] == [
            {"group", "samples", "rate_hz", "start", "end"}
        ]
        assert [(hole["chunks"], hole["seconds"] > 0.7) for hole in car["holes"]] == [(3, True)]
        assert doc["start"] == "2025-09-06T18:40:00.000000Z"
        assert {c["unit"] for c in doc["channels"]} == {"km/h", "1", "bar"}
        assert {(c["unit"], c["si_unit"]) for c in doc["channels"]} == {
            ("km/h", "m/s"), ("1", "1"), ("bar", "Pa"),
        }  # fmt: skip
        (speed,) = [c for c in doc["channels"] if c["unit"] == "km/h"]
        limit = SESSION.catalog.group(speed["group"]).channels[0].high
        assert speed["high_si"] == pytest.approx(limit / 3.6)

    def test_laps(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        doc = self.ask(capsys, "laps", "race.pitwall", "--json", "--car", "11")
        assert set(doc) == {
            "session", "clock", "clock_text", "lap_source", "track_length_m", "sectors", "best",
            "cars", "official",
        }  # fmt: skip
        assert doc["official"] is None
        (car,) = doc["cars"]
        assert set(car) == {"car", "position", "best_s", "laps"}
        assert car["laps"]
        assert all(set(lap) == {*LAP, "official"} for lap in car["laps"])

    def test_import(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("b-2.csv").write_text("\n".join(rows(burst_feed(seconds=30))) + "\n")
        doc = self.ask(capsys, "import", "b-2.csv", "--out", "new.pitwall", "--json")
        assert set(doc) == {
            "file", "session", "title", "clock", "started", "rows", "samples", "chunks", "cars",
            "notes",
        }  # fmt: skip
        info = self.ask(capsys, "info", "new.pitwall", "--json")
        assert info["ledger"]["applied"] == doc["chunks"] > 0
        assert info["clock"] == "reconstructed"

    def test_in_words(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for words in (("info", "race.pitwall"), ("laps", "race.pitwall")):
            assert cli.main(words) == 0
            out, err = capsys.readouterr()
            assert "2025-09-06-barber-r1" in out
            assert err == ""

    def test_help_and_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        for words, expected in (
            (["--help"], "selftest"),
            (["--version"], f"pitwall {__version__}"),
            (["live", "--help"], "--session"),
        ):
            with pytest.raises(SystemExit) as ended:
                cli.main(words)
            assert ended.value.code == 0
            out, err = capsys.readouterr()
            assert err == ""
            assert expected in out
            # what our own children use is nobody's business
            assert "stand-in" not in out.replace("(a stand-in)", "")
            assert "demo-publisher" not in out


@pytest.mark.parametrize("verb", ["status", "deploy", "destroy"])
def test_an_endpoint_without_cloudformation_is_told(
    verb: str, capsys: pytest.CaptureFixture[str], endpoint: str
) -> None:
    code, line = told(capsys, "cloud", verb, "--endpoint-url", endpoint)
    assert code == 1
    assert "this endpoint has no CloudFormation; `pitwall cloud template` prints" in line


class TestPublish:
    """What `pitwall publish` says of laps that it could not seal."""

    def publish(self, endpoint: str, session: str, *more: str) -> int:
        words = ("--endpoint-url", endpoint, "--spool", "spool", "--speed", "1000")
        return cli.main(["publish", "race.pitwall", "--session", session, *words, *more])

    def test_laps_without_a_bucket_are_told_and_can_be_sealed_later(
        self, folder: Path, capsys: pytest.CaptureFixture[str], endpoint: str
    ) -> None:
        session = "2025-01-01-a-b"
        assert self.publish(endpoint, session, "--bucket", "nothere") == 1
        out, err = capsys.readouterr()
        line = err.splitlines()[-1]
        assert line.startswith("pitwall: ")
        assert "lap" in line
        assert "could not be sealed in table pitwall and bucket nothere" in line
        command = line.split("`")[1]
        assert command.startswith(f"pitwall cloud seal --session {session} --table pitwall")
        assert "--bucket nothere" in command
        assert "no such bucket" in err
        assert list(Path("spool").glob("*.spool"))
        # the same with what is said to a program
        assert self.publish(endpoint, session, "--bucket", "nothere", "--json") == 1
        out, err = capsys.readouterr()
        assert json.loads(out)["resumed"]
        assert json.loads(out)["unsealed"] > 0
        assert err.count("\n") == 1
        seal = command.replace("nothere", "pitwall-archive").split()[1:]
        assert cli.main([*seal, "--json"]) == 0
        done = json.loads(capsys.readouterr().out)
        assert (done["sealed"] > 0, done["left"]) == (True, [])

    def test_what_was_gone_on_with_has_its_blocks(
        self,
        folder: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        endpoint: str,
    ) -> None:
        session = "2025-01-01-a-d"
        (folder / "race.pitwall").unlink()
        with Recording.create(folder / "race.pitwall", SESSION) as recording:
            chunks = tuple(one(n, lap=(n - 1) // 8) for n in range(1, 81))
            recording.apply(Batch(Source.STREAM, chunks, (head(80),)))
        with monkeypatch.context() as patched:
            patched.setattr(Spool, "remove", Spool.close)  # as if it had been killed just before
            # and had not come to what it had sealed
            patched.setattr(Spool, "entries", lambda spool: [])
            assert self.publish(endpoint, session, "--json") == 0
            assert json.loads(capsys.readouterr().out)["blocks"] == 0
            assert self.publish(endpoint, session, "--json") == 0
        doc = json.loads(capsys.readouterr().out)
        assert (doc["resumed"], doc["blocks"]) == (True, 1)

    def test_laps_are_counted_once_and_the_spool_goes(
        self, folder: Path, capsys: pytest.CaptureFixture[str], endpoint: str
    ) -> None:
        assert self.publish(endpoint, "2025-01-01-a-c", "--json") == 0
        doc = json.loads(capsys.readouterr().out)
        laps = {lap for n in range(1, 81) for lap in (one(n).lap,)}
        assert (doc["laps"], doc["unsealed"]) == (len(laps), 0)
        assert not list(Path("spool").glob("*.spool"))


class TestNothingHalfDone:
    """Whatever stops an import, there is no output."""

    @pytest.mark.parametrize(
        ("error", "code", "text"),
        [
            (OSError(28, "No space left on device"), 1, "No space left on device"),
            (KeyboardInterrupt(), 130, "interrupted"),
            (BadInput("a-1.csv:9: no"), 2, "a-1.csv:9: no"),
            (ZeroDivisionError("a\nb"), 1, "unexpected ZeroDivisionError: a"),
        ],
    )
    def test_import(
        self,
        folder: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        error: BaseException,
        code: int,
        text: str,
    ) -> None:
        def fails(*args: object) -> None:
            raise error

        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        monkeypatch.setattr(importer, "_write", fails)
        before = {file.name for file in folder.iterdir()}
        assert told(capsys, "import", "a-1.csv", "--out", "x.pitwall")[0] == code
        assert {file.name for file in folder.iterdir()} - before <= {"state"}

    def test_the_line_of_an_import_that_fails(
        self,
        folder: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def full(*args: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(importer, "_write", full)
        code, line = told(capsys, "import", "a-1.csv", "--out", "x.pitwall")
        assert (code, line) == (1, "x.pitwall: cannot be written (No space left on device)")
