"""The HTTP server and what stands behind it, met without a well-behaved client."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pitwall.cloud.local.gateway import Gateway
from pitwall.cloud.local.server import MAX_BODY_BYTES, Request, Response, Server
from pitwall.cloud.local.service import Service, StandInConfig
from tests.unit.cloud.local.helpers import START_US, Clock, item


class Rig:
    def __init__(self) -> None:
        self.clock = Clock()
        self.service = Service(StandInConfig(shards=2), self.clock)
        gateway = Gateway(self.service, threading.Event())
        self.server = Server(gateway, 0, lambda: self.clock.us / 1e6)
        self.server.start()

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        try:
            data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, data, named)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def call(self, target: str, body: Any) -> tuple[int, Any]:
        status, _, data = self.ask("POST", "/", body, X_Amz_Target=target)
        return status, json.loads(data)

    def control(self, action: str, body: Any = None, method: str = "POST") -> tuple[int, Any]:
        status, _, data = self.ask(method, f"/_standin/{action}", body)
        return status, json.loads(data)

    def raw(self, data: bytes) -> bytes:
        """What comes back for these bytes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as connection:
            connection.sendall(data)
            out = b""
            while piece := connection.recv(65536):
                out += piece
            return out


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.server.stop()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / SPDY/3\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1), b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: 1\r\n" % i for i in range(200)), b"400"),
    ],
    ids=["line", "version", "colon", "length", "negative", "large", "chunked", "long", "headers"],
)
def test_what_is_no_request(rig: Rig, data: bytes, status: bytes) -> None:
    # Half-closing tells the server that nothing more comes, so that it need not wait.
    with socket.create_connection(("127.0.0.1", rig.server.port), timeout=60) as connection:
        connection.sendall(data)
        head = connection.recv(65536)
    assert head.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in head


def test_a_connection_serves_many_requests(rig: Rig) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", rig.server.port, timeout=60)
    for _ in range(3):
        connection.request("GET", "/_standin/status")
        assert connection.getresponse().read()
        assert connection.sock is not None, "still open"
    connection.close()


def test_expect_continue_is_answered_before_the_body(rig: Rig) -> None:
    with socket.create_connection(("127.0.0.1", rig.server.port), timeout=60) as connection:
        connection.sendall(
            b"PUT /pitwall-archive/k HTTP/1.1\r\nContent-Length: 2\r\n"
            b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        connection.sendall(b"ab")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    assert rig.service.objects.get("pitwall-archive", "k").data == b"ab"


def test_no_traceback_reaches_a_client() -> None:
    def broken(request: Request) -> Response:
        raise RuntimeError("a secret of the inside")

    server = Server(broken, 0, lambda: 0.0)
    server.start()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (500, b"")
        connection.close()
    finally:
        server.stop()


def test_the_date_is_the_services(rig: Rig) -> None:
    _, headers, _ = rig.ask("GET", "/_standin/status")
    assert headers["Date"] == "Mon, 21 Sep 2026 14:13:20 GMT"
    assert START_US == 1_790_000_000_000_000


@pytest.mark.parametrize(
    ("target", "body", "kind"),
    [
        ("Nothing_20120810.PutItem", {}, "UnknownOperationException"),
        ("DynamoDB_20120810.Scan", {}, "UnknownOperationException"),
        ("DynamoDB_20120810.PutItem", b"{", "SerializationException"),
        ("DynamoDB_20120810.PutItem", b"[]", "SerializationException"),
        ("DynamoDB_20120810.PutItem", {"TableName": "pitwall", "Item": 5}, "ValidationException"),
        ("DynamoDB_20120810.Query", {"TableName": "pitwall", "Magic": 1}, "ValidationException"),
        (
            "DynamoDB_20120810.BatchGetItem",
            {"RequestItems": {"pitwall": {"Keys": [5]}}},
            "ValidationException",
        ),
        ("DynamoDBStreams_20120810.GetRecords", {}, "ValidationException"),
        ("DynamoDBStreams_20120810.DescribeStream", {}, "ResourceNotFoundException"),
        ("Firehose_20150804.PutRecord", {"Record": {"Data": "%"}}, "SerializationException"),
        ("Firehose_20150804.Nothing", {}, "UnknownOperationException"),
    ],
)
def test_refusals_are_in_the_services_words(rig: Rig, target: str, body: Any, kind: str) -> None:
    status, answer = rig.call(target, body)
    assert status == 400
    assert answer["__type"].rpartition("#")[2] == kind
    assert answer["message"]


def test_faults_strike_as_often_as_asked(rig: Rig) -> None:
    fault = {"service": "dynamodb", "operation": "GetItem", "type": "ThrottlingException"}
    assert rig.control("fault", {**fault, "count": 2, "every": 2})[0] == 200
    body = {"TableName": "pitwall", "Key": item("a", "b")}
    statuses = [rig.call("DynamoDB_20120810.GetItem", body)[0] for _ in range(6)]
    assert statuses == [200, 400, 200, 400, 200, 200]


def test_batches_left_half_undone(rig: Rig) -> None:
    rig.control("fault", {"operation": "BatchWriteItem", "type": "Unprocessed"})
    rig.control("fault", {"operation": "BatchGetItem", "type": "Unprocessed"})
    rows = [{"PutRequest": {"Item": item("a", str(i))}} for i in range(4)]
    writes = {"RequestItems": {"pitwall": rows}}
    _, answer = rig.call("DynamoDB_20120810.BatchWriteItem", writes)
    assert answer["UnprocessedItems"] == {"pitwall": rows[2:]}
    keys = [item("a", str(i)) for i in range(4)]
    reads = {"RequestItems": {"pitwall": {"Keys": keys, "ConsistentRead": True}}}
    _, answer = rig.call("DynamoDB_20120810.BatchGetItem", reads)
    assert answer["Responses"]["pitwall"] == keys[:2]
    left = answer["UnprocessedKeys"]
    assert left == {"pitwall": {"Keys": keys[2:], "ConsistentRead": True}}


def test_batch_get_stops_at_sixteen_megabytes(rig: Rig) -> None:
    rig.service.table.put_many(item("a", f"{i:02}", d="x" * 390_000) for i in range(50))
    keys = [item("a", f"{i:02}") for i in range(50)]
    found: list[str] = []
    calls = 0
    while keys:
        _, answer = rig.call(
            "DynamoDB_20120810.BatchGetItem", {"RequestItems": {"pitwall": {"Keys": keys}}}
        )
        found += [row["sk"]["S"] for row in answer["Responses"]["pitwall"]]
        keys = answer["UnprocessedKeys"].get("pitwall", {}).get("Keys", [])
        calls += 1
    assert sorted(found) == [f"{i:02}" for i in range(50)]
    assert calls == 2


def test_an_outage_breaks_connections_and_ends(rig: Rig) -> None:
    rig.control("outage", {"seconds": 30})
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        rig.call("DynamoDB_20120810.ListTables", {})
    assert rig.control("status", method="GET")[1]["outage"] is True
    rig.clock.us += 30_000_000
    assert rig.call("DynamoDB_20120810.ListTables", {})[0] == 200


def test_faults_of_the_archive_come_as_xml(rig: Rig) -> None:
    rig.control("fault", {"service": "s3", "type": "SlowDown", "status": 503})
    status, _, body = rig.ask("GET", "/pitwall-archive?list-type=2")
    assert status == 503
    assert b"<Code>SlowDown</Code>" in body


def test_control_turns_shards_over(rig: Rig) -> None:
    assert len(rig.control("rotate")[1]["opened"]) == 2
    opened = rig.control("split")[1]["opened"]
    assert len(opened) == 4
    assert rig.control("rotate", {"shard": opened[0]})[1]["opened"]
    status = rig.control("status", method="GET")[1]
    assert (status["shards"], status["open_shards"]) == (9, 4)
    assert rig.control("rotate", {"shard": "none"})[0] == 400


def test_control_trims(rig: Rig) -> None:
    rig.service.table.put_many([item("a", "1"), item("a", "2")], [START_US - 9_000_000, START_US])
    assert rig.control("trim", {"older_than_s": 5})[1] == {"trimmed": 1}
    assert rig.control("trim")[1] == {"trimmed": 1}
    assert rig.control("status", method="GET")[1]["records"] == 0


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("outage", {}),
        ("outage", {"seconds": "long"}),
        ("outage", b"["),
        ("fault", {"type": 3}),
        ("fault", {"count": 0}),
        ("fault", {"what": "ever"}),
        ("rotate", {"shard": 3}),
        ("trim", {"older_than_s": -1}),
    ],
)
def test_control_refuses_nonsense(rig: Rig, action: str, body: Any) -> None:
    status, answer = rig.control(action, body)
    assert status == 400
    assert answer["error"]


