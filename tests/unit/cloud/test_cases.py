"""Cases 38 to 86, as far as they are the clients' and the keyed reads'.

Each is named after its number in the list of what went wrong in other consumers.
"""

from __future__ import annotations

import gc
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore import exceptions as boto
from botocore.awsrequest import AWSResponse

from pitwall.cloud import batch_get, make_clients
from pitwall.cloud.clients import Clients
from pitwall.cloud.query import query
from pitwall.stream import Features, ThreadPool, features_of

ACCOUNT = "123456789012"


# ---------------------------------------------------------------- connections


class Server(ThreadingHTTPServer):
    """Answers every call with an empty item, and counts connections."""

    daemon_threads = True
    connections = 0

    def get_request(self) -> Any:
        self.connections += 1
        return super().get_request()


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def served() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, name="answers", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)


def fan_out(client: Any, pool: ThreadPool[Any], count: int) -> None:
    left, done = count, 0

    def read() -> Any:
        return client.get_item(TableName="t", Key={"pk": {"S": "a"}, "sk": {"S": "b"}})

    while done < count:
        while left and pool.free():
            left -= 1
            pool.put(str(left), read)
        pool.wait(60)
        for job in pool.take():
            assert job.error is None
            done += 1


def test_case_76_a_fan_out_of_32_keeps_to_its_connections() -> None:
    """A pool of ten connections discarded those beyond it (botocore#619, #766, pynamodb#460)."""
    with served() as server:
        clients = make_clients(f"http://127.0.0.1:{server.server_port}", pool=32)
        pool: ThreadPool[Any] = ThreadPool("pitwall-test", 32)
        pool.start()
        try:
            fan_out(clients.dynamodb, pool, 1000)
        finally:
            assert pool.stop(60)
            clients.close()
        assert 1 < server.connections <= 32


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts handles in /proc")
def test_case_77_clients_leave_nothing_behind() -> None:
    """Performance decayed after hours (boto3#3016). The short form: handles and objects stay."""
    sizes = []
    with served() as server:
        clients = make_clients(f"http://127.0.0.1:{server.server_port}", pool=2)
        pool: ThreadPool[Any] = ThreadPool("pitwall-test", 2)
        pool.start()
        try:
            for _ in range(4):
                fan_out(clients.dynamodb, pool, 100)
                gc.collect()
                handles = len(os.listdir("/proc/self/fd"))
                sizes.append((handles, threading.active_count(), len(gc.get_objects())))
        finally:
            assert pool.stop(60)
            clients.close()
    assert len({size[0] for size in sizes[1:]}) == 1, sizes
    assert len({size[1] for size in sizes[1:]}) == 1, sizes
    assert abs(sizes[-1][2] - sizes[1][2]) < 200, sizes


# ---------------------------------------------------------------- keyed reads


def test_case_78_keys_left_over_are_asked_for_again() -> None:
    """Unprocessed keys were ignored: items were missing without an error."""
    waits: list[float] = []
    asked: list[int] = []

    class Table:
        def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
            keys = RequestItems["t"]["Keys"]
            asked.append(len(keys))
            left = keys[-40:] if len(asked) <= 2 else []
            done = keys[: len(keys) - len(left)]
            return {
                "Responses": {"t": done},
                "UnprocessedKeys": {"t": {"Keys": left}} if left else {},
            }

    wanted = [(f"p{i}", "s") for i in range(100)]
    got = list(batch_get(Table(), "t", wanted, wait=waits.append))
    assert sorted(item["pk"]["S"] for item in got) == sorted(pk for pk, _ in wanted)
    assert asked == [100, 40, 40]
    assert len(waits) == 2
    assert 0 < waits[0] < waits[1]


