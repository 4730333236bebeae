"""Permissions in words: what each action lets somebody do, and who is meant to have it."""

from __future__ import annotations

from typing import NamedTuple


class Permission(NamedTuple):
    """One action.

    Attributes:
        words: what it lets somebody do, after "may" or "may not".
        roles: who is given it for everything that there is
            (:data:`pitwall.cloud.access.roles.ROLES`). The sealer reads as the engineer does, and
            is told of where something is written.
        own: who is given it for rows of their own.
    """

    words: str
    roles: tuple[str, ...]
    own: tuple[str, ...] = ()


_OWN = ("driver", "partner")
_WRITES = ("producer", "sealer")

PERMISSIONS: dict[str, Permission] = {
    "dynamodb:Query": Permission("read these rows of the table", ("engineer",), _OWN),
    "dynamodb:GetItem": Permission("read this item of the table", ("engineer",), _OWN),
    "dynamodb:BatchGetItem": Permission("read sealed laps from the table", ("engineer",), _OWN),
    "dynamodb:Scan": Permission("read the whole table", ()),
    "dynamodb:PartiQLSelect": Permission("read the table by PartiQL", ()),
    "dynamodb:PartiQLInsert": Permission("write the table by PartiQL", ()),
    "dynamodb:PartiQLUpdate": Permission("write the table by PartiQL", ()),
    "dynamodb:PartiQLDelete": Permission("write the table by PartiQL", ()),
    "dynamodb:PutItem": Permission("write this item to the table", (), _WRITES),
    "dynamodb:BatchWriteItem": Permission("write these rows to the table", (), ("producer",)),
    "dynamodb:DescribeTable": Permission("look up the table", ("engineer", *_OWN, *_WRITES)),
    "dynamodb:DescribeLimits": Permission(
        "look up the account's limits", ("engineer", "installer")
    ),
    "dynamodb:ListStreams": Permission("find the table's stream", ("archiver",)),
    "dynamodb:DescribeStream": Permission(
        "follow the table's stream, which carries every car's rows", ("engineer",)
    ),
    "dynamodb:GetShardIterator": Permission("follow the table's stream", ("engineer",)),
    "dynamodb:GetRecords": Permission("follow the table's stream", ("engineer",)),
    "kinesis:DescribeStreamSummary": Permission("look up the Kinesis stream", ("engineer",)),
    "kinesis:ListShards": Permission("follow the Kinesis stream", ("engineer",)),
    "kinesis:GetShardIterator": Permission("follow the Kinesis stream", ("engineer",)),
    "kinesis:GetRecords": Permission("follow the Kinesis stream", ("engineer",)),
    "s3:ListBucket": Permission("list the archive", ("engineer",)),
    "s3:GetObject": Permission("read this object of the archive", ("engineer",)),
    "s3:PutObject": Permission("write sealed laps to the archive", (), _WRITES),
    "firehose:PutRecordBatch": Permission("send records to the archive", ("archiver",)),
    "firehose:DescribeDeliveryStream": Permission("look up the delivery stream", ("engineer",)),
    "lambda:ListEventSourceMappings": Permission(
        "see whether the archiver is fed by the stream", ("engineer",)
    ),
    "cloudformation:DescribeStacks": Permission("look up the stack", ("engineer", "installer")),
    "cloudformation:CreateChangeSet": Permission("prepare a change of the stack", ("installer",)),
    "cloudformation:ExecuteChangeSet": Permission("make or change the stack", ("installer",)),
    "cloudformation:DeleteStack": Permission("delete the stack", ("installer",)),
    "iam:PassRole": Permission("hand the stack's roles to its services", ("installer",)),
    "iam:CreateRole": Permission("make the roles of the stack's services", ("installer",)),
}


def missing(action: str, resource: str = "", *, barred: bool = False) -> str:
    """One line: what these credentials may not do, which permission that is, and who has it.

    Args:
        action: the IAM action.
        resource: its ARN, where it is known.
        barred: a statement denies it, which no further policy makes up for.
    """
    where = f" on {resource}" if resource else ""
    lack = "is denied by a statement" if barred else "is missing"
    known = PERMISSIONS.get(action)
    if known is None:
        return f"these credentials may not use it: permission {action}{where} {lack}"
    line = f"these credentials may not {known.words}: permission {action}{where} {lack}"
    names = (*known.roles, *known.own)
    if not names:
        return f"{line}; no role of Pitwall's has it, on purpose"
    has = [f"role {_either(known.roles)} has it"] if known.roles else []
    if known.own:
        has.append(f"role {_either(known.own)} has it for own rows")
    line = f"{line}; {', '.join(has)}"
    if barred:
        return f"{line}, and a further policy does not help"
    # rows may be narrowed on purpose: then the role that is meant is not the one that has all
    role = "ROLE" if known.own and len(names) > 1 else names[0]
    return f"{line} (`pitwall cloud policy {role}`)"


def _either(names: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
