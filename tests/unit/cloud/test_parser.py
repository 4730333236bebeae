"""The fast parser gives what botocore's own gives."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import ResponseParserError, ResponseParserFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.cloud.faults import explain, is_passing
from pitwall.cloud.image import Image
from pitwall.cloud.parser import FastParserFactory
from pitwall.cloud.strangers import StrangerAnswered
from pitwall.telemetry import BadInput

SESSION = botocore.session.Session()
STOCK = ResponseParserFactory().create_parser("json")
FAST = FastParserFactory(ResponseParserFactory()).create_parser("json")
HEADERS = HeadersDict({"x-amzn-RequestId": "abc", "Date": "Sat, 06 Sep 2025 18:40:01 GMT"})


def shape(service: str, operation: str) -> Any:
    return SESSION.get_service_model(service).operation_model(operation).output_shape


def response(body: object, status: int = 200) -> dict[str, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {"body": raw, "headers": HEADERS, "status_code": status, "context": {}}


def outcome(parser: Any, answer: dict[str, Any], wanted: Any) -> Any:
    """What a parser makes of an answer, all of it looked at; "refused" when it raises. Which words
    a damaged item is refused with is ours."""
    try:
        return looked_at(parser.parse(answer, wanted))
    except (ResponseParserError, BadInput, ValueError, AttributeError, TypeError, OverflowError):
        return "refused"


def looked_at(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: looked_at(inner) for name, inner in value.items()}
    return [looked_at(inner) for inner in value] if isinstance(value, list) else value


_b64 = st.binary(max_size=6).map(lambda b: base64.b64encode(b).decode())
_scalar: st.SearchStrategy[Any] = st.one_of(
    st.text(max_size=8).map(lambda v: {"S": v}),
    st.integers().map(lambda v: {"N": str(v)}),
    _b64.map(lambda v: {"B": v}),
    st.booleans().map(lambda v: {"BOOL": v}),
    st.just({"NULL": True}),
    st.lists(st.text(max_size=3), max_size=3).map(lambda v: {"SS": v}),
    st.lists(_b64, max_size=3).map(lambda v: {"BS": v}),
)
_value = st.recursive(
    _scalar,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda v: {"L": v}),
        st.dictionaries(st.text(max_size=4), inner, max_size=3).map(lambda v: {"M": v}),
    ),
    max_leaves=4,
)
_image = st.dictionaries(st.text(max_size=3), _value, max_size=3)
_second = st.one_of(st.integers(0, 2 * 10**9), st.floats(0, 2e9))
_change = st.fixed_dictionaries(
    {"SequenceNumber": st.text("0123456789", min_size=1, max_size=30)},
    optional={
        "ApproximateCreationDateTime": _second,
        "Keys": _image,
        "NewImage": _image,
        "OldImage": _image,
        "SizeBytes": st.integers(0, 400_000),
    },
)
_streams = st.fixed_dictionaries(
    {
        "Records": st.lists(
            st.fixed_dictionaries(
                {
                    "eventID": st.text(max_size=9),
                    "eventName": st.just("INSERT"),
                    "dynamodb": _change,
                }
            ),
            max_size=4,
        )
    },
    optional={"NextShardIterator": st.text(max_size=20)},
)
_kinesis = st.fixed_dictionaries(
    {
        "Records": st.lists(
            st.fixed_dictionaries(
                {
                    "SequenceNumber": st.text("0123456789", max_size=9),
                    "ApproximateArrivalTimestamp": _second,
                    "Data": _b64,
                    "PartitionKey": st.text(max_size=5),
                }
            ),
            max_size=4,
        ),
        "MillisBehindLatest": st.integers(0, 10**6),
    },
    optional={
        "NextShardIterator": st.text(max_size=20),
        "ChildShards": st.just(
            [
                {
                    "ShardId": "s-1",
                    "ParentShards": ["s-0"],
                    "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "9"},
                }
            ]
        ),
    },
)
_query = st.fixed_dictionaries(
    {"Items": st.lists(_image, max_size=4), "Count": st.integers(0, 4), "ScannedCount": st.just(4)},
    optional={"LastEvaluatedKey": _image},
)
_batch = st.fixed_dictionaries(
    {
        "Responses": st.dictionaries(st.text(max_size=3), st.lists(_image, max_size=3), max_size=2),
        "UnprocessedKeys": st.dictionaries(
            st.text(max_size=3),
            st.fixed_dictionaries({"Keys": st.lists(_image, min_size=1, max_size=2)}),
            max_size=1,
        ),
    }
)


@pytest.mark.parametrize(
    ("service", "operation", "bodies"),
    [
        ("dynamodbstreams", "GetRecords", _streams),
        ("kinesis", "GetRecords", _kinesis),
        ("dynamodb", "Query", _query),
        ("dynamodb", "BatchGetItem", _batch),
    ],
)
@settings(max_examples=60)
@given(data=st.data())
def test_the_same_as_botocore(
    service: str, operation: str, bodies: Any, data: st.DataObject
) -> None:
    answer = response(data.draw(bodies))
    assert FAST.parse(answer, shape(service, operation)) == STOCK.parse(
        answer, shape(service, operation)
    )


def test_other_answers_are_botocores() -> None:
    describe = shape("dynamodbstreams", "DescribeStream")
    body = {"StreamDescription": {"CreationRequestDateTime": 1.5, "Shards": []}}
    assert FAST.parse(response(body), describe) == STOCK.parse(response(body), describe)
    get = shape("dynamodbstreams", "GetRecords")
    error = response({"__type": "x#ExpiredIteratorException", "message": "old"}, 400)
    assert FAST.parse(error, get)["Error"]["Code"] == "ExpiredIteratorException"
    assert FAST.parse(error, get) == STOCK.parse(error, get)
    query = FastParserFactory(ResponseParserFactory()).create_parser("query")
    assert type(query).__module__ == "botocore.parsers"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"Records": 5}',
        b'{"Records": [{"dynamodb": {"NewImage": {"p": {"B": "%%%"}}}}]}',
        b'{"Records": [{"dynamodb": {"ApproximateCreationDateTime": "yesterday"}}]}',
    ],
)
def test_an_unexpected_body_gets_botocores_own_words(body: bytes) -> None:
    get = shape("dynamodbstreams", "GetRecords")

    def words(parser: Any) -> object:
        try:
            return parser.parse(response(body), get)
        except (ResponseParserError, ValueError, AttributeError, TypeError) as error:
            return type(error), str(error)

    assert words(FAST) == words(STOCK)


_MEMBERS = ["S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL", "X", "Records", "Items"]
_json: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(max_size=6),
        st.sampled_from(["\ud800", "AAA=", "AAA", "12", "\x00", "null"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(_MEMBERS) | st.text(max_size=3), inner, max_size=3),
    ),
    max_leaves=6,
)


def _odd(wanted: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what belongs there, and now and then anything."""
    return st.one_of(wanted, wanted, wanted, _json)


