"""The running app under the policies that are printed for it, at a stand-in that enforces them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pitwall.cloud.access import Place, Scope, policy_for
from pitwall.cloud.local.process import StandIn
from pitwall.store import open_session

pytestmark = pytest.mark.slow

SESSION = "2026-01-31-test-r1"
GROUPS = ("pos", "driver", "chassis", "engine", "tyre")
ENGINEER = policy_for("engineer", Place())


def without(*sids: str) -> dict[str, Any]:
    """The engineer's policy with some of it taken away."""
    left = [statement for statement in ENGINEER["Statement"] if statement["Sid"] not in sids]
    assert len(left) == len(ENGINEER["Statement"]) - len(sids)
    return {**ENGINEER, "Statement": left}


def allowing(action: str) -> dict[str, Any]:
    """A policy that somebody wrote by hand."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def both(*policies: dict[str, Any]) -> dict[str, Any]:
    """Several policies attached to one user."""
    return {
        "Version": "2012-10-17",
        "Statement": [each for policy in policies for each in policy["Statement"]],
    }


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    spec = {"cars": 2, "seconds_history": 60, "stream_s": 30, "session": SESSION}
    with StandIn.start(seed_spec=spec, firehose_interval_s=5) as running:
        policies = {
            "ENGINEER": ENGINEER,
            "DRIVER": policy_for("driver", Place(), Scope(cars=("7",))),
            "PARTNER": policy_for("partner", Place(), Scope(groups=("engine", "pos"))),
            "LOOKING": both(
                policy_for("driver", Place(), Scope(cars=("7",))), allowing("dynamodb:Describe*")
            ),
            "HALF": both(without("FollowStream"), allowing("dynamodb:Describe*")),
            "BOTH": both(ENGINEER, policy_for("producer", Place(), Scope(cars=("7",)))),
            "ABSENT": policy_for("driver", Place(), Scope(cars=("99",))),
            "CAR": allowing("*"),
            "NOARCHIVE": without("ListArchive", "ReadArchive"),
            "NOBODY": without("ReadAllRows"),
        }
        running.control("access", keys=policies)
        yield running


def live(
    stand_in: StandIn,
    folder: Path,
    who: str,
    *more: str,
    until: Callable[[Any], bool] = lambda line: line.get("event") == "live",
) -> tuple[int, list[Any], str]:
    """Run the app headless as ``who`` until a line is so: exit code, its JSON lines, stderr."""
    words = ["live", "--session", SESSION, "--endpoint-url", stand_in.endpoint, "--headless"]
    words += ["--json", "--seconds", "60", "--recording", str(folder / f"{who}.pitwall"), *more]
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
            if until(lines[-1]):
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
        ("ABSENT", "no row of this session may be read: shown: 0 of 2 cars, 0 of 5 groups; for the "
                   "rest: access denied: these credentials may not read these rows of the table: "
                   "permission dynamodb:Query"),
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
    assert "`pitwall cloud policy ROLE`" in errors


@pytest.fixture(scope="module")
def cars(stand_in: StandIn) -> Iterator[None]:
    """The race goes on: two cars write to the table."""
    words = ["demo-publisher", "--endpoint-url", stand_in.endpoint, "--table", stand_in.table]
    words += ["--bucket", stand_in.bucket, "--session", SESSION, "--cars", "2"]
    with subprocess.Popen(
        [sys.executable, "-m", "pitwall", *words],
        stdin=subprocess.PIPE,
        env={**os.environ, "AWS_ACCESS_KEY_ID": "CAR", "AWS_SECRET_ACCESS_KEY": "x"},
    ) as child:
        assert child.stdin is not None
        yield
        child.stdin.close()
        child.wait(30)


def moved(lines: list[Any]) -> Callable[[Any], bool]:
    """True once some chunks have come after the first live, all of them."""

    def look(line: Any) -> bool:
        lines.append(line)
        health = [each for each in lines if each["line"] == "health" and each["state"] == "live"]
        ledger = line.get("ledger", {})
        grown = health and ledger.get("applied", 0) > health[0]["ledger"]["applied"] + 20
        return bool(grown and not ledger["missing"] and line.get("health", {}).get("reads_per_s"))

    return look


@pytest.mark.parametrize(
    ("who", "shown", "held"),
    [
        ("DRIVER", "1 of 2 cars (7), all 5 groups", {("7", group) for group in GROUPS}),
        (
            "PARTNER",
            "all 2 cars, 2 of 5 groups (engine, pos)",
            {(car, group) for car in ("7", "22") for group in ("engine", "pos")},
        ),
    ],
)
def test_who_may_not_follow_the_stream_follows_the_table(
    stand_in: StandIn, cars: None, tmp_path: Path, who: str, shown: str, held: set[Any]
) -> None:
    code, lines, errors = live(stand_in, tmp_path, who, until=moved([]))
    assert (code, errors) == (130, "pitwall: interrupted\n") or (code, errors) == (0, "")
    seen = events(lines)
    assert "may not follow the table's stream" in seen["by-table"]["reason"]
    assert "role engineer has it" in seen["by-table"]["reason"]
    assert seen["limited"]["reason"].startswith(f"shown: {shown}; for the rest: access denied")
    assert "may not read these rows of the table" in seen["limited"]["reason"]
    assert "archive" not in seen
    assert seen["table-laps"]["chunks"] > 0
    last = lines[-1]
    assert last["final"]
    assert last["ledger"]["provable"]
    assert last["ledger"]["duplicates"] == last["ledger"]["repaired"] == 0
    assert last["chunks"]["stream"] > 20
    assert last["chunks"]["table_laps"] > 0
    assert last["chunks"]["archive"] == last["chunks"]["repair"] == 0
    assert sum(last["chunks"].values()) == last["ledger"]["applied"]
    told = [line for line in lines if line["line"] == "health" and line["state"] == "live"]
    assert all(line["message"].startswith(f"shown: {shown}") for line in told)
    rates = [line["health"]["reads_per_s"] for line in lines if line["line"] == "health"]
    assert 1 <= max(filter(None, rates)) <= len(held) + 3
    # just that, to the last row of the file
    recording, store = open_session(tmp_path / f"{who}.pitwall", read_only=True)
    with recording:
        assert {(s.car, s.group) for s in store.ledger().series} == held
        assert {head.car for head in store.heads().values()} == {car for car, _ in held}
        assert {group for head in store.heads().values() for group in head.n} == {
            group for _, group in held
        }


@pytest.mark.parametrize(
    ("who", "action", "limited"),
    [
        ("LOOKING", "DescribeStream", True),
        ("HALF", "GetShardIterator", False),
        ("BOTH", "DescribeStream", False),
    ],
)
def test_whoever_may_not_read_the_stream_wholly_follows_the_table(
    stand_in: StandIn, tmp_path: Path, who: str, action: str, limited: bool
) -> None:
    _, lines, _ = live(stand_in, tmp_path, who)
    seen = events(lines)
    reason = seen["by-table"]["reason"]
    assert "may not follow the table's stream" in reason
    assert f"dynamodb:{action}" in reason
    assert seen["live"]["missing"] == 0
    assert ("limited" in seen) is limited


def test_the_engineer_may_do_so_too(stand_in: StandIn, tmp_path: Path) -> None:
    refused = stand_in.status()["access"]["refused"]
    _, lines, _ = live(stand_in, tmp_path, "ENGINEER", "--table-only")
    seen = events(lines)
    assert seen["live"]["missing"] == 0
    assert not {"by-table", "limited", "archive", "table-laps-absent"} & set(seen)
    assert stand_in.status()["access"]["refused"] == refused
