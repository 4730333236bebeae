"""Reading objects of somebody else's archive in processes of its own.

JSON is read with the interpreter's lock held: in threads the window would stand still meanwhile,
and two would be no faster than one. Parent and child speak over the child's standard input and
output, each message its length (8 bytes, little-endian) and so many bytes: first the mapping as
JSON, then for each job the objects, answered by what they held, both as MessagePack. The child
lives as long as its input is open, so it ends with the parent however that ends.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import IO, Protocol

import msgspec

from pitwall.cloud.child import environment
from pitwall.cloud.mapping import PlainMapping
from pitwall.telemetry import Failure
from pitwall.turbo.plain_parts import Parts, PlainParts

COMMAND = "read-plain"
"""Hidden verb of the program that is such a child: the frozen build has no other way."""
_END_S = 2.0
_SIZE = 8
_MAX_MESSAGE = 1 << 33
_objects = msgspec.msgpack.Decoder(list[bytes])
_parts = msgspec.msgpack.Decoder(Parts)


class PlainReading(Protocol):
    """Reads objects. Any thread may call it."""

    def read(self, objects: Sequence[bytes]) -> Parts:
        """What some objects held. Raises Failure."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class Children:
    """Up to ``count`` processes, each started when it is first needed."""

    def __init__(self, mapping: PlainMapping, count: int) -> None:
        self._mapping = mapping
        self._free = threading.Semaphore(count)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        """Under the lock, as is what follows."""
        self._all: list[_Child] = []
        self._closed = False

    def read(self, objects: Sequence[bytes]) -> Parts:
        """As one of the children reads them; waits while all are busy. A child that ends is
        replaced with the next job. Raises Failure."""
        with self._free:
            child = self._child()
            try:
                parts = child.read(objects)
            except BaseException:
                self._drop(child)
                raise
            with self._lock:
                self._idle.append(child)
            return parts

    def close(self) -> None:
        """End all of them, also those at work: their jobs fail."""
        with self._lock:
            self._closed = True
            children, self._all, self._idle = self._all, [], []
        for child in children:
            child.close()

    def _child(self) -> _Child:
        with self._lock:
            if self._closed:
                raise Failure("the archive's readers were closed")
            if self._idle:
                return self._idle.pop()
            child = _Child(self._mapping)
            self._all.append(child)
            return child

    def _drop(self, child: _Child) -> None:
        with self._lock:
            if child in self._all:
                self._all.remove(child)
        child.close()


class _Child:
    def __init__(self, mapping: PlainMapping) -> None:
        try:
            self._process = subprocess.Popen(
                _command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise Failure(f"a reader of the archive could not be started: {error}") from error
        self._send(msgspec.json.encode(mapping))

    def read(self, objects: Sequence[bytes]) -> Parts:
        self._send(msgspec.msgpack.encode(objects))
        assert self._process.stdout is not None
        try:
            answer = _receive(self._process.stdout)
        except (OSError, ValueError) as error:
            raise Failure(f"a reader of the archive ended: {error}") from error
        if answer is None:
            raise Failure("a reader of the archive ended: out of memory?")
        return _parts.decode(answer)

    def close(self) -> None:
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_END_S)

    def _send(self, message: bytes) -> None:
        assert self._process.stdin is not None
        try:
            _write(self._process.stdin, message)
        except (OSError, ValueError) as error:
            raise Failure(f"a reader of the archive ended: {error}") from error


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """The child's work, until ``source`` ends."""
    first = _receive(source)
    if first is None:
        return
    reader = PlainParts(msgspec.json.decode(first, type=PlainMapping))
    while (message := _receive(source)) is not None:
        objects = _objects.decode(message)
        del message
        _write(sink, msgspec.msgpack.encode(reader.read(objects)))


def main() -> None:
    """Be a child."""
    # What is printed by mistake must not come between the messages.
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve(sys.stdin.buffer, sink)


def _write(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(len(message).to_bytes(_SIZE, "little"))
    pipe.write(message)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes | None:
    """The next message; None when there is none, or not all of it."""
    head = pipe.read(_SIZE)
    if len(head) < _SIZE:
        return None
    size = int.from_bytes(head, "little")
    if size > _MAX_MESSAGE:
        raise ValueError(f"a message of {size} bytes")
    message = pipe.read(size)
    return message if len(message) == size else None


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, COMMAND]
    return [sys.executable, "-m", "pitwall.turbo.plain_child"]


if __name__ == "__main__":
    main()
