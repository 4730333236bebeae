"""Rows of one session's table as a follower by table reads asks for them, a page at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from pitwall.cloud import keys
from pitwall.cloud.items import Item, parse_head
from pitwall.stream import Retryable, ServerClock, Time, call
from pitwall.telemetry import BadInput, Head

_MOST_PAGES = 100
"""Of heads; one page holds thousands."""


class Rows:
    """Consistent reads. They block, raise Fault and nothing else, and any thread may make them.

    Args:
        client: gives a DynamoDB client; asked on the thread that reads.
        table: its name.
        session: key of the session.
        server, time: clocks; the answers' dates go to ``server``.
    """

    def __init__(
        self,
        client: Callable[[], Any],
        table: str,
        session: str,
        server: ServerClock,
        time: Time,
    ) -> None:
        self.table = table
        self.session = session
        self._client = client
        self._server = server
        self._time = time
        self._lock = threading.Lock()
        self._reads = 0

    @property
    def reads(self) -> int:
        """Requests made since the start."""
        return self._reads

    def heads(self) -> list[Head]:
        """The roster; an item that is no head is left out: what it would promise is unknown."""
        out: list[Head] = []
        after = ""
        for _ in range(_MOST_PAGES):
            items, after = self._page(keys.head_pk(self.session), after, 0)
            for item in items:
                try:
                    out.append(parse_head(item))
                except BadInput:
                    continue
            if not after:
                return out
        raise Retryable(f"heads of {self.session} have more than {_MOST_PAGES} pages")

    def chunks(
        self, group: str, lap: int, car: str, after: str, limit: int
    ) -> tuple[list[Item], str]:
        """Chunk items of one partition in order of time, behind the sort key ``after``, at most
        ``limit`` and a megabyte of them; and the sort key behind which there may be more, empty
        when there is none."""
        return self._page(keys.chunk_pk(self.session, group, lap, car), after, limit)

    def _page(self, pk: str, after: str, limit: int) -> tuple[list[Item], str]:
        request: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
            "ConsistentRead": True,
        }
        if after:
            request["KeyConditionExpression"] = "pk = :pk AND sk > :sk"
            request["ExpressionAttributeValues"][":sk"] = {"S": after}
        if limit:
            request["Limit"] = limit
        with self._lock:
            self._reads += 1
        client = self._client()
        answer = call(client, client.query, request, self._server, self._time)
        last = (answer.get("LastEvaluatedKey") or {}).get("sk", {}).get("S", "")
        return list(answer.get("Items") or ()), last
