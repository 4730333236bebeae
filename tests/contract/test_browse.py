"""Profiles, tables and sessions, at the stand-in; and what is said when they cannot be had."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError

from pitwall.cloud import head_item, list_sessions, make_clients, read_heads, session_item
from pitwall.cloud.access import Ask, Place, decide, policy_for
from pitwall.cloud.browse import (
    Configuration,
    Listing,
    Profile,
    archive_of,
    archive_to_write,
    browse,
    is_live,
    read_configuration,
    where_of,
)
from pitwall.cloud.local.process import StandIn
from pitwall.cloud.trouble import Where, trouble_of
from pitwall.telemetry import BadInput, Failure
from pitwall.telemetry.clock import SECOND_US, now_us

KEY = "2026-01-31-test-r1"


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    spec = {"cars": 2, "seconds_history": 60, "stream_s": 30, "session": KEY}
    with StandIn.start(seed_spec=spec, firehose_interval_s=5) as running:
        clients = make_clients(running.endpoint)
        client = clients.dynamodb
        base = list_sessions(client, "pitwall")[0]
        head = read_heads(client, "pitwall", KEY)[0]
        for key, age_s, ended, laps in (
            ("2026-01-30-test-q1", 86_400, True, (12, 14)),
            ("2026-01-30-test-p1", 90_000, False, (7,)),
            ("2026-01-29-elsewhere", 172_800, False, ()),
        ):
            t = now_us() - age_s * SECOND_US
            session = replace(base, key=key, started_us=t)
            client.put_item(TableName="pitwall", Item=session_item(session))
            for car, lap in enumerate(laps):
                one = replace(head, session=key, car=str(car), t=t, lap=lap, ended=ended)
                client.put_item(TableName="pitwall", Item=head_item(one))
        client.put_item(TableName="pitwall", Item={"pk": {"S": "sessions"}, "sk": {"S": "damaged"}})
        client.create_table(
            TableName="lunch",
            AttributeDefinitions=[{"AttributeName": "dish", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "dish", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        clients.close()
        yield running


def asked(stand_in: StandIn, table: str = "", **options: Any) -> list[Listing]:
    """Everything that is said about a table."""
    clients = make_clients(stand_in.endpoint)
    said: list[Listing] = []
    try:
        last = browse(clients, Where(region="us-east-1", table=table), said.append, **options)
    finally:
        clients.close()
    assert said[-1] == last
    assert not last.step
    return said


def refused(code: str, message: str = "", **headers: str) -> ClientError:
    meta = {"HTTPStatusCode": 400, "HTTPHeaders": headers}
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": meta}
    return ClientError(response, "Query")


# -- at the stand-in


def test_tables_then_sessions_then_their_cars_live_ones_first(stand_in: StandIn) -> None:
    said = asked(stand_in)
    last = said[-1]
    assert last.trouble is None
    assert last.tables == ("lunch", "pitwall")
    assert last.table == "pitwall"
    assert last.sessions is not None
    rows = [(one.key, one.cars, one.laps, one.state) for one in last.sessions]
    assert rows == [
        (KEY, 2, 1, "live"),
        ("2026-01-30-test-q1", 2, 14, "ended"),
        ("2026-01-30-test-p1", 1, 7, "silent"),
        ("2026-01-29-elsewhere", 0, 0, "empty"),
    ]
    first = last.sessions[0]
    assert (first.date, first.event, first.name) == ("2026-01-31", "test", "r1")
    elsewhere = last.sessions[-1]
    assert (elsewhere.date, elsewhere.event, elsewhere.name) == ("2026-01-29", "elsewhere", "")
    # told as it comes: names before counts
    early = next(one for one in said if one.sessions)
    assert early.sessions is not None
    assert [one.cars for one in early.sessions] == [None] * 4
    assert early.step
    assert early.share == 0.0
    assert "1 session item could not be read" in last.note


def test_live_is_by_the_clock_of_the_service(stand_in: StandIn) -> None:
    """A laptop whose clock is an hour ahead sees the same session live."""
    last = asked(stand_in, now=lambda: time.time() + 3600)[-1]
    assert last.sessions is not None
    assert last.sessions[0].state == "live"


def test_a_head_ahead_of_the_clock_is_no_proof_of_life() -> None:
    for age_s, live in ((-3600, False), (-6, False), (-5, True), (0, True), (9, True), (10, False)):
        assert is_live(age_s * SECOND_US) is live, age_s


@pytest.mark.parametrize(("ago_s", "state"), [(1, "live"), (60, "silent")])
def test_a_fast_replay_is_live_while_it_keeps_its_pace(
    stand_in: StandIn, ago_s: int, state: str
) -> None:
    """Ten minutes of racing in one: in the middle of it event time is minutes behind the clock."""
    key = "2026-01-28-test-quick"
    client = make_clients(stand_in.endpoint).dynamodb
    [base] = [one for one in list_sessions(client, "pitwall", []) if one.key == KEY]
    now, length = now_us(), 600
    # half of it is published: 300 s of it, in 30 s
    began = now - (length * SECOND_US - 300 * SECOND_US // 10 - 300 * SECOND_US)
    session = replace(
        base, key=key, driven_us=1, started_us=began - 300 * SECOND_US, length_s=length, pace=10.0
    )
    half = session.event_us(now)
    assert session.due_us(half) == now
    assert half < now
    head = read_heads(client, "pitwall", KEY)[0]
    newest = session.event_us(now - ago_s * SECOND_US)
    items = (session_item(session), head_item(replace(head, session=key, t=newest, ended=False)))
    for item in items:
        client.put_item(TableName="pitwall", Item=item)
    try:
        last = asked(stand_in)[-1]
        assert last.sessions is not None
        assert [one.state for one in last.sessions if one.key == key] == [state]
    finally:
        for item in items:
            client.delete_item(TableName="pitwall", Key={"pk": item["pk"], "sk": item["sk"]})


def test_a_head_from_the_future_stays_silent(stand_in: StandIn) -> None:
    key = "2026-01-28-test-fast"
    clients = make_clients(stand_in.endpoint)
    client = clients.dynamodb
    [base] = [one for one in list_sessions(client, "pitwall", []) if one.key == KEY]
    head = read_heads(client, "pitwall", KEY)[0]
    session = replace(base, key=key, started_us=now_us() - 172_900 * SECOND_US)
    ahead = replace(head, session=key, t=now_us() + 1200 * SECOND_US, ended=False)
    items = (session_item(session), head_item(ahead))
    for item in items:
        client.put_item(TableName="pitwall", Item=item)
    try:
        last = asked(stand_in)[-1]
        assert last.sessions is not None
        assert [one.state for one in last.sessions if one.key == key] == ["silent"]
    finally:
        for item in items:
            client.delete_item(TableName="pitwall", Key={"pk": item["pk"], "sk": item["sk"]})
        clients.close()


def test_cancelled_it_ends_with_what_is_known(stand_in: StandIn) -> None:
    stop: list[bool] = []
    clients = make_clients(stand_in.endpoint)

    def say(listing: Listing) -> None:
        if listing.sessions:
            stop.append(True)

    last = browse(clients, Where(table="pitwall"), say, lambda: bool(stop))
    clients.close()
    assert last.sessions is not None
    assert {one.cars for one in last.sessions} == {None}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("nowhere", "no table nowhere in us-east-1 of this account"),
        ("lunch", "table lunch is not one of Pitwall's"),
    ],
)
def test_a_table_that_is_none_of_ours_is_told_in_a_line(
    stand_in: StandIn, table: str, words: str
) -> None:
    trouble = asked(stand_in, table)[-1].trouble
    assert trouble is not None
    assert words in trouble.text


def test_who_may_not_list_tables_sees_the_usual_one_or_types_the_name(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = policy_for("engineer", Place(table="elsewhere"))
    stand_in.control(
        "access", keys={"ENGINEER": policy_for("engineer", Place()), "OTHER": elsewhere}
    )
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ENGINEER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    try:
        usual = asked(stand_in)[-1]
        assert (usual.trouble, usual.tables, usual.table) == (None, None, "pitwall")
        assert usual.sessions is not None
        assert len(usual.sessions) == 4
        assert "type another's name" in usual.note
        # whose policy is for a table of another name is not told that this one is refused
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OTHER")
        told = asked(stand_in)
        without = told[-1]
        assert (without.trouble, without.tables, without.sessions) == (None, None, None)
        assert {one.table for one in told} == {""}
        assert "type the table's name" in without.note
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ENGINEER")
        last = asked(stand_in, "pitwall")[-1]
        assert last.trouble is None
        assert last.sessions is not None
        assert len(last.sessions) == 4
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "STRANGER")
        stranger = asked(stand_in, "pitwall")[-1].trouble
        assert stranger is not None
        assert "does not know these credentials" in stranger.text
    finally:
        stand_in.control("access", keys={"ENGINEER": None, "OTHER": None})


def test_a_missing_permission_is_told_in_words(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in.control("access", keys={"INSTALLER": policy_for("installer", Place())})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "INSTALLER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    try:
        trouble = asked(stand_in, "pitwall")[-1].trouble
        assert trouble is not None
        assert trouble.denied
        assert "may not read these rows of the table" in trouble.text
        assert "permission dynamodb:Query" in trouble.text
        assert "role engineer has it" in trouble.text
    finally:
        stand_in.control("access", keys={"INSTALLER": None})


def test_an_archive_of_another_name_is_the_usual_one(stand_in: StandIn) -> None:
    clients = make_clients(stand_in.endpoint)
    assert archive_of(clients, "pitwall") == "pitwall-archive"
    assert archive_of(clients, "nowhere") == "pitwall-archive"
    clients.close()


@pytest.mark.parametrize(
    ("error", "bucket"),
    [
        (None, "pitwall-archive-123456789012-eu-west-1"),
        ("AccessDenied", "pitwall-archive-123456789012-eu-west-1"),
        ("NoSuchBucket", ""),
    ],
)
def test_the_stack_s_own_archive_is_found(error: str | None, bucket: str) -> None:
    asked: dict[str, Any] = {}

    class Fake:
        endpoint_url = "https://s3.eu-west-1.amazonaws.com"

        @property
        def dynamodb(self) -> Any:
            return self

        s3 = meta = dynamodb

        def describe_table(self, **request: Any) -> Any:
            name = request["TableName"]
            return {"Table": {"TableArn": f"arn:aws:dynamodb:eu-west-1:123456789012:table/{name}"}}

        def list_objects_v2(self, **request: Any) -> Any:
            asked.update(request)
            if error is not None:
                raise refused(error)
            return {}

    assert archive_of(Fake(), "pitwall") == bucket
    if not bucket:
        with pytest.raises(BadInput, match="give --bucket"):
            archive_to_write(Fake(), "pitwall")
    # what the engineer may list
    ask = Ask(
        "s3:ListBucket",
        f"arn:aws:s3:::{asked['Bucket']}",
        {"s3:prefix": (asked["Prefix"],)},
    )
    assert decide([policy_for("engineer", Place(bucket=asked["Bucket"]))], ask).allowed


# -- configuration


def test_profiles_with_their_regions_in_the_order_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config"
    file.write_text(
        "[default]\nregion = eu-west-1\n"
        "[profile team]\nregion = us-east-1\nsso_session = it\n"
        "[sso-session it]\nsso_start_url = https://x.example/start\nsso_region = us-east-1\n"
        "[profile bare]\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    found = read_configuration()
    assert found.profiles == (
        Profile("default", "eu-west-1"),
        Profile("team", "us-east-1", sso=True),
        Profile("bare"),
    )
    assert found.profile == "default"
    assert {"us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1"} <= set(found.regions)
    monkeypatch.setenv("AWS_PROFILE", "team")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    found = read_configuration()
    assert (found.profile, found.region) == ("team", "eu-north-1")
    assert where_of(found, "", "", "", "").sso
    assert where_of(found, "default", "", "", "").region == "eu-west-1"
    assert where_of(found, "bare", "", "", "").region == "eu-north-1"


def test_a_file_that_is_no_configuration_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config"
    file.write_text("[default\nregion\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    with pytest.raises(Failure, match="cannot be read: check its syntax"):
        read_configuration()


# -- what is said

REGIONS = ("us-east-1", "eu-west-1")
UNREACHED = exceptions.EndpointConnectionError(
    endpoint_url="https://dynamodb.eu-west-1.amazonaws.com/"
)


@pytest.mark.parametrize(
    ("error", "where", "words", "command"),
    [
        (
            exceptions.UnauthorizedSSOTokenError(),
            Where("team"),
            "the SSO login of profile team has expired",
            "aws sso login --profile team",
        ),
        (
            exceptions.SSOTokenLoadError(error_msg="x"),
            Where("pit wall"),
            "there is no SSO login for profile pit wall yet",
            "aws sso login --profile 'pit wall'",
        ),
        (
            exceptions.TokenRetrievalError(provider="sso", error_msg="x"),
            Where(),
            "the SSO login of the default profile has expired",
            "aws sso login",
        ),
        (refused("ExpiredTokenException"), Where("team", sso=True), "expired: sign in again",
         "aws sso login --profile team"),
        (refused("ExpiredTokenException"), Where("team"), "get new ones", ""),
        (exceptions.NoCredentialsError(), Where(), "no usable AWS credentials",
         "aws configure sso"),
        (exceptions.NoRegionError(), Where(), "no region: choose", ""),
        (exceptions.ProfileNotFound(profile="x"), Where("x"), "is not in the AWS configuration",
         "aws configure list-profiles"),
        (UNREACHED, Where(region="eu-west-1", regions=REGIONS),
         "cannot reach dynamodb.eu-west-1.amazonaws.com: is this machine online?", ""),
        (UNREACHED, Where(region="eu-wets-1", regions=REGIONS),
         "no region is known as eu-wets-1", ""),
        (UNREACHED, Where(endpoint="http://127.0.0.1:9", regions=REGIONS),
         "nothing answers at http://127.0.0.1:9", ""),
        (UNREACHED, Where(endpoint="http://u:hunter2@127.0.0.1:9"),
         "nothing answers at http://***@127.0.0.1:9", ""),
        (refused("ResourceNotFoundException"), Where(region="eu-west-1", table="t"),
         "no table t in eu-west-1 of this account", ""),
        (refused("UnrecognizedClientException"), Where(region="ap-east-1"),
         "does not know these credentials in ap-east-1", ""),
        (refused("RequestTimeTooSkewed"), Where(), "clock is wrong", ""),
    ],
)  # fmt: skip
def test_one_clear_line_and_what_to_type(
    error: Exception, where: Where, words: str, command: str
) -> None:
    for told in (error, wrapped(error)):
        trouble = trouble_of(told, where)
        assert words in trouble.text
        assert "\n" not in trouble.text
        assert trouble.command == command


def wrapped(error: Exception) -> Failure:
    """As our own calls raise it."""
    failure = Failure("table t: something")
    failure.__cause__ = error
    return failure


@pytest.mark.parametrize(("ahead_s", "words"), [(600, "10 min ahead"), (-600, "10 min behind")])
def test_a_wrong_clock_is_told_with_how_far(ahead_s: float, words: str) -> None:
    """DynamoDB says it with the code of a wrong signature."""
    server = datetime.fromtimestamp(time.time() - ahead_s, UTC)
    date = f"{server:%a, %d %b %Y %H:%M:%S} GMT"
    message = "Signature expired: 20260131T101010Z is now earlier than 20260131T102010Z"
    trouble = trouble_of(refused("InvalidSignatureException", message, date=date), Where())
    assert words in trouble.text
    assert "network time" in trouble.text


def test_a_wrong_key_is_no_wrong_clock() -> None:
    message = "The request signature we calculated does not match"
    trouble = trouble_of(refused("InvalidSignatureException", message), Where())
    assert "clock" not in trouble.text
    assert "credentials" in trouble.text


def test_a_listing_without_any_table_or_with_too_many_asks_for_one() -> None:
    class Client:
        meta = type("meta", (), {"events": type("e", (), {"register": lambda *a: None})})
        names: tuple[str, ...] = ()

        def list_tables(self, ExclusiveStartTableName: str = "") -> Any:  # noqa: N803
            if ExclusiveStartTableName or not self.names:
                return {"TableNames": list(self.names[1:])}
            return {"TableNames": [self.names[0]], "LastEvaluatedTableName": self.names[0]}

    clients: Any = type("Clients", (), {"dynamodb": Client(), "region": "eu-west-1"})()
    last = browse(clients, Where(region="eu-west-1"), lambda listing: None)
    assert last.trouble is not None
    assert "no tables in eu-west-1" in last.trouble.text
    clients.dynamodb.names = ("a", "b", "c")
    last = browse(clients, Where(region="eu-west-1"), lambda listing: None)
    assert last.tables == ("a", "b", "c")
    assert last.trouble is not None
    assert "choose a table: there are 3" in last.trouble.text


def test_a_profile_that_is_not_listed_has_nothing() -> None:
    assert Configuration().find("x") == Profile("x")


@pytest.mark.parametrize(
    ("code", "troubled"),
    [("ResourceNotFoundException", False), ("AccessDeniedException", False), ("Unheard", True)],
)
def test_a_usual_table_that_is_not_there_is_no_trouble(code: str, troubled: bool) -> None:
    class Client:
        meta = type("meta", (), {"events": type("e", (), {"register": lambda *a: None})})

        def list_tables(self) -> Any:
            raise refused("AccessDeniedException", "no")

        def query(self, **_: Any) -> Any:
            raise refused(code, "no")

    clients: Any = type("Clients", (), {"dynamodb": Client(), "region": "eu-west-1"})()
    last = browse(clients, Where(region="eu-west-1"), lambda listing: None)
    assert (last.table, last.sessions, last.trouble is not None) == ("", None, troubled)
    assert "type the table's name" in last.note
