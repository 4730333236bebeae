"""The tables of the stand-in: made, described, listed and found by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pitwall.cloud.local.errors import AwsError, invalid, not_found
from pitwall.cloud.local.items import MAX_PK_BYTES, MAX_SK_BYTES, KeyAttribute, KeySchema
from pitwall.cloud.local.table import Table

Answer = dict[str, Any]


class Tables:
    """The operations on tables as such.

    Args:
        tables: by name; shared with whoever else creates tables.
        create: makes, registers and returns a table: (name, schema, with stream).
        account: ARN prefix of tables, ``arn:aws:dynamodb:region:account:table/``.
    """

    def __init__(
        self,
        tables: dict[str, Table],
        create: Callable[[str, KeySchema, str], Table],
        account: str,
    ) -> None:
        self._tables = tables
        self._create = create
        self._account = account

    def table(self, request: dict[str, Any]) -> Table:
        """The table that a request names, by name or ARN.

        Raises:
            AwsError: ResourceNotFoundException.
        """
        name = request.get("TableName")
        table = self._tables.get(str(name).removeprefix(self._account))
        if table is None:
            raise not_found(f"Requested resource not found: Table: {name} not found")
        return table

    def create_table(self, request: dict[str, Any], partial: bool = False) -> Answer:
        """CreateTable: active at once; one stream view, no indexes."""
        name = request.get("TableName")
        if not isinstance(name, str) or not 3 <= len(name) <= 255:
            raise invalid("TableName must have 3 to 255 characters")
        if name in self._tables:
            raise AwsError("ResourceInUseException", f"Table already exists: {name}")
        for index in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            if request.get(index):
                raise invalid(f"CreateTable: not supported here: {index}")
        types = {
            row.get("AttributeName"): row.get("AttributeType")
            for row in request.get("AttributeDefinitions") or []
        }
        keys = {
            row.get("KeyType"): row.get("AttributeName") for row in request.get("KeySchema") or []
        }
        used = set(keys.values())
        if "HASH" not in keys or set(types) != used or not set(types.values()) <= {"S", "N", "B"}:
            raise invalid("KeySchema and AttributeDefinitions do not describe the same keys")
        sk = keys.get("RANGE")
        schema = KeySchema(
            KeyAttribute(keys["HASH"], types[keys["HASH"]], MAX_PK_BYTES),
            KeyAttribute(sk, types[sk], MAX_SK_BYTES) if sk else None,
        )
        stream = request.get("StreamSpecification") or {}
        view = str(stream.get("StreamViewType")) if stream.get("StreamEnabled") else ""
        if view not in ("", "NEW_IMAGE", "KEYS_ONLY"):
            raise invalid("StreamViewType: only NEW_IMAGE and KEYS_ONLY are supported here")
        table = self._create(name, schema, view)
        return {"TableDescription": self._describe(table)}

    def describe_table(self, request: dict[str, Any], partial: bool = False) -> Answer:
        """DescribeTable."""
        return {"Table": self._describe(self.table(request))}

    def list_tables(self, request: dict[str, Any], partial: bool = False) -> Answer:
        """ListTables."""
        names = sorted(self._tables)
        start = request.get("ExclusiveStartTableName")
        names = [name for name in names if start is None or name > start]
        limit = min(int(request.get("Limit") or 100), 100)
        answer: Answer = {"TableNames": names[:limit]}
        if len(names) > limit:
            answer["LastEvaluatedTableName"] = names[limit - 1]
        return answer

    def _describe(self, table: Table) -> Answer:
        schema = table.schema
        keys = [schema.pk] + ([schema.sk] if schema.sk else [])
        answer: Answer = {
            "TableName": table.name,
            "TableArn": self._account + table.name,
            "TableStatus": "ACTIVE",
            "KeySchema": schema.describe(),
            "AttributeDefinitions": [
                {"AttributeName": key.name, "AttributeType": key.type} for key in keys
            ],
            "CreationDateTime": table.created_us / 1e6,
            "ItemCount": table.count,
            "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        }
        if table.stream is not None:
            answer["StreamSpecification"] = {
                "StreamEnabled": True,
                "StreamViewType": table.stream.view,
            }
            answer["LatestStreamArn"] = table.stream.arn
            answer["LatestStreamLabel"] = table.stream.label
        return answer
