"""The running app under the policies that are printed for it, at a stand-in that enforces them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pitwall.cloud.access import Place, Scope, policy_for
from pitwall.cloud.local.process import StandIn

pytestmark = pytest.mark.slow

SESSION = "2026-01-31-test-r1"
ENGINEER = policy_for("engineer", Place())


def without(*sids: str) -> dict[str, Any]:
    """The engineer's policy with some of it taken away."""
    left = [statement for statement in ENGINEER["Statement"] if statement["Sid"] not in sids]
    assert len(left) == len(ENGINEER["Statement"]) - len(sids)
    return {**ENGINEER, "Statement": left}


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    spec = {"cars": 2, "seconds_history": 60, "stream_s": 30, "session": SESSION}
    with StandIn.start(seed_spec=spec, firehose_interval_s=5) as running:
        policies = {
            "ENGINEER": ENGINEER,
            "DRIVER": policy_for("driver", Place(), Scope(cars=("7",))),
            "NOARCHIVE": without("ListArchive", "ReadArchive"),
            "NOBODY": without("ReadAllRows"),
        }
        running.control("access", keys=policies)
        yield running


def live(stand_in: StandIn, folder: Path, who: str) -> tuple[int, list[Any], str]:
    """Run the app headless as ``who`` until it is live: exit code, its JSON lines, stderr."""
    words = ["live", "--session", SESSION, "--endpoint-url", stand_in.endpoint, "--headless"]
    words += ["--json", "--seconds", "60", "--recording", str(folder / f"{who}.pitwall")]
    with subprocess.Popen(
        [sys.executable, "-m", "pitwall", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "AWS_ACCESS_KEY_ID": who, "AWS_SECRET_ACCESS_KEY": "x"},
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        lines = []
        for text in child.stdout:
            lines.append(json.loads(text))
            if lines[-1].get("event") == "live":
                child.terminate()
        errors = child.stderr.read()
        return child.wait(30), lines, errors


def events(lines: list[Any]) -> dict[str, Any]:
    return {line["event"]: line for line in lines if line["line"] == "event"}


def test_the_engineer_follows_to_the_last_chunk(stand_in: StandIn, tmp_path: Path) -> None:
    refused = stand_in.status()["access"]["refused"]
    _, lines, _ = live(stand_in, tmp_path, "ENGINEER")
    seen = events(lines)
    assert seen["archive"]["chunks"] > 0
    assert seen["live"]["missing"] == 0
    # the role has all that the app asks for
    assert stand_in.status()["access"]["refused"] == refused


def test_without_the_archive_it_is_slower_not_less(stand_in: StandIn, tmp_path: Path) -> None:
    _, lines, _ = live(stand_in, tmp_path, "NOARCHIVE")
    seen = events(lines)
    reason = seen["archive-absent"]["reason"]
    assert "may not list the archive: permission s3:ListBucket" in reason
    assert "role engineer has it" in reason
    assert seen["live"]["missing"] == 0


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("DRIVER", "may not follow the table's stream, which carries every car's rows: permission "
                   "dynamodb:DescribeStream"),
        ("NOBODY", "may not read these rows of the table: permission dynamodb:Query"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_in_words(
    stand_in: StandIn, tmp_path: Path, who: str, told: str
) -> None:
    code, _, errors = live(stand_in, tmp_path, who)
    assert code == 1
    assert len(errors.splitlines()) == 1
    assert told in errors
    assert "`pitwall cloud policy engineer`" in errors
