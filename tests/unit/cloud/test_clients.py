"""Clients, their settings, their words, and the server's clock."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore import exceptions as boto
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from pitwall.cloud import Clients, explain, is_passing, make_clients
from pitwall.cloud.clients import is_aws, is_loopback
from pitwall.cloud.endpoints import masked
from pitwall.telemetry import BadInput, Failure

LOCAL = "http://127.0.0.1:9"


def test_a_local_endpoint_needs_no_configuration() -> None:
    clients = make_clients(LOCAL, pool=7)
    for client in (clients.dynamodb, clients.streams, clients.s3):
        assert client.meta.endpoint_url == LOCAL
        assert client.meta.region_name == "us-east-1"
        assert client._request_signer._credentials.access_key == "local"
        assert client.meta.config.max_pool_connections == 7
        assert client.meta.config.retries["mode"] == "standard"
        assert client.meta.config.proxies == {}
    assert clients.s3.meta.config.s3["addressing_style"] == "path"
    assert clients.dynamodb is clients.dynamodb
    clients.close()


def test_no_dummy_credentials_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = make_clients("http://ddb.example:8000")
    with pytest.raises(boto.NoCredentialsError):
        clients.dynamodb.list_tables()
    monkeypatch.setenv("AWS_ENDPOINT_URL", LOCAL)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    clients = make_clients()
    assert clients.dynamodb.meta.endpoint_url == LOCAL
    with pytest.raises(boto.NoCredentialsError):
        clients.dynamodb.list_tables()


SECRET = "http://team:hunter2@127.0.0.1:9"


def test_a_password_in_an_address_is_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    masks = "http://***@127.0.0.1:9"
    assert masked(f"at {SECRET}/x, {SECRET}") == f"at {masks}/x, {masks}"
    for plain in ("https://a.b/c@d", "mail@example.org", "http://127.0.0.1:9/?q=a@b"):
        assert masked(plain) == plain
    with pytest.raises(BadInput, match="without user and password") as refused:
        make_clients(SECRET)
    assert "hunter2" not in str(refused.value)
    with pytest.raises(Failure) as failed:
        make_clients(SECRET.replace("http", "ftp"))
    assert "hunter2" not in str(failed.value)
    # what the environment says is botocore's to take
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", SECRET)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    clients = make_clients(region="eu-west-1")
    with pytest.raises(boto.EndpointConnectionError) as unreached:
        clients.dynamodb.list_tables()
    assert explain(unreached.value).startswith("cannot reach http://***@127.0.0.1:9/")
    assert "hunter2" not in explain(boto.HTTPClientError(error=f"no way to {SECRET}"))
    clients.close()


def aws_clients(monkeypatch: pytest.MonkeyPatch) -> Clients:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    return make_clients(region="eu-west-1")


TABLE = b'{"Table": {"TableArn": "arn:aws:dynamodb:eu-west-1:210987654321:table/t"}}'


@pytest.mark.parametrize(
    ("bucket", "known", "owner"),
    [
        ("pitwall-archive-123456789012-eu-west-1", {}, "123456789012"),
        ("pitwall-archive", {}, None),
        ("by-hand", {"table": "t"}, "210987654321"),
        ("by-hand", {"table": "t", "account": "000000000007"}, "000000000007"),
        ("by-hand", {"table": "gone"}, None),
        ("pitwall-archive-123456789012-eu-west-1", {"table": "t"}, "123456789012"),
    ],
)
def test_a_bucket_has_to_be_whose_it_is_known_to_be(
    monkeypatch: pytest.MonkeyPatch, bucket: str, known: dict[str, str], owner: str | None
) -> None:
    clients = aws_clients(monkeypatch)
    if known:
        clients.expect_owner(bucket, **known)
    sent: list[AWSPreparedRequest] = []
    asked: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {}, Raw(b""))

    def table(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        asked.append(request)
        gone = b'"gone"' in request.body
        body = b'{"__type": "x#ResourceNotFoundException"}' if gone else TABLE
        return AWSResponse(request.url, 400 if gone else 200, {}, Raw(body))

    clients.s3.meta.events.register("before-send.s3", answer)
    clients.dynamodb.meta.events.register("before-send.dynamodb", table)
    clients.s3.put_object(Bucket=bucket, Key="k", Body=b"v")
    clients.s3.head_object(Bucket=bucket, Key="k")
    told = [one.headers.get("x-amz-expected-bucket-owner") for one in sent]
    assert [value and (value if isinstance(value, str) else value.decode()) for value in told] == [
        owner,
        owner,
    ]
    if known == {"table": "t"} and bucket == "by-hand":
        assert len(asked) == 1  # looked up once
    clients.close()


def test_a_refusal_that_may_be_for_the_owner_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = aws_clients(monkeypatch)
    clients.expect_owner("by-hand", "000000000007")

    def refuse(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        return AWSResponse(request.url, 403, {}, Raw(body))

    clients.s3.meta.events.register("before-send.s3", refuse)
    told = []
    for bucket in ("by-hand", "another"):
        with pytest.raises(boto.ClientError) as refused:
            clients.s3.get_object(Bucket=bucket, Key="k")
        told.append(explain(refused.value))
    assert "the bucket is not account 000000000007's" in told[0]
    assert "--bucket-owner" in told[0]
    assert "account" not in told[1]
    clients.close()


def test_the_standard_configuration_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile race]\nregion = eu-central-1\naws_access_key_id = A\naws_secret_access_key = B\n"
        "retry_mode = adaptive\nmax_attempts = 9\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://minio.example:9000")
    clients = make_clients(profile="race")
    assert clients.dynamodb.meta.region_name == "eu-central-1"
    assert clients.dynamodb.meta.endpoint_url == "https://dynamodb.eu-central-1.amazonaws.com"
    assert clients.dynamodb.meta.config.retries == {"mode": "adaptive", "total_max_attempts": 9}
    assert clients.dynamodb._request_signer._credentials.access_key == "A"
    assert clients.s3.meta.endpoint_url == "http://minio.example:9000"
    assert clients.s3.meta.config.s3["addressing_style"] == "path"
    monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS", "http://kinesis.example:4567")
    assert clients.kinesis.meta.endpoint_url == "http://kinesis.example:4567"
    assert make_clients(LOCAL).kinesis.meta.endpoint_url == LOCAL
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    at_aws = make_clients(profile="race", region="us-west-2").s3
    assert at_aws.meta.region_name == "us-west-2"
    assert "addressing_style" not in (at_aws.meta.config.s3 or {})


def test_found_credentials_go_before_dummy_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    client = make_clients(LOCAL).dynamodb
    assert client._request_signer._credentials.access_key == "mine"
    assert client.meta.region_name == "ap-south-1"


def test_an_sso_profile_does_not_keep_a_local_endpoint_from_working(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[default]\nsso_start_url = https://x.example/start\nsso_region = us-east-1\n"
        "sso_account_id = 123456789012\nsso_role_name = r\nregion = us-east-2\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    client = make_clients(LOCAL).dynamodb
    assert client._request_signer._credentials.access_key == "local"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"endpoint_url": "127.0.0.1:8000"}, "give a URL"),
        ({"profile": "nobody"}, "profile 'nobody' does not exist"),
        ({}, "no AWS region"),
        ({"endpoint_url": LOCAL, "region": "mars west"}, "region"),
    ],
)
def test_wrong_settings_are_one_line(options: dict[str, str], says: str) -> None:
    with pytest.raises(Failure, match=says) as raised:
        _ = make_clients(**options).dynamodb  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


def test_hosts() -> None:
    assert is_loopback("http://localhost:1/x")
    assert is_loopback("http://[::1]:80")
    assert not is_loopback("http://192.168.1.2")
    assert not is_loopback(None)
    assert is_aws("https://s3.us-east-1.amazonaws.com")
    assert is_aws("https://s3.cn-north-1.amazonaws.com.cn")
    assert not is_aws("http://127.0.0.1:9")
    assert not is_aws("https://amazonaws.com.example.org")


def test_nothing_of_aws_is_imported_before_a_client_is_made() -> None:
    code = (
        "import sys, pitwall.cloud as c; c.make_clients; c.publish; c.read_heads; c.history;"
        "sys.exit(any(n.split('.')[0] in ('boto3', 'botocore') for n in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def _service_error(code: str, message: str = "m", status: int = 400) -> boto.ClientError:
    body = {"Error": {"Code": code, "Message": message}}
    return boto.ClientError({**body, "ResponseMetadata": {"HTTPStatusCode": status}}, "Query")


DENIED = (
    "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: dynamodb:Query on "
    "resource: arn:aws:dynamodb:us-east-1:1:table/t because no identity-based policy allows it"
)


@pytest.mark.parametrize(
    ("error", "says", "passing"),
    [
        (boto.NoCredentialsError(), "no AWS credentials: sign in", False),
        (boto.UnauthorizedSSOTokenError(), "SSO login has expired", False),
        (boto.SSOTokenLoadError(profile_name="p", error_msg="x"), "no SSO login", False),
        (boto.NoRegionError(), "no AWS region", False),
        (boto.ProfileNotFound(profile="p"), "'p' does not exist", False),
        (
            boto.EndpointConnectionError(endpoint_url="https://d.example", error="x"),
            "cannot reach https://d.example",
            True,
        ),
        (boto.ConnectTimeoutError(endpoint_url="https://d.example"), "cannot reach", True),
        (boto.ReadTimeoutError(endpoint_url="https://d.example"), "broke or timed out", True),
        (
            _service_error("AccessDeniedException", DENIED),
            "permission dynamodb:Query on arn:aws:dynamodb:us-east-1:1:table/t is missing",
            False,
        ),
        (_service_error("AccessDenied"), "access denied: Query is not allowed", False),
        (_service_error("ExpiredTokenException"), "session has expired", False),
        (_service_error("UnrecognizedClientException"), "does not know these cred", False),
        (_service_error("ResourceNotFoundException"), "no such table", False),
        (_service_error("ThrottlingException"), "throttling", True),
        (_service_error("InternalServerError", status=500), "InternalServerError", True),
        (_service_error("RequestTimeTooSkewed"), "clock is wrong", False),
        (ValueError("odd\nthing"), "AWS: odd thing", False),
    ],
)
def test_errors_in_one_line(error: Exception, says: str, passing: bool) -> None:
    line = explain(error)
    assert says in line
    assert "\n" not in line
    assert is_passing(error) is passing


@pytest.mark.parametrize("service", ["streams", "kinesis"])
def test_a_reader_sees_every_refusal_itself(service: str) -> None:
    """A client that repeats by itself sends more than a shard serves, and hides it."""
    clients = make_clients(LOCAL)
    client = getattr(clients, service)
    sent: list[str] = []

    def refuse(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request.url)
        body = b'{"__type":"com.amazonaws#ProvisionedThroughputExceededException"}'
        return AWSResponse(request.url, 400, {}, Raw(body))

    client.meta.events.register("before-send.*.GetRecords", refuse)
    with pytest.raises(client.exceptions.ClientError):
        client.get_records(ShardIterator="i")
    assert len(sent) == 1
    assert clients.dynamodb.meta.config.retries["total_max_attempts"] == 4
    clients.close()


class Raw:
    """A body as the connection gives it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self._body
