from __future__ import annotations

import base64
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.cloud.local.errors import AwsError
from pitwall.cloud.local.items import KeyAttribute, KeySchema, check_value, item_size, value_size


@given(st.binary(max_size=50))
def test_binary_counts_as_its_bytes(data: bytes) -> None:
    assert value_size({"B": base64.b64encode(data).decode()}) == len(data)


@given(st.text(max_size=30))
def test_text_counts_as_utf8(text: str) -> None:
    assert item_size({"é": {"S": text}}) == 2 + len(text.encode())


def test_nested_values_are_counted() -> None:
    assert value_size({"M": {"a": {"S": "bc"}}}) == 3 + 1 + 1 + 2
    assert value_size({"L": [{"BOOL": True}, {"NULL": True}]}) == 3 + 2 + 2
    assert value_size({"SS": ["ab", "c"]}) == 3


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"S": 1},
        {"N": 1},
        {"N": "NaN"},
        {"N": "Infinity"},
        {"B": "not base64!"},
        {"S": "a", "N": "1"},
        {"L": {}},
        {"SS": []},
        {"X": "a"},
        "a",
        {"M": {"a": {"N": "x"}}},
    ],
)
def test_bad_values_are_refused(bad: object) -> None:
    with pytest.raises(AwsError) as refused:
        check_value(bad)
    assert refused.value.type == "ValidationException"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3), st.binary(max_size=20))
def test_keys_are_written_as_they_are_read(number: Decimal, data: bytes) -> None:
    schema = KeySchema(KeyAttribute("a", "N", 2048), KeyAttribute("b", "B", 1024))
    assert schema.of(schema.attributes(number, data)) == (number, data)
    alone = KeySchema(KeyAttribute("a", "N", 2048), None)
    assert alone.of(alone.attributes(number, "")) == (number, "")


def test_numbers_sort_as_numbers() -> None:
    key = KeyAttribute("n", "N", 10)
    texts = ["10", "9", "-1", "0.5"]
    assert sorted(texts, key=lambda t: key.of({"n": {"N": t}})) == ["-1", "0.5", "9", "10"]
