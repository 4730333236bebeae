"""What one Kinesis record holds, and what becomes of one that holds nothing readable."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.stream.envelope import FOREIGN, MAX_BYTES, read_body
from pitwall.telemetry import BadInput
from tests.unit.stream.envelopes import bare, enveloped

_scalars = st.one_of(
    st.builds(lambda text: {"S": text}, st.text(max_size=20)),
    st.builds(lambda number: {"N": str(number)}, st.integers()),
    st.builds(lambda data: {"B": data}, st.binary(max_size=20)),
    st.builds(lambda flag: {"BOOL": flag}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda data: {"BS": data}, st.lists(st.binary(max_size=5), max_size=3)),
    st.builds(lambda texts: {"SS": texts}, st.lists(st.text(max_size=5), max_size=3)),
)
_attributes = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.builds(lambda m: {"M": m}, st.dictionaries(st.text(max_size=5), inner, max_size=3)),
        st.builds(lambda members: {"L": members}, st.lists(inner, max_size=3)),
    ),
    max_leaves=8,
)
_items = st.dictionaries(st.text(max_size=8), _attributes, max_size=6)


@given(_items)
def test_an_image_comes_out_as_dynamodb_streams_have_it(item: dict[str, Any]) -> None:
    assert read_body(enveloped(item, "laps"), "laps") == item


@given(_items)
def test_so_does_an_item_without_an_envelope(item: dict[str, Any]) -> None:
    for name in ("tableName", "recordFormat", "eventName", "dynamodb", "x"):
        whole = {"pk": {"S": "race#driver#001#7"}, name: {"S": "REMOVE"}, **item}
        assert read_body(bare(whole), "laps") == whole


def test_a_changed_item_is_an_item_and_a_removal_is_none() -> None:
    item = {"pk": {"S": "a"}, "p": {"B": b"\x00\xff"}}
    assert read_body(enveloped(item, "laps", event="MODIFY"), "laps") == item
    assert read_body(enveloped(None, "laps", event="REMOVE"), "laps") is None


@pytest.mark.parametrize(
    "data",
    [
        enveloped({"pk": {"S": "a"}}, "other"),
        # what another table may hold need not be readable for us
        enveloped({"pk": {"S": 5}}, "other"),
        enveloped(None, "other", event="REMOVE"),
        b'{"heartbeat": 17}',
        b'{"tableName": 5, "dynamodb": {"NewImage": {}}}',
        b"{}",
    ],
)
def test_what_is_of_others_is_told_apart(data: bytes) -> None:
    assert read_body(data, "laps") is FOREIGN


DEEP = b'{"M":{"a":' * 100_000 + b'{"S":"x"}' + b"}}" * 100_000
IMAGE = json.dumps({"NewImage": {"pk": {"S": "a"}}})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b"[1]",
        b"17",
        b'{"pk": {"S": "\xff"}}',
        b'{"pk": {"S": 5}}',
        b'{"pk": 5}',
        b'{"pk": {"S": "a"}, "p": {"B": "not base64!"}}',
        b'{"pk": ' + DEEP + b"}",
        b"[" * 200_000,
        b'{"tableName": "laps", "dynamodb": {"NewImage": {"a": ' + DEEP + b"}}}",
        b'{"tableName": "laps", "dynamodb": [' + b"[" * 200_000 + b"]" * 200_000 + b"]}",
        enveloped({"pk": {"N": 5}}, "laps"),
        # a change of ours without its image
        enveloped(None, "laps"),
        enveloped({"pk": {"S": "a"}}, "laps")[:-9],
        f'{{"tableName": "laps", "recordFormat": "avro", "dynamodb": {IMAGE}}}'.encode(),
        bare({"pk": {"S": "x" * MAX_BYTES}}),
    ],
    ids=lambda data: repr(data[:40]),
)
def test_poison_is_refused_in_one_way_and_one_line(data: bytes) -> None:
    with pytest.raises(BadInput) as told:
        read_body(data, "laps")
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 300


@given(st.binary(max_size=200))
def test_no_bytes_do_any_harm(data: bytes) -> None:
    with contextlib.suppress(BadInput):
        read_body(data, "laps")
