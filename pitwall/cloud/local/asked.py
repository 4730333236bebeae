"""What a call asks permission for: actions, resources and the condition keys of the request.

The DynamoDB keys are as the developer guide's page on fine-grained access control tells them:
``LeadingKeys`` are the partition keys that a request names (a Scan names none), ``Attributes``
every attribute that it names, in whichever expression, ``Select`` is there in every read and
``ReturnValues`` in every write of one item.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from pitwall.cloud.access import Ask
from pitwall.cloud.local.expressions import Expression, key_condition
from pitwall.cloud.local.items import DEFAULT_KEYS, KeySchema

_PREFIX = "dynamodb:"
_WORD = re.compile(r"[:#]?[A-Za-z_][A-Za-z0-9_]*(?=\s*(\(?))")
_KEYWORDS = {"AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"}
_EXPRESSIONS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
_READS = ("GetItem", "Query", "Scan")
_STATEMENTS = {"BatchExecuteStatement": "Statements", "ExecuteTransaction": "TransactStatements"}
_PARTS = {
    "Get": "GetItem", "Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}  # fmt: skip
"""Of a transaction: each part needs the permission of the single call."""
_STATEMENT = re.compile(
    r"""\s*(?P<verb>SELECT|INSERT|UPDATE|DELETE)\b.*?(?:\bFROM\b|\bINTO\b|\bUPDATE\b)?\s*
        "(?P<table>[^"]+)"(?:\."(?P<index>[^"]+)")?(?P<rest>.*)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)

Schemas = Callable[[str], KeySchema | None]
"""Key schema of a table by name; None when there is no such table."""


