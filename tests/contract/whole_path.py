"""The whole path in one process, a race of a minute: every arrow is there, each can be cut.

Only the stand-in's HTTP server is not what an installation has; app and publisher talk to it over
its URL as they do to any other.
"""

from __future__ import annotations

import contextlib
import sqlite3
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest import mock

from pitwall.address import CloudAddress
from pitwall.cloud import publish, read_heads, read_session
from pitwall.cloud.archiver import make_handler
from pitwall.cloud.feed import Feed, live_chunks
from pitwall.cloud.local import seed as seeding
from pitwall.cloud.local.gateway import Gateway
from pitwall.cloud.local.seed_log import ChunkLog, build_log
from pitwall.cloud.local.seed_spec import open_feed, parse_spec
from pitwall.cloud.local.server import Server
from pitwall.cloud.local.service import Service, StandInConfig
from pitwall.run import Run
from pitwall.store import SessionStore, open_session
from pitwall.telemetry import BadInput, PitwallError
from pitwall.turbo import follower
from pitwall.turbo.status import Tempo

SESSION = "2025-06-01-arrows-r1"
CARS = 2
HISTORY_S = 60
LIVE_S = 6
CHUNKS_PER_S = 11
"""Of one car of the synthetic field: 4 + 4 + 1 + 1 + 1."""
SEEDED = CARS * HISTORY_S * CHUNKS_PER_S
TOTAL = CARS * (HISTORY_S + LIVE_S) * CHUNKS_PER_S
SPEC: dict[str, Any] = {
    "seed": 7,
    "cars": CARS,
    "session": SESSION,
    "seconds_history": HISTORY_S,
    "stream_s": 20,
    "faults": {"duplicates": 0.05, "late_objects": 0, "table_only_holes": 1},
}
OVERLAP_US = 10_000_000
BEFORE: list[dict[str, Any]] = []
"""Faults in force from before the history is made."""
LIMIT_S = 60.0
_LOOK_S = 0.02


@dataclass(slots=True)
class World:
    """A stand-in with the history in it, and an app that follows.

    Attributes:
        service: the stand-in's parts.
        endpoint: its URL.
        recording: where the app keeps the race.
        events: what the follower told, in order.
        archived: what it told of the archive.
        on_event: called with each event's name on the follower's thread.
        published: the publisher has come to its end.
    """

    service: Service
    endpoint: str
    recording: Path
    events: list[str] = field(default_factory=list)
    archived: dict[str, int] = field(default_factory=dict)
    on_event: Callable[[str], None] = lambda name: None
    stop_publishing: threading.Event = field(default_factory=threading.Event)
    failure: PitwallError | None = None
    _publisher: threading.Thread | None = None

    @property
    def address(self) -> CloudAddress:
        config = self.service.config
        return CloudAddress(config.table, config.bucket, endpoint_url=self.endpoint)

    def join(self) -> Run:
        """An app that has joined; not started yet."""

        def told(name: str, details: Mapping[str, Any]) -> None:
            self.events.append(name)
            if name == "archive":
                self.archived = dict(details)
            self.on_event(name)

        return Run.joined(SESSION, self.address, self.recording, told)

    def prepare_publisher(self) -> None:
        """The last seconds of the race, as fast as the table takes them, on a thread."""
        address = self.address
        clients = address.clients()
        session = read_session(clients.dynamodb, address.table, SESSION)
        heads = read_heads(clients.dynamodb, address.table, SESSION)
        feed = whole_race()

        def work() -> None:
            try:
                publish(
                    live_chunks(feed, session, "demo1", heads),
                    session,
                    clients,
                    address.table,
                    address.bucket,
                    speed=1000.0,
                    resume=heads,
                    stop=self.stop_publishing,
                )
            except PitwallError as error:
                self.failure = error
            finally:
                clients.close()

        self._publisher = threading.Thread(target=work, name="test publisher")

    def publish(self) -> None:
        """Start the publisher."""
        assert self._publisher is not None
        self._publisher.start()

    @property
    def published(self) -> bool:
        """True when the publisher has come to its end."""
        return self._publisher is not None and not self._publisher.is_alive()

    def close(self) -> None:
        """End the publisher, and let it: it does not leave what it took while a table refuses."""
        self.stop_publishing.set()
        self.service.faults.clear()
        if self._publisher is not None and self._publisher.ident is not None:
            self._publisher.join(LIMIT_S)


@cache
def whole_race() -> Feed:
    """History and what comes after it."""
    return open_feed(parse_spec(SPEC), HISTORY_S + LIVE_S)


