"""Our reader as the app wires it, over the canned server: source, parser, decode, writer, store."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from pitwall.cloud.clients import Clients, make_clients
from pitwall.store import Ledger, Writer, open_session
from pitwall.stream import (
    DynamoSource,
    Pace,
    Reader,
    ReaderStatus,
    ServerClock,
    StreamSource,
    SystemTime,
    ThreadPool,
    features_of,
)
from pitwall.telemetry import Session
from pitwall.turbo.decode import Decoder
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.status import Tempo

_LIMIT_S = 300.0


class Pipeline:
    """Reader, writer and store of one session; use it in ``with``.

    Attributes:
        store: the session in memory.
        writer: owns the recording.
    """

    def __init__(
        self,
        clients: Clients,
        source: StreamSource,
        session: Session,
        folder: Path,
        *,
        server: ServerClock,
        clock: SystemTime,
        on_commit: Callable[[int], None] | None = None,
        pace: Pace | None = None,
        on_event: Callable[..., None] = lambda name, details: None,
    ) -> None:
        self.clients = clients
        recording, self.store = open_session(folder / f"{time.monotonic_ns()}.pitwall", session)
        self.writer = Writer(recording, self.store, on_commit=on_commit)
        tempo = Tempo()
        self._reader = Reader(
            source,
            self.writer,
            Decoder(session.key, session.catalog, LapIndex().note),
            listing=source.describe(),
            anchor_us=None,
            saved={},
            server=server,
            time=clock,
            pool=ThreadPool("pitwall-stream-io", tempo.stream_threads),
            rng=random.Random(1),
            on_event=on_event,
            pace=pace,
        )

    @classmethod
    def over_dynamo(
        cls, endpoint: str, arn: str, session: Session, folder: Path, **options: Any
    ) -> Pipeline:
        """Over a table's stream."""
        clients = make_clients(endpoint)
        clock = SystemTime()
        server = ServerClock(clock)
        client = clients.streams
        source = DynamoSource(client, arn, features=features_of(client), server=server, time=clock)
        return cls(clients, source, session, folder, server=server, clock=clock, **options)

    def __enter__(self) -> Pipeline:
        self.writer.start()
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reader.stop()
        try:
            self.writer.stop()
        finally:
            self.clients.close()

    @property
    def status(self) -> ReaderStatus:
        """The reader's newest snapshot."""
        return self._reader.status

    def check(self) -> None:
        """Raise what has ended the reader or the writer."""
        for failure in (self._reader.failure, self.writer.failure):
            if failure is not None:
                raise failure

    def until_applied(self, chunks: int) -> Ledger:
        """Wait until so many chunks are committed, and all that came with them."""
        end = time.monotonic() + _LIMIT_S
        while self.store.ledger().applied < chunks:
            self.check()
            if time.monotonic() > end:
                raise TimeoutError(f"{self.store.ledger().applied} of {chunks} chunks applied")
            time.sleep(0.01)
        self.writer.flush()
        return self.store.ledger()
