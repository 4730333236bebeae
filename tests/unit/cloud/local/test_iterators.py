from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.cloud.local.errors import AwsError
from pitwall.cloud.local.iterators import Position, decode_iterator, encode_iterator
from tests.unit.cloud.local.helpers import START_US

POSITION = Position("arn:aws:dynamodb:r:0:table/t/stream/x", "shardId-1", 10**21 + 7)


@given(st.integers(0, 10**40), st.text(max_size=20), st.integers(0, 1 << 60))
def test_a_position_survives(after: int, shard: str, counter: int) -> None:
    position = Position(POSITION.arn, shard, after)
    text = encode_iterator(position, START_US, counter)
    assert decode_iterator(text, START_US) == position
    assert text != encode_iterator(position, START_US, counter + 1)


def test_a_position_made_up_is_refused() -> None:
    arn, version, token = encode_iterator(POSITION, START_US, 1).split("|")
    sealed = base64.b64decode(token)
    body = json.loads(sealed[:-4])
    body[1] = str(int(body[1]) + 1)
    moved = base64.b64encode(json.dumps(body).encode() + sealed[-4:]).decode()
    for text in (
        f"{arn}|{version}|{moved}",
        f"{arn}|2|{token}",
        f"{arn}x|{version}|{token}",
        None,
        5,
        "x" * 3000,
    ):
        with pytest.raises(AwsError) as refused:
            decode_iterator(text, START_US)
        assert refused.value.type == "ValidationException"
