"""Unpacking sealed laps in processes of its own.

Unpacking is numpy's work, in steps so short that threads spend as long on passing the interpreter's
lock to and fro; the writer needs it too. Each job is a group and its payloads, answered by how many
samples each has and what is wrong with which, both as MessagePack. Times and values come as memory,
or within the answer where there is none to give.
"""

from __future__ import annotations

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
from pitwall.turbo.children import Buffer, Children, be_child, receive, send

VERB = "unpack"
_MOST_CHILDREN = 4
_log = logging.getLogger(__name__)

Ints = NDArray[np.int64]
_T = np.dtype(np.int64)


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
    samples: n, of all of them.
    data: t (int64[n]) and values ([k, n]) as bytes; None where they lie in memory.
    bad: why a payload cannot be read, by place.
    """

    counts: bytes
    samples: int
    data: tuple[bytes, bytes] | None
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
            n = answer.samples
            pieces: Sequence[Buffer] = answer.data or ()
            if answer.data is None:
                pieces = child.memory((n * _T.itemsize, n * channels * dtype.itemsize))
        # Views, which keep their memory as long as they are used.
        t, flat = (
            np.frombuffer(memoryview(piece), of)
            for piece, of in zip(pieces, (_T, dtype), strict=True)
        )
        values = flat.reshape(channels, n)
        t.flags.writeable = values.flags.writeable = False
        bad = {place: BadPayload(reason) for place, reason in answer.bad.items()}
        return np.frombuffer(answer.counts, np.int64), Samples(t, values), bad


def unpack_in_processes() -> Unpacking:
    """Sealed laps are unpacked in processes, as many as there are processors, up to four."""
    return UnpackChildren(min(os.cpu_count() or 1, _MOST_CHILDREN))


# ------------------------------------------------------------------ in the child


class _Memory:
    """Room for values, and a way to give it to the parent. One thread's.

    Attributes:
        handles: of what was made and not given yet.
    """

    def __init__(self, parent: socket.socket | None) -> None:
        self._parent = parent
        self.handles: list[int] = []

    def room(
        self, channels: int, samples: int, dtype: np.dtype[np.floating[Any]]
    ) -> NDArray[np.floating[Any]]:
        """An array of values, to be filled."""
        if self._parent is None or not channels * samples:
            return np.empty((channels, samples), dtype)
        flat: NDArray[np.floating[Any]] = self._make(channels * samples, dtype)
        return flat.reshape(channels, samples)

    def give(self, t: Ints) -> None:
        """Hand over times, and the room that was made."""
        assert self._parent is not None
        self._make(len(t), _T)[:] = t
        values, times = self.handles
        socket.send_fds(self._parent, [b"\0"], [times, values])
        for handle in self.handles:
            os.close(handle)
        self.handles.clear()

    def _make(self, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        size = count * dtype.itemsize
        handle = os.memfd_create("pitwall-samples", os.MFD_CLOEXEC)
        self.handles.append(handle)
        os.ftruncate(handle, size)
        flags = mmap.MAP_SHARED | mmap.MAP_POPULATE  # all pages at once, not one fault each
        return np.frombuffer(mmap.mmap(handle, size, flags), dtype)


def serve(source: IO[bytes], sink: IO[bytes], parent: socket.socket | None = None) -> None:
    """The child's work, until ``source`` ends."""
    memory = _Memory(parent)
    while (message := receive(source)) is not None:
        job = _jobs.decode(message)
        del message
        counts, samples, bad = decode_many(
            job.payloads, job.group, job.version, np.dtype(job.dtype), memory.room
        )
        given = bool(memory.handles)
        data = None if given else (samples.t.tobytes(), samples.values.tobytes())
        reasons = {place: str(error) for place, error in bad.items()}
        answer = _Unpacked(counts.tobytes(), len(samples.t), data, reasons)
        send(sink, msgspec.msgpack.encode(answer))
        if given:
            memory.give(samples.t)


def main(handle: int | None = None) -> None:
    """Be a child; ``handle`` is that of the socket which takes memory."""
    be_child(serve, handle)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)
