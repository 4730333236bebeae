"""What a stream of the stand-in tells of an item, by its view type."""

from __future__ import annotations

import msgspec
import pytest

from pitwall.cloud.local.errors import AwsError
from pitwall.cloud.local.service import Service

KEYS = {"pk": {"S": "a"}, "sk": {"S": "b"}}


def create(service: Service, view: str) -> None:
    service.dynamodb.call(
        "CreateTable",
        {
            "TableName": "other",
            "AttributeDefinitions": [
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": view},
        },
    )


@pytest.mark.parametrize(("view", "image"), [("NEW_IMAGE", True), ("KEYS_ONLY", False)])
def test_views(view: str, image: bool) -> None:
    service = Service()
    create(service, view)
    item = {**KEYS, "n": {"N": "7"}}
    service.dynamodb.call("PutItem", {"TableName": "other", "Item": item})
    table = service.tables["other"]
    assert table.stream is not None
    records = [record for shard in table.stream.shards() for record in shard.records]
    described = service.dynamodb.call("DescribeTable", {"TableName": "other"})["Table"]
    assert described["StreamSpecification"]["StreamViewType"] == view
    stream = service.streams.call("DescribeStream", {"StreamArn": table.stream.arn})
    assert stream["StreamDescription"]["StreamViewType"] == view
    (event,) = table.stream.writer.event(records)["Records"]
    (told,) = msgspec.json.decode(table.stream.writer.encode(records))
    for each in (event, told):
        change = each["dynamodb"]
        assert change["StreamViewType"] == view
        assert change["Keys"] == KEYS
        assert ("NewImage" in change) == image


def test_other_views_are_refused() -> None:
    with pytest.raises(AwsError, match="only NEW_IMAGE and KEYS_ONLY"):
        create(Service(), "NEW_AND_OLD_IMAGES")
