"""Keyed reads: pages, consistency, what is no item of ours, keys left over."""

from __future__ import annotations

from typing import Any

import pytest

from pitwall.cloud import (
    batch_get,
    history,
    list_sessions,
    raw_of,
    read_catalog,
    read_chunks,
    read_heads,
    read_sealed,
    read_session,
    sealed_keys,
)
from pitwall.store import Source
from pitwall.telemetry import BadInput, Failure
from tests.unit.cloud import strategies as made
from tests.unit.cloud.fakes import EndpointConnectionError, Throttled

CHUNKS, _ = made.field(2, 12.0, 5.0)
KEY = made.SESSION.key


class Table:
    """Query and BatchGetItem over a dict, in small pages."""

    def __init__(self, page: int = 3) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.page = page
        self.calls = 0
        self.shy = 0
        self.fault: Exception | None = None
        for write in history(CHUNKS, made.SESSION, text=False):
            if write.item is not None:
                self.put(write.item)

    def put(self, item: dict[str, Any]) -> None:
        self.items[item["pk"]["S"], item["sk"]["S"]] = item

    def query(
        self,
        TableName: str,
        KeyConditionExpression: str,
        ExpressionAttributeValues: dict[str, Any],
        ConsistentRead: bool,
        ExclusiveStartKey: Any = None,
    ) -> dict[str, Any]:
        assert TableName == "t"
        assert ConsistentRead
        self.calls += 1
        if self.fault is not None and self.calls > 1:
            raise self.fault
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        lo, hi = values.get(":lo", ""), values.get(":hi", "\U0010ffff")
        assert ("BETWEEN :lo AND :hi" in KeyConditionExpression) == (":lo" in values)
        rows = sorted(sk for pk, sk in self.items if pk == values[":pk"] and lo <= sk <= hi)
        if ExclusiveStartKey is not None:
            rows = [sk for sk in rows if sk > ExclusiveStartKey["sk"]["S"]]
        page = rows[: self.page]
        answer: dict[str, Any] = {"Items": [self.items[values[":pk"], sk] for sk in page]}
        if len(rows) > len(page):
            answer["LastEvaluatedKey"] = {"pk": {"S": values[":pk"]}, "sk": {"S": page[-1]}}
        return answer

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        keys = RequestItems["t"]["Keys"]
        assert 1 <= len(keys) <= 100
        assert RequestItems["t"]["ConsistentRead"]
        done = keys if self.shy <= 0 else keys[: len(keys) // 2] if self.shy == 1 else []
        self.shy -= 1
        found = [self.items.get((k["pk"]["S"], k["sk"]["S"])) for k in done]
        left = keys[len(done) :]
        return {
            "Responses": {"t": [item for item in found if item is not None]},
            "UnprocessedKeys": {"t": {"Keys": left}} if left else {},
        }


def test_the_roster_the_sessions_and_the_catalog() -> None:
    table = Table(page=1)
    heads = read_heads(table, "t", KEY)
    assert [h.car for h in heads] == ["1", "2"]
    assert all(h.n == {"driver": 48, "engine": 12} for h in heads)
    assert read_session(table, "t", KEY) == made.SESSION
    assert list_sessions(table, "t") == [made.SESSION]
    entries = read_catalog(table, "t", KEY)
    assert {(e.car, e.lap) for e in entries} == {(c.series.car, c.lap) for c in CHUNKS}
    with pytest.raises(BadInput, match="2025-09-06-barber-r2 is not in table t"):
        read_session(table, "t", "2025-09-06-barber-r2")


def test_chunks_between_two_times() -> None:
    table = Table()
    mine = [c for c in CHUNKS if (c.series.car, c.series.group, c.lap) == ("2", "driver", 1)]
    assert len(mine) == 20
    args = (table, "t", KEY, "driver", 1, "2")
    assert read_chunks(*args, 0, 10**17) == (mine, [])
    assert read_chunks(*args, mine[4].t_lo, mine[9].t_lo) == (mine[4:10], [])
    assert read_chunks(*args, mine[4].t_lo + 1, mine[5].t_lo - 1) == ([], [])
    assert read_chunks(table, "t", KEY, "driver", 77, "2", 0, 10**16) == ([], [])


def test_items_that_cannot_be_read_are_quarantined() -> None:
    table = Table()
    mine = [c for c in CHUNKS if (c.series.car, c.series.group, c.lap) == ("2", "driver", 1)]
    args = (table, "t", KEY, "driver", 1, "2", 0, 10**16)
    key = sorted(k for k in table.items if k[0].endswith("#driver#001#2"))[3]
    table.items[key] = {**table.items[key], "p": {"B": b"\xa1broken"}}
    found, bad = read_chunks(*args)
    assert found == mine[:3] + mine[4:]
    (lost,) = bad
    assert lost.source is Source.TABLE
    assert lost.where == " ".join(key)
    assert "damaged" in lost.reason
    assert lost.raw == raw_of(table.items[key])

    table.put({"pk": {"S": f"{KEY}#head"}, "sk": {"S": "3#boot"}, "k": {"S": "h"}})
    bad = []
    assert len(read_heads(table, "t", KEY, bad)) == 2
    assert len(bad) == 1
    with pytest.raises(BadInput, match="head item"):
        read_heads(table, "t", KEY)


def test_sealed_laps_by_key() -> None:
    table = Table()
    entries = read_catalog(table, "t", KEY)
    sealed, bad = read_sealed(table, "t", sealed_keys(entries))
    assert bad == []
    closed = {(s.series, s.lap) for s in sealed}
    # the newest lap of each is still open
    assert closed < {(c.series, c.lap) for c in CHUNKS}
    assert {(c.series.car, c.lap) for c in CHUNKS} - {(s.car, lap) for s, lap in closed}
    # key by key, in no order, absent ones left out
    wanted = [*sealed_keys(entries)] * 2 + [("no", "such")]
    assert {repr(s) for s in read_sealed(table, "t", wanted)[0]} == {repr(s) for s in sealed}


def test_batches_of_a_hundred_and_keys_left_over() -> None:
    table = Table()
    wanted = [(f"p{i}", "s") for i in range(250)]
    for pk, sk in wanted:
        table.put({"pk": {"S": pk}, "sk": {"S": sk}})
    waits: list[float] = []
    table.calls, table.shy = 0, 4
    got = list(batch_get(table, "t", wanted, wait=waits.append))
    assert sorted(item["pk"]["S"] for item in got) == sorted(pk for pk, _ in wanted)
    assert len(waits) == 4
    assert table.calls == 6
    assert all(0 < pause <= 5 for pause in waits)
    table.shy = 10**9
    with pytest.raises(Failure, match="table t: throttled for 6[0-9] s, 250 keys unread"):
        list(batch_get(table, "t", wanted, wait=waits.append))


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Throttled("ResourceNotFoundException"), "table t: .*no such table"),
        (EndpointConnectionError(), "table t: cannot reach http://127.0.0.1:1/"),
    ],
)
def test_a_read_that_breaks_off_is_a_failure(fault: Exception, says: str) -> None:
    table = Table(page=1)
    table.fault = fault
    with pytest.raises(Failure, match=says):
        read_heads(table, "t", KEY)


def test_a_query_that_does_not_advance_ends() -> None:
    table = Table(page=1)
    table.query = lambda **_: {"Items": [], "LastEvaluatedKey": {"pk": {"S": "x"}}}  # type: ignore[method-assign]
    with pytest.raises(Failure, match="does not advance"):
        read_heads(table, "t", KEY)
