"""What the parts of a follower are given alike."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pitwall.stream import OnEvent, Pool, Time
from pitwall.telemetry import Session
from pitwall.turbo.desk import Desk, Recorder
from pitwall.turbo.patience import Stopped


@dataclass(frozen=True, slots=True)
class Kit:
    """What the parts of a follower are given alike.

    Attributes:
        session: what is followed.
        saved: the recording's checkpoints, read before its writer was started.
        recorder: the writer.
        desk: the writer as the legs see it, status and events.
        time, rng: clocks and jitter.
        on_event: told what happens.
        make_pool: threads for blocking calls.
        spawn: False leaves the reader's thread to the caller.
        stop: everything is to end.
        cancel: the history is given up; set with ``stop`` too.
    """

    session: Session
    saved: Mapping[str, str]
    recorder: Recorder
    desk: Desk
    time: Time
    rng: random.Random
    on_event: OnEvent
    make_pool: Callable[[str, int], Pool[Any]]
    spawn: bool
    stop: threading.Event
    cancel: threading.Event

    def check(self) -> None:
        """Raises Stopped when everything is to end."""
        if self.stop.is_set():
            raise Stopped
