"""Changes of a table as "Kinesis for DynamoDB" writes them, from the service's documentation."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any


def enveloped(
    image: Mapping[str, Any] | None, table: str, *, event: str = "INSERT", created_ms: int = 0
) -> bytes:
    """The record of one change; ``image`` is the item as it became, binary as bytes."""
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": created_ms,
        "Keys": {name: (image or {}).get(name, {"S": "?"}) for name in ("pk", "sk")},
        "SizeBytes": 100,
    }
    if image is not None:
        change["NewImage"] = image
    doc = {
        "awsRegion": "us-east-1",
        "eventID": "5d2d1cd6-0e8d-4a3e-ab2f-4e9d8b7f6a10",
        "eventName": event,
        "userIdentity": None,
        "recordFormat": "application/json",
        "tableName": table,
        "dynamodb": change,
        "eventSource": "aws:dynamodb",
    }
    return json.dumps(doc, default=lambda b: base64.b64encode(b).decode()).encode()


def bare(item: Mapping[str, Any]) -> bytes:
    """An item as a producer writes it that puts it into the stream itself."""
    return json.dumps(item, default=lambda b: base64.b64encode(b).decode()).encode()
