"""Policies by role: the least that each needs.

Rows are limited by leading keys, columns by the attributes that may be asked for, tables by name.
Three things are never allowed to anybody who reads: Scan, PartiQL and export, because no row
condition holds for them. A stream carries every row to whoever may read it, so only the engineer
gets one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pitwall.cloud.access.conditions import escape
from pitwall.cloud.access.installer import installer
from pitwall.cloud.access.names import Place
from pitwall.cloud.access.patterns import (
    ALIKE,
    car_rows,
    group_rows,
    sealed_rows,
    session_rows,
    shared_rows,
)
from pitwall.telemetry import BadInput

MAX_POLICY = 6144
"""Characters of a managed policy, white space not counted."""
METADATA = ("pk", "sk", "k", "e", "n", "c", "d", "lo", "hi", "t", "v")
"""Attributes of chunks and sealed laps that say what there is, without a payload."""
_KEYED = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")

Statement = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a role is narrowed to; engineer, archiver and installer are not.

    Attributes:
        cars: of driver and producer.
        groups: channel groups of the partner.
        sessions: session keys; empty for all.
    """

    cars: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()


def policy_for(role: str, place: Place, scope: Scope | None = None) -> dict[str, Any]:
    """The policy document of a role.

    Raises:
        BadInput: no such role; a driver, producer or partner without car or group; names that a
            policy cannot tell apart or has no room for.
    """
    if role not in ROLES:
        raise BadInput(f"role {role!r}: one of {', '.join(ROLES)}")
    policy = {"Version": "2012-10-17", "Statement": ROLES[role](place, scope or Scope())}
    size = len("".join(json.dumps(policy, ensure_ascii=False).split()))
    if size > MAX_POLICY:
        fewer = "shorter names" if role == "installer" else "fewer cars, groups or sessions"
        raise BadInput(
            f"role {role}: the policy has {size} characters, AWS takes {MAX_POLICY}; "
            f"give {fewer} in one policy"
        )
    return policy


def _engineer(place: Place, scope: Scope) -> list[Statement]:
    _only(scope, "engineer")
    out = [
        _allow("ReadAllRows", _KEYED, [place.table_arn]),
        _allow("LookUpTable", ["dynamodb:DescribeTable"], [place.table_arn]),
        _allow(
            "FollowStream",
            ["dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords"],
            [place.stream_arn],
        ),
        _allow(
            "ListArchive",
            ["s3:ListBucket"],
            [place.bucket_arn],
            {"StringLike": {"s3:prefix": ["raw/*", "sealed/*"]}},
        ),
        _allow(
            "ReadArchive",
            ["s3:GetObject"],
            [f"{place.bucket_arn}/raw/*", f"{place.bucket_arn}/sealed/*"],
        ),
        _allow("LookUpDelivery", ["firehose:DescribeDeliveryStream"], [place.delivery_arn]),
        _allow(
            "LookUpStack",
            ["cloudformation:DescribeStacks"],
            [place.arn("cloudformation", f"stack/{place.stack}/*")],
        ),
        # these two have no resource to be limited to
        _allow(
            "LookUpLimits", ["dynamodb:DescribeLimits", "lambda:ListEventSourceMappings"], ["*"]
        ),
    ]
    if place.kinesis:
        out.append(
            _allow(
                "FollowKinesis",
                [
                    "kinesis:DescribeStreamSummary",
                    "kinesis:ListShards",
                    "kinesis:GetShardIterator",
                    "kinesis:GetRecords",
                ],
                [place.kinesis_arn],
            )
        )
    return [*out, _never(place)]


def _driver(place: Place, scope: Scope) -> list[Statement]:
    _only(scope, "driver", "cars", "sessions")
    if not scope.cars:
        raise BadInput("role driver: name the car with --car")
    rows = [*shared_rows(scope.sessions), *car_rows(scope.cars, scope.sessions)]
    return [
        _allow("ReadOwnRows", _KEYED, [place.table_arn], _rows(rows)),
        _allow("LookUpTable", ["dynamodb:DescribeTable"], [place.table_arn]),
        _never(place),
        *_no_others(place),
    ]


def _partner(place: Place, scope: Scope) -> list[Statement]:
    _only(scope, "partner", "groups", "sessions")
    if not scope.groups:
        raise BadInput("role partner: name the channel groups with --group")
    rows = [*shared_rows(scope.sessions), *group_rows(scope.groups, scope.sessions)]
    metadata: dict[str, Any] = {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": list(METADATA)},
        # always there in a read, ALL_ATTRIBUTES unless attributes are named
        "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
        "Null": {"dynamodb:Attributes": "false", "dynamodb:LeadingKeys": "false"},
    }
    if scope.sessions:
        metadata["ForAllValues:StringLike"] = {
            "dynamodb:LeadingKeys": [f"{session}#*" for session in scope.sessions]
        }
    return [
        _allow("ReadChosenGroups", _KEYED, [place.table_arn], _rows(rows)),
        _allow("ReadMetadata", ["dynamodb:Query"], [place.table_arn], metadata),
        _allow("LookUpTable", ["dynamodb:DescribeTable"], [place.table_arn]),
        _never(place),
        *_no_others(place),
    ]