class Asked:
    """Calls to DynamoDB, its streams and Firehose as what they ask permission for.

    Args:
        region, account: in ARNs.
        schemas: of the tables that there are.
    """

    def __init__(self, region: str, account: str, schemas: Schemas) -> None:
        self._region = region
        self._account = account
        self._schemas = schemas

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource here."""
        return f"arn:aws:{service}:{self._region}:{self._account}:{resource}"

    def json(self, service: str, operation: str, body: dict[str, Any]) -> list[Ask]:
        """What a call asks for; all of it must be allowed.

        Args:
            service: ``dynamodb``, ``streams`` or ``firehose``.
            operation: name of the call.
            body: its parameters.

        Raises:
            AwsError: ValidationException, for a key condition that cannot be read.
        """
        if service == "streams":
            arn = body.get("StreamArn") or _iterator_arn(body.get("ShardIterator"))
            return [Ask(f"{_PREFIX}{operation}", str(arn or "*"))]
        if service == "firehose":
            name = f"deliverystream/{body.get('DeliveryStreamName')}"
            return [Ask(f"firehose:{operation}", self.arn("firehose", name))]
        if operation in ("BatchGetItem", "BatchWriteItem"):
            return [
                Ask(f"{_PREFIX}{operation}", self._table(name), self._batch(operation, name, spec))
                for name, spec in (body.get("RequestItems") or {}).items()
            ]
        if operation == "ExecuteStatement":
            return [self._statement(str(body.get("Statement", "")), operation)]
        if operation in _STATEMENTS:
            rows = body.get(_STATEMENTS[operation]) or []
            return [self._statement(str(row.get("Statement", "")), operation) for row in rows]
        if operation in ("TransactGetItems", "TransactWriteItems"):
            parts = [part for row in body.get("TransactItems") or () for part in row.items()]
            return [self._part(name, spec, operation) for name, spec in parts]
        if operation in ("ListTables", "DescribeLimits"):
            return [Ask(f"{_PREFIX}{operation}", "*")]
        resource = self._table(str(body.get("TableName")))
        if body.get("IndexName"):
            resource += f"/index/{body['IndexName']}"
        context = self._single(operation, body)
        return [Ask(f"{_PREFIX}{operation}", resource, context)]

    def _table(self, name: str) -> str:
        return name if name.startswith("arn:") else self.arn("dynamodb", f"table/{name}")

    def _schema(self, name: str) -> KeySchema:
        return self._schemas(name.rpartition("/")[2]) or DEFAULT_KEYS

    def _single(self, operation: str, body: dict[str, Any]) -> dict[str, list[str]]:
        schema = self._schema(str(body.get("TableName")))
        item: dict[str, Any] = body.get("Item") or body.get("Key") or {}
        leading = _key_texts(schema, [item])
        if operation == "Query" and body.get("KeyConditionExpression"):
            text = Expression(
                body["KeyConditionExpression"],
                body.get("ExpressionAttributeNames"),
                body.get("ExpressionAttributeValues"),
            )
            leading = [str(key_condition(text, schema)[0])]
        return _context(
            leading,
            {*item, *_named(body)},
            _select(body) if operation in _READS else None,
            body.get("ReturnValues", "NONE")
            if operation in ("PutItem", "UpdateItem", "DeleteItem")
            else None,
        )

    def _batch(self, operation: str, name: str, spec: Any) -> dict[str, list[str]]:
        schema = self._schema(name)
        if operation == "BatchGetItem":
            keys = spec.get("Keys") or []
            named = {*_named(spec), *(attribute for key in keys for attribute in key)}
            return _context(_key_texts(schema, keys), named, _select(spec), None)
        items = [
            (row.get("PutRequest") or {}).get("Item")
            or (row.get("DeleteRequest") or {}).get("Key")
            or {}
            for row in spec
        ]
        named = {attribute for item in items for attribute in item}
        return _context(_key_texts(schema, items), named, None, None)

    def _part(self, name: str, spec: dict[str, Any], operation: str) -> Ask:
        """One part of a transaction."""
        single = _PARTS.get(name, name)
        context = self._single(single, spec)
        context[f"{_PREFIX}EnclosingOperation"] = [operation]
        return Ask(f"{_PREFIX}{single}", self._table(str(spec.get("TableName"))), context)

    def _statement(self, text: str, operation: str) -> Ask:
        found = _STATEMENT.match(text)
        verb = found["verb"].capitalize() if found else "Select"
        table = found["table"] if found else "*"
        resource = self._table(table)
        if found and found["index"]:
            resource += f"/index/{found['index']}"
        context: dict[str, list[str]] = {f"{_PREFIX}EnclosingOperation": [operation]}
        if verb == "Select":
            pk = re.escape(self._schema(table).pk.name)
            keyed = found and re.search(rf"\b{pk}\"?\s*(=|IN\b)", found["rest"], re.IGNORECASE)
            context[f"{_PREFIX}FullTableScan"] = ["false" if keyed else "true"]
        return Ask(f"{_PREFIX}PartiQL{verb}", resource, context)

    @staticmethod
    def s3(operation: str, bucket: str, key: str, query: dict[str, str]) -> list[Ask]:
        """What a call to S3 asks for."""
        where = f"arn:aws:s3:::{bucket}"
        if key:
            action = {"HeadObject": "GetObject"}.get(operation, operation)
            return [Ask(f"s3:{action}", f"{where}/{key}")]
        if operation == "ListBuckets":
            return [Ask("s3:ListAllMyBuckets", "*")]
        if operation == "CreateBucket":
            return [Ask("s3:CreateBucket", where)]
        listed = {"s3:prefix": [query.get("prefix", "")]} if operation != "HeadBucket" else {}
        return [Ask("s3:ListBucket", where, listed)]


def _context(
    leading: Iterable[str], attributes: Iterable[str], select: str | None, returned: str | None
) -> dict[str, list[str]]:
    context = {
        f"{_PREFIX}LeadingKeys": sorted(set(leading)),
        f"{_PREFIX}Attributes": sorted(attributes),
    }
    if select is not None:
        context[f"{_PREFIX}Select"] = [select]
    if returned is not None:
        context[f"{_PREFIX}ReturnValues"] = [returned]
    # a key without a value is not in the request
    return {name: values for name, values in context.items() if values}


def _select(body: dict[str, Any]) -> str:
    specific = body.get("ProjectionExpression") or body.get("AttributesToGet")
    return str(body.get("Select") or ("SPECIFIC_ATTRIBUTES" if specific else "ALL_ATTRIBUTES"))


def _key_texts(schema: KeySchema, items: Iterable[dict[str, Any]]) -> list[str]:
    return [
        str(value)
        for item in items
        for value in (item.get(schema.pk.name) or {}).values()
        if isinstance(value, str)
    ]


def _named(body: dict[str, Any]) -> set[str]:
    """Attributes that the expressions name; rather one too many than one too few."""
    aliases = body.get("ExpressionAttributeNames") or {}
    out = {str(name) for name in body.get("AttributesToGet") or ()}
    for expression in _EXPRESSIONS:
        for found in _WORD.finditer(str(body.get(expression) or "")):
            word = found[0]
            if word.startswith(":") or found[1] or word.upper() in _KEYWORDS:
                continue
            out.add(str(aliases.get(word, word)))
    return out


def _iterator_arn(iterator: Any) -> str:
    # an iterator begins with its stream's name, here as on the service
    return str(iterator or "").partition("|")[0]