_odd_item = _odd(st.dictionaries(st.text(max_size=3), _odd(_value), max_size=3))
_odd_change = _odd(
    st.fixed_dictionaries(
        {},
        optional={
            "SequenceNumber": _odd(st.text("0123456789", max_size=30)),
            "ApproximateCreationDateTime": _odd(_second),
            "Keys": _odd_item,
            "NewImage": _odd_item,
            "OldImage": _odd_item,
            "SizeBytes": _odd(st.integers()),
            "Unknown": _json,
        },
    )
)
_odd_bodies = {
    ("dynamodbstreams", "GetRecords"): st.fixed_dictionaries(
        {},
        optional={
            "Records": _odd(
                st.lists(
                    _odd(
                        st.fixed_dictionaries(
                            {},
                            optional={
                                "eventName": _odd(st.just("REMOVE")),
                                "dynamodb": _odd_change,
                                "userIdentity": _odd(st.just({"Type": "Service", "X": 1})),
                            },
                        )
                    ),
                    max_size=3,
                )
            ),
            "NextShardIterator": _odd(st.text(max_size=5)),
            "Unknown": _json,
        },
    ),
    ("kinesis", "GetRecords"): st.fixed_dictionaries(
        {},
        optional={
            "Records": _odd(
                st.lists(
                    _odd(
                        st.fixed_dictionaries(
                            {},
                            optional={
                                "Data": _odd(_b64),
                                "ApproximateArrivalTimestamp": _odd(_second),
                                "SequenceNumber": _odd(st.text(max_size=3)),
                                "Unknown": _json,
                            },
                        )
                    ),
                    max_size=3,
                )
            ),
            "MillisBehindLatest": _odd(st.integers()),
            "ChildShards": _odd(st.just([{"ShardId": "a", "X": 1}])),
        },
    ),
    ("dynamodb", "Query"): st.fixed_dictionaries(
        {},
        optional={
            "Items": _odd(st.lists(_odd_item, max_size=3)),
            "LastEvaluatedKey": _odd_item,
            "Count": _odd(st.integers()),
            "ConsumedCapacity": _odd(st.just({"CapacityUnits": 1.5})),
        },
    ),
    ("dynamodb", "BatchGetItem"): st.fixed_dictionaries(
        {},
        optional={
            "Responses": _odd(
                st.dictionaries(
                    st.text(max_size=3), _odd(st.lists(_odd_item, max_size=2)), max_size=2
                )
            ),
            "UnprocessedKeys": _odd(
                st.dictionaries(
                    st.text(max_size=3),
                    _odd(st.fixed_dictionaries({"Keys": st.lists(_odd_item, max_size=2)})),
                    max_size=1,
                )
            ),
        },
    ),
}


