"""The stand-in lets in whom it was told to, by the policies that the account would have."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

from pitwall.cli import main
from pitwall.cloud import chunk_item, history, make_clients, publish
from pitwall.cloud.access import Place, Scope, policy_for
from pitwall.cloud.archiver import make_handler
from pitwall.cloud.faults import explain
from pitwall.cloud.keys import chunk_pk
from pitwall.cloud.local.process import StandIn
from pitwall.cloud.query import read_chunks, read_sealed
from pitwall.telemetry import Failure, PitwallError
from tests.unit.cloud import strategies as made
from tests.unit.cloud.test_archiver import record

pytestmark = pytest.mark.slow

CHUNKS, _ = made.field(2, 4.0, 6.0)
KEY = made.SESSION.key
PLACE = Place()
GROUPS = sorted({chunk.series.group for chunk in CHUNKS})
POLICIES = {
    "ENGINEER": policy_for("engineer", PLACE),
    "DRIVER1": policy_for("driver", PLACE, Scope(cars=("1",))),
    "PARTNER": policy_for("partner", PLACE, Scope(groups=(GROUPS[0],))),
    "PRODUCER1": policy_for("producer", PLACE, Scope(cars=("1",))),
    "PRODUCERS": policy_for("producer", PLACE, Scope(cars=("1", "2"), sessions=(KEY,))),
    "SEALER": policy_for("sealer", PLACE),
    "ARCHIVER": policy_for("archiver", PLACE),
    "CAR": {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    },
    "NOBODY": [],
}


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    file = tmp_path_factory.mktemp("access") / "keys.json"
    file.write_text(json.dumps(POLICIES))
    with StandIn.start(firehose_interval_s=0.2, access=str(file)) as running:
        running.control("access", keys={})
        client = boto3.client(
            "dynamodb", endpoint_url=running.endpoint, region_name="us-east-1",
            aws_access_key_id="anybody", aws_secret_access_key="x",
        )  # fmt: skip
        for chunk in CHUNKS:
            client.put_item(TableName=running.table, Item=chunk_item(chunk))
        client.close()
        running.control("access", keys=POLICIES)
        yield running


def client(stand_in: StandIn, service: str, who: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=stand_in.endpoint,
        region_name="us-east-1",
        aws_access_key_id=who,
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def pk(car: str, group: str) -> str:
    lap = next(c.lap for c in CHUNKS if c.series.car == car and c.series.group == group)
    return chunk_pk(KEY, group, lap, car)


def rows(stand_in: StandIn, who: str, key: str, **more: Any) -> list[Any]:
    answer = client(stand_in, "dynamodb", who).query(
        TableName=stand_in.table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": key}},
        **more,
    )
    return list(answer["Items"])


def refused(call: Any) -> ClientError:
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] in ("AccessDeniedException", "AccessDenied")
    return caught.value


def test_rows(stand_in: StandIn) -> None:
    own, other = pk("1", GROUPS[0]), pk("2", GROUPS[0])
    assert rows(stand_in, "ENGINEER", other)
    assert rows(stand_in, "DRIVER1", own)
    error = refused(lambda: rows(stand_in, "DRIVER1", other))
    assert "may not read these rows of the table: permission dynamodb:Query" in explain(error)
    assert rows(stand_in, "PARTNER", other)
    refused(lambda: rows(stand_in, "PARTNER", pk("1", GROUPS[1])))
    refused(lambda: rows(stand_in, "NOBODY", own))


def test_columns(stand_in: StandIn) -> None:
    hidden = pk("1", GROUPS[1])
    seen = rows(stand_in, "PARTNER", hidden, ProjectionExpression="pk, sk, n, c")
    assert seen
    assert all(set(item) == {"pk", "sk", "n", "c"} for item in seen)
    refused(lambda: rows(stand_in, "PARTNER", hidden, ProjectionExpression="pk, p"))


def test_one_foreign_key_in_a_batch(stand_in: StandIn) -> None:
    def get(*keys: str) -> Any:
        wanted = [{"pk": {"S": key}, "sk": {"S": "x"}} for key in keys]
        return client(stand_in, "dynamodb", "DRIVER1").batch_get_item(
            RequestItems={stand_in.table: {"Keys": wanted}}
        )

    assert get(pk("1", GROUPS[0]))["Responses"] == {stand_in.table: []}
    refused(lambda: get(pk("1", GROUPS[0]), pk("2", GROUPS[0])))


def test_scan_and_partiql(stand_in: StandIn) -> None:
    for who in ("ENGINEER", "DRIVER1", "PARTNER"):
        dynamodb = client(stand_in, "dynamodb", who)
        error = refused(lambda dynamodb=dynamodb: dynamodb.scan(TableName=stand_in.table))
        assert "explicit deny" in str(error)
        text = f'SELECT * FROM "{stand_in.table}"'
        refused(lambda dynamodb=dynamodb, text=text: dynamodb.execute_statement(Statement=text))


def test_the_stream(stand_in: StandIn) -> None:
    for who, allowed in (("ENGINEER", True), ("ARCHIVER", True), ("DRIVER1", False)):
        streams = client(stand_in, "dynamodbstreams", who)
        if not allowed:
            refused(lambda streams=streams: streams.describe_stream(StreamArn=stand_in.stream_arn))
            continue
        doc = streams.describe_stream(StreamArn=stand_in.stream_arn)["StreamDescription"]
        iterator = streams.get_shard_iterator(
            StreamArn=stand_in.stream_arn,
            ShardId=doc["Shards"][0]["ShardId"],
            ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]
        streams.get_records(ShardIterator=iterator)
        driver = client(stand_in, "dynamodbstreams", "DRIVER1")
        refused(lambda driver=driver, i=iterator: driver.get_records(ShardIterator=i))


def test_writing(stand_in: StandIn) -> None:
    producer = client(stand_in, "dynamodb", "PRODUCER1")
    own = next(c for c in CHUNKS if c.series.car == "1")
    other = next(c for c in CHUNKS if c.series.car == "2")

    def write(*chunks: Any) -> None:
        requests = [{"PutRequest": {"Item": chunk_item(chunk)}} for chunk in chunks]
        producer.batch_write_item(RequestItems={stand_in.table: requests})

    write(own)
    refused(lambda: write(own, other))
    refused(lambda: client(stand_in, "dynamodb", "ENGINEER").put_item(
        TableName=stand_in.table, Item=chunk_item(own)
    ))  # fmt: skip


def test_objects(stand_in: StandIn) -> None:
    bucket = stand_in.bucket
    producer, engineer = (client(stand_in, "s3", who) for who in ("PRODUCER1", "ENGINEER"))
    producer.put_object(Bucket=bucket, Key=f"sealed/{KEY}/1/x", Body=b"own")
    refused(lambda: producer.put_object(Bucket=bucket, Key=f"sealed/{KEY}/2/x", Body=b"other"))
    refused(lambda: producer.get_object(Bucket=bucket, Key=f"sealed/{KEY}/1/x"))
    assert engineer.get_object(Bucket=bucket, Key=f"sealed/{KEY}/1/x")["Body"].read() == b"own"
    listed = engineer.list_objects_v2(Bucket=bucket, Prefix=f"sealed/{KEY}/")
    assert listed["KeyCount"] == 1
    refused(lambda: engineer.list_objects_v2(Bucket=bucket))
    refused(lambda: client(stand_in, "s3", "DRIVER1").list_objects_v2(Bucket=bucket, Prefix="raw/"))


def test_urls_that_were_signed(stand_in: StandIn) -> None:
    bucket, key = stand_in.bucket, f"sealed/{KEY}/1/by-url"
    client(stand_in, "s3", "PRODUCER1").put_object(Bucket=bucket, Key=key, Body=b"own")
    params = {"Bucket": bucket, "Key": key}

    def status(who: str, good_for_s: int = 60) -> int:
        session = botocore.session.get_session()
        session.set_credentials(who, "x")
        s3 = session.create_client(
            "s3", endpoint_url=stand_in.endpoint, region_name="us-east-1",
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )  # fmt: skip
        url = s3.generate_presigned_url("get_object", Params=params, ExpiresIn=good_for_s)
        s3.close()
        return int(urllib3.request("GET", url, retries=False).status)

    assert status("ENGINEER") == 200
    assert status("NOBODY") == 403
    assert status("STRANGER") == 403
    stand_in.control("clock", ahead_s=90.0)
    try:
        assert status("ENGINEER", good_for_s=120) == 200
        assert status("ENGINEER", good_for_s=60) == 403
    finally:
        stand_in.control("clock", ahead_s=0.0)


def test_the_archiver_through_its_own_permissions(stand_in: StandIn) -> None:
    event = {"Records": [record(chunk_item(CHUNKS[0], text=True), 1)]}
    handle = make_handler(client(stand_in, "firehose", "ARCHIVER"), "pitwall-archive")
    assert handle(event, None) == {"batchItemFailures": []}
    denied = make_handler(
        client(stand_in, "firehose", "ENGINEER"),
        "pitwall-archive",
        report_failures=True,
        wait=lambda seconds: None,
    )
    assert denied(event, None)["batchItemFailures"]


def test_publishing_needs_no_more_than_the_producer_has(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")

    def play(who: str) -> Any:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", who)
        clients = make_clients(stand_in.endpoint)
        try:
            return publish(
                iter(CHUNKS), made.SESSION, clients, stand_in.table, stand_in.bucket, speed=math.inf
            )
        finally:
            clients.close()

    refused = stand_in.status()["access"]["refused"]
    report = play("PRODUCERS")
    assert (report.chunks, report.unsealed) == (len(CHUNKS), 0)
    assert stand_in.status()["access"]["refused"] == refused
    with pytest.raises(Failure, match="may not write these rows to the table: permission dynamodb"):
        play("PRODUCER1")


def test_sealing_needs_no_more_than_the_sealer_has(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    key = "2026-02-02-unsealed-r1"
    mine = [replace(c, series=replace(c.series, session=key)) for c in CHUNKS]
    car = client(stand_in, "dynamodb", "CAR")
    for written in history(mine, replace(made.SESSION, key=key), text=False, end=True):
        if written.item is not None and written.item["k"]["S"] in "chm":
            car.put_item(TableName=stand_in.table, Item=written.item)

    def seal(who: str) -> int:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", who)
        # with its name nobody has to ask whether the bucket is there
        words = ["--endpoint-url", stand_in.endpoint, "--bucket", stand_in.bucket]
        return main(["cloud", "seal", "--session", key, *words])

    for who in ("ENGINEER", "PRODUCER1"):
        assert seal(who) == 1
    refused = stand_in.status()["access"]["refused"]
    assert seal("SEALER") == 0
    assert stand_in.status()["access"]["refused"] == refused
    sealed = client(stand_in, "s3", "ENGINEER").list_objects_v2(
        Bucket=stand_in.bucket, Prefix=f"sealed/{key}/"
    )
    assert sealed["KeyCount"] > 0
    assert rows(stand_in, "SEALER", f"{key}#catalog")


def test_strangers(stand_in: StandIn) -> None:
    for service, call, code in (
        ("dynamodb", lambda c: c.list_tables(), "UnrecognizedClientException"),
        ("s3", lambda c: c.list_objects_v2(Bucket=stand_in.bucket), "InvalidAccessKeyId"),
    ):
        with pytest.raises(ClientError) as caught:
            call(client(stand_in, service, "STRANGER"))
        assert caught.value.response["Error"]["Code"] == code
        assert "AWS does not know these credentials" in explain(caught.value)


def test_our_reads_say_what_is_missing(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "DRIVER1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    clients = make_clients(stand_in.endpoint)
    try:
        table, group = clients.dynamodb, GROUPS[0]
        lap = next(c.lap for c in CHUNKS if c.series.car == "1" and c.series.group == group)
        found, _ = read_chunks(table, stand_in.table, KEY, group, lap, "1", 0, 10**16)
        assert found
        with pytest.raises(Failure, match="may not read these rows of the table"):
            read_chunks(table, stand_in.table, KEY, group, lap, "2", 0, 10**16)
        with pytest.raises(Failure, match="may not read sealed laps from the table"):
            read_sealed(table, stand_in.table, [(f"{pk('2', group)}#sealed", "a#1")])
    finally:
        clients.close()


@pytest.mark.parametrize("ahead_s", [1000.0, -1000.0])
def test_a_wrong_clock_is_refused_as_the_services_do(stand_in: StandIn, ahead_s: float) -> None:
    stand_in.control("clock", ahead_s=ahead_s)
    try:
        for service, call, code in (
            ("dynamodb", lambda c: c.describe_endpoints(), "InvalidSignatureException"),
            ("s3", lambda c: c.list_objects_v2(Bucket=stand_in.bucket), "RequestTimeTooSkewed"),
            ("sts", lambda c: c.get_caller_identity(), "SignatureDoesNotMatch"),
        ):
            with pytest.raises(ClientError) as caught:
                call(client(stand_in, service, "ENGINEER"))
            assert caught.value.response["Error"]["Code"] == code
            assert "this machine's clock is wrong" in explain(caught.value)
    finally:
        stand_in.control("clock", ahead_s=0.0)


def test_expired_credentials(stand_in: StandIn) -> None:
    stand_in.control("access", keys={"OLD": "expired"})
    for service, call, code in (
        ("dynamodb", lambda c: c.list_tables(), "ExpiredTokenException"),
        ("s3", lambda c: c.list_objects_v2(Bucket=stand_in.bucket), "ExpiredToken"),
        ("sts", lambda c: c.get_caller_identity(), "ExpiredToken"),
    ):
        with pytest.raises(ClientError) as caught:
            call(client(stand_in, service, "OLD"))
        assert caught.value.response["Error"]["Code"] == code
        assert "has expired" in explain(caught.value)
    who = client(stand_in, "sts", "ENGINEER").get_caller_identity()
    assert who["Arn"] == "arn:aws:iam::000000000000:user/ENGINEER"


def test_the_door(stand_in: StandIn, tmp_path: Path) -> None:
    status = stand_in.status()["access"]
    assert status["keys"] == sorted([*POLICIES, "OLD"])
    assert status["refused"] > 0
    with pytest.raises(Failure, match="400"):
        stand_in.control("access", keys={"X": {"Version": "2012-10-17"}})
    assert stand_in.control("access", keys={"NOBODY": None})["access"]["keys"] == sorted(
        {*POLICIES, "OLD"} - {"NOBODY"}
    )
    bad = tmp_path / "keys.json"
    bad.write_text('{"X": {"Statement": []}}')
    with pytest.raises(PitwallError, match="Version"):
        StandIn.start(access=str(bad))
