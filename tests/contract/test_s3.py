"""The archive's contract: objects, ranges and listings, over every implementation."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.backends import Backend, code


def put(backend: Backend, bucket: str, *keys: str) -> None:
    for key in keys:
        backend.s3.put_object(Bucket=bucket, Key=key, Body=key.encode())


def listed(backend: Backend, bucket: str, **more: Any) -> list[str]:
    """Keys and common prefixes of every page, in the order in which they come."""
    found: list[str] = []
    while True:
        page = backend.s3.list_objects_v2(Bucket=bucket, **more)
        rows = [row["Key"] for row in page.get("Contents", [])]
        rows += [row["Prefix"] for row in page.get("CommonPrefixes", [])]
        assert page["KeyCount"] == len(rows)
        found += sorted(rows)
        if not page["IsTruncated"]:
            return found
        more["ContinuationToken"] = page["NextContinuationToken"]


def test_an_object_comes_back_as_it_went(backend: Backend) -> None:
    bucket = backend.bucket()
    body = bytes(range(256)) * 100
    made = backend.s3.put_object(
        Bucket=bucket,
        Key="sealed/r1/11/001/pos.seg",
        Body=body,
        ContentType="application/octet-stream",
        Metadata={"laps": "1"},
    )
    got = backend.s3.get_object(Bucket=bucket, Key="sealed/r1/11/001/pos.seg")
    assert got["Body"].read() == body
    assert got["ETag"] == made["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert got["ContentType"] == "application/octet-stream"
    assert got["Metadata"] == {"laps": "1"}
    head = backend.s3.head_object(Bucket=bucket, Key="sealed/r1/11/001/pos.seg")
    assert head["ContentLength"] == len(body)
    assert head["LastModified"] == got["LastModified"]


@pytest.mark.parametrize("key", ["a b", "é/ü", "a+b", "a%20b", "a&b<c>", "x/~!*'()", "q?a=b#c"])
def test_any_key_is_a_key(backend: Backend, key: str) -> None:
    bucket = backend.bucket()
    put(backend, bucket, key)
    assert backend.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert listed(backend, bucket) == [key]


@pytest.mark.parametrize(
    ("wanted", "expected", "shown"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
        ("bytes=-4", b"6789", "bytes 6-9/10"),
        ("bytes=0-0", b"0", "bytes 0-0/10"),
    ],
)
def test_ranges(backend: Backend, wanted: str, expected: bytes, shown: str) -> None:
    bucket = backend.bucket()
    backend.s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = backend.s3.get_object(Bucket=bucket, Key="k", Range=wanted)
    assert got["Body"].read() == expected
    assert got["ContentRange"] == shown
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_a_range_past_the_end(backend: Backend) -> None:
    bucket = backend.bucket()
    put(backend, bucket, "k")
    with pytest.raises(ClientError) as refused:
        backend.s3.get_object(Bucket=bucket, Key="k", Range="bytes=99-")
    assert code(refused) == "InvalidRange"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 416


def test_what_is_not_there(backend: Backend) -> None:
    bucket = backend.bucket()
    with pytest.raises(backend.s3.exceptions.NoSuchKey):
        backend.s3.get_object(Bucket=bucket, Key="absent")
    with pytest.raises(ClientError) as refused:
        backend.s3.head_object(Bucket=bucket, Key="absent")
    assert code(refused) == "404"
    with pytest.raises(backend.s3.exceptions.NoSuchBucket):
        backend.s3.list_objects_v2(Bucket="no-such-bucket-here")
    with pytest.raises(backend.s3.exceptions.NoSuchBucket):
        backend.s3.put_object(Bucket="no-such-bucket-here", Key="k", Body=b"")


def test_delete_is_idempotent(backend: Backend) -> None:
    bucket = backend.bucket()
    put(backend, bucket, "a", "b")
    for _ in range(2):
        backend.s3.delete_object(Bucket=bucket, Key="a")
    assert listed(backend, bucket) == ["b"]


def test_put_only_if_new(backend: Backend) -> None:
    bucket = backend.bucket()
    backend.s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError) as refused:
        backend.s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    assert code(refused) == "PreconditionFailed"
    assert backend.s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"


def test_put_replaces(backend: Backend) -> None:
    bucket = backend.bucket()
    backend.s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    backend.s3.put_object(Bucket=bucket, Key="k", Body=b"22")
    (row,) = backend.s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert row["Size"] == 2


HOURS = [
    f"raw/2026/11/23/{hour:02}/archive-1-2026-11-23-{hour:02}-{minute:02}-00-x.gz"
    for hour in (9, 10, 11)
    for minute in (5, 35)
]


def test_listing_by_hour(backend: Backend) -> None:
    bucket = backend.bucket()
    put(backend, bucket, *HOURS, "sealed/a.seg")
    assert listed(backend, bucket, Prefix="raw/2026/11/23/10/") == HOURS[2:4]
    after = listed(backend, bucket, Prefix="raw/", StartAfter=HOURS[2], MaxKeys=2)
    assert after == HOURS[3:]
    hours = listed(backend, bucket, Prefix="raw/2026/11/23/", Delimiter="/", MaxKeys=1)
    assert hours == [f"raw/2026/11/23/{hour:02}/" for hour in (9, 10, 11)]
    assert listed(backend, bucket, Delimiter="/") == ["raw/", "sealed/"]
    assert listed(backend, bucket, Prefix="absent/") == []


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    keys=st.sets(st.text("ab/é", min_size=1, max_size=5), min_size=1, max_size=8),
    prefix=st.text("ab/", max_size=2),
    delimiter=st.sampled_from(["", "/"]),
    limit=st.integers(1, 3),
)
def test_listing_is_a_model_of_itself(
    backend: Backend, keys: set[str], prefix: str, delimiter: str, limit: int
) -> None:
    # Keys that a path cannot carry (empty segments at the ends) are not what this is about.
    keys = {"k" + key.replace("//", "/") for key in keys}
    prefix = "k" + prefix
    bucket = backend.bucket()
    put(backend, bucket, *keys)
    expected: list[str] = []
    for key in sorted(key for key in keys if key.startswith(prefix)):
        cut = key.find("/", len(prefix)) if delimiter else -1
        shown = key[: cut + 1] if cut >= 0 else key
        if shown not in expected:
            expected.append(shown)
    more = {"Delimiter": delimiter} if delimiter else {}
    assert sorted(listed(backend, bucket, Prefix=prefix, MaxKeys=limit, **more)) == sorted(expected)
