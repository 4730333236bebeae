"""A folder as a bucket on loopback: a server process that costs next to nothing per request.

It knows ListObjectsV2 and GetObject of one bucket, path style, and looks at no signature.
``python -m tests.bench.static_bucket FOLDER HIDDEN`` prints its port and serves until its input
closes.
"""

from __future__ import annotations

import contextlib
import hashlib
import socketserver
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.bench.child_server import ChildServer

_PAGE = 1000


class _Bucket:
    """What is listed; made once."""

    def __init__(self, folder: Path, hidden: str) -> None:
        self.folder = folder
        files = sorted(
            path
            for path in folder.rglob("*")
            if path.is_file()
            and path.parent != folder
            and not (hidden and str(path.relative_to(folder)).startswith(hidden))
        )
        self.keys = [str(p.relative_to(folder)) for p in files]
        self.rows = [
            f"<Contents><Key>{escape(key)}</Key><LastModified>2025-09-06T19:00:00.000Z</LastModified>"
            f'<ETag>"{hashlib.md5(key.encode()).hexdigest()}"</ETag><Size>{p.stat().st_size}</Size>'
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for key, p in zip(self.keys, files, strict=True)
        ]

    def listing(self, query: dict[str, list[str]]) -> bytes:
        prefix = query.get("prefix", [""])[0]
        start = query.get("continuation-token", [""])[0]
        some = [i for i, key in enumerate(self.keys) if key.startswith(prefix) and key > start]
        page = some[:_PAGE]
        more = len(some) > _PAGE
        following = escape(self.keys[page[-1]]) if more else ""
        token = f"<NextContinuationToken>{following}</NextContinuationToken>"
        return (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult '
            'xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{str(more).lower()}</IsTruncated><KeyCount>{len(page)}</KeyCount>"
            f"{token if more else ''}{''.join(self.rows[i] for i in page)}</ListBucketResult>"
        ).encode()


class _Handler(socketserver.StreamRequestHandler):
    bucket: _Bucket
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Requests of one connection, until it closes."""
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            while line := self.rfile.readline(65536):
                while self.rfile.readline(65536) not in (b"\r\n", b"\n", b""):
                    pass
                self._answer(line.split(b" ")[1].decode())

    def _answer(self, target: str) -> None:
        url = urlsplit(target)
        _, _, key = url.path.lstrip("/").partition("/")
        if not key:
            self._send(b"application/xml", self.bucket.listing(parse_qs(url.query)))
            return
        path = self.bucket.folder / unquote(key)
        with path.open("rb") as file:
            size = path.stat().st_size
            self.wfile.write(_front(b"binary/octet-stream", size))
            self.connection.sendfile(file)

    def _send(self, kind: bytes, body: bytes) -> None:
        self.wfile.write(_front(kind, len(body)) + body)


def _front(kind: bytes, size: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (kind, size)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


class StaticBucket(ChildServer):
    """The server in a process of its own. ``hidden`` is a prefix that it does not
    list."""

    def __init__(self, folder: Path, hidden: str = "") -> None:
        super().__init__("tests.bench.static_bucket", str(folder), hidden)


def main() -> None:
    """Serve."""
    _Handler.bucket = _Bucket(Path(sys.argv[1]), sys.argv[2])
    server = _Server(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
