"""What the table's and the bucket's contract runs over."""

from __future__ import annotations

import itertools
import logging
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from pitwall.cloud.local.process import StandIn
from tests.contract import children
from tests.contract.clients import client

NAMES = ("stand-in", "moto", "ministack")

_number = itertools.count()


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    """The error's code."""
    return str(error.value.response["Error"]["Code"])


@dataclass
class Backend:
    """One implementation: clients of it, and fresh tables and buckets."""

    name: str
    dynamodb: Any
    s3: Any
    streams: Any

    def table(self, sk_type: str = "S") -> str:
        """A new table with ``pk`` (S) and ``sk``, and a stream."""
        name = f"contract-{next(_number)}-{uuid.uuid4().hex[:8]}"
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": sk_type},
            ],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        return name

    def bucket(self) -> str:
        """A new bucket."""
        name = f"contract-{next(_number)}-{uuid.uuid4().hex[:8]}"
        self.s3.create_bucket(Bucket=name)
        return name


@dataclass(frozen=True, slots=True)
class Server:
    """An implementation with a port of its own.

    Attributes:
        endpoint: its URL.
        child: its process, for those that we start ourselves.
    """

    endpoint: str
    child: children.Child | None = None


class Servers:
    """Implementations that run as servers, each started when it is first asked for.

    Args:
        folder: where a server's files go, if it has any.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened = ExitStack()
        self._servers: dict[str, Server] = {}
        self._clients: dict[tuple[str, str], Any] = {}
        self.ahead_ms: dict[str, int] = {}
        """How far a server's clock has been put forward."""

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *fault: object) -> None:
        self._opened.close()

    def server(self, name: str) -> Server:
        """A running server."""
        if name not in self._servers:
            self._servers[name] = self._opened.enter_context(_running(name, self._folder))
        return self._servers[name]

    def client(self, name: str, service: str) -> Any:
        """A client of a server."""
        if (name, service) not in self._clients:
            made = client(service, self.server(name).endpoint)
            self._opened.callback(made.close)
            self._clients[name, service] = made
        return self._clients[name, service]

    def backend(self, name: str) -> Backend:
        """The table, bucket and streams of a server."""
        return Backend(name, *(self.client(name, s) for s in ("dynamodb", "s3", "dynamodbstreams")))


@contextmanager
def _running(name: str, folder: Path) -> Iterator[Server]:
    """A server, for as long as the context lasts."""
    if name == "stand-in":
        with StandIn.start() as stand_in:
            yield Server(stand_in.endpoint)
    elif name == "moto":
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        try:
            host, port = server.get_host_and_port()
            yield Server(f"http://{host}:{port}")
        finally:
            server.stop()
    else:
        with children.running(name, folder) as child:
            yield Server(child.endpoint, child)
