"""Servers of others: reached from this machine alone, bounded in time, gone at the end."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import emulators
import pytest

from tests.contract import children
from tests.contract.backends import Servers


@pytest.mark.parametrize("name", ["stand-in", "moto", "ministack", "kinesalite", "kinesis-local"])
def test_only_the_loopback_is_listened_on(name: str, servers: Servers) -> None:
    address = urlsplit(servers.server(name).endpoint)
    assert address.hostname == "127.0.0.1"
    assert address.port
    socket.create_connection(("127.0.0.1", address.port), 5.0).close()
    # Another address of this machine: whoever listens everywhere answers there as well.
    with pytest.raises(OSError, match=r"."):
        socket.create_connection(("127.0.0.2", address.port), 1.0).close()


def python(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let every server be this program."""
    monkeypatch.setattr(children, "command", lambda name: [sys.executable, "-c", program])


def test_a_server_ends_with_its_context(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python(monkeypatch, "print('PORT 1', flush=True); input()")
    with children.running("some", tmp_path) as child:
        assert child.endpoint == "http://127.0.0.1:1"
        assert child._process.poll() is None
    assert child._process.poll() is not None


def test_a_server_that_does_not_end_is_killed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(children, "STOP_S", 0.2)
    python(monkeypatch, "print('PORT 1', flush=True); import time; time.sleep(60)")
    with children.running("some", tmp_path) as child:
        pass
    assert child._process.poll() is not None


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import time; time.sleep(60)", "did not say its port within 0 s"),
        ("raise SystemExit(3)", "ended instead of starting"),
    ],
)
def test_a_server_that_does_not_start_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, reason: str
) -> None:
    monkeypatch.setattr(children, "STOP_S", 0.2)
    if "sleep" in program:
        monkeypatch.setattr(children, "START_S", 0.3)
    python(monkeypatch, program)
    with (
        pytest.raises(pytest.fail.Exception, match=reason),
        children.running("some", tmp_path),
    ):
        pass


@pytest.mark.parametrize("in_ci", [False, True])
def test_what_is_not_here_is_skipped_with_the_reason_and_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, in_ci: bool
) -> None:
    monkeypatch.setattr(children, "IN_CI", in_ci)
    monkeypatch.setattr(emulators, "HOME", tmp_path)
    monkeypatch.setattr(emulators, "REASONS", tmp_path / "absent.json")
    outcome = pytest.fail.Exception if in_ci else pytest.skip.Exception
    with pytest.raises(outcome, match=r"dev\.py test tests/contract sets it up"):
        children.command("kinesalite")
    emulators.REASONS.write_text('{"kinesis": "no node"}', encoding="utf-8")
    with pytest.raises(outcome, match="kinesis: no node"):
        children.command("kinesalite")
