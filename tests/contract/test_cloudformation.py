"""The stack deployed, changed and destroyed by the command, over moto's CloudFormation.

What moto does not do as AWS does is passed over here and scripted in the unit tests: it tells no
event of a single part, does not say which properties change, makes no delivery stream, does not
close a bucket to the public, and cannot adopt what is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pitwall.cli import main
from pitwall.cloud.stack import archiver_source
from tests.contract import children
from tests.contract.clients import client

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with children.running("cloudformation", tmp_path_factory.mktemp("moto")) as child:
        yield child.endpoint


@pytest.fixture
def run(endpoint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr("pitwall.cloud.stack.deploy.POLL_S", 0.05)
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x"), ("AWS_REGION", "us-east-1"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[int, str]:
        code = main(["cloud", *words, "--endpoint-url", endpoint])
        out, err = capsys.readouterr()
        return code, out + err

    return run


@pytest.fixture
def of(endpoint: str) -> Iterator[Callable[[str], Any]]:
    made: list[Any] = []

    def make(service: str) -> Any:
        made.append(client(service, endpoint))
        return made[-1]

    yield make
    for each in made:
        each.close()


def changes(text: str) -> list[str]:
    return [line.split()[1] for line in text.splitlines() if line[:9] in ("  make   ", "  change ")]


def test_deployed_changed_and_destroyed(run: Run, of: Callable[[str], Any]) -> None:
    # shown first, and nothing made
    code, text = run("deploy", "--kinesis", "live")
    assert code == 0
    assert "stack pitwall would be made in us-east-1" in text
    assert {"Table", "Bucket", "Kinesis", "Archiver", "ArchiverMapping", "Delivery"} <= {
        *changes(text)
    }
    assert of("dynamodb").list_tables()["TableNames"] == []

    options = ("--kinesis", "live", "--keep-days", "30", "--buffer-s", "120")
    code, text = run("deploy", "--yes", "--email", "wall@example.com", *options)
    assert code == 0, text
    assert "create complete" in text
    bucket = "pitwall-archive-123456789012-us-east-1"

    table = of("dynamodb").describe_table(TableName="pitwall")["Table"]
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    s3 = of("s3")
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    function = of("lambda").get_function(FunctionName="pitwall-archiver")["Configuration"]
    assert function["CodeSize"] > 1000
    (mapping,) = of("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert mapping["EventSourceArn"] == table["LatestStreamArn"]
    assert of("kinesis").list_streams()["StreamNames"] == ["live"]
    template = of("cloudformation").get_template(StackName="pitwall")["TemplateBody"]
    assert template["Resources"]["Archiver"]["Properties"]["Code"]["ZipFile"] == archiver_source()

    # the second time nothing is said, and nothing changes
    code, text = run("deploy", "--yes")
    assert (code, text.splitlines()[-1]) == (0, "nothing to change")
    assert "--keep-days 30 --buffer-s 120" in text

    # one thing is said: the others stay
    code, text = run("deploy", "--yes", "--email", "", "--json")
    assert code == 0, text
    code, text = run("status", "--json")
    doc = json.loads(text)
    assert doc["parameters"] == {
        "KeepDays": "30", "BufferSeconds": "120", "BufferMegabytes": "32", "AlarmEmail": "",
    }  # fmt: skip
    assert code == 0
    assert "live" in [part["name"] for part in doc["parts"]]

    code, text = run("destroy")
    assert code == 0
    assert f"keep    Bucket                   {bucket}" in text
    assert "nothing was deleted" in text
    code, text = run("destroy", "--yes")
    assert code == 0, text
    code, text = run("status")
    assert code == 2
    assert "there is none in this account and region" in text
    assert len(text.splitlines()) == 1