def test_control_is_not_for_web_pages(rig: Rig) -> None:
    assert rig.ask("POST", "/_standin/rotate", Origin="http://example.org")[0] == 403
    assert rig.ask("POST", "/_standin/rotate", Host="example.org:80")[0] == 403
    assert rig.ask("GET", "/_standin/nothing")[0] == 404


def test_a_listing_page_has_at_most_a_thousand(rig: Rig) -> None:
    for i in range(1001):
        rig.service.objects.put("pitwall-archive", f"{i:04}", b"")
    _, _, body = rig.ask("GET", "/pitwall-archive?list-type=2&max-keys=5000")
    assert body.count(b"<Contents>") == 1000
    assert b"<IsTruncated>true" in body
    _, _, body = rig.ask("GET", "/pitwall-archive?list-type=2&max-keys=0")
    assert body.count(b"<Contents>") == 0
    assert b"<IsTruncated>false" in body


def test_a_chunked_upload_is_put_together(rig: Rig) -> None:
    body = b"5;chunk-signature=0\r\nhello\r\n3\r\nyou\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n"
    path = "/pitwall-archive/k"
    assert rig.ask("PUT", path, body, Content_Encoding="aws-chunked")[0] == 200
    assert rig.service.objects.get("pitwall-archive", "k").data == b"helloyou"
    assert rig.ask("PUT", path, b"9\r\nshort", Content_Encoding="aws-chunked")[0] == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/pitwall-archive"),
        ("GET", "/pitwall-archive/k?acl"),
        ("DELETE", "/pitwall-archive"),
        ("GET", "/"),
        ("POST", "/pitwall-archive/k"),
    ],
)
def test_what_s3_does_not_do_here(rig: Rig, method: str, path: str) -> None:
    status, _, body = rig.ask(method, path)
    assert status == 501
    assert b"<Code>NotImplemented</Code>" in body


def test_stopping_ends_every_thread() -> None:
    rig = Rig()
    waiting = socket.create_connection(("127.0.0.1", rig.server.port), timeout=60)
    rig.ask("GET", "/_standin/status")
    rig.server.stop()
    assert not [t for t in threading.enumerate() if t.name.startswith("stand-in")]
    assert waiting.recv(1) == b""
    waiting.close()
