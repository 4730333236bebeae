"""Many items by key: several calls at once, leftovers, a busy table, and nothing but what was
asked for."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.session import Session as BotocoreSession

from pitwall.cloud import batch_get, iter_sealed, make_clients, read_catalog, sealed_keys
from pitwall.cloud.batch_read import Key
from pitwall.cloud.prepared import prepared
from pitwall.store import Batch, Ledger, Quarantined, Recording, Source
from pitwall.telemetry import Failure, Segment
from tests.unit.cloud import strategies as made
from tests.unit.cloud.fakes import EndpointConnectionError, Throttled
from tests.unit.cloud.test_query import KEY, Table

WANTED: list[Key] = [(f"p{i}", "s") for i in range(1050)]


def item(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


class Busy:
    """Answers as ``each`` says; counts how many calls there are at once."""

    def __init__(self, each: Callable[[list[Any]], dict[str, Any]] | None = None) -> None:
        self.each = each or (lambda keys: answer(keys))
        self.lock = threading.Lock()
        self.now = self.most = self.calls = 0
        self.together = threading.Barrier(1)

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            self.calls += 1
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            self.together.wait(60)
            return self.each(RequestItems["t"]["Keys"])
        finally:
            with self.lock:
                self.now -= 1


def answer(keys: list[Any], left: list[Any] | None = None, length: int = 100) -> dict[str, Any]:
    return {
        "Responses": {"t": list(reversed(keys))},
        "UnprocessedKeys": {"t": {"Keys": left}} if left else {},
        "ResponseMetadata": {"HTTPHeaders": {"content-length": str(length)}},
    }


def keys_of(items: Iterator[Any]) -> list[Key]:
    return sorted((each["pk"]["S"], each["sk"]["S"]) for each in items)


def ours() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("pitwall-batch")]


@pytest.mark.parametrize("threads", [1, 4, 50])
def test_every_item_once(threads: int) -> None:
    table = Busy()
    assert keys_of(batch_get(table, "t", [*WANTED, *WANTED[:70]], threads=threads)) == sorted(
        WANTED
    )
    assert table.calls == 11
    assert not ours()


def test_so_many_calls_at_once_and_no_more() -> None:
    table = Busy()
    table.together = threading.Barrier(3)
    wanted = WANTED[:900]
    assert len(list(batch_get(table, "t", wanted, threads=3))) == 900
    assert table.most == 3


def test_left_over_keys_go_to_whoever_is_free() -> None:
    def half(keys: list[Any]) -> dict[str, Any]:
        cut = (len(keys) + 1) // 2
        return answer(keys[:cut], keys[cut:])

    waits: list[float] = []
    got = batch_get(Busy(half), "t", WANTED, threads=4, wait=waits.append)
    assert keys_of(got) == sorted(WANTED)
    # it moves all the time, so the waits stay short
    assert waits
    assert max(waits) <= 0.05


def test_a_full_answer_is_no_reason_to_wait() -> None:
    waits: list[float] = []

    def full(keys: list[Any]) -> dict[str, Any]:
        return answer(keys[:40], keys[40:], 21_000_000 if len(keys) > 40 else 2000)

    assert keys_of(batch_get(Busy(full), "t", WANTED, wait=waits.append)) == sorted(WANTED)
    assert waits == []


def test_a_refused_call_is_made_again() -> None:
    faults = [Throttled("ProvisionedThroughputExceededException")] * 3

    def refuse(keys: list[Any]) -> dict[str, Any]:
        if faults:
            raise faults.pop()
        return answer(keys)

    waits: list[float] = []
    assert keys_of(batch_get(Busy(refuse), "t", WANTED, wait=waits.append)) == sorted(WANTED)
    assert len(waits) == 3
    assert waits[0] < waits[2]


@pytest.mark.parametrize("threads", [1, 3])
def test_a_table_that_stays_busy_is_a_failure_in_the_end(threads: int) -> None:
    waits: list[float] = []
    table = Busy(lambda keys: answer([], keys))
    with pytest.raises(Failure, match="table t: throttled for 6[0-9] s, 1050 keys unread"):
        list(batch_get(table, "t", WANTED, threads=threads, wait=waits.append))
    assert 60 <= sum(waits) < 70 * threads
    assert not ours()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda keys: answer([*keys[1:], item(("other", "s"))]),
        lambda keys: answer([*keys, keys[0]]),
        lambda keys: answer(keys, [keys[0]]),
        lambda keys: answer([*keys[1:], {"pk": {"S": "p"}}]),
    ],
)
def test_anything_that_was_not_asked_for_is_refused(wrong: Any) -> None:
    with pytest.raises(Failure, match="which was not asked for or is there twice"):
        list(batch_get(Busy(wrong), "t", WANTED[:5]))


def test_one_call_that_fails_ends_all() -> None:
    def some(keys: list[Any]) -> dict[str, Any]:
        if keys[0]["pk"]["S"] == "p300":
            raise EndpointConnectionError
        return answer(keys)

    with pytest.raises(Failure, match="table t: cannot reach"):
        list(batch_get(Busy(some), "t", WANTED, threads=2))
    assert not ours()


@pytest.mark.parametrize("threads", [1, 3])
def test_cancelled(threads: int) -> None:
    stop = threading.Event()
    table = Busy()
    got = 0
    for _ in batch_get(table, "t", WANTED, threads=threads, stop=stop):
        got += 1
        stop.set()
    assert 0 < got < len(WANTED)
    assert not ours()


def test_cancelled_while_it_waits_for_a_busy_table() -> None:
    stop = threading.Event()

    def busy(keys: list[Any]) -> dict[str, Any]:
        stop.set()
        return answer([], keys)

    assert list(batch_get(Busy(busy), "t", WANTED, threads=2, stop=stop)) == []


def test_closed_before_its_end() -> None:
    got = batch_get(Busy(), "t", WANTED, threads=3)
    next(got)
    assert ours()
    got.close()  # type: ignore[attr-defined]
    assert not ours()


def sent(client: Any, request: dict[str, Any]) -> Any:
    """The HTTP request that a call comes down to."""
    found = []

    def keep(request: Any, **_: object) -> AWSResponse:
        found.append(request)

        class Raw:
            def stream(self) -> Iterator[bytes]:
                yield b'{"Responses":{"t":[]},"UnprocessedKeys":{}}'

        return AWSResponse(request.url, 200, {}, Raw())

    client.meta.events.register("before-send.dynamodb.BatchGetItem", keep)
    client.batch_get_item(**request)
    client.meta.events.unregister("before-send.dynamodb.BatchGetItem", keep)
    [one] = found
    return one


def test_prepared_requests_are_what_botocore_would_send() -> None:
    request = prepared("t", [*WANTED[:90], ('"#é\\', "\u2028")], True)
    clients = make_clients("http://127.0.0.1:1")
    plain = BotocoreSession().create_client(
        "dynamodb", "us-east-1", endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="x", aws_secret_access_key="x",
    )  # fmt: skip
    try:
        fast = sent(clients.dynamodb, {"RequestItems": request})
        slow = sent(plain, {"RequestItems": request})
        assert fast.body is request["t"].body
        assert json.loads(fast.body) == json.loads(slow.body)
        assert fast.headers["Content-Length"] == str(len(fast.body))
        for name in ("X-Amz-Target", "Content-Type"):
            assert fast.headers[name] == slow.headers[name]
        # with anything besides, the call is botocore's
        more = {"RequestItems": request, "ReturnConsumedCapacity": "TOTAL"}
        assert json.loads(sent(clients.dynamodb, more).body) == json.loads(sent(plain, more).body)
    finally:
        clients.close()
        plain.close()


def test_laps_that_are_held_are_not_asked_for(tmp_path: Path) -> None:
    table = Table()
    entries = read_catalog(table, "t", KEY)
    every = list(sealed_keys(entries))
    assert list(sealed_keys(entries, Ledger())) == every
    laps = [s for s in iter_sealed(table, "t", every, threads=2) if isinstance(s, Segment)]
    assert len(laps) > 3
    with Recording.create(tmp_path / "x.pitwall", made.SESSION) as recording:
        recording.apply(Batch(Source.TABLE, tuple(laps[1:]), received_us=1))
        left = list(sealed_keys(entries, recording.ledger()))
    # the one that is not here, and those that are still open, which nobody holds
    again = [s for s in iter_sealed(table, "t", left) if isinstance(s, Segment)]
    assert [(s.series, s.n_lo) for s in again] == [(laps[0].series, laps[0].n_lo)]


def test_a_damaged_item_keeps_none_of_the_others() -> None:
    table = Table()
    keys = [key for key in table.items if key[0].endswith("#sealed")]
    table.items[keys[0]] = {**table.items[keys[0]], "cs": {"B": b"x"}}
    found = list(iter_sealed(table, "t", keys))
    assert sum(isinstance(each, Quarantined) for each in found) == 1
    assert len(found) == len(keys)
