"""The command line as processes: real exit codes, real signals."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pitwall import cli
from tests.soak.race import Child

pytestmark = pytest.mark.slow

NEEDS_SIGNALS = pytest.mark.skipif(sys.platform == "win32", reason="no such signals on Windows")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An installation that nobody used before; nothing of it is the user's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return {**kept, "XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(temporary)}


def test_exit_code_and_one_line(tmp_path: Path, env: dict[str, str]) -> None:
    with Child(["info", str(tmp_path / "none.pitwall")], env) as child:
        assert child.wait() == 2
        assert child.errors().count("\n") == 1
        assert child.errors().startswith("pitwall: ")


def test_what_cannot_be_opened_is_bad_input_for_the_window_too(
    tmp_path: Path, env: dict[str, str]
) -> None:
    junk = tmp_path / "junk.pitwall"
    junk.write_bytes(b"lunch" * 100)
    with Child(["open", str(junk), "--headless"], env) as child:
        assert child.wait() == 2
        errors = child.errors().splitlines()
    assert [line for line in errors if "not a Pitwall recording" in line] == errors[-1:]
    assert "Traceback" not in "".join(errors)


def test_logged_errors_are_no_tracebacks(tmp_path: Path, env: dict[str, str]) -> None:
    code = (
        "import logging, sys\nfrom pitwall import cli\n"
        "from pitwall.commands import recordings\n"
        "def fails(args):\n"
        "    try:\n        1 / 0\n"
        "    except ZeroDivisionError:\n        logging.getLogger('x').exception('no')\n"
        "    return 0\n"
        "recordings._info = fails\nsys.exit(cli.main(['info', 'x']))\n"
    )
    state = tmp_path / "state"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**env, "XDG_STATE_HOME": str(state)},
        cwd=Path(cli.__file__).parents[1],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    if sys.platform == "linux":
        (report,) = state.rglob("crash-*.txt")
        assert "ZeroDivisionError" in report.read_text()


@NEEDS_SIGNALS
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_interrupted_leaves_nothing(
    env: dict[str, str], number: signal.Signals
) -> None:
    with Child(["demo", "--seconds", "300"], env) as demo:
        until(lambda: bool(children(demo.pid)), "the stand-in")
        began = children(demo.pid)
        demo.process.send_signal(number)
        assert demo.wait() == 130
        errors = demo.errors()
    assert errors.splitlines()[-1] == "pitwall: interrupted"
    assert "Traceback" not in errors
    until(lambda: not any(map(alive, began)), "the children's end")
    assert list(Path(env["TMPDIR"]).iterdir()) == []


@NEEDS_SIGNALS
def test_children_end_with_a_demo_that_is_killed(env: dict[str, str]) -> None:
    with Child(["demo", "--seconds", "300"], env) as demo:
        until(lambda: bool(children(demo.pid)), "the stand-in")
        began = children(demo.pid)
        demo.kill()
    until(lambda: not any(map(alive, began)), "the children's end")


def test_hidden_verbs(env: dict[str, str]) -> None:
    with Child(["stand-in"], env) as stand_in:
        line = stand_in.line(60)
        assert line is not None
        ready = json.loads(line)
        words = ["demo-publisher", "--endpoint-url", ready["endpoint"], "--table", "pitwall"]
        with Child([*words, "--session", "2025-01-01-a-b"], env) as cars:
            assert cars.wait() == 2
            assert "session 2025-01-01-a-b is not in table pitwall" in cars.errors()
        assert stand_in.process.stdin is not None
        stand_in.process.stdin.close()
        assert stand_in.wait() == 0


def until(condition: Any, what: str, limit_s: float = 60.0) -> None:
    """Look until ``condition()``; it is other processes that are waited for."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {limit_s:.0f} s for {what}"
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """Direct children of a process."""
    return [child for child, (_, parent) in processes().items() if parent == pid]


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    return processes().get(pid, ("Z", 0))[0] != "Z"


def processes() -> dict[int, tuple[str, int]]:
    """First letter of the state and parent of every process; a bare Linux has no ``ps``."""
    found: dict[int, tuple[str, int]] = {}
    if sys.platform == "linux":
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it ends while we look
                state, parent = path.read_text().rpartition(")")[2].split()[:2]
                found[int(path.parent.name)] = (state, int(parent))
        return found
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,stat=,ppid="],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    for line in listed.stdout.splitlines():
        pid, state, parent = line.split()
        found[int(pid)] = (state[0], int(parent))
    return found
