"""Our own reader over other people's services: nothing lost, nothing twice, all in order.

What the reader must do is tested elsewhere, against simulations that were written for it; here
the other side was written by people who never saw it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pitwall.stream import DynamoSource, KinesisSource, features_of
from tests.contract import kinesis
from tests.contract.backends import Servers
from tests.contract.changes import Changes, stand_in
from tests.contract.following import Follower
from tests.contract.kinesis import HOUR_US, SECOND_US, Kinesis, starting
from tests.simulation.service import table_change

CARS = 4
TABLE = "pitwall"
RESHARDING = ("kinesalite", "kinesis-local")
IDLE_US = 301 * SECOND_US
"""Longer than an iterator lives."""
ONE_SHARD = ("moto", "ministack")


def enveloped(item: dict[str, Any]) -> bytes:
    """As a table tells its changes to a stream."""
    return table_change(item, 1_790_000_000_000_000, table=TABLE)


def bare(item: dict[str, Any]) -> bytes:
    """As a producer writes to the stream itself."""
    return json.dumps(json.loads(enveloped(item))["dynamodb"]["NewImage"]).encode()


def over_kinesis(stream: Kinesis, name: str | None = None) -> Follower:
    return Follower(
        lambda server, time: KinesisSource.connect(
            stream.client, name or stream.name, TABLE, server, time
        )
    )


def into(stream: Kinesis, form: Callable[[dict[str, Any]], bytes]) -> Callable[..., object]:
    def put(car: str, item: dict[str, Any]) -> object:
        return stream.client.put_record(StreamName=stream.name, Data=form(item), PartitionKey=car)

    return put


def neighbours(stream: Kinesis) -> list[str]:
    """The open shards by their place on the ring."""
    shards = [s for s in stream.shards() if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
    return [shard["ShardId"] for shard in sorted(shards, key=starting)]


def turn_over(stream: Kinesis, step: int) -> None:
    """Split, split, merge across the splits, merge, and round again."""
    parts = neighbours(stream)
    if step % 4 < 2:
        stream.divide(parts[step % len(parts)])
    else:
        stream.join(parts[1], parts[2])


@pytest.mark.parametrize(
    ("name", "form"),
    [("kinesalite", enveloped), ("kinesalite", bare), ("kinesis-local", enveloped)],
)
def test_while_shards_split_and_merge(
    name: str, form: Callable[[dict[str, Any]], bytes], servers: Servers
) -> None:
    stream = kinesis.each(servers, name)(2)
    follower = over_kinesis(stream)
    put = into(stream, form)
    follower.write(put, CARS, 3)
    with follower.reading():
        for step in range(4):
            follower.write(put, CARS, 2)
            turn_over(stream, step)
            follower.write(put, CARS, 2)
        follower.until_all()
    follower.check()
    closed = set(stream.ids()) - set(neighbours(stream))
    assert len(closed) == 6
    assert sorted(str(told["shard"]) for told in follower.told("rotation")) == sorted(closed)


@pytest.mark.parametrize("name", RESHARDING)
def test_shards_that_turned_over_before_the_reader_came(name: str, servers: Servers) -> None:
    stream = kinesis.each(servers, name)(2)
    follower = over_kinesis(stream)
    put = into(stream, enveloped)
    for step in range(4):
        follower.write(put, CARS, 2)
        turn_over(stream, step)
    follower.write(put, CARS, 2)
    with follower.reading():
        follower.until_all()
    follower.check()


@pytest.mark.parametrize("name", RESHARDING)
def test_shards_that_turn_over_while_nobody_reads(name: str, servers: Servers) -> None:
    stream = kinesis.each(servers, name)(2)
    follower = over_kinesis(stream)
    put = into(stream, enveloped)
    for step in range(4):
        follower.write(put, CARS, 2)
        with follower.reading():
            follower.until_all()
        follower.write(put, CARS, 1)
        turn_over(stream, step)
    follower.write(put, CARS, 2)
    with follower.reading():
        follower.until_all()
    follower.check()


def test_by_its_arn_and_from_a_time(servers: Servers) -> None:
    stream = kinesis.each(servers, "kinesis-local")(2)
    summary = stream.client.describe_stream_summary(StreamName=stream.name)
    arn = summary["StreamDescriptionSummary"]["StreamARN"]
    follower = over_kinesis(stream, arn)
    put = into(stream, enveloped)
    follower.write(put, CARS, 3)
    with follower.reading(stream.now_us() - 60_000_000):
        turn_over(stream, 0)
        follower.write(put, CARS, 3)
        follower.until_all()
    follower.check()


@pytest.mark.parametrize("name", RESHARDING)
def test_iterators_that_expire_under_it(name: str, servers: Servers) -> None:
    stream = kinesis.each(servers, name)(2)
    follower = over_kinesis(stream)
    put = into(stream, enveloped)
    with follower.reading():
        # First nothing has been read from any shard, then something.
        for _ in range(3):
            stream.pass_(IDLE_US)
            follower.write(put, CARS, 2)
            follower.until_all()
    follower.check()


def test_what_was_trimmed_while_nobody_read_is_a_gap(servers: Servers) -> None:
    # Only kinesalite trims.
    stream = kinesis.each(servers, "kinesalite")()
    follower = over_kinesis(stream)
    put = into(stream, enveloped)
    follower.write(put, CARS, 2)
    with follower.reading():
        follower.until_all()
    stream.pass_(HOUR_US)
    follower.write(put, CARS, 2)
    stream.pass_(25 * HOUR_US)
    follower.write(put, CARS, 2)
    with follower.reading():
        follower.until(lambda: bool(follower.told("gap")))
        follower.until(lambda: all(n[-1:] == [6] for n in follower.sink.applied.values()))
    assert follower.missing() == {f"c{i}": [3, 4] for i in range(CARS)}
    assert all(n == [1, 2, 5, 6] for n in follower.sink.applied.values())


def test_a_stream_made_again_under_its_name_is_told(servers: Servers) -> None:
    stream = kinesis.each(servers, "kinesis-local")()
    follower = over_kinesis(stream)
    put = into(stream, enveloped)
    follower.write(put, CARS, 2)
    with follower.reading():
        follower.until_all()
        stream.client.delete_stream(StreamName=stream.name)
        stream.pass_(SECOND_US)
        kinesis.create(stream.client, stream.name, 1)
        follower.until(lambda: bool(follower.told("disabled")))
    follower.check()


# -- DynamoDB Streams


def over_dynamodb(changes: Changes) -> Follower:
    return Follower(
        lambda server, time: DynamoSource(
            changes.streams,
            changes.arn,
            features=features_of(changes.streams),
            server=server,
            time=time,
        )
    )


def into_table(changes: Changes) -> Callable[..., object]:
    return lambda car, item: changes.dynamodb.put_item(TableName=changes.table, Item=item)


@pytest.fixture(params=ONE_SHARD)
def changes(request: pytest.FixtureRequest, servers: Servers) -> Changes:
    backend = servers.backend(request.param)
    return Changes(backend.table(), backend.dynamodb, backend.streams)


def test_the_stand_in_while_shards_rotate_and_split() -> None:
    with stand_in(shards=2) as (changes, service):
        follower = over_dynamodb(changes)
        put = into_table(changes)
        follower.write(put, CARS, 3)
        with follower.reading():
            for step in range(4):
                follower.write(put, CARS, 2)
                changes.clock.pass_(1_000_000)
                (service.split if step % 2 else service.rotate)()
                follower.write(put, CARS, 2)
            follower.until_all()
        follower.check()
        assert len(changes.shards()) == 2 + 2 + 4 + 4 + 8


def test_a_table_and_a_restart(changes: Changes) -> None:
    follower = over_dynamodb(changes)
    put = into_table(changes)
    for _ in range(3):
        follower.write(put, CARS, 2)
        with follower.reading():
            follower.write(put, CARS, 2)
            follower.until_all()
    follower.check()


def test_a_service_that_does_not_know_times_is_read_from_its_oldest_record(
    servers: Servers,
) -> None:
    backend = servers.backend("ministack")
    changes = Changes(backend.table(), backend.dynamodb, backend.streams)
    follower = over_dynamodb(changes)
    put = into_table(changes)
    follower.write(put, CARS, 2)
    with follower.reading(1_700_000_000_000_000):
        follower.write(put, CARS, 2)
        follower.until_all()
    follower.check()


def test_a_stream_that_is_switched_off_ends(servers: Servers) -> None:
    backend = servers.backend("ministack")
    changes = Changes(backend.table(), backend.dynamodb, backend.streams)
    follower = over_dynamodb(changes)
    follower.write(into_table(changes), CARS, 2)
    with follower.reading():
        follower.until_all()
        changes.dynamodb.update_table(
            TableName=changes.table, StreamSpecification={"StreamEnabled": False}
        )
        follower.until(lambda: bool(follower.told("disabled")))
    follower.check()
