"""The table's contract: what Pitwall relies on, over every implementation."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.backends import Backend, code

ITEM: dict[str, Any] = {
    "pk": {"S": "2026-11-23-oval-r1#pos#001#11"},
    "sk": {"S": "0001#0001"},
    "k": {"S": "c"},
    "n": {"N": "17"},
    "p": {"B": bytes(range(256))},
    "x": {"BOOL": True},
    "z": {"NULL": True},
    "h": {"M": {"pos": {"N": "3"}, "été": {"S": "ü"}}},
    "l": {"L": [{"S": "a"}, {"N": "-1.5"}]},
}


def item(pk: str, sk: str, **more: dict[str, Any]) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}, **more}


def fill(backend: Backend, table: str, pk: str, sks: list[str], size: int = 10) -> None:
    for at in range(0, len(sks), 25):
        requests = [
            {"PutRequest": {"Item": item(pk, sk, d={"B": b"x" * size})}} for sk in sks[at : at + 25]
        ]
        answer = backend.dynamodb.batch_write_item(RequestItems={table: requests})
        assert not answer["UnprocessedItems"]


def query(backend: Backend, table: str, condition: str, **more: Any) -> list[str]:
    """Sort keys of every page, in order."""
    values = {f":{name}": value for name, value in more.pop("values").items()}
    found: list[str] = []
    while True:
        answer = backend.dynamodb.query(
            TableName=table,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            **more,
        )
        assert answer["Count"] == len(answer["Items"])
        found += [row["sk"].get("S") or row["sk"]["N"] for row in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return found
        more["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def test_every_type_comes_back_as_it_went(backend: Backend) -> None:
    table = backend.table()
    backend.dynamodb.put_item(TableName=table, Item=ITEM)
    key = {name: ITEM[name] for name in ("pk", "sk")}
    assert backend.dynamodb.get_item(TableName=table, Key=key)["Item"] == ITEM
    consistent = backend.dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)
    assert consistent["Item"] == ITEM


def test_an_absent_item_has_no_item_member(backend: Backend) -> None:
    table = backend.table()
    assert "Item" not in backend.dynamodb.get_item(TableName=table, Key=item("a", "b"))


def test_projection_picks_attributes(backend: Backend) -> None:
    table = backend.table()
    backend.dynamodb.put_item(TableName=table, Item=ITEM)
    answer = backend.dynamodb.get_item(
        TableName=table,
        Key={name: ITEM[name] for name in ("pk", "sk")},
        ProjectionExpression="sk, #n, absent",
        ExpressionAttributeNames={"#n": "n"},
    )
    assert answer["Item"] == {"sk": ITEM["sk"], "n": ITEM["n"]}


def test_put_replaces_the_whole_item(backend: Backend) -> None:
    table = backend.table()
    backend.dynamodb.put_item(TableName=table, Item=item("a", "b", one={"S": "1"}))
    old = backend.dynamodb.put_item(
        TableName=table, Item=item("a", "b", two={"S": "2"}), ReturnValues="ALL_OLD"
    )
    assert old["Attributes"] == item("a", "b", one={"S": "1"})
    got = backend.dynamodb.get_item(TableName=table, Key=item("a", "b"))
    assert got["Item"] == item("a", "b", two={"S": "2"})


def test_a_condition_keeps_the_first(backend: Backend) -> None:
    table = backend.table()
    once = {"TableName": table, "ConditionExpression": "attribute_not_exists(pk)"}
    backend.dynamodb.put_item(Item=item("a", "b", v={"N": "1"}), **once)
    with pytest.raises(backend.dynamodb.exceptions.ConditionalCheckFailedException) as failed:
        backend.dynamodb.put_item(
            Item=item("a", "b", v={"N": "2"}),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **once,
        )
    assert failed.value.response["Item"]["v"] == {"N": "1"}
    got = backend.dynamodb.get_item(TableName=table, Key=item("a", "b"))
    assert got["Item"]["v"] == {"N": "1"}


def test_a_condition_on_a_counter(backend: Backend) -> None:
    table = backend.table()

    def put(n: int) -> None:
        backend.dynamodb.put_item(
            TableName=table,
            Item=item("a", "b", n={"N": str(n)}),
            ConditionExpression="attribute_not_exists(pk) OR #n < :n",
            ExpressionAttributeNames={"#n": "n"},
            ExpressionAttributeValues={":n": {"N": str(n)}},
        )

    put(9)
    put(10)
    with pytest.raises(backend.dynamodb.exceptions.ConditionalCheckFailedException):
        put(10)


def test_batch_write_takes_25(backend: Backend) -> None:
    table = backend.table()
    rows = [{"PutRequest": {"Item": item("a", f"{i:03}")}} for i in range(26)]
    backend.dynamodb.batch_write_item(RequestItems={table: rows[:25]})
    with pytest.raises(ClientError) as refused:
        backend.dynamodb.batch_write_item(RequestItems={table: rows})
    assert code(refused) == "ValidationException"


def test_batch_write_refuses_the_same_key_twice(backend: Backend) -> None:
    table = backend.table()
    rows = [{"PutRequest": {"Item": item("a", "1", v={"S": v})}} for v in "xy"]
    with pytest.raises(ClientError) as refused:
        backend.dynamodb.batch_write_item(RequestItems={table: rows})
    assert code(refused) == "ValidationException"


def test_batch_write_deletes_too(backend: Backend) -> None:
    table = backend.table()
    fill(backend, table, "a", ["1", "2"])
    rows = [
        {"DeleteRequest": {"Key": item("a", "1")}},
        {"PutRequest": {"Item": item("a", "3")}},
    ]
    backend.dynamodb.batch_write_item(RequestItems={table: rows})
    assert query(backend, table, "pk = :p", values={"p": {"S": "a"}}) == ["2", "3"]


def test_batch_get_finds_what_is_there(backend: Backend) -> None:
    table, other = backend.table(), backend.table()
    fill(backend, table, "a", [f"{i:03}" for i in range(0, 98, 2)])
    fill(backend, other, "b", ["1"])
    answer = backend.dynamodb.batch_get_item(
        RequestItems={
            table: {"Keys": [item("a", f"{i:03}") for i in range(98)], "ConsistentRead": True},
            other: {"Keys": [item("b", "1"), item("b", "2")], "ProjectionExpression": "sk"},
        }
    )
    assert not answer["UnprocessedKeys"]
    found = sorted(row["sk"]["S"] for row in answer["Responses"][table])
    assert found == [f"{i:03}" for i in range(0, 98, 2)]
    assert answer["Responses"][other] == [{"sk": {"S": "1"}}]


@pytest.mark.parametrize("keys", [[item("a", str(i)) for i in range(101)], [item("a", "1")] * 2])
def test_batch_get_limits(backend: Backend, keys: list[Any]) -> None:
    table = backend.table()
    with pytest.raises(ClientError) as refused:
        backend.dynamodb.batch_get_item(RequestItems={table: {"Keys": keys}})
    assert code(refused) == "ValidationException"


SKS = ["a", "ab", "abc", "b", "ba", "c", "é", "\U0001f600"]


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ("pk = :p", {}, SKS),
        ("pk = :p AND sk = :s", {"s": "ab"}, ["ab"]),
        ("pk = :p AND sk < :s", {"s": "b"}, ["a", "ab", "abc"]),
        ("pk = :p AND sk <= :s", {"s": "b"}, ["a", "ab", "abc", "b"]),
        ("pk = :p AND sk > :s", {"s": "ba"}, ["c", "é", "\U0001f600"]),
        ("pk = :p AND sk >= :s", {"s": "ba"}, ["ba", "c", "é", "\U0001f600"]),
        ("pk = :p AND sk BETWEEN :s AND :t", {"s": "aa", "t": "b"}, ["ab", "abc", "b"]),
        ("pk = :p AND begins_with(sk, :s)", {"s": "ab"}, ["ab", "abc"]),
        ("sk >= :s and pk = :p", {"s": "zz"}, ["é", "\U0001f600"]),
        ("(pk = :p) AND (sk = :s)", {"s": "none"}, []),
    ],
)
def test_query_conditions(
    backend: Backend, condition: str, values: dict[str, str], expected: list[str]
) -> None:
    table = backend.table()
    fill(backend, table, "a", SKS[::-1])
    fill(backend, table, "b", ["x"])
    typed = {name: {"S": value} for name, value in {"p": "a", **values}.items()}
    assert query(backend, table, condition, values=typed) == expected
    back = query(backend, table, condition, values=typed, ScanIndexForward=False, Limit=2)
    assert back == expected[::-1]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    keys=st.lists(st.integers(-50, 50), min_size=1, max_size=25, unique=True),
    low=st.integers(-60, 60),
    width=st.integers(0, 60),
    limit=st.integers(1, 7),
    forward=st.booleans(),
)
def test_numeric_ranges_page_by_page(
    backend: Backend, keys: list[int], low: int, width: int, limit: int, forward: bool
) -> None:
    table = backend.table("N")
    rows = [{"PutRequest": {"Item": {"pk": {"S": "a"}, "sk": {"N": str(k)}}}} for k in keys]
    backend.dynamodb.batch_write_item(RequestItems={table: rows})
    found = query(
        backend,
        table,
        "pk = :p AND sk BETWEEN :l AND :h",
        values={"p": {"S": "a"}, "l": {"N": str(low)}, "h": {"N": str(low + width)}},
        Limit=limit,
        ScanIndexForward=forward,
    )
    expected = sorted((k for k in keys if low <= k <= low + width), reverse=not forward)
    assert [int(sk) for sk in found] == expected


def test_query_pages_at_one_megabyte(backend: Backend) -> None:
    table = backend.table()
    sks = [f"{i:03}" for i in range(8)]
    for sk in sks:
        backend.dynamodb.put_item(TableName=table, Item=item("a", sk, d={"B": b"x" * 300_000}))
    first = backend.dynamodb.query(
        TableName=table,
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "a"}},
    )
    assert first["Count"] in (3, 4)
    assert first["LastEvaluatedKey"] == item("a", sks[first["Count"] - 1])
    assert query(backend, table, "pk = :p", values={"p": {"S": "a"}}) == sks


def test_query_counts_filters_and_projects(backend: Backend) -> None:
    table = backend.table()
    for i in range(6):
        row = item("a", str(i), n={"N": str(i)}, d={"B": b"x"})
        backend.dynamodb.put_item(TableName=table, Item=row)
    common = {
        "TableName": table,
        "KeyConditionExpression": "pk = :p",
        "FilterExpression": "#n >= :n",
    }
    names = {"#n": "n"}
    values = {":p": {"S": "a"}, ":n": {"N": "4"}}
    counted = backend.dynamodb.query(
        **common,
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=values,
        Select="COUNT",
    )
    assert (counted["Count"], counted["ScannedCount"]) == (2, 6)
    assert "Items" not in counted or not counted["Items"]
    shown = backend.dynamodb.query(
        **common,
        ExpressionAttributeNames=names,
        ExpressionAttributeValues=values,
        ProjectionExpression="sk",
    )
    assert shown["Items"] == [{"sk": {"S": "4"}}, {"sk": {"S": "5"}}]


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ("sk = :s", {":s": {"S": "a"}}),
        ("pk > :s", {":s": {"S": "a"}}),
        ("pk = :p AND other = :s", {":p": {"S": "a"}, ":s": {"S": "a"}}),
        ("pk = :p", {":p": {"S": "a"}, ":unused": {"S": "a"}}),
        ("pk = :undefined", {":p": {"S": "a"}}),
        ("pk = :p AND", {":p": {"S": "a"}}),
        ("pk = :p", {":p": {"N": "1"}}),
    ],
    ids=["no pk", "pk range", "no key", "unused", "undefined", "unfinished", "wrong type"],
)
def test_bad_key_conditions(backend: Backend, condition: str, values: dict[str, Any]) -> None:
    table = backend.table()
    with pytest.raises(ClientError) as refused:
        backend.dynamodb.query(
            TableName=table, KeyConditionExpression=condition, ExpressionAttributeValues=values
        )
    assert code(refused) == "ValidationException"


@pytest.mark.parametrize(
    "bad",
    [
        {"pk": {"S": "a"}},
        {"pk": {"N": "1"}, "sk": {"S": "a"}},
        item("", "a"),
        item("a", "b", d={"B": b"x" * (400 << 10)}),
        item("a", "b", n={"N": "much"}),
    ],
    ids=["no sort key", "wrong type", "empty key", "too large", "no number"],
)
def test_bad_items(backend: Backend, bad: dict[str, Any]) -> None:
    table = backend.table()
    with pytest.raises(ClientError) as refused:
        backend.dynamodb.put_item(TableName=table, Item=bad)
    assert code(refused) == "ValidationException"


def test_no_such_table(backend: Backend) -> None:
    with pytest.raises(backend.dynamodb.exceptions.ResourceNotFoundException):
        backend.dynamodb.get_item(TableName="absent", Key=item("a", "b"))
    with pytest.raises(backend.dynamodb.exceptions.ResourceNotFoundException):
        backend.dynamodb.describe_table(TableName="absent")


def test_describe_table(backend: Backend) -> None:
    name = backend.table()
    table = backend.dynamodb.describe_table(TableName=name)["Table"]
    assert table["TableStatus"] == "ACTIVE"
    assert [row["AttributeName"] for row in table["KeySchema"]] == ["pk", "sk"]
    assert f"table/{name}/stream/" in table["LatestStreamArn"]
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    with pytest.raises(backend.dynamodb.exceptions.ResourceInUseException):
        backend.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )


def test_answers_carry_the_servers_date(backend: Backend) -> None:
    answer = backend.dynamodb.list_tables(Limit=1)
    assert "GMT" in answer["ResponseMetadata"]["HTTPHeaders"]["date"]
