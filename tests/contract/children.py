"""Second implementations as child processes: on the loopback, bounded in time, gone at the end."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import emulators
import pytest

from tests.conftest import IN_CI

HERE = Path(__file__).parent
_PYTHON = {"ministack": "serve_ministack.py", "cloudformation": "serve_cloudformation.py"}
START_S = 20.0
STOP_S = 5.0


@dataclass
class Child:
    """A running server.

    Attributes:
        endpoint: its URL.
    """

    endpoint: str
    _process: subprocess.Popen[str]
    _lines: queue.SimpleQueue[str]

    def pass_(self, ms: int) -> None:
        """Put the server's clock forward; only the JavaScript ones can."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"pass {ms}\n")
        self._process.stdin.flush()
        assert self._lines.get(timeout=START_S).startswith("PASSED ")


def command(name: str) -> list[str]:
    """How to start a server; skips the test, or fails it in CI, where it cannot be started."""
    component = name if name in _PYTHON else "kinesis"
    require(component)
    folder = emulators.HOME / component
    if name in _PYTHON:
        return [str(emulators.python_of(folder)), str(HERE / _PYTHON[name])]
    node = shutil.which("node")
    if node is None:
        missing(f"{name}: node is not on the PATH")
    return [node, str(HERE / "serve_kinesis.js"), str(folder), name]


def require(component: str) -> None:
    """Go on only where this component was made from the present lock."""
    made_from, _ = emulators.COMPONENTS[component]
    if emulators.is_current(component, made_from):
        return
    try:
        reasons = json.loads(emulators.REASONS.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        reasons = {}
    unmade = "not set up here; python3 packaging/dev.py test tests/contract sets it up"
    missing(f"{component}: {reasons.get(component, unmade)}")


def missing(reason: str) -> NoReturn:
    """A component is not here: on a person's machine a skip, in CI a failure."""
    if IN_CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@contextmanager
def running(name: str, folder: Path) -> Iterator[Child]:
    """A server for as long as the context lasts; its files, if any, go to ``folder``."""
    process = subprocess.Popen(
        command(name),
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=_environment(folder),
    )
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    reader = threading.Thread(
        target=_read, args=(process, lines), name=f"contract-{name}", daemon=True
    )
    reader.start()
    try:
        yield Child(f"http://127.0.0.1:{_port(name, lines)}", process, lines)
    finally:
        _stop(process)
        reader.join(STOP_S)
        assert process.stdout is not None
        process.stdout.close()


def _environment(folder: Path) -> dict[str, str]:
    """Ours without what would send a server, or its temporary files, somewhere else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}


def _port(name: str, lines: queue.SimpleQueue[str]) -> int:
    try:
        first = lines.get(timeout=START_S)
    except queue.Empty:
        pytest.fail(f"{name} did not say its port within {START_S:.0f} s", pytrace=False)
    if not first:
        pytest.fail(f"{name} ended instead of starting", pytrace=False)
    return int(first.removeprefix("PORT "))


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(("PORT ", "PASSED ")):
            lines.put(line)
    lines.put("")


def _stop(process: subprocess.Popen[str]) -> None:
    """Close its standard input, at which it ends; kill it when it does not."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_S)
