"""Fetching objects in processes of its own.

A request costs a millisecond of the interpreter's time, with TLS more, which the window and the
writer want too; and a process that does nothing else can have many requests under way. A job is
some requests, signed by the parent, which keeps the credentials; the answer is how long each body
is. Bodies come as memory, or within the answer where there is none to give.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import repeat
from typing import IO, NamedTuple
from urllib.parse import urlsplit

import msgspec

from pitwall.cloud.signed import SignedGet
from pitwall.turbo.children import Children, be_child, receive, send

VERB = "fetch"
_TOGETHER = 16
"""Requests that one process has under way."""
_TIMEOUT_S = 30.0
_log = logging.getLogger(__name__)


class _Job(msgspec.Struct, frozen=True):
    """Attributes:
    gets: what to send.
    most: bytes of a body that are taken.
    """

    gets: list[SignedGet]
    most: int


class _Fetched(msgspec.Struct, frozen=True):
    """Attributes:
    sizes: bytes of each body; -1 where there is none.
    data: all bodies, one after the other; None where they lie in memory.
    reason: why the first of those that could not be had could not.
    """

    sizes: list[int]
    data: bytes | None
    reason: str


_jobs = msgspec.msgpack.Decoder(_Job)
_answers = msgspec.msgpack.Decoder(_Fetched)


class FetchChildren:
    """Fetches in up to ``count`` processes."""

    def __init__(self, count: int) -> None:
        self._children = Children(
            VERB, "pitwall.turbo.fetch_child", None, "a fetching process", count, shares=True
        )

    def fetch(self, gets: Sequence[SignedGet], most: int) -> tuple[list[bytes | None], str]:
        """The bodies of at most ``most`` bytes each, None where one could not be had, and why the
        first of those could not; waits while all processes are busy. Raises Failure."""
        job = msgspec.msgpack.encode(_Job(list(gets), most))
        with self._children.one() as child:
            answer = _answers.decode(child.ask(job))
            total = sum(size for size in answer.sizes if size > 0)
            data = memoryview(answer.data or b"")
            if answer.data is None and total:
                data = memoryview(child.memory((total,))[0]).cast("B")
        out: list[bytes | None] = []
        at = 0
        for size in answer.sizes:
            out.append(None if size < 0 else bytes(data[at : at + size]))
            at += max(size, 0)
        return out, answer.reason

    def start(self) -> None:
        """Start all of them now. Raises Failure."""
        self._children.start()

    def close(self) -> None:
        """End all of them; what is asked of them fails."""
        self._children.close()


class Ahead:
    """What of a bucket other processes can fetch. Any thread may call it.

    It is a matter of speed alone: what it does not give is asked of the bucket, which says what is
    wrong. Once nothing at all could be had it gives nothing any more.

    Args:
        children: the processes.
        sign: a signed request for an object, or None where others cannot send one.
        most: bytes of an object that are taken.
    """

    def __init__(
        self, children: FetchChildren, sign: Callable[[str], SignedGet | None], most: int
    ) -> None:
        self._children = children
        self._sign = sign
        self._most = most
        self.failed = False
        """Set by whoever sees it first, never taken back."""

    def __call__(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The contents of objects, of those that can be had."""
        if self.failed:
            return {}
        reason = "requests cannot be sent by others"
        found: dict[str, bytes] = {}
        try:
            gets = [get for get in map(self._sign, keys) if get is not None]
            if len(gets) == len(keys):
                bodies, reason = self._children.fetch(gets, self._most)
                pairs = zip(keys, bodies, strict=True)
                found = {key: body for key, body in pairs if body is not None}
        except Exception as error:  # noqa: BLE001 - the bucket's own way says it in its words
            reason = f"{type(error).__name__}: {error}"
        if keys and not found:
            self.failed = True
            _log.info("the archive is fetched in this process: %s", reason)
        return found

    def close(self) -> None:
        """End the processes."""
        self._children.close()


