"""Cars that these credentials may not publish are told with commands that can be typed."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pitwall.cloud.own_cars import check_cars
from pitwall.telemetry import Failure


class Table:
    """Takes the rows of some cars."""

    def __init__(self, *own: str) -> None:
        self.own = own

    def put_item(self, Item: dict[str, Any], **_: Any) -> None:  # noqa: N803 - botocore's name
        car = Item["pk"]["S"].split("#")[3]
        code = "ConditionalCheckFailedException" if car in self.own else "AccessDeniedException"
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "PutItem")


def test_names_with_spaces_can_be_typed() -> None:
    with pytest.raises(Failure) as caught:
        check_cars(Table("A 1", "7"), "t", "2026-01-31-a-r1", "pos", ["A 1", "B 2", "7", "C'3"])
    told = str(caught.value)
    assert "2 cars of 4 (B 2, C'3), nothing was published" in told
    own, policy = told.split("`")[1::2]
    assert shlex.split(own) == ["--car", "A 1", "--car", "7"]
    assert shlex.split(policy)[-4:] == ["--car", "B 2", "--car", "C'3"]


def test_nothing_is_said_where_all_may_be_written() -> None:
    check_cars(Table("7"), "t", "2026-01-31-a-r1", "pos", ["7"])