@pytest.mark.parametrize(("service", "operation"), list(_odd_bodies))
@settings(max_examples=250)
@given(data=st.data())
def test_odd_answers_are_read_as_botocore_reads_them(
    service: str, operation: str, data: st.DataObject
) -> None:
    answer = response(data.draw(_odd(_odd_bodies[service, operation])))
    wanted = shape(service, operation)
    if not isinstance(json.loads(answer["body"]), dict):
        with pytest.raises(StrangerAnswered):
            FAST.parse(answer, wanted)
        return
    theirs = outcome(STOCK, answer, wanted)
    ours = outcome(FAST, answer, wanted)
    assert ours == theirs


PAGE = b"<!doctype html>\n<html><title>Hotel WiFi</title><body>please sign in</body></html>"
JSON_ANSWERS = [
    ("dynamodb", "BatchWriteItem"), ("dynamodb", "PutItem"), ("dynamodb", "Query"),
    ("dynamodb", "BatchGetItem"), ("dynamodb", "DescribeTable"),
    ("dynamodbstreams", "GetRecords"), ("dynamodbstreams", "DescribeStream"),
    ("kinesis", "GetRecords"), ("kinesis", "ListShards"), ("firehose", "DescribeDeliveryStream"),
]  # fmt: skip


@pytest.mark.parametrize("body", [PAGE, b"{", b'{"Items": [', b"[]", b"null", b"OK", b"\xff\xfe"])
@pytest.mark.parametrize(("service", "operation"), JSON_ANSWERS)
def test_what_is_not_the_services_answer_is_none(service: str, operation: str, body: bytes) -> None:
    """botocore takes these for answers without members: a write would have been accepted."""
    with pytest.raises(StrangerAnswered) as caught:
        FAST.parse(response(body), shape(service, operation))
    words = explain(caught.value)
    assert words.startswith("what answered is not AWS (status 200")
    assert "\n" not in words
    assert len(words) < 200
    assert is_passing(caught.value)


