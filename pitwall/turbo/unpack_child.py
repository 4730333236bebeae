"""Unpacking sealed laps in processes of its own.

Unpacking is numpy's work, in steps so short that threads spend as long on passing the interpreter's
lock to and fro; the writer needs it too. Each job is a group and its payloads, answered by how many
samples each has, their times, and what is wrong with which, both as MessagePack. The values come as
memory, or within the answer where there is none to give.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import socket
import sys
from collections.abc import Sequence
from typing import IO, Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from pitwall.telemetry import BadPayload, Failure, Group, Samples, decode_many
from pitwall.turbo.children import SHARES, Buffer, Children, receive, send, streams

VERB = "unpack"
_GIVE_WAY = 10
"""Steps of niceness: the window, and what writes, go first."""
_MOST_CHILDREN = 4
_log = logging.getLogger(__name__)

Ints = NDArray[np.int64]


class _Job(msgspec.Struct, frozen=True):
    """Attributes:
    version: the catalog's that the group is of.
    """

    group: Group
    version: int
    dtype: str
    payloads: list[bytes]


class _Unpacked(msgspec.Struct, frozen=True):
    """Attributes:
    counts: int64[m] as bytes, samples of each payload.
    t: int64[n] as bytes.
    values: [k, n] as bytes; None where they lie in memory.
    bad: why a payload cannot be read, by place.
    """

    counts: bytes
    t: bytes
    values: bytes | None
    bad: dict[int, str]


_jobs = msgspec.msgpack.Decoder(_Job)
_answers = msgspec.msgpack.Decoder(_Unpacked)


class Unpacking(Protocol):
    """As :func:`pitwall.telemetry.decode_many`, somewhere. Any thread may call it."""

    def decode_many(
        self,
        payloads: Sequence[bytes],
        group: Group,
        catalog_version: int,
        dtype: np.dtype[np.floating[Any]],
    ) -> tuple[Ints, Samples, dict[int, BadPayload]]:
        """Unpack payloads."""
        ...

    def start(self) -> None:
        """Be ready soon."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class UnpackChildren:
    """Unpacks in up to ``count`` processes; on the thread that asks once one of them has failed.

    Attributes:
        failed: one has; set by whoever sees it first, never taken back.
    """

    def __init__(self, count: int) -> None:
        self._children = Children(
            VERB, "pitwall.turbo.unpack_child", None, "an unpacking process", count, shares=True
        )
        self.failed = False

    def decode_many(
        self,
        payloads: Sequence[bytes],
        group: Group,
        catalog_version: int,
        dtype: np.dtype[np.floating[Any]],
    ) -> tuple[Ints, Samples, dict[int, BadPayload]]:
        """As one of the children does it; waits while all are busy."""
        if not self.failed:
            try:
                return self._ask(payloads, group, catalog_version, dtype)
            except Failure as failure:
                self.failed = True
                _log.warning("%s: unpacking goes on in this process, slower", failure)
        return decode_many(payloads, group, catalog_version, dtype)

    def start(self) -> None:
        """Start all of them."""
        try:
            self._children.start()
        except Failure as failure:
            self.failed = True
            _log.warning("%s: unpacking goes on in this process, slower", failure)

    def close(self) -> None:
        """End all of them."""
        self._children.close()

    def _ask(
        self,
        payloads: Sequence[bytes],
        group: Group,
        catalog_version: int,
        dtype: np.dtype[np.floating[Any]],
    ) -> tuple[Ints, Samples, dict[int, BadPayload]]:
        job = msgspec.msgpack.encode(_Job(group, catalog_version, dtype.str, list(payloads)))
        channels = len(group.channels)
        with self._children.one() as child:
            answer = _answers.decode(child.ask(job))
            room: Buffer = answer.values or b""
            if answer.values is None:
                room = child.memory(len(answer.t) // 8 * channels * dtype.itemsize)
        t = np.frombuffer(answer.t, np.int64)
        # A view, which keeps its memory as long as it is used.
        values = np.frombuffer(memoryview(room), dtype).reshape(channels, len(t))
        values.flags.writeable = False
        bad = {place: BadPayload(reason) for place, reason in answer.bad.items()}
        return np.frombuffer(answer.counts, np.int64), Samples(t, values), bad


def unpack_in_processes() -> Unpacking:
    """Sealed laps are unpacked in processes, as many as there are processors, up to four."""
    return UnpackChildren(min(os.cpu_count() or 1, _MOST_CHILDREN))


# ------------------------------------------------------------------ in the child


class _Memory:
    """Room for values that the parent is given. One thread's.

    Attributes:
        handle: of the room that was made last and not given yet; -1 for none.
    """

    def __init__(self, parent: socket.socket | None) -> None:
        self._parent = parent
        self.handle = -1

    def room(
        self, channels: int, samples: int, dtype: np.dtype[np.floating[Any]]
    ) -> NDArray[np.floating[Any]]:
        """An array of values, to be filled."""
        size = channels * samples * dtype.itemsize
        if self._parent is None or not size:
            return np.empty((channels, samples), dtype)
        self.handle = os.memfd_create("pitwall-samples", os.MFD_CLOEXEC)
        os.ftruncate(self.handle, size)
        flags = mmap.MAP_SHARED | mmap.MAP_POPULATE  # all pages at once, not one fault each
        room = np.frombuffer(mmap.mmap(self.handle, size, flags), dtype)
        return room.reshape(channels, samples)

    def give(self) -> None:
        """Hand the room over."""
        assert self._parent is not None
        socket.send_fds(self._parent, [b"\0"], [self.handle])
        os.close(self.handle)
        self.handle = -1


def serve(source: IO[bytes], sink: IO[bytes], parent: socket.socket | None = None) -> None:
    """The child's work, until ``source`` ends."""
    memory = _Memory(parent)
    while (message := receive(source)) is not None:
        job = _jobs.decode(message)
        del message
        counts, samples, bad = decode_many(
            job.payloads,
            job.group,
            job.version,
            np.dtype(job.dtype),
            memory.room,
        )
        given = memory.handle >= 0
        values = None if given else samples.values.tobytes()
        reasons = {place: str(error) for place, error in bad.items()}
        answer = _Unpacked(counts.tobytes(), samples.t.tobytes(), values, reasons)
        send(sink, msgspec.msgpack.encode(answer))
        if given:
            memory.give()


def main(handle: int | None = None) -> None:
    """Be a child; ``handle`` is that of the socket which takes memory."""
    source, sink = streams()
    if hasattr(os, "nice"):
        os.nice(_GIVE_WAY)
    parent = socket.socket(fileno=handle) if handle is not None and SHARES else None
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve(source, sink, parent)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)