def fetch_in_processes() -> FetchChildren:
    """Two: while what one has fetched is handed over, the other's requests are under way."""
    return FetchChildren(2)


# ------------------------------------------------------------------ in the child


class _Refused(Exception):
    """An answer that is no body."""


class _Place(NamedTuple):
    """Where a connection goes, and who is trusted to be there."""

    scheme: str
    host: str
    authorities: str


class _Fetcher:
    """Sends requests over connections that are kept. Any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[_Place, list[HTTPConnection]] = {}
        """Under the lock."""

    def get(self, get: SignedGet, most: int) -> bytes | str:
        """A body, or why there is none: without the URL, which is a secret for some minutes."""
        parts = urlsplit(get.url)
        place = _Place(parts.scheme, parts.netloc, get.authorities)
        target = get.url[get.url.index(parts.netloc) + len(parts.netloc) :]
        while True:
            kept = self._take(place)
            connection = kept or _connect(place)
            try:
                body = _body(connection, target, get.headers, most)
            except (OSError, HTTPException, _Refused) as error:
                connection.close()
                # One that was kept may have been closed by the other side meanwhile.
                if kept is None or isinstance(error, _Refused):
                    return f"{type(error).__name__}: {error}"
                continue
            with self._lock:
                self._idle.setdefault(place, []).append(connection)
            return body

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for connections in self._idle.values():
                for connection in connections:
                    connection.close()
            self._idle.clear()

    def _take(self, place: _Place) -> HTTPConnection | None:
        with self._lock:
            idle = self._idle.get(place)
            return idle.pop() if idle else None


def _connect(place: _Place) -> HTTPConnection:
    if place.scheme == "https":
        trust = _trust(place.authorities)
        return HTTPSConnection(place.host, timeout=_TIMEOUT_S, context=trust)
    return HTTPConnection(place.host, timeout=_TIMEOUT_S)


@cache
def _trust(authorities: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authorities or None)


def _body(connection: HTTPConnection, target: str, headers: Mapping[str, str], most: int) -> bytes:
    connection.request("GET", target, headers=dict(headers))
    answer = connection.getresponse()
    if answer.status != 200:
        raise _Refused(f"HTTP {answer.status}")
    size = answer.length
    if size is None or size > most:
        raise _Refused(f"{size} bytes announced")
    return answer.read()


def serve(source: IO[bytes], sink: IO[bytes], parent: socket.socket | None = None) -> None:
    """The child's work, until ``source`` ends."""
    with (
        contextlib.closing(_Fetcher()) as fetcher,
        ThreadPoolExecutor(_TOGETHER, "pitwall-fetch") as pool,
    ):
        while (message := receive(source)) is not None:
            job = _jobs.decode(message)
            bodies = list(pool.map(fetcher.get, job.gets, repeat(job.most)))
            found = [body for body in bodies if isinstance(body, bytes)]
            sizes = [len(body) if isinstance(body, bytes) else -1 for body in bodies]
            reason = next((body for body in bodies if isinstance(body, str)), "")
            given = parent is not None and any(found)
            data = None if given else b"".join(found)
            send(sink, msgspec.msgpack.encode(_Fetched(sizes, data, reason)))
            if given:
                assert parent is not None
                _give(parent, found)


def _give(parent: socket.socket, bodies: Sequence[bytes]) -> None:
    """Hand over memory that holds ``bodies``."""
    handle = os.memfd_create("pitwall-objects", os.MFD_CLOEXEC)
    with os.fdopen(handle, "wb", buffering=0) as memory:
        for body in bodies:
            rest = memoryview(body)
            while rest:
                rest = rest[memory.write(rest) :]
        socket.send_fds(parent, [b"\0"], [handle])


def main(handle: int | None = None) -> None:
    """Be a child; ``handle`` is that of the socket which takes memory."""
    be_child(serve, handle)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)
