"""A small HTTP/1.1 server for the loopback: keep-alive, bounded, one thread for each connection.

The standard library's request handler spends several times as long on a call as the services
behind it; this one reads a request line, headers and a body and nothing else.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from io import BufferedReader
from urllib.parse import unquote

MAX_BODY_BYTES = (16 << 20) + (4 << 20)
MAX_LINE_BYTES = 16 << 10
MAX_HEADERS = 100
MAX_CONNECTIONS = 256
IDLE_S = 300.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        method: in capitals.
        path: decoded, beginning with ``/``.
        query: the raw query string.
        headers: by lower-case name.
        body: all of it.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One answer.

    Attributes:
        status: HTTP status.
        body: all of it; not sent in answer to HEAD.
        headers: beside Date, Content-Length and Connection.
        length: Content-Length to announce when it is not the body's (HEAD).
        drop: close the connection without any answer.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    drop: bool = False


Handler = Callable[[Request], Response]


class _Refused(Exception):
    """The bytes received are no request that is answered."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Server:
    """Listens on 127.0.0.1 and answers with ``handler``.

    Args:
        handler: called on the connection's thread; what it raises becomes a bare 500.
        port: 0 for a free one.
        now_s: the clock of the Date header, seconds.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, handler: Handler, port: int, now_s: Callable[[], float]) -> None:
        self._handler = handler
        self._now_s = now_s
        self._date: tuple[int, str] = (-1, "")
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._closing = False
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="stand-in listener", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self, limit_s: float = 2.0) -> None:
        """Stop listening, end every connection, wait for each thread ``limit_s`` at most."""
        self._closing = True
        # Closing a listening socket does not wake accept() everywhere; a connection does.
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=limit_s).close()
        self._thread.join(limit_s)
        self._listener.close()
        with self._lock:
            open_now = list(self._connections.items())
        for connection, _ in open_now:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for _, thread in open_now:
            thread.join(limit_s)

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._closing:
                    return
                continue
            with self._lock:
                if self._closing or len(self._connections) >= MAX_CONNECTIONS:
                    connection.close()
                    if self._closing:
                        return
                    continue
                number += 1
                thread = threading.Thread(
                    target=self._serve,
                    args=(connection,),
                    name=f"stand-in connection {number}",
                    daemon=True,
                )
                self._connections[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(IDLE_S)
            with connection.makefile("rb") as stream:
                while not self._closing and self._exchange(connection, stream):
                    pass
        except OSError:
            pass  # The client went away; nobody is left to tell.
        finally:
            with self._lock:
                self._connections.pop(connection, None)
            connection.close()

    def _exchange(self, connection: socket.socket, stream: BufferedReader) -> bool:
        """Answer one request; False when the connection is to be closed."""
        try:
            read = self._read(connection, stream)
        except _Refused as refused:
            connection.sendall(self._head(Response(refused.status), False))
            return False
        if read is None:
            return False
        request, keep = read
        try:
            response = self._handler(request)
        except Exception:  # noqa: BLE001 - no traceback reaches a client
            _log.exception("a request failed")
            response = Response(500)
        if response.drop:
            return False
        body = b"" if request.method == "HEAD" else response.body
        connection.sendall(self._head(response, keep) + body)
        return keep

    def _read(
        self, connection: socket.socket, stream: BufferedReader
    ) -> tuple[Request, bool] | None:
        line = stream.readline(MAX_LINE_BYTES)
        if not line:
            return None
        parts = line.split()
        if len(parts) != 3 or not parts[2].startswith(b"HTTP/1.") or not line.endswith(b"\n"):
            raise _Refused(400)
        headers: dict[str, str] = {}
        while True:
            line = stream.readline(MAX_LINE_BYTES)
            if line in (b"\r\n", b"\n"):
                break
            name, colon, value = line.partition(b":")
            if not colon or not line.endswith(b"\n") or len(headers) >= MAX_HEADERS:
                raise _Refused(400)
            headers[name.decode("latin-1").lower()] = value.decode("latin-1").strip()
        if "transfer-encoding" in headers:
            raise _Refused(411)
        length_text = headers.get("content-length", "0")
        if not length_text.isdecimal():
            raise _Refused(400)
        length = int(length_text)
        if length > MAX_BODY_BYTES:
            raise _Refused(413)
        if headers.get("expect", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = stream.read(length) if length else b""
        if len(body) != length:
            return None
        path, _, query = parts[1].decode("latin-1").partition("?")
        keep = parts[2] == b"HTTP/1.1" and headers.get("connection", "").lower() != "close"
        request = Request(parts[0].decode("latin-1"), unquote(path), query, headers, body)
        return request, keep

    def _head(self, response: Response, keep: bool) -> bytes:
        second = int(self._now_s())
        if self._date[0] != second:
            self._date = (second, formatdate(second, usegmt=True))
        try:
            phrase = HTTPStatus(response.status).phrase
        except ValueError:
            phrase = "Status"
        length = len(response.body) if response.length is None else response.length
        lines = [
            f"HTTP/1.1 {response.status} {phrase}",
            f"Date: {self._date[1]}",
            f"Content-Length: {length}",
        ]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        if not keep:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
