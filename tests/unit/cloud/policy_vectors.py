"""Allow and deny vectors: a policy, a call, and what must come of it.

Those named ``guide`` are policies of the DynamoDB developer guide (fine-grained access control;
PartiQL security) with the user's id written out, and the calls that its text says they allow or
refuse. The others are the policies that we make.

    python -m tests.unit.cloud.policy_vectors    prints them as a table, each with what was decided
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from pitwall.cloud.access import Ask, Decision, Place, Scope, decide, policy_for
from pitwall.cloud.local.asked import Asked
from pitwall.cloud.local.items import KeyAttribute, KeySchema

PLACE = Place(account="000000000000", region="us-east-1", kinesis="pitwall-live")
TABLE = PLACE.table_arn
STREAM = f"{TABLE}/stream/2026-01-31T12:00:00.000"
S = "2026-01-31-test-r1"
OTHER = "2026-02-01-test-r2"

GAMES = "arn:aws:dynamodb:us-west-2:123456789012:table/GameScores"
_ITEMS = ["GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"]


def _guide(actions: list[str], condition: dict[str, Any], resource: str = GAMES) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Guide",
                "Effect": "Allow",
                "Action": [f"dynamodb:{action}" for action in actions],
                "Resource": [resource],
                "Condition": condition,
            }
        ],
    }


INDEX = f"{GAMES}/index/TopScoreDateTimeIndex"
POLICIES: dict[str, dict[str, Any]] = {
    "guide own rows": _guide(
        [*_ITEMS, "BatchWriteItem"],
        {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["amy"]}},
    ),
    "guide read own rows": _guide(
        ["GetItem", "BatchGetItem", "Query"],
        {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["amy"]}},
    ),
    "guide columns": _guide(
        ["UpdateItem", "GetItem", "Query", "BatchGetItem", "Scan"],
        {
            "ForAllValues:StringEquals": {"dynamodb:Attributes": ["UserId", "TopScore"]},
            "StringEqualsIfExists": {
                "dynamodb:Select": "SPECIFIC_ATTRIBUTES",
                "dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"],
            },
        },
    ),
    "guide no updates": _guide(
        ["UpdateItem"],
        {
            "ForAllValues:StringNotLike": {
                "dynamodb:Attributes": ["FreeGamesAvailable", "BossLevelUnlocked"]
            },
            "StringEquals": {"dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"]},
        },
    ),
    "guide index columns": _guide(
        ["Query"],
        {
            "ForAllValues:StringEquals": {
                "dynamodb:Attributes": [
                    "TopScoreDateTime",
                    "GameTitle",
                    "Wins",
                    "Losses",
                    "Attempts",
                ]
            },
            "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
        },
        INDEX,
    ),
    "guide index all": _guide(
        ["Query"], {"StringEquals": {"dynamodb:Select": "ALL_PROJECTED_ATTRIBUTES"}}, INDEX
    ),
    "guide rows and columns": _guide(
        ["UpdateItem", "GetItem", "Query", "BatchGetItem"],
        {
            "ForAllValues:StringEquals": {
                "dynamodb:LeadingKeys": ["amy"],
                "dynamodb:Attributes": ["UserId", "attribute-A", "attribute-B"],
            },
            "StringEqualsIfExists": {
                "dynamodb:Select": "SPECIFIC_ATTRIBUTES",
                "dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"],
            },
        },
    ),
    # the trap that our own policies avoid: no condition on keys refuses a call without keys
    "guide rows with Scan": _guide(
        ["Query", "Scan"], {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["amy"]}}
    ),
    "guide PartiQL no full scan": {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Action": ["dynamodb:PartiQLSelect"],
                "Resource": ["arn:aws:dynamodb:us-west-2:123456789012:table/WatchList"],
                "Condition": {"Bool": {"dynamodb:FullTableScan": ["true"]}},
            },
            {
                "Effect": "Allow",
                "Action": ["dynamodb:PartiQLSelect"],
                "Resource": ["arn:aws:dynamodb:us-west-2:123456789012:table/WatchList"],
            },
        ],
    },
    "guide PartiQL transactions only": {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["dynamodb:PartiQLInsert", "dynamodb:PartiQLSelect"],
                "Resource": ["arn:aws:dynamodb:us-west-2:123456789012:table/Music"],
                "Condition": {
                    "StringEquals": {"dynamodb:EnclosingOperation": ["ExecuteTransaction"]}
                },
            }
        ],
    },
    "engineer": policy_for("engineer", PLACE),
    "driver": policy_for("driver", PLACE, Scope(cars=("7",))),
    "driver of one session": policy_for("driver", PLACE, Scope(cars=("7",), sessions=(S,))),
    "driver *": policy_for("driver", PLACE, Scope(cars=("*",))),
    "partner": policy_for("partner", PLACE, Scope(groups=("pos", "tyre"))),
    "partner of one session": policy_for("partner", PLACE, Scope(groups=("pos",), sessions=(S,))),
    "producer": policy_for("producer", PLACE, Scope(cars=("7",))),
    "sealer": policy_for("sealer", PLACE),
    "sealer of one session": policy_for("sealer", PLACE, Scope(sessions=(S,))),
    "archiver": policy_for("archiver", PLACE),
    "installer": policy_for("installer", PLACE),
}


class Vector(NamedTuple):
    """One case.

    Attributes:
        policy: a name in POLICIES.
        allowed: what must come of it.
        operation: of ``service``.
        body: the call's parameters.
        why: what it shows.
        service: ``dynamodb``, ``streams``, ``firehose`` or ``s3``.
    """

    policy: str
    allowed: bool
    operation: str
    body: dict[str, Any]
    why: str
    service: str = "dynamodb"


def key(name: str, value: str, sk: str = "GameTitle") -> dict[str, Any]:
    return {name: {"S": value}, sk: {"S": "x"}}


def game(user: str = "amy", **more: Any) -> dict[str, Any]:
    return {"TableName": GAMES, "Key": {"UserId": {"S": user}}, **more}


def query(pk: str, table: str = "pitwall", name: str = "pk", **more: Any) -> dict[str, Any]:
    return {
        "TableName": table,
        "KeyConditionExpression": f"{name} = :pk",
        "ExpressionAttributeValues": {":pk": {"S": pk}},
        **more,
    }


def batch(*pks: str, table: str = "pitwall", **more: Any) -> dict[str, Any]:
    keys = [{"pk": {"S": pk}, "sk": {"S": "x"}} for pk in pks]
    return {"RequestItems": {table: {"Keys": keys, **more}}}


def write(*pks: str, table: str = "pitwall", delete: bool = False) -> dict[str, Any]:
    rows = [{"pk": {"S": pk}, "sk": {"S": "x"}, "p": {"B": "AA=="}} for pk in pks]
    requests = [
        {"DeleteRequest": {"Key": {"pk": row["pk"], "sk": row["sk"]}}}
        if delete
        else {"PutRequest": {"Item": row}}
        for row in rows
    ]
    return {"RequestItems": {table: requests}}


def put(pk: str, **more: Any) -> dict[str, Any]:
    item = {"pk": {"S": pk}, "sk": {"S": "x"}, "p": {"B": "AA=="}}
    return {"TableName": "pitwall", "Item": item, **more}


def row(pk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": "x"}}


def obj(key: str, bucket: str = "pitwall-archive") -> dict[str, Any]:
    return {"bucket": bucket, "key": key}


def listing(prefix: str, bucket: str = "pitwall-archive") -> dict[str, Any]:
    return {"bucket": bucket, "key": "", "query": {"list-type": "2", "prefix": prefix}}


OWN, OWN_SEALED = f"{S}#pos#012#7", f"{S}#engine#012#7#sealed"
FOREIGN, FOREIGN_SEALED = f"{S}#pos#012#8", f"{S}#engine#012#8#sealed"
ENGINE = f"{S}#engine#012#8"
WATCH = '"WatchList"'
_PAYLOAD = {"ProjectionExpression": "pk, sk, n, p"}
_META = {"ProjectionExpression": "pk, sk, e, n, c, d"}

VECTORS = [
    # -- the guide: rows
    Vector("guide own rows", True, "GetItem", game(), "own item"),
    Vector("guide own rows", False, "GetItem", game("bob"), "another's item"),
    Vector("guide own rows", True, "PutItem", {"TableName": GAMES, "Item": key("UserId", "amy")},
           "own item written"),
    Vector("guide own rows", False, "PutItem", {"TableName": GAMES, "Item": key("UserId", "bob")},
           "another's item written"),
    Vector("guide own rows", False, "DeleteItem", game("bob"), "another's item deleted"),
    Vector("guide own rows", False, "Scan", {"TableName": GAMES},
           "Scan returns all items regardless of the leading keys, so it is not in the list"),
    Vector("guide own rows", False, "GetItem", {**game(), "TableName": f"{GAMES}2"},
           "another table"),
    Vector("guide read own rows", True, "Query", query("amy", GAMES, "UserId"), "own partition"),
    Vector("guide read own rows", False, "Query", query("bob", GAMES, "UserId"),
           "another's partition"),
    Vector("guide read own rows", False, "PutItem",
           {"TableName": GAMES, "Item": key("UserId", "amy")}, "read only"),
    Vector("guide read own rows", True, "BatchGetItem",
           {"RequestItems": {GAMES: {"Keys": [key("UserId", "amy")]}}}, "own key"),
    Vector("guide read own rows", False, "BatchGetItem",
           {"RequestItems": {GAMES: {"Keys": [key("UserId", "amy"), key("UserId", "bob")]}}},
           "one foreign key refuses the whole call"),
    Vector("guide rows with Scan", True, "Scan", {"TableName": GAMES},
           "for all of no keys holds: why Scan must never be allowed with a row condition"),
    # -- the guide: columns
    Vector("guide columns", True, "GetItem", game(ProjectionExpression="TopScore"),
           "a listed attribute"),
    Vector("guide columns", False, "GetItem", game(ProjectionExpression="TopScore, Wins"),
           "an attribute that is not listed"),
    Vector("guide columns", False, "GetItem",
           game(ProjectionExpression="#w", ExpressionAttributeNames={"#w": "Wins"}),
           "by an alias too"),
    Vector("guide columns", False, "GetItem", game(),
           "no attributes named: Select is ALL_ATTRIBUTES"),
    Vector("guide columns", False, "Query", query("amy", GAMES, "UserId"),
           "Select is ALL_ATTRIBUTES"),
    Vector("guide columns", True, "Query",
           query("amy", GAMES, "UserId", ProjectionExpression="UserId, TopScore"),
           "named attributes"),
    Vector("guide columns", True, "Query",
           query("amy", GAMES, "UserId", ProjectionExpression="TopScore",
                 Select="SPECIFIC_ATTRIBUTES"), "Select said as well"),
    Vector("guide columns", False, "Query", query("amy", GAMES, "UserId", Select="COUNT"),
           "COUNT is not SPECIFIC_ATTRIBUTES"),
    Vector("guide columns", False, "Query",
           query("amy", GAMES, "UserId", ProjectionExpression="TopScore",
                 FilterExpression="Wins = :pk"), "a filter reads too"),
    Vector("guide columns", True, "Scan", {"TableName": GAMES, "ProjectionExpression": "TopScore"},
           "Scan of listed attributes"),
    Vector("guide columns", False, "Scan", {"TableName": GAMES}, "Scan of everything"),
    Vector("guide columns", False, "BatchGetItem",
           {"RequestItems": {GAMES: {"Keys": [{"UserId": {"S": "amy"}}]}}},
           "no attributes named in a batch"),
    Vector("guide columns", True, "BatchGetItem",
           {"RequestItems": {GAMES: {"Keys": [{"UserId": {"S": "amy"}}],
                                     "AttributesToGet": ["TopScore"]}}},
           "named by the older parameter"),
    Vector("guide columns", True, "UpdateItem",
           {"TableName": GAMES, "Key": {"UserId": {"S": "amy"}},
            "UpdateExpression": "SET TopScore = :s"}, "update of a listed attribute"),
    Vector("guide columns", False, "UpdateItem",
           {"TableName": GAMES, "Key": {"UserId": {"S": "amy"}},
            "UpdateExpression": "SET TopScore = :s", "ReturnValues": "ALL_OLD"},
           "ALL_OLD would return the others"),
    Vector("guide no updates", True, "UpdateItem",
           game(UpdateExpression="SET Wins = :w", ReturnValues="UPDATED_NEW"), "another attribute"),
    Vector("guide no updates", False, "UpdateItem",
           game(UpdateExpression="SET BossLevelUnlocked = :b"), "a protected attribute"),
    Vector("guide no updates", False, "UpdateItem",
           game(UpdateExpression="SET Wins = :w", ReturnValues="ALL_NEW"),
           "ALL_NEW returns protected attributes"),
    # -- the guide: index
    Vector("guide index columns", True, "Query",
           query("g", GAMES, "GameTitle", IndexName="TopScoreDateTimeIndex",
                 ProjectionExpression="Wins", Select="SPECIFIC_ATTRIBUTES"),
           "projected attributes of the index"),
    Vector("guide index columns", False, "Query",
           query("g", GAMES, "GameTitle", IndexName="TopScoreDateTimeIndex",
                 ProjectionExpression="UserId", Select="SPECIFIC_ATTRIBUTES"),
           "an attribute that is not projected"),
    Vector("guide index columns", False, "Query",
           query("g", GAMES, "GameTitle", ProjectionExpression="Wins"), "the table itself"),
    Vector("guide index all", True, "Query",
           query("g", GAMES, "GameTitle", IndexName="TopScoreDateTimeIndex",
                 Select="ALL_PROJECTED_ATTRIBUTES"), "all that is projected"),
    Vector("guide index all", False, "Query",
           query("g", GAMES, "GameTitle", IndexName="TopScoreDateTimeIndex",
                 Select="ALL_ATTRIBUTES"), "would fetch from the table"),
    # -- the guide: rows and columns
    Vector("guide rows and columns", True, "Query",
           query("amy", GAMES, "UserId", ProjectionExpression="#a",
                 ExpressionAttributeNames={"#a": "attribute-A"}), "own row, listed column"),
    Vector("guide rows and columns", False, "Query",
           query("bob", GAMES, "UserId", ProjectionExpression="#a",
                 ExpressionAttributeNames={"#a": "attribute-A"}), "another's row"),
    Vector("guide rows and columns", False, "Query",
           query("amy", GAMES, "UserId", ProjectionExpression="Wins"), "another column"),
    Vector("guide rows and columns", False, "UpdateItem",
           {"TableName": GAMES, "Key": {"UserId": {"S": "amy"}},
            "UpdateExpression": "SET #a = :a", "ExpressionAttributeNames": {"#a": "attribute-A"},
            "ConditionExpression": "Wins = :w"}, "conditional on another attribute"),
    # -- the guide: PartiQL
    Vector("guide PartiQL no full scan", True, "ExecuteStatement",
           {"Statement": "SELECT * FROM \"arn:aws:dynamodb:us-west-2:123456789012:table/WatchList\""
                         " WHERE pk = 'x'"}, "by key"),
    Vector("guide PartiQL no full scan", False, "ExecuteStatement",
           {"Statement": "SELECT * FROM \"arn:aws:dynamodb:us-west-2:123456789012:table/WatchList\""
                         " WHERE n > 3"}, "a full table scan"),
    Vector("guide PartiQL no full scan", False, "ExecuteStatement",
           {"Statement": "SELECT * FROM \"arn:aws:dynamodb:us-west-2:123456789012:table/WatchList\""
            }, "no condition at all"),
    Vector("guide PartiQL transactions only", False, "ExecuteStatement",
           {"Statement": "INSERT INTO \"arn:aws:dynamodb:us-west-2:123456789012:table/Music\" "
                         "VALUE {'pk': 'x'}"}, "outside of a transaction"),
    Vector("guide PartiQL transactions only", True, "ExecuteTransaction",
           {"TransactStatements": [{"Statement":
            "INSERT INTO \"arn:aws:dynamodb:us-west-2:123456789012:table/Music\" "
            "VALUE {'pk': 'x'}"}]}, "within one"),
    Vector("guide PartiQL transactions only", False, "BatchExecuteStatement",
           {"Statements": [{"Statement":
            "INSERT INTO \"arn:aws:dynamodb:us-west-2:123456789012:table/Music\" "
            "VALUE {'pk': 'x'}"}]}, "a batch is no transaction"),
    # -- engineer
    Vector("engineer", True, "Query", query(OWN), "any row"),
    Vector("engineer", True, "Query", query("sessions"), "the session list"),
    Vector("engineer", True, "BatchGetItem", batch(OWN_SEALED, FOREIGN_SEALED), "any sealed lap"),
    Vector("engineer", True, "DescribeTable", {"TableName": "pitwall"}, "look up the table"),
    Vector("engineer", False, "Query", query(OWN, "other"), "another table"),
    Vector("engineer", False, "Scan", {"TableName": "pitwall"}, "never the whole table"),
    Vector("engineer", False, "ExecuteStatement",
           {"Statement": f"SELECT * FROM \"pitwall\" WHERE pk = '{OWN}'"}, "no PartiQL, keyed"),
    Vector("engineer", False, "PutItem", put(OWN), "reads only"),
    Vector("engineer", False, "BatchWriteItem", write(OWN), "reads only"),
    Vector("engineer", False, "CreateTable", {"TableName": "pitwall"}, "makes nothing"),
    Vector("engineer", True, "DescribeStream", {"StreamArn": STREAM}, "the stream", "streams"),
    Vector("engineer", True, "GetRecords", {"ShardIterator": f"{STREAM}|1|abc"}, "its records",
           "streams"),
    Vector("engineer", False, "GetRecords",
           {"ShardIterator": f"{STREAM.replace('pitwall', 'other')}|1|abc"}, "another's stream",
           "streams"),
    Vector("engineer", True, "ListObjectsV2", listing("raw/2026/01/31/12/"), "the archive", "s3"),
    Vector("engineer", True, "ListObjectsV2", listing(f"sealed/{S}/"), "sealed laps", "s3"),
    Vector("engineer", False, "ListObjectsV2", listing(""), "the whole bucket", "s3"),
    Vector("engineer", False, "ListObjectsV2", listing("raw/", "other"), "another bucket", "s3"),
    Vector("engineer", True, "GetObject", obj("raw/2026/01/31/12/a.gz"), "an object", "s3"),
    Vector("engineer", True, "HeadObject", obj("raw/2026/01/31/12/a.gz"),
           "HEAD needs the permission of GET", "s3"),
    Vector("engineer", False, "GetObject", obj("failed/x"), "another prefix", "s3"),
    Vector("engineer", False, "PutObject", obj(f"sealed/{S}/7/012-a-1-v1.seg"), "reads only", "s3"),
    Vector("engineer", False, "DeleteObject", obj("raw/x"), "reads only", "s3"),
    Vector("engineer", False, "PutRecordBatch", {"DeliveryStreamName": "pitwall-archive"},
           "not the archiver", "firehose"),
    # -- driver: rows
    Vector("driver", True, "Query", query(OWN), "own chunks"),
    Vector("driver", True, "Query", query(f"{OTHER}#tyre#000#7"), "own, of any session"),
    Vector("driver", True, "BatchGetItem", batch(OWN_SEALED), "own sealed lap"),
    Vector("driver", True, "GetItem",
           {"TableName": "pitwall", "Key": {"pk": {"S": OWN}, "sk": {"S": "x"}}}, "own item"),
    Vector("driver", True, "Query", query("sessions"), "the session list"),
    Vector("driver", True, "Query", query(f"{S}#head"), "heads"),
    Vector("driver", True, "Query", query(f"{S}#catalog"), "the lap catalog"),
    Vector("driver", False, "Query", query(FOREIGN), "another car"),
    Vector("driver", False, "Query", query(f"{S}#pos#012#77"), "a car that begins alike"),
    Vector("driver", False, "Query", query(f"{S}#pos#012#17"), "a car that ends alike"),
    Vector("driver", False, "Query", query(f"{S}#pos#012#8#sealed"), "another's sealed lap"),
    Vector("driver", False, "Query", query(f"{S}#7#012#8"), "a group of that name"),
    Vector("driver", False, "Query", query("7"), "no key of ours"),
    Vector("driver", False, "BatchGetItem", batch(OWN_SEALED, FOREIGN_SEALED),
           "one foreign key among many refuses the call"),
    Vector("driver", False, "BatchGetItem",
           {"RequestItems": {**batch(OWN)["RequestItems"],
                             **batch(OWN, table="other")["RequestItems"]}},
           "one foreign table among several refuses the call"),
    Vector("driver", False, "Scan", {"TableName": "pitwall"}, "never the whole table"),
    Vector("driver", False, "Scan",
           {"TableName": "pitwall", "FilterExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": OWN}}}, "a filter is no key"),
    Vector("driver", False, "Scan", {"TableName": "pitwall", "IndexName": "i"}, "nor an index"),
    Vector("driver", False, "ExecuteStatement",
           {"Statement": f"SELECT * FROM \"pitwall\" WHERE pk = '{OWN}'"}, "no PartiQL, keyed"),
    Vector("driver", False, "ExecuteStatement", {"Statement": 'SELECT * FROM "pitwall"'},
           "no PartiQL scan"),
    Vector("driver", False, "ExecuteStatement", {"Statement": 'SELECT * FROM "pitwall"."i"'},
           "no PartiQL on an index"),
    Vector("driver", False, "BatchExecuteStatement",
           {"Statements": [{"Statement": f"SELECT * FROM \"pitwall\" WHERE pk = '{OWN}'"}]},
           "no PartiQL in a batch"),
    Vector("driver", False, "ExecuteTransaction",
           {"TransactStatements": [{"Statement": 'SELECT * FROM "pitwall"'}]},
           "no PartiQL in a transaction"),
    Vector("driver", True, "TransactGetItems",
           {"TransactItems": [{"Get": {"TableName": "pitwall", "Key": row(OWN)}}]},
           "own item in a transaction"),
    Vector("driver", False, "TransactGetItems",
           {"TransactItems": [{"Get": {"TableName": "pitwall", "Key": row(OWN)}},
                              {"Get": {"TableName": "pitwall", "Key": row(FOREIGN)}}]},
           "one foreign key in a transaction refuses it"),
    Vector("driver", False, "BatchGetItem", {"RequestItems": {"pitwall": {"Keys": []}}},
           "a batch without any key: for all of none must not hold"),
    Vector("driver", False, "Query", {"TableName": "pitwall"}, "a query without a key"),
    Vector("driver", False, "Query", query(OWN, IndexName="i"), "an index"),
    Vector("driver", False, "Query", query(OWN, "other"), "another table"),
    Vector("driver", False, "PutItem", put(OWN), "reads only"),
    Vector("driver", False, "DeleteItem",
           {"TableName": "pitwall", "Key": {"pk": {"S": OWN}, "sk": {"S": "x"}}}, "reads only"),
    Vector("driver", False, "GetRecords", {"ShardIterator": f"{STREAM}|1|abc"},
           "a stream carries every row", "streams"),
    Vector("driver", False, "DescribeStream", {"StreamArn": STREAM}, "nor is it looked up",
           "streams"),
    Vector("driver", False, "ListObjectsV2", listing("raw/"), "the archive has every car", "s3"),
    Vector("driver", False, "GetObject", obj("raw/2026/01/31/12/a.gz"), "likewise", "s3"),
    Vector("driver of one session", True, "Query", query(OWN), "own rows of it"),
    Vector("driver of one session", True, "Query", query(f"{S}#catalog"), "its catalog"),
    Vector("driver of one session", False, "Query", query(f"{OTHER}#pos#012#7"),
           "own rows of another session"),
    Vector("driver of one session", False, "Query", query(f"{OTHER}#head"), "another's heads"),
    Vector("driver *", True, "Query", query(f"{S}#pos#012#*"), "a car that is called *"),
    Vector("driver *", False, "Query", query(OWN), "is not every car"),
    # -- partner: rows by group, metadata without payload
    Vector("partner", True, "Query", query(f"{S}#pos#012#8"), "a chosen group, any car"),
    Vector("partner", True, "Query", query(f"{S}#tyre#012#7"), "the other chosen group"),
    Vector("partner", True, "BatchGetItem", batch(f"{S}#pos#012#8#sealed"), "its sealed laps"),
    Vector("partner", True, "Query", query(f"{S}#catalog"), "the lap catalog"),
    Vector("partner", False, "Query", query(ENGINE), "another group"),
    Vector("partner", False, "Query", query(f"{S}#engine#012#pos"), "a car of that name"),
    Vector("partner", False, "Query", query(f"{S}#engine#012#pos#sealed"), "its sealed lap"),
    Vector("partner", False, "Query", query(f"{S}#position#012#8"), "a group that begins alike"),
    Vector("partner", False, "BatchGetItem", batch(f"{S}#pos#012#8", ENGINE),
           "one foreign key among many"),
    Vector("partner", True, "Query", query(ENGINE, **_META), "metadata without payload"),
    Vector("partner", True, "Query",
           query(ENGINE, Select="SPECIFIC_ATTRIBUTES", **_META), "said as well"),
    Vector("partner", False, "Query", query(ENGINE, **_PAYLOAD), "the payload"),
    Vector("partner", False, "Query",
           query(ENGINE, ProjectionExpression="#x", ExpressionAttributeNames={"#x": "p"}),
           "the payload by an alias"),
    Vector("partner", False, "Query", query(ENGINE, FilterExpression="p > :pk", **_META),
           "the payload guessed by a filter"),
    Vector("partner", False, "Query", query(ENGINE, Select="ALL_ATTRIBUTES"), "all attributes"),
    Vector("partner", False, "Query", query(ENGINE, Select="COUNT"), "COUNT names none"),
    Vector("partner", False, "GetItem",
           {"TableName": "pitwall", "Key": {"pk": {"S": ENGINE}, "sk": {"S": "x"}}, **_META},
           "metadata is queried only"),
    Vector("partner", False, "Scan", {"TableName": "pitwall", **_META}, "no Scan of metadata"),
    Vector("partner", False, "ExecuteStatement",
           {"Statement": f"SELECT pk FROM \"pitwall\" WHERE pk = '{ENGINE}'"}, "no PartiQL"),
    Vector("partner", False, "GetRecords", {"ShardIterator": f"{STREAM}|1|abc"}, "no stream",
           "streams"),
    Vector("partner", False, "Query", query(f"{S}#pos#012#8", "other"), "another table"),
    Vector("partner of one session", True, "Query", query(f"{S}#pos#012#8"), "its rows"),
    Vector("partner of one session", False, "Query", query(f"{OTHER}#pos#012#8"), "another's rows"),
    Vector("partner of one session", True, "Query", query(ENGINE, **_META), "its metadata"),
    Vector("partner of one session", False, "Query",
           query(f"{OTHER}#engine#012#8", **_META), "another's metadata"),
    # -- producer
    Vector("producer", True, "BatchWriteItem", write(OWN, OWN_SEALED, f"{S}#head"), "own rows"),
    Vector("producer", True, "PutItem", put(f"{S}#catalog"), "the catalog"),
    Vector("producer", True, "PutItem", put("sessions"), "the session"),
    Vector("producer", False, "BatchWriteItem", write(OWN, FOREIGN), "one foreign row among many"),
    Vector("producer", False, "PutItem", put(FOREIGN), "another car"),
    Vector("producer", False, "BatchWriteItem", write(FOREIGN, delete=True), "nor deleted"),
    Vector("producer", True, "BatchWriteItem", write(OWN, delete=True),
           "own rows may be deleted: IAM has one permission for both"),
    Vector("producer", False, "DeleteItem",
           {"TableName": "pitwall", "Key": row(OWN)}, "not by the single call"),
    Vector("producer", False, "TransactWriteItems",
           {"TransactItems": [{"Put": put(FOREIGN)}]}, "another car in a transaction"),
    Vector("producer", False, "PutItem", put(OWN, ReturnValues="ALL_OLD"), "no reading by writing"),
    Vector("producer", False, "Query", query(OWN), "writes only"),
    Vector("producer", False, "GetRecords", {"ShardIterator": f"{STREAM}|1|abc"}, "no stream",
           "streams"),
    Vector("producer", True, "PutObject", obj(f"sealed/{S}/7/012-a-1-v1.seg"), "own sealed laps",
           "s3"),
    Vector("producer", False, "PutObject", obj(f"sealed/{S}/8/012-a-1-v1.seg"), "other car", "s3"),
    Vector("producer", False, "PutObject", obj("raw/x.gz"), "not the raw archive", "s3"),
    Vector("producer", False, "GetObject", obj(f"sealed/{S}/7/012-a-1-v1.seg"), "no read", "s3"),
    # -- sealer: reads every row, writes sealed laps and the catalog
    Vector("sealer", True, "Query", query(OWN), "any row"),
    Vector("sealer", True, "Query", query("sessions"), "the session"),
    Vector("sealer", True, "Query", query(f"{S}#head"), "heads"),
    Vector("sealer", True, "BatchGetItem", batch(OWN_SEALED, FOREIGN_SEALED), "any sealed lap"),
    Vector("sealer", True, "PutItem", put(OWN_SEALED), "a sealed lap"),
    Vector("sealer", True, "PutItem", put(FOREIGN_SEALED), "of any car"),
    Vector("sealer", True, "PutItem", put(f"{S}#catalog"), "the catalog"),
    Vector("sealer", True, "DescribeTable", {"TableName": "pitwall"}, "look up the table"),
    Vector("sealer", False, "PutItem", put(OWN), "no chunk"),
    Vector("sealer", False, "PutItem", put(f"{S}#pos#012#catalog"),
           "no chunk of a car that is called catalog"),
    Vector("sealer", False, "PutItem", put(f"{S}#pos#012#sealed"),
           "no chunk of a car that is called sealed"),
    Vector("sealer", False, "PutItem", put(f"{S}#head"), "no head"),
    Vector("sealer", False, "PutItem", put("sessions"), "no session"),
    Vector("sealer", False, "PutItem", {**put(OWN_SEALED), "TableName": "other"}, "another table"),
    Vector("sealer", False, "BatchWriteItem", write(OWN_SEALED), "no batch"),
    Vector("sealer", False, "BatchWriteItem", write(OWN_SEALED, delete=True), "so no deletion"),
    Vector("sealer", False, "DeleteItem",
           {"TableName": "pitwall", "Key": row(OWN_SEALED)}, "nor by the single call"),
    Vector("sealer", False, "TransactWriteItems",
           {"TransactItems": [{"Put": put(OWN_SEALED)}, {"Put": put(OWN)}]},
           "one foreign row in a transaction"),
    Vector("sealer", False, "Scan", {"TableName": "pitwall"}, "never the whole table"),
    Vector("sealer", False, "ExecuteStatement",
           {"Statement": f"SELECT * FROM \"pitwall\" WHERE pk = '{OWN}'"}, "no PartiQL, keyed"),
    Vector("sealer", False, "GetRecords", {"ShardIterator": f"{STREAM}|1|abc"}, "no stream",
           "streams"),
    Vector("sealer", False, "DescribeStream", {"StreamArn": STREAM}, "nor looked up", "streams"),
    Vector("sealer", True, "ListObjectsV2", listing(f"sealed/{S}/"), "sealed laps", "s3"),
    Vector("sealer", False, "ListObjectsV2", listing("raw/2026/01/31/12/"), "not raw", "s3"),
    Vector("sealer", False, "ListObjectsV2", listing(""), "nor the whole bucket", "s3"),
    Vector("sealer", True, "PutObject", obj(f"sealed/{S}/8/012-a-1-v1.seg"), "any car's", "s3"),
    Vector("sealer", False, "PutObject", obj("raw/x.gz"), "not the raw archive", "s3"),
    Vector("sealer", False, "GetObject", obj(f"sealed/{S}/8/012-a-1-v1.seg"), "no read", "s3"),
    Vector("sealer", False, "GetObject", obj("raw/x.gz"), "nor of raw objects", "s3"),
    Vector("sealer of one session", True, "Query", query(OWN), "its rows"),
    Vector("sealer of one session", True, "Query", query("sessions"), "the session list"),
    Vector("sealer of one session", True, "PutItem", put(FOREIGN_SEALED), "its sealed laps"),
    Vector("sealer of one session", True, "ListObjectsV2", listing(f"sealed/{S}/"), "its objects",
           "s3"),
    Vector("sealer of one session", False, "Query", query(f"{OTHER}#pos#012#7"), "another's rows"),
    Vector("sealer of one session", False, "PutItem", put(f"{OTHER}#catalog"), "another's catalog"),
    Vector("sealer of one session", False, "ListObjectsV2", listing("sealed/"), "of every session",
           "s3"),
    Vector("sealer of one session", False, "PutObject", obj(f"sealed/{OTHER}/7/012-a-1-v1.seg"),
           "another's objects", "s3"),
    # -- archiver
    Vector("archiver", True, "GetRecords", {"ShardIterator": f"{STREAM}|1|abc"}, "the stream",
           "streams"),
    Vector("archiver", True, "PutRecordBatch", {"DeliveryStreamName": "pitwall-archive"},
           "the delivery stream", "firehose"),
    Vector("archiver", False, "PutRecordBatch", {"DeliveryStreamName": "other"}, "another",
           "firehose"),
    Vector("archiver", False, "Query", query(OWN), "does not read the table"),
    Vector("archiver", False, "PutItem", put(OWN), "does not write it"),
    Vector("archiver", False, "GetObject", obj("raw/x"), "does not read the archive", "s3"),
    Vector("archiver", False, "PutObject", obj("raw/x"), "Firehose writes it", "s3"),
    # -- installer
    Vector("installer", True, "CreateTable", {"TableName": "pitwall"}, "makes the table"),
    Vector("installer", False, "CreateTable", {"TableName": "payroll"}, "and no other"),
    Vector("installer", False, "Query", query(OWN), "reads no rows"),
    Vector("installer", False, "PutItem", put(OWN), "writes no rows"),
    Vector("installer", False, "GetObject", obj("raw/x"), "reads no archive", "s3"),
]  # fmt: skip

_GAMES = KeySchema(KeyAttribute("UserId", "S", 2048), KeyAttribute("GameTitle", "S", 1024))
_INDEXED = KeySchema(KeyAttribute("GameTitle", "S", 2048), None)


def asks(vector: Vector) -> list[Ask]:
    """What the stand-in finds that the call needs permission for."""
    if vector.service == "s3":
        body = vector.body
        return Asked.s3(vector.operation, body["bucket"], body["key"], body.get("query", {}))
    by_title = "GameTitle =" in vector.body.get("KeyConditionExpression", "")
    games = {"GameScores": _INDEXED if by_title else _GAMES, "GameScores2": _GAMES}
    asked = Asked("us-east-1", "000000000000", games.get)
    return asked.json(vector.service, vector.operation, vector.body)


def decided(vector: Vector) -> list[Decision]:
    """What comes of it, for each thing that is asked."""
    return [decide([POLICIES[vector.policy]], ask) for ask in asks(vector)]


def _main() -> int:
    wrong = 0
    policy = ""
    for vector in VECTORS:
        verdicts = decided(vector)
        allowed = all(verdict.allowed for verdict in verdicts)
        wrong += allowed != vector.allowed
        if vector.policy != policy:
            policy = vector.policy
            sys.stdout.write(f"\n{policy}\n")
        because = next((v for v in verdicts if not v.allowed), verdicts[0])
        mark = "" if allowed == vector.allowed else "   WRONG"
        sys.stdout.write(
            f"  {'allow' if vector.allowed else 'deny':<6} {vector.operation:<22} {vector.why:<72} "
            f"{because.reason} {because.statement}".rstrip()
            + f"{mark}\n"
        )
    allows = sum(vector.allowed for vector in VECTORS)
    sys.stdout.write(
        f"\n{len(VECTORS)} vectors: {allows} to allow, {len(VECTORS) - allows} to deny; "
        f"{wrong} decided otherwise\n"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(_main())
