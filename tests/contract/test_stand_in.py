"""The stand-in as a child: ready line, refusals, an end with its parent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pitwall.cloud.local import main
from pitwall.cloud.local.process import StandIn
from pitwall.telemetry.errors import BadInput, Failure

ROOT = Path(__file__).resolve().parents[2]


def child(*args: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pitwall.cloud.local", *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )


def test_starts_answers_and_stops() -> None:
    with StandIn.start(shards=3, table="tele", bucket="laps") as stand_in:
        assert stand_in.endpoint.startswith("http://127.0.0.1:")
        assert (stand_in.table, stand_in.bucket) == ("tele", "laps")
        assert "table/tele/stream/" in stand_in.stream_arn
        assert stand_in.status()["open_shards"] == 3
        assert len(stand_in.control("rotate")["opened"]) == 3
        with pytest.raises(Failure, match="refused rotate"):
            stand_in.control("rotate", shard="none")
        assert stand_in.running
    assert not stand_in.running
    with pytest.raises(Failure, match="refused status"):
        stand_in.status()
    stand_in.stop()


def test_ends_when_its_stdin_closes() -> None:
    process = child()
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert set(ready) == {"endpoint", "table", "bucket", "stream_arn", "pid"}
    assert ready["pid"] == process.pid
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, b"", b"")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to send on Windows")
def test_ends_on_sigterm() -> None:
    process = child()
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    assert process.wait(60) == 0
    process.communicate()


def test_a_bad_argument_is_one_line() -> None:
    process = child("--shards", "0")
    out, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert out == b""
    assert err.decode().strip().splitlines() == [
        "pitwall: stand-in: --shards must be 1 to 4096, not 0"
    ]
    with pytest.raises(BadInput, match="^stand-in: --shards must be 1 to 4096"):
        StandIn.start(shards=0)


def test_a_taken_port_is_a_failure() -> None:
    with (
        StandIn.start() as first,
        pytest.raises(Failure, match="cannot listen"),
    ):
        StandIn.start(port=int(first.endpoint.rpartition(":")[2]))


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_bad_spec_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="--seed-spec"):
        main(["--stay", "--seed-spec", text])


def test_starting_can_be_cancelled() -> None:
    with pytest.raises(Failure, match="cancelled"):
        StandIn.start(cancelled=lambda: True)


def test_works_from_any_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with StandIn.start() as stand_in:
        assert stand_in.status()["items"] == 0
        assert os.getpid() != stand_in.pid
