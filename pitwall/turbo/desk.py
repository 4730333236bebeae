"""What every leg of a hand-over shares: where batches go, what is told, and when to stop."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from pitwall.store import Batch, SessionStore
from pitwall.stream import OnEvent, Sink, Time
from pitwall.telemetry import PitwallError
from pitwall.turbo.patience import Stopped
from pitwall.turbo.status import FollowerStatus

_PATIENCE_S = 1.0


class Recorder(Sink, Protocol):
    """The writer, with a way to wait for it."""

    def flush(self, timeout_s: float = 30.0) -> None:
        """Return when everything submitted is in the store. Raises Failure."""
        ...


class Desk:
    """The writer as seen by the legs: a slow disk is waited for however long it takes, but never
    past the order to stop.

    Attributes:
        store: the session in memory.
        stop: set when everything is to end.
        status: the newest snapshot; replaced by the follower's thread, read by any.
        chosen: cars that are looked at; replaced by any thread, read by the legs.
    """

    def __init__(
        self,
        recorder: Recorder,
        store: SessionStore,
        time: Time,
        stop: threading.Event,
        on_event: OnEvent,
    ) -> None:
        self.store = store
        self.time = time
        self.stop = stop
        self.status = FollowerStatus()
        self.chosen: frozenset[str] = frozenset()
        self._recorder = recorder
        self._on_event = on_event

    @property
    def failure(self) -> PitwallError | None:
        """What ended the writer; None while it works."""
        return self._recorder.failure

    def submit(self, batch: Batch) -> None:
        """Hand a batch over. Any thread. Raises the writer's failure, or Stopped."""
        while not self.stop.is_set():
            try:
                self._recorder.submit(batch, _PATIENCE_S)
            except PitwallError:
                if self._recorder.failure is not None:
                    raise
                continue
            return
        raise Stopped

    def flush(self) -> None:
        """Wait until everything handed over is in the store. Raises as :meth:`submit` does."""
        while not self.stop.is_set():
            try:
                self._recorder.flush(_PATIENCE_S)
            except PitwallError:
                if self._recorder.failure is not None:
                    raise
                continue
            return
        raise Stopped

    def set(self, **fields: Any) -> None:
        """Change the status; the follower's thread only."""
        self.status = replace(self.status, **fields)

    def tell(self, event: str, details: Mapping[str, object]) -> None:
        """Say what happened."""
        self._on_event(event, details)