def test_an_empty_answer_is_none_to_a_write() -> None:
    for operation in ("BatchWriteItem", "PutItem"):
        with pytest.raises(StrangerAnswered, match="status 200 and nothing else"):
            FAST.parse(response(b""), shape("dynamodb", operation))
    assert FAST.parse(response(b""), None)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_page_in_place_of_a_refusal_is_no_refusal() -> None:
    query = shape("dynamodb", "Query")
    for status in (302, 403, 407, 451):
        with pytest.raises(StrangerAnswered, match=f"status {status}"):
            FAST.parse(response(PAGE, status), query)
    # a server's fault is tried again, whatever it is told by; other words are botocore's
    for body, status in ((PAGE, 503), (b"Too many", 429), (b'{"__type": "a#B"}', 400)):
        answer = response(body, status)
        assert FAST.parse(answer, query) == STOCK.parse(answer, query)


def test_an_object_is_stored_by_nobody_but_the_service() -> None:
    parser = FastParserFactory(ResponseParserFactory()).create_parser("rest-xml")
    put = shape("s3", "PutObject")
    with pytest.raises(StrangerAnswered, match="Hotel"):
        parser.parse(response(PAGE), put)
    assert parser.parse(response(b""), put)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_records_are_the_mappings_that_botocore_gives() -> None:
    body = {
        "Records": [
            {"eventName": "REMOVE", "dynamodb": {"Keys": {"pk": {"S": "a"}}, "NewImage": None}},
            {"eventID": "1", "dynamodb": {"NewImage": {"p": {"B": "AAE="}}, "SizeBytes": 3}},
        ]
    }
    get = shape("dynamodbstreams", "GetRecords")
    ours = FAST.parse(response(body), get)["Records"]
    theirs = STOCK.parse(response(body), get)["Records"]
    assert ours == theirs
    assert theirs == ours
    assert ours != theirs[::-1]
    for mine, stock in zip(ours, theirs, strict=True):
        assert dict(mine) == stock
        assert sorted(mine.keys()) == sorted(stock)
        assert len(mine["dynamodb"]) == len(stock["dynamodb"])
        assert "awsRegion" not in mine
        assert mine.get("awsRegion", 5) == 5
        assert mine.get("keys") is None, "a method is no member"
        with pytest.raises(KeyError):
            mine["awsRegion"]
    assert ours[1]["dynamodb"]["NewImage"]["p"] == {"B": b"\0\1"}


def test_rows_are_what_the_members_say() -> None:
    body = {
        "Records": [
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "SequenceNumber": "17",
                    "ApproximateCreationDateTime": 1.5,
                    "NewImage": {"pk": {"S": "a"}},
                },
            },
            {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "18", "NewImage": {}}},
            {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": "19", "NewImage": None}},
            {"eventName": "MODIFY"},
        ]
    }
    records = FAST.parse(response(body), shape("dynamodbstreams", "GetRecords"))["Records"]
    rows = [row[:3] for row in records.rows()]
    assert rows == [
        ("17", 1_500_000, {"pk": {"S": "a"}}),
        ("18", 0, None),
        ("19", 0, None),
        ("", 0, None),
    ]


def test_a_damaged_item_keeps_none_of_the_others_from_being_read() -> None:
    body = b'{"Records": [%b]}' % b",".join(
        b'{"dynamodb": {"SequenceNumber": "%d", "NewImage": {"p": %b}}}' % (i, part)
        for i, part in enumerate((b'{"S": "good"}', b'{"B": "A"}', b"5"))
    )
    rows = list(
        FAST.parse(response(body), shape("dynamodbstreams", "GetRecords"))["Records"].rows()
    )
    assert rows[0][2] == {"p": {"S": "good"}}
    for row in rows[1:]:
        image = row[2]
        assert isinstance(image, Image)
        with pytest.raises(BadInput, match="cannot be read"):
            image["p"]
        assert b"NewImage" not in bytes(image.raw)