@cache
def packed_history() -> ChunkLog:
    """The history, packed: the same in every world."""
    spec = parse_spec(SPEC)
    return build_log(open_feed(spec, HISTORY_S + 5.0), spec.history_us, lambda share: None)


@contextlib.contextmanager
def world(folder: Path, **config: Any) -> Iterator[World]:
    """A seeded stand-in that serves; ``config`` changes its :class:`StandInConfig`."""
    # A minute of race with an overlap of two would leave no history to the other ways.
    tempo = partial(Tempo, overlap_us=OVERLAP_US)
    settings: dict[str, Any] = {"shards": 2, "firehose_interval_s": 1.0, "window_s": 0.0}
    service = Service(StandInConfig(**(settings | config)))
    handler = make_handler(
        service.firehose, service.config.delivery, report_failures=True, wait=lambda s: None
    )
    service.attach(handler)
    for rule in BEFORE:
        service.faults.add(rule)
    start_us = service.now_us() - (HISTORY_S + LIVE_S) * 1_000_000
    with mock.patch.object(seeding, "_log", return_value=(packed_history(), True)):
        seeding.seed(service, {**SPEC, "race_start_us": start_us}, lambda share, what: None)
    service.tick()
    stopping = threading.Event()
    server = Server(Gateway(service, stopping), 0, lambda: service.now_us() / 1e6)
    server.start()

    def clockwork() -> None:
        while not stopping.wait(0.05):
            service.feed()
            service.tick()

    clock = threading.Thread(target=clockwork, name="test clockwork")
    clock.start()
    made = World(service, f"http://127.0.0.1:{server.port}", folder / "race.pitwall")
    try:
        with mock.patch.object(follower, "Tempo", tempo):
            yield made
    finally:
        made.close()
        stopping.set()
        clock.join(LIMIT_S)
        server.stop()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Look until ``condition`` holds; what is waited for happens on other threads."""
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {LIMIT_S:.0f} s for: {what}"
        time.sleep(_LOOK_S)


def ended(world: World, run: Run) -> bool:
    """The race is over, all of it is here and has been looked at."""
    timing = run.timing()
    return (
        world.published
        and run.summary()["state"] == "ended"
        and timing is not None
        and timing.version == run.store.version
    )


def drive(world: World, enough: Callable[[World, Run], bool] = ended) -> set[str]:
    """Join, have the history, let the race end, until ``enough``; then say what is wrong."""
    world.prepare_publisher()
    run = world.join()
    run.start()
    try:
        wait_for(lambda: "history" in world.events or run.failure is not None, "history")
        world.publish()
        wait_for(lambda: enough(world, run) or run.failure is not None, "the end")
        wrong = faults(run, world.archived)
    finally:
        run.stop()
    return wrong | faults_of_the_file(run, world.recording)


def faults(run: Run, archived: Mapping[str, int]) -> set[str]:
    """What a healthy run shows and this one does not."""
    summary = run.summary()
    ledger, chunks, timing = summary["ledger"], summary["chunks"], run.timing()
    closed = ledger["missing"] == 0 and ledger["expected"] == ledger["applied"]
    shown = {
        "archive": archived.get("chunks", 0) > archived.get("sealed", 0),
        "sealed": archived.get("sealed", 0) > 0,
        "stream": chunks["stream"] > 0,
        "repair": chunks["repair"] > 0,
        "closed": closed and ledger["provable"] and not ledger["quarantined"],
        "all of it": ledger["expected"] == TOTAL,
        "ended": summary["state"] == "ended",
        "timing": timing is not None
        and set(timing.cars) == set(run.store.cars())
        and all(car.laps for car in timing.cars.values()),
    }
    return {name for name, good in shown.items() if not good}


def faults_of_the_file(run: Run, recording: Path) -> set[str]:
    """The same of the recording, read by SQL, and of what comes out when it is opened again."""
    with contextlib.closing(sqlite3.connect(recording)) as db:
        rows = db.execute("SELECT id & 4294967295, n_hi, counts FROM segments").fetchall()
    chunks = sum(n_hi - n_lo + 1 for n_lo, n_hi, _ in rows)
    samples = sum(sum(struct.unpack(f"<{len(raw) // 2}H", raw)) for _, _, raw in rows)
    wrong = set()
    if chunks != run.store.ledger().applied:
        wrong.add("recording")
    if _samples(run.store) != samples:
        wrong.add("store")
    try:
        reopened, store = open_session(recording, read_only=True)
    except BadInput:
        return wrong | {"reopened"}
    reopened.close()
    if _samples(store) != samples or store.ledger() != run.store.ledger():
        wrong.add("reopened")
    return wrong


def _samples(store: SessionStore) -> int:
    return sum(len(b.t) for columns in store.view().columns.values() for b in columns.blocks)