def test_case_79_a_page_without_items_is_not_the_last() -> None:
    """A page whose items were all filtered out ended the query."""
    pages = [
        {"Items": [], "LastEvaluatedKey": {"pk": {"S": "p"}, "sk": {"S": "1"}}},
        {"Items": [{"sk": {"S": "2"}}], "LastEvaluatedKey": {"pk": {"S": "p"}, "sk": {"S": "2"}}},
        {"Items": [], "LastEvaluatedKey": {"pk": {"S": "p"}, "sk": {"S": "3"}}},
        {"Items": [{"sk": {"S": "4"}}]},
    ]
    asked: list[Any] = []

    class Table:
        def query(self, **request: Any) -> dict[str, Any]:
            asked.append(request.get("ExclusiveStartKey"))
            return pages[len(asked) - 1]

    assert [item["sk"]["S"] for item in query(Table(), "t", "p")] == ["2", "4"]
    assert asked == [None, *(page.get("LastEvaluatedKey") for page in pages[:-1])]


# ---------------------------------------------------------------- the account's own endpoint


class Network:
    """What clients of AWS itself reach, by host."""

    def __init__(self, clients: Clients) -> None:
        self.up: Callable[[str], bool] = lambda host: True
        self.status = 200
        self.asked: Counter[str] = Counter()
        self.told: list[str] = []
        clients.on_notice = self.told.append
        clients._session.register("before-send", self._send)

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        host = str(urlsplit(request.url).hostname)
        self.asked[host] += 1
        if not self.up(host):
            raise boto.EndpointConnectionError(endpoint_url=request.url, error="refused")
        body = b'{"Streams":[]}'
        if self.status != 200:
            body = b'{"__type":"com.amazonaws#LimitExceededException","message":"later"}'
        response = AWSResponse(request.url, self.status, {"content-length": "1"}, None)
        response._content = body
        return response


@pytest.fixture
def at_aws(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_ACCOUNT_ID", ACCOUNT)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    return monkeypatch


OWN = f"{ACCOUNT}.streams-ddb.us-east-1.amazonaws.com"
REGIONS = "streams.dynamodb.us-east-1.amazonaws.com"


def test_case_86_a_firewall_that_knows_only_the_regions_endpoint(
    at_aws: pytest.MonkeyPatch,
) -> None:
    """Clients send streams' calls to a name of the account's own, which a firewall blocks."""
    clients = make_clients()
    network = Network(clients)
    network.up = lambda host: not host.startswith(ACCOUNT)
    assert clients.streams.list_streams()["Streams"] == []
    assert network.asked == {OWN: 1, REGIONS: 1}
    for _ in range(3):
        clients.streams.list_streams()
    assert network.asked == {OWN: 1, REGIONS: 4}
    [told] = network.told
    assert OWN in told
    assert "firewall" in told
    assert features_of(clients.streams) == Features(True, True)
    clients.close()


def test_case_86_no_network_at_all_is_no_firewall(at_aws: pytest.MonkeyPatch) -> None:
    """As above: when neither name can be reached, nothing is concluded from it."""
    clients = make_clients()
    network = Network(clients)
    network.up = lambda host: False
    with pytest.raises(boto.EndpointConnectionError, match=OWN):
        clients.streams.list_streams()
    network.up = lambda host: True
    network.asked.clear()
    clients.streams.list_streams()
    assert network.asked == {OWN: 1}
    assert network.told == []
    clients.close()


def test_case_86_an_error_of_the_service_by_the_other_way_counts_as_reached(
    at_aws: pytest.MonkeyPatch,
) -> None:
    """As above: refused by the service is not out of reach."""
    clients = make_clients()
    network = Network(clients)
    network.up = lambda host: not host.startswith(ACCOUNT)
    network.status = 400
    with pytest.raises(boto.ClientError, match="LimitExceeded"):
        clients.streams.list_streams()
    assert len(network.told) == 1
    clients.close()


@pytest.mark.parametrize("mode", ["disabled", "required"])
def test_case_86_a_configured_choice_is_kept(at_aws: pytest.MonkeyPatch, mode: str) -> None:
    """As above: who has chosen an endpoint gets that one."""
    at_aws.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", mode)
    clients = make_clients()
    network = Network(clients)
    network.up = lambda host: host.startswith(ACCOUNT) is (mode == "disabled")
    with pytest.raises(boto.EndpointConnectionError):
        clients.streams.list_streams()
    assert sum(network.asked.values()) == 1
    clients.close()
