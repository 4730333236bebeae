"""A table on loopback: a server process with every item as bytes in memory.

It knows Query of one partition and BatchGetItem, and looks at no signature. With ``delay_ms`` each
answer starts that much later, as over a network; with ``mbit`` all answers share a line of that
bandwidth. ``python -m tests.bench.keyed_server FILE DELAY_MS MBIT`` prints its port and serves
until its input closes.
"""

from __future__ import annotations

import contextlib
import socketserver
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.child_server import ChildServer

_PIECE = 16_384
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class _Line:
    """Everybody's bandwidth."""

    def __init__(self, mbit: float) -> None:
        self._per_s = mbit * 125_000
        self._lock = threading.Lock()
        self._free = 0.0

    def send(self, connection: Any, data: bytes) -> None:
        if not self._per_s:
            connection.sendall(data)
            return
        for at in range(0, len(data), _PIECE):
            piece = data[at : at + _PIECE]
            with self._lock:
                self._free = max(self._free, time.monotonic()) + len(piece) / self._per_s
                free = self._free
            time.sleep(max(free - time.monotonic(), 0.0))
            connection.sendall(piece)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, path: Path, delay_s: float, mbit: float) -> None:
        self.items: dict[tuple[str, str], bytes] = {}
        self.partitions: dict[str, list[bytes]] = defaultdict(list)
        for pk, sk, packed in msgspec.msgpack.decode(path.read_bytes()):
            self.items[pk, sk] = packed
            self.partitions[pk].append(packed)
        self.delay_s = delay_s
        self.line = _Line(mbit)
        super().__init__(("127.0.0.1", 0), _Connection)

    def answer(self, operation: str, asked: dict[str, Any]) -> bytes:
        if operation == "BatchGetItem":
            [(table, spec)] = asked["RequestItems"].items()
            found = (self.items.get((k["pk"]["S"], k["sk"]["S"])) for k in spec["Keys"])
            rows = b",".join(item for item in found if item is not None)
            return b'{"Responses":{"%b":[%b]},"UnprocessedKeys":{}}' % (table.encode(), rows)
        [value] = asked["ExpressionAttributeValues"].values()
        page = self.partitions.get(value["S"], [])
        return b'{"Count":%d,"Items":[%b],"ScannedCount":%d}' % (
            len(page), b",".join(page), len(page),
        )  # fmt: skip


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            while self._one():
                pass

    def _one(self) -> bool:
        if not self.rfile.readline(4096):
            return False
        length, operation = 0, ""
        while (header := self.rfile.readline(65_536)) not in (b"\r\n", b""):
            name, _, value = header.partition(b":")
            name = name.lower()
            if name == b"content-length":
                length = int(value)
            elif name == b"x-amz-target":
                operation = value.strip().rpartition(b".")[2].decode()
        answer = self.server.answer(operation, _decode(self.rfile.read(length)))
        if self.server.delay_s:
            time.sleep(self.server.delay_s)
        front = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
            b"x-amzn-RequestId: canned\r\nContent-Length: %d\r\n\r\n" % len(answer)
        )
        self.server.line.send(self.connection, front + answer)
        return True


class KeyedServer(ChildServer):
    """The server as a child process."""

    def __init__(self, path: Path, delay_ms: float = 0.0, mbit: float = 0.0) -> None:
        super().__init__("tests.bench.keyed_server", str(path), str(delay_ms), str(mbit))


def main(path: str, delay_ms: str, mbit: str) -> None:
    """Serve until stdin closes."""
    with _Server(Path(path), float(delay_ms) / 1e3, float(mbit)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.buffer.read()
        server.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
