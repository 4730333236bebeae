"""``live --headless --json`` over the stand-in: what happens is told, and how things are."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pitwall.headless import Lines, follow
from pitwall.run import Run
from pitwall.voice import Voice
from tests.contract.whole_path import SESSION, World, wait_for, world

pytestmark = pytest.mark.slow

HEALTH = {
    "source", "lag_s", "head_lag_s", "silent_s", "clock_offset_s", "source_shift_s", "queue",
    "held", "commit_age_s", "reads_per_s", "busiest_shard_reads_per_s", "limit_reads_per_shard_s",
    "polls", "records", "throttles", "retries", "gaps", "repaired", "named", "shards_failing",
    "shards_open", "shards_total", "shards",
}  # fmt: skip
SHARD = {
    "shard", "state", "failures", "lag_s", "answer_age_s", "last_record", "last_record_age_s",
    "checkpoint", "checkpoint_age_s", "reads_per_s", "polls", "records", "throttles", "retries",
    "gaps", "in_doubt_since",
}  # fmt: skip


class Told:
    """What was printed."""

    def __init__(self) -> None:
        self.out = io.StringIO()
        self.lines = Lines(self.out)

    @property
    def docs(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines(keepends=True)
                if line.endswith("\n")]  # fmt: skip

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [doc for doc in self.docs if doc["line"] == kind]

    def events(self) -> list[str]:
        return [doc["event"] for doc in self.of("event")]

    def last(self, key: str) -> Any:
        """Of the newest line; None before the first."""
        lines = self.of("health")
        return lines[-1]["health"][key] if lines else None

    def states(self) -> list[str]:
        out: list[str] = []
        for doc in self.of("health"):
            if doc["state"] not in out[-1:]:
                out.append(doc["state"])
        return out


def followed(made: World, does: Callable[[Told], None]) -> Told:
    """Follow as the command does, while ``does`` happens; then the time is up."""
    told = Told()
    run = Run.joined(SESSION, made.address, made.recording, told.lines.event)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            follow(run, 60.0, told.lines, Voice(0.0, quiet=True))
        except BaseException as error:  # noqa: BLE001 - told below, on the test's thread
            failures.append(error)

    thread = threading.Thread(target=work, name="test follow")
    thread.start()
    try:
        does(told)
    finally:
        made.service.faults.clear()
        thread.join(70)
    assert not failures
    assert not thread.is_alive()
    return told


def test_a_race_from_joining_to_its_end(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        made.prepare_publisher()
        poison = {
            "pk": {"S": f"{SESSION}#pos#001#11"}, "sk": {"S": "junk"}, "k": {"S": "c"},
        }  # fmt: skip

        def does(told: Told) -> None:
            wait_for(lambda: "live" in told.events(), "live")
            clients = made.address.clients()
            clients.dynamodb.put_item(TableName=made.address.table, Item=poison)
            clients.close()
            made.service.rotate(None)
            wait_for(lambda: "rotation" in told.events(), "a rotation")
            wait_for(lambda: "quarantined" in told.events(), "the quarantine")
            wait_for(lambda: told.last("reads_per_s") is not None, "rates")
            made.publish()

        told = followed(made, does)
    events = told.events()
    assert events[:2] == ["joined", "archive"]
    assert events.index("history") < events.index("live") < events.index("rotation")
    assert {"repaired", "live", "rotation", "quarantined", "ended"} <= set(events)
    assert "behind" not in events
    assert "offline" not in events
    for doc in told.of("event"):
        assert doc["time"].endswith("Z")
        assert isinstance(doc["state"], str)
        assert not [key for key in doc if key.endswith("_us")]
    [quarantined] = [d for d in told.of("event") if d["event"] == "quarantined"]
    assert quarantined["records"] == 1
    lines = told.of("health")
    assert lines[-1]["state"] == "ended"
    for doc in lines:
        assert set(doc["health"]) == HEALTH
        assert all(set(shard) == SHARD for shard in doc["health"]["shards"])
    last = lines[-1]["health"]
    assert last["polls"] == sum(s["polls"] for s in last["shards"]) > 0
    assert {s["state"] for s in last["shards"]} == {"finished", "open"}
    assert last["repaired"] > 0
    assert last["queue"] == 0
    assert last["reads_per_s"] > 0
    # over some seconds one read more or less is in it
    assert 0 < last["busiest_shard_reads_per_s"] <= 1.1 * last["limit_reads_per_shard_s"]
    assert abs(last["clock_offset_s"]) < 1.1
    [end] = told.of("end")
    assert end["final"]
    assert end["state"] == "ended"
    assert end["ledger"]["missing"] == 0


def test_an_outage_is_offline_and_then_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # its own patience would only make this longer
    with world(tmp_path) as made:
        made.prepare_publisher()

        def does(told: Told) -> None:
            wait_for(lambda: "silent" in told.states(), "silence")
            made.service.faults.outage(60.0)
            wait_for(lambda: "offline" in told.states(), "offline")
            made.service.faults.clear()
            wait_for(lambda: told.states()[-1:] in (["silent"], ["live"]), "the network's return")
            made.publish()

        told = followed(made, does)
    states = told.states()
    assert states[-1] == "ended"
    after = states[states.index("silent") :]
    assert [s for s in after if s in ("silent", "offline")][:3] == ["silent", "offline", "silent"]
    assert "offline" in told.events()
    [offline] = [d for d in told.of("event") if d["event"] == "offline"]
    assert "cannot reach" in offline["why"] or "broke" in offline["why"]
    assert told.of("end")[0]["ledger"]["missing"] == 0
