"""The fast listing gives what botocore's own parser gives."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import botocore.session
import pytest
from botocore import handlers
from botocore.awsrequest import HeadersDict
from botocore.parsers import ResponseParserError, ResponseParserFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.cloud import listing
from pitwall.cloud.parser import FastParserFactory

STOCK = ResponseParserFactory().create_parser("rest-xml")
FAST = FastParserFactory(ResponseParserFactory()).create_parser("rest-xml")
S3 = botocore.session.Session().get_service_model("s3")
SHAPE = S3.operation_model("ListObjectsV2").output_shape
HEADERS = HeadersDict({"x-amz-request-id": "abc", "x-amz-id-2": "def", "Content-Type": "xml"})


def response(body: bytes, status: int = 200) -> dict[str, Any]:
    return {"body": body, "headers": HEADERS, "status_code": status, "context": {}}


_text = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"
    ),
    min_size=1,
    max_size=12,
)
_moment = st.sampled_from(["2025-09-06T19:00:00.000Z", "2026-01-01T00:00:00.123Z"])
_fields = st.fixed_dictionaries(
    {"Key": _text},
    optional={
        "LastModified": _moment,
        "ETag": _text,
        "ChecksumAlgorithm": st.just("CRC64NVME"),
        "ChecksumType": st.just("FULL_OBJECT"),
        "Size": st.integers(0, 10**12).map(str),
        "StorageClass": st.just("STANDARD"),
        "Owner": st.just("<ID>x</ID>"),
        "Unknown": _text,
    },
)
_page = st.fixed_dictionaries(
    {"IsTruncated": st.sampled_from(["true", "false"])},
    optional={
        "Name": _text,
        "Prefix": _text,
        "KeyCount": st.integers(0, 1000).map(str),
        "MaxKeys": st.just("1000"),
        "EncodingType": st.just("url"),
        "NextContinuationToken": _text,
        "Unknown": _text,
    },
)


def xml(page: dict[str, str], contents: list[dict[str, str]]) -> bytes:
    def element(name: str, value: str) -> str:
        return f"<{name}>{value if name == 'Owner' else escape(value)}</{name}>"

    inner = "".join(element(*field) for field in page.items())
    for each in contents:
        inner += f"<Contents>{''.join(element(*field) for field in each.items())}</Contents>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult '
        f'xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inner}</ListBucketResult>'
    ).encode()


@settings(max_examples=80)
@given(_page, st.lists(_fields, max_size=4))
def test_the_same_as_botocore(page: dict[str, str], contents: list[dict[str, str]]) -> None:
    body = xml(page, contents)
    assert FAST.parse(response(body), SHAPE) == STOCK.parse(response(body), SHAPE)


def test_usual_pages_do_not_go_to_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(STOCK), "parse", lambda *args: pytest.fail("the stock parser"))
    fields = {
        "Key": "raw/x", "LastModified": "2025-09-06T19:00:00.000Z", "ETag": '"1"',
        "ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "FULL_OBJECT", "Size": "7",
        "StorageClass": "STANDARD",
    }  # fmt: skip
    page = {"IsTruncated": "true", "NextContinuationToken": "t", "KeyCount": "1", "Name": "b"}
    parsed = FAST.parse(response(xml(page, [fields])), SHAPE)
    assert parsed["Contents"][0]["Size"] == 7
    assert parsed["IsTruncated"] is True


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<Key>", b"<!-- <Contents><Key>no</Key></Contents> --><Key>"),
        (b"<Key>a", b"<Key><![CDATA[<Contents></Contents>]]>a"),
        (b"<Key>a", b"<Key>a&#13;&#x41;"),
        (b"<Key>a", b"<Key>&quot;&amp;quot;&lt;&apos;&gt;"),
        (b"<Key>a", b"<Key>a\r\nb"),
        (b"<Contents><Key>", b"<Contents>\n  <Key>"),
        (b"<Key>a", b"<Size>3</Size><Key>a"),
        (b'encoding="UTF-8"', b'encoding="ISO-8859-1"'),
        (b"<Contents>", b"<CommonPrefixes><Prefix>p</Prefix></CommonPrefixes><Contents>"),
    ],
)
def test_unusual_pages_are_read_as_botocore_reads_them(old: bytes, new: bytes) -> None:
    body = xml({"IsTruncated": "false"}, [{"Key": "a\u00e9"}]).replace(old, new, 1)
    assert new in body
    assert FAST.parse(response(body), SHAPE) == STOCK.parse(response(body), SHAPE)


def test_errors_and_other_operations_are_botocores() -> None:
    error = b"<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>"
    assert FAST.parse(response(error, 404), SHAPE)["Error"]["Code"] == "NoSuchBucket"
    with pytest.raises(ResponseParserError):
        FAST.parse(response(b"<ListBucketResult><Contents>"), SHAPE)
    listed = S3.operation_model("ListBuckets").output_shape
    body = b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"
    assert FAST.parse(response(body), listed) == STOCK.parse(response(body), listed)


def test_entities_are_bounded() -> None:
    bomb = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    body = f'<!DOCTYPE x [<!ENTITY a0 "x">{bomb}]><ListBucketResult><Name>&a11;</Name>'.encode()
    with pytest.raises(listing.ET.ParseError):
        listing.parse_listing(body + b"</ListBucketResult>")


def test_a_listing_is_read_once_and_an_error_in_a_good_answer_is_still_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[bytes] = []
    stock = handlers._looks_like_special_case_error

    def look(status: int, body: bytes) -> bool:
        read.append(body)
        return bool(stock(status, body))

    monkeypatch.setattr(handlers, "_looks_like_special_case_error", look)
    client = botocore.session.Session().create_client(
        "s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    listing.once(client)

    def status(operation: str, body: bytes) -> int:
        model = client.meta.service_model.operation_model(operation)
        parsed = response(body)
        client.meta.events.emit(
            f"before-parse.s3.{operation}",
            operation_model=model,
            response_dict=parsed,
            customized_response_dict={},
        )
        return int(parsed["status_code"])

    page = b'<?xml version="1.0"?><ListBucketResult><Name>b</Name></ListBucketResult>'
    error = b"<Error><Code>InternalError</Code></Error>"
    assert status("ListObjectsV2", page) == 200
    assert read == []
    assert status("ListObjectsV2", error) == 500
    assert status("DeleteObjects", error) == 500
    assert len(read) == 2
    client.close()
