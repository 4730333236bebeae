"""Processes that do what the interpreter's lock would not let threads do side by side.

Parent and child speak over the child's standard input and output: each message is its length (8
bytes, little-endian) and so many bytes; a first one may say what the child is to know, and every
one after it is answered by one. A child lives as long as its input is open, so it ends with the
parent however that ends. Where the system has it, a child may hand over memory beside an answer,
which then need not be copied.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import IO, TypeAlias

from pitwall.cloud.child import environment
from pitwall.telemetry import Failure
from pitwall.turbo.mapped import mapped

_END_S = 2.0
_SIZE = 8
_MAX_MESSAGE = 1 << 33
SHARES = sys.platform == "linux"
"""Memory without a name that another process can be given."""

Buffer: TypeAlias = "bytes | ctypes.Array[ctypes.c_char]"


class Child:
    """A process that answers; one thread's at a time.

    Args:
        verb: what the program is told to be, where it is frozen.
        module: what Python is told to run, where it is not.
        first: the first message; None where there is nothing to know.
        what: what it is, in words, for messages.
        shares: it is given a way to hand over memory.
    """

    def __init__(
        self, verb: str, module: str, first: bytes | None, what: str, shares: bool
    ) -> None:
        self._what = what
        self._asked = False
        """Set by whoever asks, while it waits for the answer."""
        self._memory: socket.socket | None = None
        words = [verb] if getattr(sys, "frozen", False) else ["-m", module]
        command = [sys.executable, *words]
        theirs: socket.socket | None = None
        given: Sequence[int] = ()
        if shares and SHARES:
            self._memory, theirs = socket.socketpair()
            given = (theirs.fileno(),)
            command.append(str(theirs.fileno()))
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
                pass_fds=given,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            self._close_memory()
            raise Failure(f"{what} could not be started: {error}") from error
        finally:
            if theirs is not None:
                theirs.close()
        if first is not None:
            self._send(first)

    def ask(self, message: bytes) -> bytes:
        """The answer to a message. Raises Failure when the child has ended."""
        assert self._process.stdout is not None
        self._asked = True
        try:
            self._send(message)
            answer = receive(self._process.stdout)
        except (OSError, ValueError) as error:
            raise Failure(f"{self._what} ended: {error}") from error
        finally:
            self._asked = False
        if answer is None:
            raise Failure(f"{self._what} ended: out of memory?")
        return answer

    def memory(self, sizes: Sequence[int]) -> list[Buffer]:
        """What came with the last answer, so many pieces of so many bytes, to be read. Raises
        Failure."""
        assert self._memory is not None
        try:
            _, handles, _, _ = socket.recv_fds(self._memory, 1, len(sizes))
            try:
                if len(handles) != len(sizes):
                    raise OSError("it gave no memory")
                return [mapped(*piece) for piece in zip(handles, sizes, strict=True)]
            finally:
                for handle in handles:
                    os.close(handle)
        except (OSError, ValueError) as error:
            raise Failure(f"{self._what} ended: {error}") from error

    def close(self) -> None:
        """End it; at once where it is at work. Any thread may call it."""
        process = self._process
        if self._asked:
            # Who asks holds the pipes: they could not be closed before the answer is there.
            process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()
        self._close_memory()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_END_S)

    def _close_memory(self) -> None:
        if self._memory is not None:
            self._memory.close()

    def _send(self, message: bytes) -> None:
        assert self._process.stdin is not None
        try:
            send(self._process.stdin, message)
        except (OSError, ValueError) as error:
            raise Failure(f"{self._what} ended: {error}") from error


class Children:
    """Up to ``count`` processes, each started when it is first needed. Any thread may call it.

    Args:
        verb, module, first, what, shares: as :class:`Child` has them.
        count: how many there are at most.
    """

    def __init__(
        self,
        verb: str,
        module: str,
        first: bytes | None,
        what: str,
        count: int,
        *,
        shares: bool = False,
    ) -> None:
        self._made = (verb, module, first, what, shares)
        self._what = what
        self._count = count
        self._free = threading.Semaphore(count)
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        """Under the lock, as is what follows."""
        self._all: list[Child] = []
        self._closed = False

    def start(self) -> None:
        """Start all of them now, so that the first job need not wait. Raises Failure."""
        with self._lock:
            while len(self._all) < self._count and not self._closed:
                child = Child(*self._made)
                self._all.append(child)
                self._idle.append(child)

    @contextlib.contextmanager
    def one(self) -> Iterator[Child]:
        """One that is idle; waits while all are busy. One that a job failed with is replaced with
        the next job. Raises Failure when none can be had."""
        with self._free:
            child = self._take()
            try:
                yield child
            except BaseException:
                self._drop(child)
                raise
            with self._lock:
                self._idle.append(child)

    def close(self) -> None:
        """End all of them, also those at work: their jobs fail."""
        with self._lock:
            self._closed = True
            children, self._all, self._idle = self._all, [], []
        for child in children:
            child.close()

    def _take(self) -> Child:
        with self._lock:
            if self._closed:
                raise Failure(f"{self._what} was closed")
            if self._idle:
                return self._idle.pop()
            child = Child(*self._made)
            self._all.append(child)
            return child

    def _drop(self, child: Child) -> None:
        with self._lock:
            if child in self._all:
                self._all.remove(child)
        child.close()


# ------------------------------------------------------------------ in the child


_GIVE_WAY = 10
"""Steps of niceness: the window, and what writes, go first."""


def be_child(
    serve: Callable[[IO[bytes], IO[bytes], socket.socket | None], None], handle: int | None
) -> None:
    """Answer messages until there are no more; ``handle`` is that of the socket which takes
    memory."""
    source, sink = streams()
    if hasattr(os, "nice"):
        os.nice(_GIVE_WAY)
    parent = socket.socket(fileno=handle) if handle is not None and SHARES else None
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve(source, sink, parent)


def streams() -> tuple[IO[bytes], IO[bytes]]:
    """Where messages come from and where answers go. Call it once, first."""
    # What is printed by mistake must not come between the messages.
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sys.stdin.buffer, sink


def send(pipe: IO[bytes], message: bytes) -> None:
    """Write a message."""
    pipe.write(len(message).to_bytes(_SIZE, "little"))
    pipe.write(message)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes | None:
    """The next message; None when there is none, or not all of it."""
    head = pipe.read(_SIZE)
    if len(head) < _SIZE:
        return None
    size = int.from_bytes(head, "little")
    if size > _MAX_MESSAGE:
        raise ValueError(f"a message of {size} bytes")
    message = pipe.read(size)
    return message if len(message) == size else None
