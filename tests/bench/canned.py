"""A loopback HTTP server that answers stream calls with bodies made beforehand, in its own process.

What a client costs shows only when the server costs next to nothing: every body is bytes in memory
before the first request. The same server serves us and the baselines.

A folder per stream, a folder per shard in it, a file per page: ``<stream>/<shard>/<page>.json``.
Iterators are ``<stream>:<shard>:<page>``; past the last page they go on without records. A stream
whose folder holds ``live.json`` is served by time instead: see :class:`_Live`.
"""

from __future__ import annotations

import bisect
import contextlib
import json
import socketserver
import sys
import threading
import time
import urllib.request
from collections import defaultdict
from email.utils import formatdate
from pathlib import Path
from typing import Any

from tests.bench.child_server import ChildServer

_JSON = b"application/x-amz-json-1.1"
_LISTED = 100
"""Shards in one page of a listing."""


class _Live:
    """Records that become visible one after the other.

    ``live.json`` holds, for each shard, pairs of seconds since the start and a record's JSON.
    Iterators are ``<stream>:<shard>:<record>``. The start is the first request for records.
    """

    def __init__(self, path: Path) -> None:
        doc = json.loads(path.read_text())
        self.at = [[at for at, _ in shard] for shard in doc]
        self.records = [[json.dumps(r).encode() for _, r in shard] for shard in doc]
        self.shards = len(doc)
        self.start = 0.0
        self.served: list[tuple[int, int, int, float]] = []
        """Shard, first and past-last record, when they were asked for."""

    def page(self, name: str, shard: int, first: int) -> bytes:
        now = time.monotonic()
        self.start = self.start or now
        last = min(bisect.bisect_right(self.at[shard], now - self.start), first + 1000)
        if last > first:
            self.served.append((shard, first, last, now))
        return b'{"NextShardIterator":"%b:%d:%d","Records":[%b]}' % (
            name.encode(),
            shard,
            last,
            b",".join(self.records[shard][first:last]),
        )


class _Pages:
    def __init__(self, folder: Path) -> None:
        self.pages = [
            [page.read_bytes() for page in sorted(shard.iterdir())]
            for shard in sorted(folder.iterdir())
        ]
        self.shards = len(self.pages)

    def page(self, name: str, shard: int, number: int) -> bytes:
        if number < len(self.pages[shard]):
            return self.pages[shard][number]
        return b'{"NextShardIterator":"%b:%d:%d","Records":[]}' % (name.encode(), shard, number)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, folder: Path) -> None:
        self.streams: dict[str, _Live | _Pages] = {
            each.name: _Live(each / "live.json") if (each / "live.json").exists() else _Pages(each)
            for each in sorted(folder.iterdir())
        }
        self.lock = threading.Lock()
        self.opened = 0
        self.open = 0
        self.most = 0
        self.polls: dict[str, list[float]] = defaultdict(list)
        super().__init__(("127.0.0.1", 0), _Connection)

    def answer(self, operation: str, asked: dict[str, Any]) -> bytes:
        if operation == "GetRecords":
            name, shard, at = asked["ShardIterator"].split(":")
            self.polls[f"{name}:{shard}"].append(time.monotonic())
            return self.streams[name].page(name, int(shard), int(at))
        name = asked.get("StreamName") or asked.get("StreamArn", "").rsplit("/", 1)[-1]
        if operation == "GetShardIterator":
            return json.dumps({"ShardIterator": f"{name}:{int(asked['ShardId'][-6:])}:0"}).encode()
        shards = [_shard(operation, i) for i in range(self.streams[name].shards)]
        start = asked.get("ExclusiveStartShardId") or asked.get("NextToken")
        first = int(start[-6:]) + 1 if start else 0
        listed, more = shards[first : first + _LISTED], first + _LISTED < len(shards)
        if operation == "ListShards":
            token = {"NextToken": listed[-1]["ShardId"]} if more else {}
            return json.dumps({"Shards": listed, **token}).encode()
        if operation == "DescribeStreamSummary":
            summary = {
                "StreamName": name,
                "StreamARN": asked.get("StreamARN") or _arn("kinesis", name),
                "StreamStatus": "ACTIVE",
                "RetentionPeriodHours": 24,
                "StreamCreationTimestamp": 1.5e9,
                "EnhancedMonitoring": [],
                "OpenShardCount": len(shards),
            }
            return json.dumps({"StreamDescriptionSummary": summary}).encode()
        token = {"LastEvaluatedShardId": listed[-1]["ShardId"]} if more else {}
        description = {
            "StreamArn": asked["StreamArn"],
            "StreamStatus": "ENABLED",
            "StreamViewType": "NEW_IMAGE",
            "Shards": [] if "ShardFilter" in asked else listed,
            **token,
        }
        return json.dumps({"StreamDescription": description}).encode()

    def stats(self, query: str) -> dict[str, Any]:
        stream = self.streams.get(query)
        return {
            "opened": self.opened,
            "most_open": self.most,
            "polls": {k: v for k, v in self.polls.items() if k.split(":")[0] == query},
            "start": getattr(stream, "start", 0.0),
            "served": getattr(stream, "served", []),
        }


