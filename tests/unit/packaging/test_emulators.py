"""Setting up the second implementations, on machines that lack what they need."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import emulators
import pytest


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of locks and a folder of components that are nobody's."""
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "some.lock").write_text("one\n", encoding="utf-8")
    monkeypatch.setattr(emulators.bootstrap, "ROOT", tmp_path)  # its lock is another's
    monkeypatch.setattr(emulators, "LOCKS", tmp_path / "locks")
    monkeypatch.setattr(emulators, "HOME", tmp_path / "home")
    monkeypatch.setattr(emulators, "REASONS", tmp_path / "home" / "absent.json")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], True),
        (["-q", "-k", "kinesis"], True),
        (["tests"], True),
        (["tests/contract"], True),
        (["tests/contract/test_dynamodb.py::test_no_such_table", "-x"], True),
        (["tests/unit"], False),
        (["-q", "tests/unit/packaging/test_lock.py"], False),
        (["tests/unit", "tests/contract"], True),
    ],
)
def test_only_runs_that_come_to_the_contract_need_them(
    arguments: list[str], expected: bool
) -> None:
    assert emulators.wanted(arguments) is expected


def test_made_once_and_again_when_the_lock_changes(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Path
) -> None:
    made: list[Path] = []
    monkeypatch.setattr(emulators, "COMPONENTS", {"one": (("some.lock",), made.append)})
    emulators.ensure()
    emulators.ensure()
    assert made == [elsewhere / "home" / "one"]
    (elsewhere / "locks" / "some.lock").write_bytes(b"one\r\n")  # a checkout on Windows
    emulators.ensure()
    assert len(made) == 1
    (elsewhere / "locks" / "some.lock").write_text("two\n", encoding="utf-8")
    emulators.ensure()
    assert len(made) == 2


def test_what_cannot_be_made_is_said_and_the_rest_is_made(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(folder: Path) -> None:
        emulators.attempt([sys.executable, "-c", "print('no route'); raise SystemExit(3)"])

    made: list[Path] = []
    components = {"one": (("some.lock",), fail), "two": (("some.lock",), made.append)}
    monkeypatch.setattr(emulators, "COMPONENTS", components)
    emulators.ensure()
    assert made
    reasons = json.loads(emulators.REASONS.read_text(encoding="utf-8"))
    assert list(reasons) == ["one"]
    assert "exit code 3: no route" in reasons["one"]
    assert "one: not here: " in capsys.readouterr().err
    monkeypatch.setattr(emulators, "COMPONENTS", {"one": (("some.lock",), made.append)})
    emulators.ensure()
    assert json.loads(emulators.REASONS.read_text(encoding="utf-8")) == {}


def test_a_command_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulators, "LIMIT_S", 0.2)
    with pytest.raises(emulators.Absent, match="longer than"):
        emulators.attempt([sys.executable, "-c", "import time; time.sleep(60)"])


@pytest.mark.parametrize(
    ("here", "root", "reason"),
    [
        ({"node", "npm"}, False, None),
        ({"node", "apt-get"}, False, "npm not found; run once: sudo apt-get install -y"),
        ({"apt-get"}, False, "node and npm not found; .* nodejs npm$"),
        (set(), True, "node and npm not found; install Node.js"),
    ],
)
def test_without_node_the_reason_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, here: set[str], root: bool, reason: str | None
) -> None:
    monkeypatch.setattr(emulators.shutil, "which", lambda name: name if name in here else None)
    monkeypatch.setattr(emulators.bootstrap, "is_root", lambda: root)
    if reason is None:
        assert emulators.node_and_npm() == "npm"
        return
    with pytest.raises(emulators.Absent, match=reason):
        emulators.node_and_npm()


def test_root_on_debian_gets_them_from_apt(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"apt-get"}
    ran: list[list[str]] = []

    def attempt(command: list[str], environment: dict[str, str]) -> None:
        assert environment["DEBIAN_FRONTEND"] == "noninteractive"
        ran.append(command)
        if "install" in command:
            here.update({"node", "npm"})

    monkeypatch.setattr(emulators.shutil, "which", lambda name: name if name in here else None)
    monkeypatch.setattr(emulators.bootstrap, "is_root", lambda: True)
    monkeypatch.setattr(emulators, "attempt", attempt)
    assert emulators.node_and_npm() == "npm"
    assert [command[2] for command in ran] == ["update", "install"]
    assert ran[1][-2:] == ["nodejs", "npm"]