def _producer(place: Place, scope: Scope) -> list[Statement]:
    _only(scope, "producer", "cars", "sessions")
    if not scope.cars:
        raise BadInput("role producer: name the car with --car")
    condition = _rows([*shared_rows(scope.sessions), *car_rows(scope.cars, scope.sessions)])
    # a put that gives back what it replaces would be a read
    condition["StringEqualsIfExists"] = {"dynamodb:ReturnValues": "NONE"}
    objects = [
        f"{place.bucket_arn}/sealed/{session}/{escape(quote(car, safe=''))}/*"
        for car in scope.cars
        for session in scope.sessions or ("*",)
    ]
    return [
        _allow(
            "WriteOwnRows",
            ["dynamodb:BatchWriteItem", "dynamodb:PutItem"],
            [place.table_arn],
            condition,
        ),
        _allow("LookUpTable", ["dynamodb:DescribeTable"], [place.table_arn]),
        _allow("WriteOwnSealedLaps", ["s3:PutObject"], objects),
        _never(place),
        *_no_others(place),
    ]


def _sealer(place: Place, scope: Scope) -> list[Statement]:
    _only(scope, "sealer", "sessions")
    # every row is read, unless sessions are named
    rows = _rows(session_rows(scope.sessions)) if scope.sessions else None
    objects = [f"sealed/{session}/*" for session in scope.sessions] or ["sealed/*"]
    return [
        _allow("ReadRows", ["dynamodb:BatchGetItem", "dynamodb:Query"], [place.table_arn], rows),
        # one item a call: a batch would be a permission to delete as well
        _allow(
            "WriteSealedLaps",
            ["dynamodb:PutItem"],
            [place.table_arn],
            _rows(sealed_rows(scope.sessions)),
        ),
        _allow("LookUpTable", ["dynamodb:DescribeTable"], [place.table_arn]),
        _allow(
            "ListSealedLaps",
            ["s3:ListBucket"],
            [place.bucket_arn],
            {"StringLike": {"s3:prefix": objects}},
        ),
        _allow(
            "WriteSealedObjects", ["s3:PutObject"], [f"{place.bucket_arn}/{o}" for o in objects]
        ),
        _never(place),
        _no_stream(place),
        {
            "Sid": "NeverChunksNamedAlike",
            "Effect": "Deny",
            "Action": ["dynamodb:PutItem"],
            "Resource": [place.table_arn],
            "Condition": {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": list(ALIKE)}},
        },
    ]


def _archiver(place: Place, scope: Scope) -> list[Statement]:
    _only(scope, "archiver")
    return [
        _allow(
            "FollowStream",
            ["dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords"],
            [place.stream_arn],
        ),
        # Lambda asks for it when the mapping is made; it has no resource to be limited to
        _allow("FindStream", ["dynamodb:ListStreams"], ["*"]),
        _allow("SendToArchive", ["firehose:PutRecordBatch"], [place.delivery_arn]),
        _allow("TellFailures", ["sqs:SendMessage"], [place.arn("sqs", place.failures)]),
        _allow(
            "WriteLog",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [place.arn("logs", f"log-group:/aws/lambda/{place.function}:*")],
        ),
    ]


def _installer(place: Place, scope: Scope) -> list[Statement]:
    _only(scope, "installer")
    return [
        _allow(name, actions, resources, condition)
        for name, actions, resources, condition in installer(place)
    ]


ROLES: dict[str, Callable[[Place, Scope], list[Statement]]] = {
    "engineer": _engineer,
    "driver": _driver,
    "partner": _partner,
    "producer": _producer,
    "sealer": _sealer,
    "archiver": _archiver,
    "installer": _installer,
}
"""Who there is."""


def _rows(patterns: list[str]) -> dict[str, Any]:
    return {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": patterns},
        # "for all" also holds when a request has no keys at all
        "Null": {"dynamodb:LeadingKeys": "false"},
    }


def _allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    condition: dict[str, Any] | None = None,
) -> Statement:
    out: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(resources),
    }
    return {**out, "Condition": condition} if condition else out


def _never(place: Place) -> Statement:
    return {
        "Sid": "NeverTheWholeTable",
        "Effect": "Deny",
        "Action": ["dynamodb:Scan", "dynamodb:PartiQL*", "dynamodb:ExportTableToPointInTime"],
        "Resource": [place.table_arn, f"{place.table_arn}/*"],
    }


def _no_stream(place: Place) -> Statement:
    return {
        "Sid": "NeverTheStream",
        "Effect": "Deny",
        # the look-up too: who may make it is taken for one who may follow
        "Action": [
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
        ],
        "Resource": [f"{place.table_arn}/*"],
    }


def _no_others(place: Place) -> list[Statement]:
    """What nobody may have who is not to have every row."""
    return [
        _no_stream(place),
        {
            "Sid": "NeverCarsNamedAlike",
            "Effect": "Deny",
            "Action": ["dynamodb:*"],
            "Resource": [place.table_arn],
            "Condition": {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": list(ALIKE)}},
        },
    ]


def _only(scope: Scope, role: str, *known: str) -> None:
    options = {"cars": "--car", "groups": "--group", "sessions": "--session"}
    for name, option in options.items():
        if getattr(scope, name) and name not in known:
            raise BadInput(f"role {role}: is not narrowed by {option}; leave it out")
