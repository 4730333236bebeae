"""Deploying by change sets, against CloudFormation scripted."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from pitwall import cloud
from pitwall.cli import main
from pitwall.cloud.access import PERMISSIONS, Place
from pitwall.cloud.access.roles import ROLES
from pitwall.cloud.stack import Deployer, StackSettings
from pitwall.commands.cloud.policy_text import MORE
from pitwall.telemetry import BadInput, Failure
from tests.unit.cloud.fake_cloudformation import CloudFormation, refusal

SETTINGS = StackSettings()


def deployer(client: Any) -> tuple[Deployer, list[str], list[float]]:
    told: list[str] = []
    waits: list[float] = []
    return Deployer(client, "pitwall", told.append, waits.append), told, waits


def deployed() -> CloudFormation:
    client = CloudFormation()
    work, _, _ = deployer(client)
    work.carry_out(work.plan(SETTINGS))
    client.calls.clear()
    return client


def test_a_plan_makes_nothing() -> None:
    client = CloudFormation()
    plan = deployer(client)[0].plan(SETTINGS)
    assert plan.new
    assert {change.action for change in plan.changes} == {"Add"}
    assert len(plan.changes) == 19
    assert plan.risky == []
    assert "execute_change_set" not in client.calls
    request = next(r for r in client.requests if "TemplateBody" in r)
    assert request["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert request["ImportExistingResources"] is True


def test_a_plan_not_wanted_leaves_nothing() -> None:
    client = CloudFormation()
    work, _, _ = deployer(client)
    work.discard(work.plan(SETTINGS))
    assert client.stack is None
    assert client.sets == {}


def test_a_plan_not_wanted_leaves_the_stack() -> None:
    client = deployed()
    work, _, _ = deployer(client)
    work.discard(work.plan(StackSettings(buffer_s=120)))
    assert client.sets == {}
    assert client.stack is not None
    assert client.stack["StackStatus"] == "CREATE_COMPLETE"


def test_carried_out_and_told() -> None:
    client = CloudFormation()
    client.slow = 3
    work, told, waits = deployer(client)
    done = work.carry_out(work.plan(SETTINGS))
    assert done.status == "CREATE_COMPLETE"
    assert done.outputs == {"Table": "pitwall", "Bucket": "pitwall-archive"}
    assert done.parameters == {
        "KeepDays": "400", "BufferSeconds": "60", "BufferMegabytes": "32", "AlarmEmail": "",
    }  # fmt: skip
    assert told == [
        "12:00:00 pitwall                  create in progress: User Initiated",
        "12:00:00 pitwall                  create complete",
    ]
    assert len(waits) == 5


def test_nothing_to_change() -> None:
    client = deployed()
    plan = deployer(client)[0].plan(SETTINGS)
    assert (plan.change_set, plan.changes) == ("", ())
    assert client.sets == {}


def test_a_change_is_told_with_what_changes() -> None:
    plan = deployer(deployed())[0].plan(StackSettings(keep_days=30))
    assert not plan.new
    (change,) = plan.changes
    assert change.text() == (
        "change  Bucket                   AWS::S3::Bucket Bucket (LifecycleConfiguration)"
    )
    assert not change.risks_data


def test_what_would_lose_data_from_sight() -> None:
    plan = deployer(deployed())[0].plan(StackSettings(Place(table="other")))
    assert [change.part for change in plan.risky] == ["Table"]
    assert "BY MAKING IT ANEW" in plan.risky[0].text()


def test_what_a_former_stack_left_is_adopted() -> None:
    client = CloudFormation()
    client.left = {"Table", "Bucket"}
    plan = deployer(client)[0].plan(SETTINGS)
    adopted = [change.part for change in plan.changes if change.text().startswith("adopt")]
    assert adopted == ["Table", "Bucket"]


def test_a_failure_says_which_part_and_why() -> None:
    client = CloudFormation()
    client.fails = ("Bucket", "pitwall-archive already exists")
    work, _, _ = deployer(client)
    plan = work.plan(SETTINGS)
    with pytest.raises(Failure, match=r"was not made \(ROLLBACK_COMPLETE\): Bucket: pitwall-arch"):
        work.carry_out(plan)
    with pytest.raises(BadInput, match="cloud destroy"):
        work.plan(SETTINGS)


def test_failures_of_another_day_are_not_told_again() -> None:
    client = deployed()
    client.event("Archiver", "UPDATE_FAILED", "an old story")
    client.fails = ("Delivery", "the new one")
    work, _, _ = deployer(client)
    plan = work.plan(StackSettings(buffer_s=120))
    with pytest.raises(Failure, match="the new one") as caught:
        work.carry_out(plan)
    assert "old story" not in str(caught.value)


def test_a_stack_at_work_is_left_alone() -> None:
    client = deployed()
    assert client.stack is not None
    client.stack["StackStatus"] = "UPDATE_IN_PROGRESS"
    with pytest.raises(BadInput, match="wait until it is done"):
        deployer(client)[0].plan(SETTINGS)


def test_waiting_has_an_end() -> None:
    client = CloudFormation()
    work, _, _ = deployer(client)
    plan = work.plan(SETTINGS)
    client.slow = 10**9
    with pytest.raises(Failure, match="still CREATE_IN_PROGRESS after 30 minutes"):
        work.carry_out(plan)
    never = CloudFormation()
    never.slow = 10**9
    with pytest.raises(Failure, match="no change set"):
        deployer(never)[0].plan(SETTINGS)


def test_a_refusal_is_one_line() -> None:
    class Refusing:
        def describe_stacks(self, **request: Any) -> Any:
            raise refusal(
                "DescribeStacks",
                "AccessDenied",
                "User: arn:aws:iam::1:user/x is not authorized to perform: "
                "cloudformation:DescribeStacks on resource: arn:stack",
            )

    with pytest.raises(Failure, match="may not look up the stack: permission cloudformation:Des"):
        deployer(Refusing())[0].plan(SETTINGS)


def test_destroyed() -> None:
    client = deployed()
    work, told, _ = deployer(client)
    work.destroy()
    assert client.stack is None
    assert told[-1].endswith("delete complete")
    with pytest.raises(BadInput, match="there is none"):
        work.destroy()


def test_parts_of_several_pages() -> None:
    stack = deployer(deployed())[0].find(parts=True)
    assert stack is not None
    assert len(stack.parts) == 19
    assert ("Table", "AWS::DynamoDB::Table", "pitwall", "CREATE_COMPLETE") in stack.parts


# -- the command line


class Clients:
    region = "eu-central-1"

    def __init__(self, client: CloudFormation) -> None:
        self.client = client

    def service(self, name: str) -> Any:
        return self if name == "sts" else self.client

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012"}

    @property
    def s3(self) -> Any:
        return self

    def head_bucket(self, Bucket: str, ExpectedBucketOwner: str) -> None:
        assert ExpectedBucketOwner == "123456789012"
        code = "403" if Bucket.startswith("strangers") else "404"
        raise refusal("HeadBucket", code, "")

    def expect_owner(self, bucket: str, account: str, table: str) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> CloudFormation:
    client = CloudFormation()
    client.slow = 0
    monkeypatch.setattr(cloud, "make_clients", lambda *a, **k: Clients(client), raising=False)
    monkeypatch.setattr("pitwall.cloud.stack.deploy.POLL_S", 0.0)
    return client


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["cloud", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_deploy_shows_and_asks(aws: CloudFormation, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "deploy")
    assert code == 0
    assert "would be made in eu-central-1" in out
    assert "pitwall-archive-123456789012-eu-central-1" in out
    assert "make    Table" in out
    assert "as Pitwall writes it" in out
    assert out.endswith("nothing was made; to go on give --yes\n")
    assert aws.stack is None
    assert "execute_change_set" not in aws.calls


def test_a_bucket_that_is_somebody_else_s(
    aws: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "deploy", "--yes", "--bucket", "strangers-bucket")
    assert (code, out) == (2, "")
    assert "strangers-bucket: is there already and not account 123456789012's" in err
    assert err.count("\n") == 1
    assert aws.stack is None
    assert "execute_change_set" not in aws.calls


def test_deploy_status_destroy(aws: CloudFormation, capsys: pytest.CaptureFixture[str]) -> None:
    aws.slow = 1
    code, out, _ = run(capsys, "deploy", "--yes", "--bucket", "mine-and-only", "--json")
    doc = json.loads(out)
    assert (code, doc["done"], doc["status"]) == (0, True, "CREATE_COMPLETE")
    assert doc["cost"]["race_usd"] > 0
    assert doc["message"] == "create complete"
    code, out, _ = run(capsys, "status", "--json")
    assert (code, json.loads(out)["status"]) == (0, "CREATE_COMPLETE")
    code, out, _ = run(capsys, "deploy", "--yes")
    assert (code, out.splitlines()[-1]) == (0, "nothing to change")
    assert "mine-and-only" in out
    assert "as Pitwall writes it" not in out
    code, _, err = run(capsys, "deploy", "--yes", "--bucket", "another-bucket")
    assert code == 2
    assert "Bucket would be removed or made anew" in err
    assert "execute_change_set" not in aws.calls[-3:]
    code, out, _ = run(capsys, "destroy")
    assert "keep    Table" in out
    assert "delete  Archiver" in out
    assert "what is kept stays with all it holds" in out
    assert out.endswith("nothing was deleted; to go on give --yes\n")
    code, out, _ = run(capsys, "destroy", "--yes", "--json")
    doc = json.loads(out)
    assert (code, doc["done"], doc["keeps"]) == (
        0,
        True,
        {"Table": "pitwall", "Bucket": "mine-and-only"},
    )
    code, _, err = run(capsys, "status")
    assert code == 2
    assert "there is none" in err


def test_a_second_deploy_remembers(aws: CloudFormation, capsys: pytest.CaptureFixture[str]) -> None:
    aws.slow = 1
    first = ("--kinesis", "live", "--keep-days", "30", "--buffer-s", "120", "--email", "a@b.co")
    code, out, _ = run(capsys, "deploy", "--yes", "--table", "team", "--bucket", "mine-7", *first)
    assert code == 0
    lines = out.splitlines()
    (live,) = [line for line in lines if line.startswith("  pitwall live")]
    assert live == (
        "  pitwall live --session S --region eu-central-1 --table team --bucket mine-7 "
        "--kinesis live"
    )
    commands = [line.split() for line in lines if line.startswith("  pitwall ")]
    assert [words[1:3] for words in commands] == [
        ["cloud", "doctor"], ["cloud", "policy"], ["publish", "S.pitwall"], ["live", "--session"],
    ]  # fmt: skip
    # each is understood as it stands
    code, policy, err = run(capsys, *commands[1][2:])
    assert (code, err) == (0, "")
    assert "arn:aws:kinesis:eu-central-1:123456789012:stream/live" in policy
    # nothing said: nothing changes, and CloudFormation is asked to keep what it has
    code, out, _ = run(capsys, "deploy", "--yes")
    assert (code, out.splitlines()[-1]) == (0, "nothing to change")
    assert (
        "as deployed before: --table team --bucket mine-7 --kinesis live --keep-days 30 "
        "--buffer-s 120 --buffer-mb 32 --email a@b.co"
    ) in out
    asked = [r["Parameters"] for r in aws.requests if "Parameters" in r][-1]
    assert all(p["UsePreviousValue"] for p in asked)
    assert len(asked) == 4
    # one thing said: that one changes
    code, out, _ = run(capsys, "deploy", "--yes", "--keep-days", "31", "--json")
    doc = json.loads(out)
    assert (code, [c["part"] for c in doc["changes"]]) == (0, ["Bucket"])
    assert "keep_days" not in doc["kept"]
    assert aws.parameters["KeepDays"] == "31"
    assert aws.parameters["BufferSeconds"] == "120"
    # taken away by an empty text
    code, out, _ = run(capsys, "deploy", "--yes", "--email", "", "--json")
    assert (code, aws.parameters["AlarmEmail"]) == (0, "")
    assert "AlarmTopic" not in aws.template["Resources"]
    code, _, err = run(capsys, "deploy", "--yes", "--kinesis", "")
    assert code == 2
    assert "Kinesis would be removed" in err
    code, _, _ = run(capsys, "deploy", "--yes", "--kinesis", "", "--allow-replace")
    assert code == 0
    assert "Kinesis" not in aws.template["Resources"]
    code, out, _ = run(capsys, "status")
    assert "KeepDays: 31" in out


CREATE = "arn:aws:cloudformation:eu-central-1:123456789012:stack/pitwall/*"


@pytest.mark.parametrize(
    ("operation", "code", "message", "told"),
    [
        (
            "create_change_set", "AccessDenied",
            f"User: arn:aws:iam::123456789012:user/x is not authorized to perform: "
            f"cloudformation:CreateChangeSet on resource: {CREATE} because no identity-based "
            "policy allows the cloudformation:CreateChangeSet action",
            "may not prepare a change of the stack: permission cloudformation:CreateChangeSet",
        ),
        (
            "describe_stacks", "ExpiredToken", "The security token included in the request is "
            "expired", "the AWS session has expired (DescribeStacks): sign in",
        ),
        (
            "describe_stacks", "SignatureDoesNotMatch",
            "Signature expired: 20260131T120000Z is now earlier than 20260131T120500Z "
            "(20260131T121000Z - 5 min.)", "this machine's clock is wrong",
        ),
        (
            "describe_stacks", "InvalidClientTokenId",
            "The security token included in the request is invalid.", "does not know these cred",
        ),
        ("create_change_set", "LimitExceededException", "ChangeSet limit exceeded", "limit exceed"),
    ],
)  # fmt: skip
def test_errors_are_one_line(
    aws: CloudFormation,
    capsys: pytest.CaptureFixture[str],
    operation: str,
    code: str,
    message: str,
    told: str,
) -> None:
    called = "".join(word.capitalize() for word in operation.split("_"))

    def refuse(**request: Any) -> Any:
        raise refusal(called, code, message)

    setattr(aws, f"_{operation}", refuse)
    status, out, err = run(capsys, "deploy", "--yes")
    assert (status, out) == (1, "")
    assert err.startswith("pitwall: stack pitwall: ")
    assert told in err
    assert len(err.splitlines()) == 1


def test_without_credentials(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for verb in ("deploy", "status", "destroy"):
        code, out, err = run(capsys, verb, "--region", "us-east-1")
        assert (code, out) == (1, "")
        assert "no AWS credentials: sign in with `aws sso login`" in err
        assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("ROLLBACK_COMPLETE", "left over from a creation that failed"),
        ("CREATE_FAILED", "`pitwall cloud destroy --stack pitwall`, then deploy again"),
        ("UPDATE_ROLLBACK_FAILED", "mend it first"),
        ("DELETE_FAILED", "mend it first"),
        ("UPDATE_IN_PROGRESS", "wait until it is done"),
    ],
)
def test_a_stack_in_a_bad_state(
    aws: CloudFormation, capsys: pytest.CaptureFixture[str], status: str, told: str
) -> None:
    aws.slow = 1
    assert run(capsys, "deploy", "--yes")[0] == 0
    assert aws.stack is not None
    aws.stack["StackStatus"] = status
    code, out, err = run(capsys, "deploy", "--yes")
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1
    assert run(capsys, "status")[0] == 1


def test_a_change_that_was_rolled_back_can_be_tried_again(
    aws: CloudFormation, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.slow = 1
    assert run(capsys, "deploy", "--yes")[0] == 0
    assert aws.stack is not None
    aws.stack["StackStatus"] = "UPDATE_ROLLBACK_COMPLETE"
    code, out, _ = run(capsys, "deploy", "--yes", "--keep-days", "9")
    assert code == 0
    assert out.endswith("update complete\n")


def test_a_policy_says_which_bucket_it_means(capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--account", "123456789012", "--region", "eu-central-1")
    code, out, err = run(capsys, "policy", "engineer", *where, "--json")
    assert (code, err) == (0, "")
    assert "arn:aws:s3:::pitwall-archive-123456789012-eu-central-1/raw/*" in out
    code, out, err = run(capsys, "policy", "engineer", "--json")
    assert (code, json.loads(out)["Version"]) == (0, "2012-10-17")
    assert "bucket pitwall-archive is meant" in err
    # a driver is given no bucket at all
    assert run(capsys, "policy", "driver", "--car", "7", "--json")[2] == ""


def test_a_template_is_written_whole_or_not_at_all(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "stack.json"
    file.write_text("the one from last year")
    write = Path.write_text

    def full(path: Path, text: str, **options: Any) -> int:
        write(path, text[:8192], **options)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    code, _, err = run(capsys, "template", "--out", str(file))
    assert (code, err) == (1, f"pitwall: {file}: cannot be written (No space left on device)\n")
    assert file.read_text() == "the one from last year"
    assert [path.name for path in tmp_path.iterdir()] == ["stack.json"]
    monkeypatch.undo()
    code, _, err = run(capsys, "template", "--out", str(tmp_path / "nowhere" / "stack.json"))
    assert (code, len(err.splitlines())) == (1, 1)
    assert run(capsys, "template", "--out", str(file))[0] == 0
    assert json.loads(file.read_text())["Resources"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_written_to_and_not_replaced(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert run(capsys, "template", "--out", str(pipe))[0] == 0
        assert os.read(end, 1 << 16).startswith(b"{")
    finally:
        os.close(end)
    assert pipe.is_fifo()


def test_template_and_policy(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    code, out, _ = run(capsys, "template", "--json")
    assert (code, json.loads(out)["AWSTemplateFormatVersion"]) == (0, "2010-09-09")
    file = tmp_path / "stack.json"
    code, out, _ = run(capsys, "template", "--out", str(file), "--json", "--cars", "1")
    assert json.loads(file.read_text())["Resources"]
    assert (code, json.loads(out)["cars"]) == (0, 1)
    code, out, _ = run(capsys, "policy", "driver", "--car", "7", "--json")
    assert (code, json.loads(out)["Version"]) == (0, "2012-10-17")
    code, out, _ = run(capsys, "policy", "partner", "--group", "pos")
    assert "may read these rows of the table" in out
    assert "only the attributes pk, sk," in out
    assert "must never do anything at all" in out
    assert run(capsys, "policy", "boss", "--json")[0] == 2
    # who is to hand it out sees all of it
    for role in ROLES:
        scope = {"driver": "--car", "producer": "--car", "partner": "--group"}.get(role)
        narrowed = (scope, "7") if scope else ()
        code, out, _ = run(capsys, "policy", role, *narrowed)
        policy = json.loads(run(capsys, "policy", role, *narrowed, "--json")[1])
        for statement in policy["Statement"]:
            line = next(x for x in out.splitlines() if x.startswith(f"  {statement['Sid']}: "))
            assert all(
                (PERMISSIONS[a].words if a in PERMISSIONS else MORE.get(a, a)) in line
                for a in statement["Action"]
            )
        assert "when " not in out
    for words, told in (
        (("policy", "driver"), "--car"),
        (("policy", "boss"), "engineer"),
        (("template", "--buffer-s", "901"), "--buffer-s"),
        (("template", "--cars", "0"), "cars"),
        (("template", "--bucket", "No"), "bucket"),
    ):
        code, _, err = run(capsys, *words)
        assert (code, told in err, len(err.splitlines())) == (2, True, 1), err
