"""What a command says while it runs: lines for a person, on stderr."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from pitwall.runtime import State
from pitwall.telemetry.plural import counted

Note = Callable[[float | None, str], None]
"""Told what is being prepared and how far it is (0..1, None when not known)."""


class Voice:
    """Prints a line for each thing that happens, with the seconds since the command began.

    Any thread may call it; with ``quiet`` nothing is printed.
    """

    def __init__(self, began: float, *, quiet: bool = False) -> None:
        self._began = began
        self._quiet = quiet
        self._lock = threading.Lock()
        self._read_through: int | None = None
        """Closed shards read through so far, while joining; None once live."""

    @property
    def seconds(self) -> float:
        """Since the command began."""
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        """One line on stderr, which leaves stdout to answers."""
        if not self._quiet:
            with self._lock:
                sys.stderr.write(f"{self.seconds:6.1f} s  {text}\n")
                sys.stderr.flush()

    def event(self, name: str, details: Mapping[str, object]) -> None:
        """An event of the follower, in words. A day's closed shards are one line; each that ends
        once we are live is told by itself."""
        if name == "joined":
            self._read_through = 0
        elif name == "rotation" and self._read_through is not None:
            self._read_through += 1
            return
        elif name == "live" and self._read_through is not None:
            shards, self._read_through = self._read_through, None
            if shards:
                self.say(f"{counted(shards, 'closed shard')} read through")
        text = in_words(name, details)
        if text:
            self.say(text)


def in_words(name: str, details: Mapping[str, object]) -> str:
    """What an event means to a person; empty for those that only programs care about."""
    d: Mapping[str, Any] = details
    if name == "joined":
        return (
            f"joined {d['session']}: {counted(d['cars'], 'car')}, "
            f"{counted(d['shards'], 'shard')}, {counted(d['chunks'], 'chunk')} so far"
        )
    if name == "archive":
        damaged = f", {counted(d['damaged'], 'place')} damaged" if d["damaged"] else ""
        objects = counted(d["objects"], "object")
        return f"archive read: {counted(d['chunks'], 'chunk')} with repeats, {objects}{damaged}"
    if name == "table-laps":
        damaged = f", {counted(d['damaged'], 'damaged one')}" if d["damaged"] else ""
        chunks, items = counted(d["chunks"], "chunk"), counted(d["items"], "item")
        return f"sealed laps read from the table: {chunks}, {items}{damaged}"
    if name == "history":
        return f"history complete in {d['seconds']:.1f} s: {counted(d['chunks'], 'chunk')}"
    if name == "live" and "seconds" in d:
        return f"live after {d['seconds']:.1f} s, {counted(d['missing'], 'chunk')} missing"
    if name == "repaired":
        chunks, reads = counted(d["chunks"], "chunk"), counted(d["reads"], "read")
        return f"repaired {chunks} from the table in {reads}"
    if name == "named":
        return f"{_lost(d)}: {d['reason']}"
    if name == "failed":
        return f"stopped: {d['reason']}"
    if name == "live":
        return "live again"
    if name == "reached":
        return "the service answers again"
    if name in _STATES:
        state, why = State(name), d.get("why") or d.get("reason")
        return f"{state.word.lower()}: {state.says}" + (f" ({why})" if why else "")
    if name == "quarantined":
        return f"{counted(d['records'], 'record')} could not be used, kept raw"
    if name == "conflict":
        both = "the first of each is kept, both are in the recording"
        return f"{counted(d['chunks'], 'chunk')} came again with another content: {both}"
    if name == "renewed":
        return str(d.get("reason") or f"the stream is another one now: {d['stream']}")
    if name == "by-table":
        return f"{d['reason']}; following by table reads instead"
    if name in ("limited", "disabled", "held", "replaced", "crowded", "endpoint"):
        return str(d["reason"])
    if name == "stalled":
        unlisted = "it has ended, and the service does not list what follows it"
        return f"{_short(d['shard'])} does not go on: {d.get('reason', unlisted)}"
    if name == "rotation":
        return f"rotation survived: {_short(d['shard'])} went on in its children"
    if name == "archive-absent":
        return f"archive: {d['reason']}"
    if name == "table-laps-absent":
        return f"sealed laps of the table: {d['reason']}; reading chunk by chunk"
    if name == "gap":
        return f"the stream lost a part of {_short(d['shard'])} ({d['reason']}); asking the table"
    if name == "clock-set":
        return f"this machine's clock was set back by {d['back_s']:.0f} s"
    if name == "resumed":
        return f"awake again after {d['slept_s']:.0f} s of sleep"
    return ""


def _lost(d: Mapping[str, Any]) -> str:
    """Whose data is missing, how much and where."""
    cars, (first, last) = d["cars"], d["laps"]
    shown = ", ".join(cars[:_MOST_CARS]) + (" and others" if len(cars) > _MOST_CARS else "")
    each = " at most" if len(cars) > 1 else ""
    laps = f"lap {first}" if first == last else f"laps {first} to {last}"
    return (
        f"car{'s'[: len(cars) > 1]} {shown}: {d['seconds']:.1f} s{each} missing for good, {laps} "
        f"({counted(d['chunks'], 'chunk')})"
    )


_MOST_CARS = 8
_STATES = frozenset(state.value for state in State if state.says)


def _short(shard: object) -> str:
    """A shard's name as short as it stays unique."""
    return f"shard …{str(shard)[-8:]}"
