"""Clients that misbehave on purpose, with nothing behind them but memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Key = tuple[str, str]


class Throttled(Exception):
    """As botocore raises it."""

    def __init__(self, code: str = "ThrottlingException", status: int = 400) -> None:
        super().__init__(code)
        self.operation_name = "BatchWriteItem"
        self.response = {
            "Error": {"Code": code, "Message": "slow down"},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }


class EndpointConnectionError(Exception):
    """As botocore raises it."""

    def __init__(self) -> None:
        super().__init__("no route")
        self.kwargs = {"endpoint_url": "http://127.0.0.1:1/"}


class FakeTable:
    """The table operations that are used, over a dict; ``moods`` decides what each batch does.

    A mood is called with the number of items in the batch and gives the positions to leave out, or
    raises. ``log`` has the accepted items in order.
    """

    def __init__(self, moods: Callable[[int], set[int]] | None = None) -> None:
        self.items: dict[Key, dict[str, Any]] = {}
        self.log: list[dict[str, Any]] = []
        self.calls = 0
        self.moods = moods or (lambda count: set())

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:
        self.calls += 1
        ((table, requests),) = RequestItems.items()
        keys = [self._key(request["PutRequest"]["Item"]) for request in requests]
        assert 1 <= len(requests) <= 25
        assert len(set(keys)) == len(keys), "two items with one key in a batch"
        out = self.moods(len(requests))
        left = []
        # from the back: a batch has no order
        for i in reversed(range(len(requests))):
            if i in out:
                left.append(requests[i])
            else:
                self.put_item(table, requests[i]["PutRequest"]["Item"])
        return {"UnprocessedItems": {table: left} if left else {}}

    def put_item(self, TableName: str, Item: dict[str, Any]) -> dict[str, Any]:
        self.items[self._key(Item)] = Item
        self.log.append(Item)
        return {}

    def kind(self, kind: str) -> list[dict[str, Any]]:
        return [item for item in self.log if item["k"]["S"] == kind]

    @staticmethod
    def _key(item: dict[str, Any]) -> Key:
        return item["pk"]["S"], item["sk"]["S"]


class FakeBucket:
    """put_object over a dict."""

    def __init__(self, fault: Callable[[str], None] | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self.fault = fault

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> dict[str, Any]:
        if self.fault is not None:
            self.fault(Key)
        self.objects[Key] = Body
        return {}


class FakeClients:
    """A table and a bucket together."""

    def __init__(self, table: FakeTable | None = None, bucket: FakeBucket | None = None) -> None:
        self.dynamodb = table or FakeTable()
        self.s3 = bucket or FakeBucket()


class FakeTime:
    """A clock that moves when somebody waits."""

    def __init__(self, start_us: int = 1_000_000_000_000_000) -> None:
        self.us = start_us
        self.waits: list[float] = []

    def now_us(self) -> int:
        return self.us

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.us += int(seconds * 1e6)
