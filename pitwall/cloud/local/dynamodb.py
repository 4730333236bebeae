"""DynamoDB's API, as far as Pitwall uses it: request in, answer out, errors in its words.

What is not supported is refused by name: silently ignoring a parameter would let code pass here
that fails on the real service.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Raw

from pitwall.cloud.local.errors import AwsError, invalid
from pitwall.cloud.local.expressions import (
    Expression,
    Predicate,
    check_unused,
    condition,
    key_condition,
    projection,
)
from pitwall.cloud.local.items import (
    Item,
    check_item,
    decode_json,
)
from pitwall.cloud.local.table import Table
from pitwall.cloud.local.tables import Tables

BATCH_GET_KEYS = 100
BATCH_WRITE_ITEMS = 25
BATCH_BYTES = 16 << 20

Answer = dict[str, Any]
_COMMON = {"TableName", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"}
_NAMES = {"ExpressionAttributeNames"}
_CONDITION = _NAMES | {
    "ConditionExpression",
    "ExpressionAttributeValues",
    "ReturnValues",
    "ReturnValuesOnConditionCheckFailure",
}
_READ = _NAMES | {"ConsistentRead", "ProjectionExpression"}
_KNOWN: dict[str, set[str]] = {
    "PutItem": _COMMON | _CONDITION | {"Item"},
    "DeleteItem": _COMMON | _CONDITION | {"Key"},
    "GetItem": _COMMON | _READ | {"Key"},
    "Query": _COMMON
    | _READ
    | {"KeyConditionExpression", "ExpressionAttributeValues", "FilterExpression", "Select"}
    | {"ScanIndexForward", "Limit", "ExclusiveStartKey"},
    "BatchGetItem": {"RequestItems", "ReturnConsumedCapacity"},
    "BatchWriteItem": {"RequestItems", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"},
    "DescribeTable": {"TableName"},
    "ListTables": {"Limit", "ExclusiveStartTableName"},
}


class DynamoDB:
    """The operations over a set of tables.

    Args:
        tables: the tables that there are.
    """

    def __init__(self, tables: Tables) -> None:
        self._table = tables.table
        self.operations: dict[str, Callable[[dict[str, Any], bool], Answer]] = {
            "CreateTable": tables.create_table,
            "DescribeTable": tables.describe_table,
            "ListTables": tables.list_tables,
            "PutItem": self._put_item,
            "DeleteItem": self._delete_item,
            "GetItem": self._get_item,
            "BatchGetItem": self._batch_get_item,
            "BatchWriteItem": self._batch_write_item,
            "Query": self._query,
        }

    def call(self, operation: str, request: dict[str, Any], partial: bool = False) -> Answer:
        """Answer one request.

        Args:
            operation: ``PutItem`` and so on.
            request: decoded JSON body.
            partial: leave the second half of a batch unprocessed, as under throttling.

        Raises:
            AwsError: as the service would.
        """
        handler = self.operations.get(operation)
        if handler is None:
            raise AwsError("UnknownOperationException", f"{operation} is not supported here")
        known = _KNOWN.get(operation)
        if known is not None:
            unknown = sorted(set(request) - known)
            if unknown:
                raise invalid(f"{operation}: not supported here: {', '.join(unknown)}")
        return handler(request, partial)

    # -- one item

    def _put_item(self, request: dict[str, Any], partial: bool) -> Answer:
        table = self._table(request)
        item = check_item(request.get("Item"))
        old = self._conditional(request, lambda allowed: table.put(item, allowed))
        answer = _old_image(request, old)
        return _capacity(answer, request, table, -(-table.row(*table.schema.of(item))[1] // 1024))

    def _delete_item(self, request: dict[str, Any], partial: bool) -> Answer:
        table = self._table(request)
        key = table.schema.exact(request.get("Key"))

        def delete(allowed: Predicate | None) -> bytes:
            with table.lock:
                old = table.get(*key)
                if allowed is not None and not allowed(decode_json(old) if old else {}):
                    raise AwsError(
                        "ConditionalCheckFailedException", "The conditional request failed"
                    )
                return table.delete(*key)

        return _old_image(request, self._conditional(request, delete))

    def _conditional(
        self, request: dict[str, Any], write: Callable[[Predicate | None], bytes]
    ) -> bytes:
        names = request.get("ExpressionAttributeNames")
        values = request.get("ExpressionAttributeValues")
        allowed: Predicate | None = None
        used: set[str] = set()
        if request.get("ConditionExpression") is not None:
            text = Expression(request["ConditionExpression"], names, values)
            allowed = condition(text)
            used = text.used
        check_unused(names, values, used)
        try:
            return write(allowed)
        except AwsError as error:
            if request.get("ReturnValuesOnConditionCheckFailure") != "ALL_OLD":
                error.extra.clear()
            raise

    def _get_item(self, request: dict[str, Any], partial: bool) -> Answer:
        table = self._table(request)
        wanted = _projection(request)
        image, size = table.row(*table.schema.exact(request.get("Key")))
        answer: Answer = {"Item": _shown(image, wanted)} if image else {}
        return _capacity(answer, request, table, _read_units(request, max(size, 1)))

    # -- batches

    def _batch_get_item(self, request: dict[str, Any], partial: bool) -> Answer:
        wanted = _request_items(request)
        total = sum(len(_keys(spec)) for spec in wanted.values())
        if not 1 <= total <= BATCH_GET_KEYS:
            raise invalid(f"Too many items requested for the BatchGetItem call: {total}")
        responses: dict[str, list[Any]] = {}
        unprocessed: dict[str, Any] = {}
        units: list[Any] = []
        size_left, allowed = BATCH_BYTES, total // 2 if partial else total
        for name, spec in wanted.items():
            unknown = sorted(set(spec) - _READ - {"Keys"})
            if unknown:
                raise invalid(f"BatchGetItem: not supported here: {', '.join(unknown)}")
            table = self._table({"TableName": name})
            names = _projection(spec)
            keys = [(key, table.schema.exact(key)) for key in _keys(spec)]
            if len({exact for _, exact in keys}) != len(keys):
                raise invalid("Provided list of item keys contains duplicates")
            found = responses.setdefault(name, [])
            left: list[Any] = []
            read = 0.0
            for key, exact in keys:
                image, size = table.row(*exact)
                if allowed <= 0 or size > size_left:
                    left.append(key)
                    continue
                allowed -= 1
                size_left -= size
                read += _read_units(spec, max(size, 1))
                if image:
                    found.append(_shown(image, names))
            if left:
                unprocessed[name] = {**spec, "Keys": left}
            units.append({"TableName": name, "CapacityUnits": read})
        answer: Answer = {"Responses": responses, "UnprocessedKeys": unprocessed}
        if request.get("ReturnConsumedCapacity", "NONE") != "NONE":
            answer["ConsumedCapacity"] = units
        return answer

    def _batch_write_item(self, request: dict[str, Any], partial: bool) -> Answer:
        wanted = _request_items(request)
        total = sum(len(rows) for rows in wanted.values())
        if not 1 <= total <= BATCH_WRITE_ITEMS:
            raise invalid(
                f"Too many items requested for the BatchWriteItem call: {total}, "
                f"at most {BATCH_WRITE_ITEMS}"
            )
        writes: list[tuple[str, Table, Any, Item | None, Any]] = []
        seen: set[tuple[str, Any]] = set()
        for name, rows in wanted.items():
            table = self._table({"TableName": name})
            for row in rows:
                if not isinstance(row, dict) or len(row) != 1:
                    raise invalid("A write request needs exactly one of PutRequest, DeleteRequest")
                if "PutRequest" in row:
                    item = check_item((row["PutRequest"] or {}).get("Item"))
                    key = table.schema.of(item)
                    writes.append((name, table, key, item, row))
                elif "DeleteRequest" in row:
                    key = table.schema.exact((row["DeleteRequest"] or {}).get("Key"))
                    writes.append((name, table, key, None, row))
                else:
                    raise invalid("A write request needs exactly one of PutRequest, DeleteRequest")
                if (name, key) in seen:
                    raise invalid("Provided list of item keys contains duplicates")
                seen.add((name, key))
        allowed = len(writes) // 2 if partial else len(writes)
        unprocessed: dict[str, list[Any]] = {}
        for name, table, key, put, row in writes:
            if allowed <= 0:
                unprocessed.setdefault(name, []).append(row)
                continue
            allowed -= 1
            if put is None:
                table.delete(*key)
            else:
                table.put(put)
        return {"UnprocessedItems": unprocessed}

    # -- query

    def _query(self, request: dict[str, Any], partial: bool) -> Answer:
        table = self._table(request)
        names = request.get("ExpressionAttributeNames")
        values = request.get("ExpressionAttributeValues")
        text = Expression(request.get("KeyConditionExpression"), names, values)
        pk, keys = key_condition(text, table.schema)
        used = set(text.used)
        shown = _projection(request, used)
        keep: Predicate | None = None
        if request.get("FilterExpression") is not None:
            filtering = Expression(request["FilterExpression"], names, values)
            keep = condition(filtering)
            used |= filtering.used
        check_unused(names, values, used)
        limit = request.get("Limit")
        if limit is not None and (not isinstance(limit, int) or limit < 1):
            raise invalid("Limit must be at least 1")
        after: Any = None
        if request.get("ExclusiveStartKey") is not None:
            start_pk, after = table.schema.exact(request["ExclusiveStartKey"])
            if start_pk != pk:
                raise invalid("The provided starting key is outside query boundaries")
        forward = bool(request.get("ScanIndexForward", True))
        page = table.query(pk, keys, forward, limit, after)
        images = page.images
        if keep is not None:
            images = [image for image in images if keep(decode_json(image))]
        answer: Answer = {"Count": len(images), "ScannedCount": len(page.images)}
        if request.get("Select") != "COUNT":
            answer["Items"] = [_shown(image, shown) for image in images]
        if page.last_sk is not None:
            answer["LastEvaluatedKey"] = table.schema.attributes(pk, page.last_sk)
        return _capacity(answer, request, table, _read_units(request, sum(page.sizes) or 1))


def _request_items(request: dict[str, Any]) -> dict[str, Any]:
    wanted = request.get("RequestItems")
    if not isinstance(wanted, dict) or not wanted:
        raise invalid("RequestItems must name at least one table")
    return wanted


def _keys(spec: Any) -> list[Any]:
    keys = spec.get("Keys") if isinstance(spec, dict) else None
    if not isinstance(keys, list) or not keys:
        raise invalid("Keys must hold at least one key")
    return keys


def _projection(request: dict[str, Any], used: set[str] | None = None) -> list[str] | None:
    names = request.get("ExpressionAttributeNames")
    shown: list[str] | None = None
    mine: set[str] = set()
    if request.get("ProjectionExpression") is not None:
        text = Expression(request["ProjectionExpression"], names, None)
        shown = projection(text)
        mine = text.used
    if used is None:
        check_unused(names, None, mine)
    else:
        used |= mine
    return shown


def _shown(image: bytes, names: list[str] | None) -> Any:
    if names is None:
        return Raw(image)
    item = decode_json(image)
    return {name: item[name] for name in names if name in item}


def _old_image(request: dict[str, Any], old: bytes) -> Answer:
    if request.get("ReturnValues", "NONE") == "ALL_OLD" and old:
        return {"Attributes": Raw(old)}
    return {}


def _read_units(request: dict[str, Any], size: int) -> float:
    return -(-size // 4096) * (1.0 if request.get("ConsistentRead") else 0.5)


def _capacity(answer: Answer, request: dict[str, Any], table: Table, units: float) -> Answer:
    if request.get("ReturnConsumedCapacity", "NONE") != "NONE":
        answer["ConsumedCapacity"] = {"TableName": table.name, "CapacityUnits": float(units)}
    return answer
