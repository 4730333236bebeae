"""The fast parser gives what botocore's own gives."""

from __future__ import annotations

import base64
import json
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import ResponseParserError, ResponseParserFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.cloud.parser import FastParserFactory

SESSION = botocore.session.Session()
STOCK = ResponseParserFactory().create_parser("json")
FAST = FastParserFactory(ResponseParserFactory()).create_parser("json")
HEADERS = HeadersDict({"x-amzn-RequestId": "abc", "Date": "Sat, 06 Sep 2025 18:40:01 GMT"})


def shape(service: str, operation: str) -> Any:
    return SESSION.get_service_model(service).operation_model(operation).output_shape


def response(body: object, status: int = 200) -> dict[str, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {"body": raw, "headers": HEADERS, "status_code": status, "context": {}}


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
    xml = FastParserFactory(ResponseParserFactory()).create_parser("rest-xml")
    assert type(xml).__module__ == "botocore.parsers"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"Records": 5}',
        b'{"Records": [{"dynamodb": {"NewImage": {"p": {"B": "%%%"}}}}]}',
        b'{"Records": [{"dynamodb": {"ApproximateCreationDateTime": "yesterday"}}]}',
    ],
)
def test_an_unexpected_body_gets_botocores_own_words(body: bytes) -> None:
    get = shape("dynamodbstreams", "GetRecords")

    def outcome(parser: Any) -> object:
        try:
            return parser.parse(response(body), get)
        except (ResponseParserError, ValueError, AttributeError, TypeError) as error:
            return type(error), str(error)

    assert outcome(FAST) == outcome(STOCK)