def _arn(service: str, name: str) -> str:
    kind = "stream" if service == "kinesis" else "table/bench/stream"
    return f"arn:aws:{service}:us-east-1:000000000000:{kind}/{name}"


def _shard(operation: str, i: int) -> dict[str, Any]:
    low = {"StartingSequenceNumber": f"{10**20}"}
    shard: dict[str, Any] = {"ShardId": f"shardId-00000000000000-{i:06d}"}
    shard["SequenceNumberRange"] = low
    if operation == "ListShards":
        shard["HashKeyRange"] = {"StartingHashKey": str(i), "EndingHashKey": str(i)}
    return shard


class _Connection(socketserver.StreamRequestHandler):
    """One keep-alive connection: reads a request, writes an answer, until the client leaves."""

    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        server = self.server
        with server.lock:
            server.opened += 1
            server.open += 1
            server.most = max(server.most, server.open)
        try:
            with contextlib.suppress(ConnectionError):
                while self._one():
                    pass
        finally:
            with server.lock:
                server.open -= 1

    def _one(self) -> bool:
        line = self.rfile.readline(4096)
        if not line:
            return False
        length, operation = 0, b""
        while (header := self.rfile.readline(65_536)) not in (b"\r\n", b""):
            name, _, value = header.partition(b":")
            name = name.lower()
            if name == b"content-length":
                length = int(value)
            elif name == b"x-amz-target":
                operation = value.strip().rpartition(b".")[2]
        body = self.rfile.read(length)
        if operation:
            answer = self.server.answer(operation.decode(), json.loads(body))
        else:
            query = line.split()[1].decode().rpartition("?")[2]
            answer = json.dumps(self.server.stats(query)).encode()
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nDate: %b\r\nx-amzn-RequestId: canned\r\n"
            b"Content-Length: %d\r\n\r\n%b"
            % (_JSON, formatdate(usegmt=True).encode(), len(answer), answer)
        )
        return True


class Canned(ChildServer):
    """The server as a child process."""

    def __init__(self, folder: Path) -> None:
        super().__init__("tests.bench.canned", str(folder))

    def arn(self, stream: str, service: str = "dynamodb") -> str:
        """The name of a stream."""
        return _arn(service, stream)

    def stats(self, stream: str) -> dict[str, Any]:
        """Connections, polls by shard and what was served of a live stream; monotonic seconds."""
        with urllib.request.urlopen(f"{self.endpoint}/stats?{stream}", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


def main(folder: str) -> None:
    """Serve until stdin closes."""
    with _Server(Path(folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.buffer.read()
        server.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
