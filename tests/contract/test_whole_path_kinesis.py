"""`pitwall live --kinesis` over services with a URL: what "Kinesis for DynamoDB" writes is
followed, the table itself has no stream."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from pitwall.cli import main
from pitwall.cloud import items, publish
from tests.contract.backends import Backend, Servers
from tests.contract.clients import client
from tests.soak.race import ROOT
from tests.unit.cloud import strategies as race
from tests.unit.stream.envelopes import bare, enveloped

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

STREAM = "laps-as-they-change"
CHUNKS, _ = race.field(3, 20.0, 6.0)
SPEED = 2.5


class Replicated:
    """A table whose changes go to a Kinesis stream, as the service sees to it: at least once, out
    of order now and then, among those of another table."""

    def __init__(self, dynamodb: Any, kinesis: Any, table: str) -> None:
        self.s3 = None
        self.dynamodb = self
        self._table = table
        self._dynamodb = dynamodb
        self._kinesis = kinesis
        self._rng = random.Random(3)
        self.foreign = 0

    def put_item(self, TableName: str, Item: dict[str, Any]) -> Any:
        answer = self._dynamodb.put_item(TableName=TableName, Item=Item)
        self._changed([Item])
        return answer

    def batch_write_item(self, RequestItems: dict[str, Any]) -> Any:
        answer = self._dynamodb.batch_write_item(RequestItems=RequestItems)
        assert not answer.get("UnprocessedItems")
        self._changed([each["PutRequest"]["Item"] for each in RequestItems[self._table]])
        return answer

    def _changed(self, images: list[dict[str, Any]]) -> None:
        out = [enveloped(image, self._table) for image in images]
        self._rng.shuffle(out)
        out += out[: self._rng.randrange(2)]
        out.append(enveloped(images[0], "another-table"))
        self.foreign += 1
        self.send(*out)

    def send(self, *data: bytes) -> None:
        records = [{"Data": each, "PartitionKey": str(self._rng.random())} for each in data]
        answer = self._kinesis.put_records(StreamName=STREAM, Records=records)
        assert not answer["FailedRecordCount"]


@pytest.fixture(scope="module")
def moto(servers: Servers) -> Backend:
    return servers.backend("moto")


@pytest.fixture
def table(moto: Backend) -> str:
    name = "laps-without-a-stream"
    moto.dynamodb.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def words(moto: Backend, table: str, folder: Path, stream: str) -> list[str]:
    where = {
        "--session": race.SESSION.key,
        "--kinesis": stream,
        "--table": table,
        "--bucket": "",
        "--endpoint-url": moto.dynamodb.meta.endpoint_url,
        "--recording": str(folder / "race.pitwall"),
        "--seconds": "90",
    }
    return ["live", *(word for pair in where.items() for word in pair), "--headless", "--json"]


def test_a_session_is_followed_to_its_end_and_a_wrong_name_is_told(
    moto: Backend, table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kinesis = client("kinesis", moto.dynamodb.meta.endpoint_url)
    kinesis.create_stream(StreamName=STREAM, ShardCount=3)
    replicated = Replicated(moto.dynamodb, kinesis, table)
    begun = threading.Event()

    def field() -> Any:
        for at, chunk in enumerate(CHUNKS):
            if at == len(CHUNKS) // 4:
                begun.set()
            if at == len(CHUNKS) // 2:
                damaged = {"pk": {"S": race.SESSION.key + "#driver#001#1"}, "k": ["?"]}
                replicated.send(b"\xff\xfe{", enveloped(damaged, table))
                replicated.send(enveloped(None, table, event="REMOVE"))
                # a producer that writes to the stream itself
                replicated.send(bare(items.chunk_item(chunk)))
            yield chunk

    cars = threading.Thread(
        target=publish, args=(field(), race.SESSION, replicated, table), kwargs={"speed": SPEED}
    )
    cars.start()
    assert begun.wait(60)

    assert main(words(moto, table, tmp_path, "laps-as-they-chance")) == 2
    told = capsys.readouterr()
    assert told.out == ""
    [line] = told.err.splitlines()
    assert line.startswith("pitwall: no Kinesis stream 'laps-as-they-chance' in this account")
    assert not (tmp_path / "race.pitwall").exists()

    live = subprocess.run(
        [sys.executable, "-m", "pitwall", *words(moto, table, tmp_path, STREAM)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    cars.join(60)
    assert not cars.is_alive()
    assert live.returncode == 0, live.stderr
    last = json.loads(live.stdout.splitlines()[-1])
    ledger = last["ledger"]
    assert (last["final"], last["state"], ledger["missing"]) == (True, "ended", 0)
    assert ledger["applied"] == ledger["expected"] == len(CHUNKS)
    assert last["chunks"]["stream"] > 0.9 * len(CHUNKS), last
    assert ledger["duplicates"] > 0
    assert (ledger["quarantined"], ledger["conflicts"]) == (2, 0)
    assert last["shards"] == 3
    # laps are still being sealed when the last head is here
    assert replicated.foreign / 2 < last["skipped"] <= replicated.foreign
