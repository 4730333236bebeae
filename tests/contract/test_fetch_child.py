"""Fetching in processes: the very bytes, or nothing, and then the bucket's own way is taken."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pitwall.cloud.signed import SignedGet
from pitwall.telemetry import Failure
from pitwall.turbo.children import receive, send
from pitwall.turbo.fetch_child import Ahead, FetchChildren, _answers, _Job, serve

MOST = 1 << 20
BODIES = {"/one": b"1" * 70_000, "/two": b"22", "/none": b"", "/big": b"x" * (MOST + 1)}
SECRET = "X-Amz-Signature=hunter2"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: Counter[str] = Counter()
        self.headers: dict[str, str] = {}
        self.hanging, self.let_go = threading.Event(), threading.Event()
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Who breaks off is part of it."""

    def get(self, path: str) -> SignedGet:
        return SignedGet(f"{self.endpoint}{path}?{SECRET}", {"x-owner": "7"}, "")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:  # noqa: N802 - the library's name
        path, _, query = self.path.partition("?")
        self.server.asked[path] += 1
        self.server.headers = dict(self.headers)
        assert query == SECRET
        if path == "/short":
            self._say(200, b"cut", 10)
            self.close_connection = True
        elif path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"1\r\nx\r\n0\r\n\r\n")
        elif path == "/hangs":
            self.server.hanging.set()
            self.server.let_go.wait(60)
        elif path == "/closed":
            self._say(200, b"closed", 6)
            # Without a word: the next request finds it out.
            self.close_connection = True
        elif path in BODIES:
            self._say(200, BODIES[path], len(BODIES[path]))
        else:
            self._say(403, b"no", 2)

    def _say(self, status: int, body: bytes, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[_Server]:
    made = _Server()
    thread = threading.Thread(target=made.serve_forever, name="test-bucket", daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join(20)


@pytest.fixture
def children(memory_or_pipe: None) -> Iterator[FetchChildren]:
    made = FetchChildren(1)
    yield made
    made.close()


def ahead_of(server: _Server, children: FetchChildren) -> Ahead:
    return Ahead(children, server.get, MOST)


def test_bodies_are_what_the_bucket_holds(server: _Server, children: FetchChildren) -> None:
    ahead = ahead_of(server, children)
    for keys in (["/one", "/two"], ["/none"], ["/two", "/none", "/one", "/two"], []):
        assert ahead(keys) == {key: BODIES[key] for key in keys}
    assert server.headers["x-owner"] == "7"
    assert not ahead.failed


@pytest.mark.parametrize("bad", ["/refused", "/short", "/chunked", "/big"])
def test_what_cannot_be_had_whole_is_left_to_the_bucket(
    server: _Server, children: FetchChildren, bad: str
) -> None:
    ahead = ahead_of(server, children)
    assert ahead(["/one", bad, "/two"]) == {"/one": BODIES["/one"], "/two": BODIES["/two"]}
    assert not ahead.failed
    assert ahead([bad]) == {}
    assert ahead.failed
    before = sum(server.asked.values())
    assert ahead(["/one"]) == {}
    assert sum(server.asked.values()) == before


def test_a_connection_that_was_closed_meanwhile_is_made_again(
    server: _Server, children: FetchChildren
) -> None:
    ahead = ahead_of(server, children)
    for _ in range(5):
        assert ahead(["/closed"]) == {"/closed": b"closed"}


def test_no_signature_is_logged(
    server: _Server, children: FetchChildren, caplog: pytest.LogCaptureFixture
) -> None:
    gone = FetchChildren(1)
    with caplog.at_level(logging.DEBUG):
        assert ahead_of(server, children)(["/refused"]) == {}
        ahead = Ahead(gone, lambda key: SignedGet(f"http://127.0.0.1:1/{key}?{SECRET}", {}, ""), 9)
        assert ahead(["k"]) == {}
    gone.close()
    assert "hunter2" not in caplog.text
    assert "HTTP 403" in caplog.text
    assert "refused" in caplog.text


def test_what_others_may_not_send_is_not_asked_of_them(
    server: _Server, children: FetchChildren
) -> None:
    before = sum(server.asked.values())
    ahead = Ahead(children, lambda key: None, MOST)
    assert ahead(["/one"]) == {}
    assert ahead.failed

    def refuse(key: str) -> SignedGet:
        raise ValueError("no credentials")

    assert Ahead(children, refuse, MOST)(["/one"]) == {}
    assert sum(server.asked.values()) == before


def test_one_that_dies_is_done_without(server: _Server, children: FetchChildren) -> None:
    children.start()
    for child in children._children._all:
        os.kill(child._process.pid, signal.SIGKILL)
        child._process.wait(20)
    ahead = ahead_of(server, children)
    assert ahead(["/one"]) == {}
    assert ahead.failed
    children.close()
    with pytest.raises(Failure, match="was closed"):
        children.fetch([server.get("/one")], MOST)


def test_one_at_work_is_not_waited_for(server: _Server, children: FetchChildren) -> None:
    ahead = ahead_of(server, children)
    found: list[dict[str, bytes]] = []
    asking = threading.Thread(target=lambda: found.append(ahead(["/hangs"])), name="test-asking")
    server.hanging.clear()
    server.let_go.clear()
    asking.start()
    try:
        assert server.hanging.wait(30)
        closing = threading.Thread(target=ahead.close, name="test-closing", daemon=True)
        closing.start()
        closing.join(20)
        asking.join(20)
        assert not closing.is_alive()
        assert found == [{}]
    finally:
        server.let_go.set()
        asking.join(20)


def test_no_handles_are_left_over(server: _Server, children: FetchChildren) -> None:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("handles cannot be counted here")
    ahead = ahead_of(server, children)
    kept = [ahead(["/one", "/two"])]
    before = handles()
    kept += [ahead(["/one", "/two"]) for _ in range(10)]
    assert handles() == before
    assert all(each == kept[0] for each in kept)


def handles() -> int:
    """Of this process, but for sockets: the server's are here too, and come and go."""
    links = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the one of the listing
            links.append(os.readlink(f"/proc/self/fd/{name}"))
    return sum(not link.startswith("socket:") for link in links)


def test_answers_hold_the_bodies_where_memory_cannot_be_given(server: _Server) -> None:
    source, sink = io.BytesIO(), io.BytesIO()
    gets = [server.get(path) for path in ("/two", "/refused", "/none")]
    send(source, msgspec.msgpack.encode(_Job(gets, MOST)))
    source.seek(0)
    serve(source, sink)
    sink.seek(0)
    message = receive(sink)
    assert message is not None
    answer = _answers.decode(message)
    assert (answer.sizes, answer.data, answer.reason) == ([2, -1, 0], b"22", "_Refused: HTTP 403")
    assert receive(sink) is None


def test_only_a_server_that_is_trusted_is_asked(children: FetchChildren, tmp_path: Path) -> None:
    own, other = (certificate(tmp_path / name) for name in ("own", "other"))
    server = _Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, own.with_suffix(".key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, name="test-bucket-tls", daemon=True)
    thread.start()
    try:
        url = f"{server.endpoint.replace('http', 'https')}/two?{SECRET}"
        assert children.fetch([SignedGet(url, {}, str(own))], MOST) == ([b"22"], "")
        bodies, reason = children.fetch([SignedGet(url, {}, str(other))], MOST)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)
    assert bodies == [None]
    assert "certificate verify failed" in reason


def certificate(path: Path) -> Path:
    """A self-signed one of 127.0.0.1, its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, path.name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    path.with_suffix(".key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path
