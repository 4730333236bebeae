"""Policies by role, decided by the evaluator: the vectors, and what holds for all names."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.cloud import keys
from pitwall.cloud.access import (
    METADATA,
    PERMISSIONS,
    ROLES,
    Ask,
    Place,
    Scope,
    check_policy,
    decide,
    missing,
    policy_for,
)
from pitwall.cloud.access.conditions import escape, holds, like
from pitwall.cloud.access.roles import MAX_POLICY
from pitwall.telemetry import BadInput
from tests.unit.cloud import strategies as made
from tests.unit.cloud.policy_vectors import PLACE, POLICIES, VECTORS, Vector, decided


@pytest.mark.parametrize(
    "vector", VECTORS, ids=[f"{v.policy}: {v.operation}: {v.why}" for v in VECTORS]
)
def test_vectors(vector: Vector) -> None:
    verdicts = decided(vector)
    assert verdicts
    assert all(verdict.allowed for verdict in verdicts) == vector.allowed, verdicts


def test_every_role_is_allowed_and_refused_something() -> None:
    for role in ROLES:
        seen = {v.allowed for v in VECTORS if v.policy == role}
        assert seen == {True, False}, role


@pytest.mark.parametrize("role", ["engineer", "driver", "partner", "producer", "sealer"])
@pytest.mark.parametrize(
    "action", ["Scan", "PartiQLSelect", "PartiQLUpdate", "ExportTableToPointInTime"]
)
def test_the_whole_table_is_refused_whatever_else_is_attached(role: str, action: str) -> None:
    everything = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    }
    ask = Ask(f"dynamodb:{action}", PLACE.table_arn)
    assert decide([everything], ask).allowed
    verdict = decide([everything, POLICIES[role]], ask)
    assert (verdict.allowed, verdict.reason) == (False, "explicit deny")


# -- all names


def reads(policy: dict[str, Any], pk: str, **context: list[str]) -> bool:
    have = {
        "dynamodb:LeadingKeys": [pk],
        "dynamodb:Attributes": ["pk", "sk"],
        "dynamodb:Select": ["ALL_ATTRIBUTES"],
    }
    return decide([policy], Ask("dynamodb:Query", PLACE.table_arn, {**have, **context})).allowed


_cars = made.cars.filter(lambda text: all(ord(c) < 0x100 for c in text) and text != "sealed")
_groups = made.group_names.filter(
    lambda text: all(ord(c) < 0x100 for c in text) and not (len(text) == 3 and text.isdigit())
)


_ALIKE = ["head", "catalog", "sealed", "sessions"]
_any_car = st.one_of(made.cars, st.sampled_from(_ALIKE))
_any_group = st.one_of(made.group_names, st.sampled_from([*_ALIKE, "001", "012"]))
_rows = st.builds(
    lambda series, car, group: replace(series, car=car, group=group),
    made.all_series,
    _any_car,
    _any_group,
)


@given(_cars.filter(lambda car: car not in _ALIKE), _rows, made.laps)
def test_a_driver_reads_own_rows_and_no_others(car: str, series: Any, lap: int) -> None:
    policy = policy_for("driver", PLACE, Scope(cars=(car,)))
    for pk in (keys.chunk_pk, keys.sealed_pk):
        own = pk(series.session, series.group, lap, car)
        assert reads(policy, own)
        other = pk(series.session, series.group, lap, series.car)
        assert reads(policy, other) == (series.car == car)


@given(_groups, _rows, made.laps)
def test_a_partner_reads_chosen_groups_and_no_others(group: str, series: Any, lap: int) -> None:
    policy = policy_for("partner", PLACE, Scope(groups=(group,)))
    for pk in (keys.chunk_pk, keys.sealed_pk):
        # a car of that name is nobody's but who may read everything
        alike = pk is keys.chunk_pk and series.car in ("head", "catalog")
        assert reads(policy, pk(series.session, group, lap, series.car)) == (not alike)
        other = pk(series.session, series.group, lap, series.car)
        assert reads(policy, other) == (series.group == group and not alike)
        assert not reads(
            policy,
            pk(series.session, "x" + group, lap, series.car)[:200],
            **{"dynamodb:Attributes": ["pk", "p"], "dynamodb:Select": ["SPECIFIC_ATTRIBUTES"]},
        )


@given(st.text(st.characters(max_codepoint=0xFF), max_size=20), st.text(max_size=20))
def test_an_escaped_text_matches_itself_alone(text: str, other: str) -> None:
    assert like(text, escape(text))
    assert like(other, escape(text)) == (other == text)


# -- what is refused


@pytest.mark.parametrize(
    ("role", "scope", "told"),
    [
        ("driver", Scope(), "--car"),
        ("producer", Scope(), "--car"),
        ("partner", Scope(), "--group"),
        ("driver", Scope(cars=("sealed",)), "sealed"),
        ("driver", Scope(cars=("head",)), "head"),
        ("producer", Scope(cars=("catalog",)), "catalog"),
        ("driver", Scope(cars=("a#b",)), "without #"),
        ("driver", Scope(cars=("七",)), "U+00FF"),
        ("driver", Scope(cars=("7",), groups=("pos",)), "--group"),
        ("engineer", Scope(cars=("7",)), "--car"),
        ("partner", Scope(groups=("012",)), "lap"),
        ("driver", Scope(cars=("7",), sessions=("*",)), "session"),
        ("driver", Scope(cars=tuple(map(str, range(400)))), str(MAX_POLICY)),
        ("boss", Scope(), "engineer"),
    ],
)
def test_scopes_that_cannot_be_kept(role: str, scope: Scope, told: str) -> None:
    with pytest.raises(BadInput, match=told.replace("+", r"\+").replace("*", r"\*")):
        policy_for(role, PLACE, scope)


def test_a_group_like_a_lap_is_fine_within_a_session() -> None:
    policy = policy_for("partner", PLACE, Scope(groups=("012",), sessions=("2026-01-31-a",)))
    assert reads(policy, "2026-01-31-a#012#001#8")
    assert not reads(policy, "2026-01-31-a#engine#012#123#sealed")


@pytest.mark.parametrize("name", ["table", "bucket", "stack", "account", "region", "kinesis"])
def test_names_that_aws_would_not_take(name: str) -> None:
    with pytest.raises(BadInput, match=name):
        Place(**{name: "no/good"})


def test_policies_are_plain_and_small() -> None:
    for name, policy in POLICIES.items():
        text = json.dumps(policy, ensure_ascii=False)
        assert all(0x20 <= ord(c) <= 0xFF for c in text), name
        assert check_policy(json.loads(text)) == policy
        assert len("".join(text.split())) <= MAX_POLICY
        sids = [s.get("Sid", str(i)) for i, s in enumerate(policy["Statement"])]
        assert len(set(sids)) == len(sids)
        assert all(sid.isalnum() for sid in sids)


def test_metadata_leaves_out_the_payload() -> None:
    assert {"pk", "sk"} <= set(METADATA)
    assert not {"p", "m", "cs", "h", "catalog"} & set(METADATA)


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ([], "Statement"),
        ({"Version": "2008-10-17", "Statement": []}, "2012"),
        ({"Statement": []}, "Version"),
        ({"Version": "2012-10-17", "Statement": ["x"]}, "not an object"),
        (
            {"Version": "2012-10-17", "Statement": {"Effect": "Maybe", "Action": "*"}},
            "Allow or Deny",
        ),
        ({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*"}}, "Action"),
        ({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*"}}, "Resource"),
        (
            {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {"StringSounds": {"a": "b"}},
                },
            },
            "StringSounds",
        ),
    ],
)
def test_policies_that_are_not_understood(policy: Any, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        check_policy(policy)


# -- conditions, as the IAM guide tells them

_K: dict[str, list[str]] = {"k": ["a", "b"]}


@pytest.mark.parametrize(
    ("block", "context", "expected"),
    [
        ({"StringEquals": {"k": "a"}}, {"k": ["a"]}, True),
        ({"StringEquals": {"K": "a"}}, {"k": ["a"]}, True),
        ({"StringEquals": {"k": "A"}}, {"k": ["a"]}, False),
        ({"StringEqualsIgnoreCase": {"k": "A"}}, {"k": ["a"]}, True),
        ({"StringEquals": {"k": "a*"}}, {"k": ["ab"]}, False),
        ({"StringLike": {"k": "a*"}}, {"k": ["ab"]}, True),
        ({"StringLike": {"k": "a?"}}, {"k": ["abc"]}, False),
        ({"StringLike": {"k": "a${*}"}}, {"k": ["a*"]}, True),
        ({"StringLike": {"k": "a${*}"}}, {"k": ["ab"]}, False),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"k": "a"}}, {"k": ["b"]}, False),
        ({"StringNotEquals": {"k": "a"}}, {}, True),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": ["b"]}, False),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Null": {"k": "false"}}, {}, False),
        ({"Null": {"k": "false"}}, {"k": ["a"]}, True),
        ({"ForAllValues:StringEquals": {"k": ["a", "b", "c"]}}, _K, True),
        ({"ForAllValues:StringEquals": {"k": ["a"]}}, _K, False),
        ({"ForAllValues:StringEquals": {"k": ["a"]}}, {}, True),
        ({"ForAllValues:StringEquals": {"k": ["a"]}}, {"k": []}, True),
        ({"ForAnyValue:StringEquals": {"k": ["a"]}}, _K, True),
        ({"ForAnyValue:StringEquals": {"k": ["c"]}}, _K, False),
        ({"ForAnyValue:StringEquals": {"k": ["a"]}}, {}, False),
        ({"ForAllValues:StringNotLike": {"k": ["c*"]}}, _K, True),
        ({"ForAllValues:StringNotLike": {"k": ["b*"]}}, _K, False),
        ({"Bool": {"k": "true"}}, {"k": ["True"]}, True),
        ({"NumericLessThanEquals": {"k": "3"}}, {"k": ["3"]}, True),
        ({"NumericLessThanEquals": {"k": "3"}}, {"k": ["x"]}, False),
        ({"ArnLike": {"k": "arn:aws:lambda:*:1:function:f"}},
         {"k": ["arn:aws:lambda:us-east-1:1:function:f"]}, True),
        ({"StringEquals": {"k": "a", "j": "b"}}, {"k": ["a"], "j": ["c"]}, False),
        ({"StringEquals": {"k": "a"}, "StringLike": {"j": "*"}}, {"k": ["a"], "j": ["c"]}, True),
    ],
)  # fmt: skip
def test_conditions(block: dict[str, Any], context: dict[str, list[str]], expected: bool) -> None:
    assert holds(block, context) == expected


def test_policy_variables_are_not_guessed() -> None:
    with pytest.raises(BadInput, match="aws:username"):
        holds({"StringLike": {"k": "${aws:username}"}}, {"k": ["a"]})


def test_not_action_and_not_resource() -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "NotAction": "s3:*", "NotResource": "arn:secret*"},
    }
    assert decide([policy], Ask("dynamodb:Query", "arn:x")).allowed
    assert not decide([policy], Ask("s3:GetObject", "arn:x")).allowed
    assert not decide([policy], Ask("dynamodb:Query", "arn:secret")).allowed


# -- in words


def test_missing_permissions_in_words() -> None:
    line = missing("dynamodb:GetRecords", "arn:stream")
    assert "may not follow the table's stream" in line
    assert "dynamodb:GetRecords on arn:stream is missing" in line
    assert "role engineer" in line
    assert "on purpose" in missing("dynamodb:Scan")
    assert "role engineer has it, role driver or partner has it for own" in missing(
        "dynamodb:Query"
    )
    assert (
        "missing; role producer has it for own rows (`pitwall cloud policy producer`)"
        in missing("dynamodb:BatchWriteItem")
    )
    # an engineer's policy is not for who is narrowed on purpose
    assert missing("dynamodb:Query").endswith("(`pitwall cloud policy ROLE`)")
    assert missing("s3:ListBucket").endswith("(`pitwall cloud policy engineer`)")
    assert missing("glue:GetTable", "arn:x").endswith(
        "permission glue:GetTable on arn:x is missing"
    )


def test_a_statement_that_denies_is_not_mended_by_a_further_policy() -> None:
    line = missing("dynamodb:GetRecords", "arn:stream", barred=True)
    assert "permission dynamodb:GetRecords on arn:stream is denied by a statement" in line
    assert line.endswith("role engineer has it, and a further policy does not help")
    assert "pitwall cloud policy" not in missing("dynamodb:Query", barred=True)
    assert "on purpose" in missing("dynamodb:Scan", barred=True)


def test_the_roles_that_are_told_have_the_permission() -> None:
    scopes = {"driver": Scope(("7",)), "producer": Scope(("7",)), "partner": Scope((), ("pos",))}
    for role in ROLES:
        policy = policy_for(role, PLACE, scopes.get(role))
        granted = {
            action
            for statement in policy["Statement"]
            if statement["Effect"] == "Allow"
            for action in statement["Action"]
        }
        told = {
            action for action, known in PERMISSIONS.items() if role in (*known.roles, *known.own)
        }
        assert told <= granted, (role, told - granted)
