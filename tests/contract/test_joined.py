"""Stand-in, cars and the joining program as processes that share only URLs."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from pitwall.cloud.clients import Clients, make_clients
from pitwall.cloud.local.process import StandIn
from pitwall.cloud.query import list_sessions
from pitwall.store import Recording, SessionStore, Writer, open_session
from pitwall.turbo import Follower, Phase, make_follower

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
CARS = 3
LIMIT_S = 40.0


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    spec = {"cars": CARS, "seconds_history": 260, "stream_s": 60, "cache": False}
    with StandIn.start(seed_spec=spec, shards=3, firehose_interval_s=5, rotate_every=2) as running:
        yield running


class Cars:
    """The publisher's process."""

    def __init__(self, stand_in: StandIn, session: str) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable,
                *("-m", "pitwall", "demo-publisher"),
                *("--endpoint-url", stand_in.endpoint),
                *("--table", stand_in.table),
                *("--bucket", stand_in.bucket),
                *("--session", session),
                *("--cars", str(CARS)),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(20) == 0


class Joined:
    """The joining program's parts in this process."""

    def __init__(self, clients: Clients, stand_in: StandIn, path: Path) -> None:
        [session] = list_sessions(clients.dynamodb, stand_in.table)
        self.recording: Recording
        self.store: SessionStore
        self.recording, self.store = open_session(path, session)
        self.events: list[tuple[str, Mapping[str, object]]] = []
        self.changed = threading.Condition()
        self.writer = Writer(self.recording, self.store, on_commit=lambda version: self._told())
        self.follower: Follower = make_follower(
            clients,
            stand_in.table,
            stand_in.bucket,
            session,
            self.recording,
            self.store,
            self.writer,
            self._event,
        )
        self.writer.start()
        self.follower.start()

    def _event(self, name: str, details: Mapping[str, object]) -> None:
        self.events.append((name, details))
        self._told()

    def _told(self) -> None:
        with self.changed:
            self.changed.notify_all()

    def wait(self, until: Callable[[], bool]) -> None:
        end = time.monotonic() + LIMIT_S
        with self.changed:
            while not until():
                left = end - time.monotonic()
                assert left > 0, (self.follower.status, self.store.ledger(), self.events[-5:])
                self.changed.wait(min(left, 0.5))

    def stop(self) -> None:
        assert self.follower.stop(60)
        self.writer.stop(60)
        assert self.writer.failure is None


def names() -> set[str]:
    return {t.name for t in threading.enumerate() if t.name.startswith("pitwall-")}


def killed(stand_in: StandIn, path: Path, lines: int) -> list[str]:
    """Start the program and kill it after so many lines of it."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    process = subprocess.Popen(
        [
            sys.executable,
            *("-m", "tests.unit.turbo.joiner"),
            *(stand_in.endpoint, stand_in.table, stand_in.bucket, str(path)),
        ],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
    )
    said: list[str] = []
    assert process.stdout is not None
    watchdog = threading.Timer(LIMIT_S, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            said.append(line.decode().strip())
            if len(said) >= lines:
                break
    finally:
        process.kill()
        process.stdout.close()
        process.wait(60)
        watchdog.cancel()
    assert len(said) >= lines, said
    return said


def test_joined_killed_and_joined_again(stand_in: StandIn, tmp_path: Path) -> None:
    path = tmp_path / "race.pitwall"
    clients = make_clients(stand_in.endpoint)
    [session] = list_sessions(clients.dynamodb, stand_in.table)
    cars = Cars(stand_in, session.key)
    rng = random.Random(7)
    try:
        for lines in (1, 3, rng.randint(4, 12), rng.randint(10, 30)):
            killed(stand_in, path, lines)
        joined = Joined(clients, stand_in, path)
        joined.wait(lambda: joined.follower.status.time_to_live_s is not None)
        joined.wait(lambda: joined.follower.status.reader.rotations >= 3)  # type: ignore[union-attr]
    finally:
        cars.stop()
    joined.wait(lambda: joined.follower.status.phase is Phase.ENDED)
    ledger = joined.store.ledger()
    joined.stop()
    clients.close()
    assert ledger.complete
    assert ledger.closes
    assert ledger.conflicts == 0
    assert ledger.quarantined == 0
    heads = joined.store.heads()
    assert {car for car, _ in heads} == set(joined.store.cars())
    assert all(head.ended for head in heads.values())
    for (car, group), columns in joined.store.view().columns.items():
        times = [t for block in columns.blocks for t in block.t.tolist()]
        assert len(times) == len(set(times)), (car, group)
        assert times == sorted(times)
    assert names() == set()


def test_history_seam_and_repair_in_one_go(stand_in: StandIn, tmp_path: Path) -> None:
    clients = make_clients(stand_in.endpoint)
    joined = Joined(clients, stand_in, tmp_path / "again.pitwall")
    joined.wait(lambda: joined.follower.status.time_to_live_s is not None)
    status = joined.follower.status
    ledger = joined.store.ledger()
    joined.stop()
    clients.close()
    assert ledger.complete
    assert ledger.repaired >= 1
    assert ledger.duplicates >= 1
    assert status.seam_proved
    assert [name for name, _ in joined.events][:2] == ["joined", "archive"]
