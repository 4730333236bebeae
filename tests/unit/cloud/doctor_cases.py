"""What `pitwall cloud doctor` says of a healthy set-up and of broken ones, at the stand-in.

    python -m tests.unit.cloud.doctor_cases            prints all of it
    python -m tests.unit.cloud.doctor_cases --write    renews the texts that the tests compare with

Every set-up is a stand-in of its own in this process, with real policies enforced.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

from pitwall.cli import main
from pitwall.cloud import LapEntry, catalog_item, chunk_item, head_item, keys
from pitwall.cloud.access import Place, policy_for
from pitwall.cloud.archiver import make_handler
from pitwall.cloud.items import session_item
from pitwall.cloud.local.gateway import Gateway
from pitwall.cloud.local.server import Server
from pitwall.cloud.local.service import Service, StandInConfig
from pitwall.telemetry import Head
from tests.unit.cloud import strategies as made

GOLDEN = Path(__file__).with_name("doctor_golden")
KEY = made.SESSION.key
ENGINEER = policy_for("engineer", Place())

EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}


def _without(*sids: str) -> dict[str, Any]:
    left = [statement for statement in ENGINEER["Statement"] if statement["Sid"] not in sids]
    assert len(left) == len(ENGINEER["Statement"]) - len(sids)
    return {**ENGINEER, "Statement": left}


class Case(NamedTuple):
    """One set-up.

    Attributes:
        words: what is wrong with it.
        options: of the command.
        policy: what the caller may do; ``expired`` for credentials that no longer hold.
        archived_s: age of the newest archive object.
        prepare: what else is done to the stand-in.
    """

    words: str
    options: tuple[str, ...] = ()
    policy: Any = ENGINEER
    archived_s: float = 20.0
    prepare: Callable[[Service], object] = lambda service: None


def _keys_only(service: Service) -> None:
    definitions = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    schema = [
        {"AttributeName": name, "KeyType": kind} for name, kind in (("pk", "HASH"), ("sk", "RANGE"))
    ]
    view = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    made_of = {"AttributeDefinitions": definitions, "KeySchema": schema}
    service.dynamodb.call(
        "CreateTable", {"TableName": "handmade", **made_of, "StreamSpecification": view}
    )
    fill(service, "handmade")


def _ahead(service: Service) -> None:
    service.ahead_us = 600_000_000


CASES = {
    "healthy": Case("nothing"),
    "no-table": Case("no such table in this region", ("--table", "pitwal"), EVERYTHING),
    "other-table": Case("a table that the policy does not name", ("--table", "pitwal")),
    "keys-only": Case(
        "the table was made by hand, its stream carries keys only",
        ("--table", "handmade"),
        policy_for("engineer", Place(table="handmade")),
        prepare=_keys_only,
    ),
    "clock": Case("this machine's clock is ten minutes behind", prepare=_ahead),
    "no-stream": Case("the policy lacks the stream", policy=_without("FollowStream")),
    "stale-archive": Case("the archiver stopped half an hour ago", archived_s=2000.0),
    "expired": Case("the credentials have expired", policy="expired"),
    "stranger": Case("the access key was deleted", policy=None),
}


def fill(service: Service, table: str) -> None:
    """A session whose producer speaks, with enough of it to measure bandwidth by."""

    def put(item: Any) -> None:
        service.dynamodb.call("PutItem", {"TableName": table, "Item": _text(item)})

    now_us = service.now_us()
    put(session_item(made.SESSION))
    entries = [
        LapEntry(KEY, "1", lap, 1, 2, {("driver", "a1"): ((1, 9),)}, True) for lap in range(4)
    ]
    noise = np.random.default_rng(1)
    for entry in entries:
        put(catalog_item(entry))
        pk = keys.sealed_pk(KEY, "driver", entry.lap, "1")
        payload = base64.b64encode(noise.bytes(100_000)).decode()
        put({"pk": {"S": pk}, "sk": {"S": keys.sealed_sk("a1", 1)}, "p": {"B": payload}})
    put(head_item(Head(KEY, "1", "a1", now_us - 3_600_000_000, now_us, 3, {"driver": 9})))


def _text(item: Any) -> Any:
    return {
        name: {
            kind: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for kind, value in attribute.items()
        }
        for name, attribute in item.items()
    }


@contextlib.contextmanager
def stand_in(case: Case) -> Iterator[str]:
    """The set-up's endpoint."""
    service = Service(StandInConfig(shards=2, firehose_interval_s=1))
    service.attach(make_handler(service.firehose, service.config.delivery))
    past_us = service.now_us() - round(case.archived_s * 1e6)
    with service.pinned(past_us):
        for chunk in made.field(1, 4.0)[0]:
            service.dynamodb.call(
                "PutItem", {"TableName": "pitwall", "Item": chunk_item(chunk, text=True)}
            )
        hour = np.datetime64(past_us, "us").item()
        body = np.random.default_rng(2).bytes(400_000)
        service.objects.put(service.config.bucket, f"raw/{hour:%Y/%m/%d/%H}/large.gz", body)
    service.settle(past_us)
    fill(service, "pitwall")
    case.prepare(service)
    keys_of = {"SOMEBODYELSE": ENGINEER}
    if case.policy is not None:
        keys_of["ME"] = case.policy
    service.access.give(keys_of)
    stopping = threading.Event()
    server = Server(Gateway(service, stopping), 0, lambda: service.told_us() / 1e6)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        stopping.set()
        server.stop()


def run(case: Case, *options: str) -> tuple[int, str]:
    """The command as it is typed: exit code and output."""
    environment = {
        "AWS_ACCESS_KEY_ID": "ME", "AWS_SECRET_ACCESS_KEY": "x", "AWS_MAX_ATTEMPTS": "1",
        "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }  # fmt: skip
    out = io.StringIO()
    with (
        stand_in(case) as endpoint,
        mock.patch.dict(os.environ, environment),
        # how fast this machine happens to be is not the matter here
        mock.patch("pitwall.cloud.doctor.speed.FAR_MS", 1e9),
        mock.patch("pitwall.cloud.doctor.speed.SLOW_MBIT", 0.0),
        contextlib.redirect_stdout(out),
    ):
        words = ["cloud", "doctor", "--endpoint-url", endpoint, *case.options, *options]
        code = main(words)
    return code, out.getvalue()


def normal(text: str) -> str:
    """Without the numbers, which differ each time."""
    text = re.sub(r"127\.0\.0\.1:\d+", "HOST", text)
    text = re.sub(r"\d{8}T\d{6}Z|\d{4}-\d\d-\d\dT[\d:.]+", "TIME", text)
    return re.sub(r"(?<![A-Za-z0-9#-])\d[\d,.]*", "N", text)


def golden(name: str) -> Path:
    """The text that a set-up's is compared with."""
    return GOLDEN / f"{name}.txt"


def _main(write: bool) -> None:
    for name, case in CASES.items():
        code, text = run(case)
        if write:
            golden(name).write_text(normal(text), encoding="utf-8")
        sys.stdout.write(f"== {name}: {case.words} (exit code {code})\n\n{text}\n")
    if not write:
        _, text = run(CASES["no-table"], "--json")
        sys.stdout.write(f"== no-table --json\n\n{json.dumps(json.loads(text), indent=1)}\n")


if __name__ == "__main__":
    _main("--write" in sys.argv[1:])
