"""Every item form, both ways, in both spellings of binary; and what is not one."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.cloud import items, keys
from pitwall.telemetry import BadInput, Segment
from tests.unit.cloud import strategies as made

FORMS = [
    (made.chunks(), items.chunk_item, items.parse_chunk),
    (made.runs(), items.sealed_item, items.parse_sealed),
    (made.heads, items.head_item, items.parse_head),
    (made.entries, items.catalog_item, items.parse_catalog),
    (made.sessions, items.session_item, items.parse_session),
]
NAMES = ["chunk", "sealed", "head", "catalog", "session"]


@pytest.mark.parametrize(("values", "build", "parse"), FORMS, ids=NAMES)
@settings(max_examples=40)
@given(data=st.data())
def test_round_trip(values: Any, build: Any, parse: Any, data: st.DataObject) -> None:
    value = data.draw(values)
    item = build(value)
    assert parse(item) == value
    assert made.parse_item(item) == value


@pytest.mark.parametrize(("values", "build", "parse"), FORMS[:2], ids=NAMES[:2])
@settings(max_examples=40)
@given(data=st.data())
def test_round_trip_as_text(values: Any, build: Any, parse: Any, data: st.DataObject) -> None:
    value = data.draw(values)
    item = json.loads(json.dumps(build(value, text=True)))
    assert parse(item) == value
    assert item == json.loads(items.raw_of(build(value)))


@pytest.mark.parametrize(("values", "build", "parse"), FORMS, ids=NAMES)
@given(data=st.data())
def test_damage_is_bad_input_or_another_valid_item(
    values: Any, build: Any, parse: Any, data: st.DataObject
) -> None:
    value = data.draw(values)
    item = data.draw(made.damaged(build(value)))
    try:
        again = parse(item)
    except BadInput as error:
        said = str(error)
    else:
        # keys and stamps have no checksum, a title may be any text
        assert parse(build(again)) == again
        said = ""
    assert len(said) < 1000
    assert "\n" not in said
    assert isinstance(items.raw_of(item), bytes)


@given(made.chunks(), st.data())
def test_a_changed_payload_or_time_is_never_a_chunk(segment: Segment, data: st.DataObject) -> None:
    item = items.chunk_item(segment)
    payload = bytearray(segment.payload)
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BadInput, match="damaged"):
        items.parse_chunk({**item, "p": {"B": bytes(payload)}})
    other = keys.chunk_sk(segment.t_lo + 1, segment.n_lo)
    with pytest.raises(BadInput, match="damaged"):
        items.parse_chunk({**item, "sk": {"S": other}})


@pytest.mark.parametrize(
    ("name", "attribute", "says"),
    [
        ("n", {"N": "8"}, "n is 8"),
        ("n", {"N": "07"}, "n is 7|damaged|key"),
        ("d", {"N": "-1"}, "not a whole number"),
        ("d", {"N": "9999999999999999"}, "spans"),
        ("c", {"N": "4294967296"}, "at most"),
        ("e", {"S": "Boot"}, "epoch"),
        ("pk", {"S": "2025-09-06-barber-r1#driver#3#11"}, "three digits"),
        ("pk", {"S": "2025-09-06-barber-r1#driver#003#11#sealed"}, "not <session>"),
        ("p", {"B": "AAA"}, "padding|chunk item"),
    ],
)
def test_a_chunk_is_strict(name: str, attribute: dict[str, str], says: str) -> None:
    chunk = made.field(1, 1.0)[0][0]
    item = {**items.chunk_item(chunk), name: attribute}
    if attribute == {"N": "07"}:
        assert items.parse_chunk({**items.chunk_item(chunk), "n": {"N": "01"}}) == chunk
    with pytest.raises(BadInput, match=says):
        items.parse_chunk(item)


def test_sealed_counts_and_crcs_must_fit() -> None:
    chunk = made.field(1, 1.0)[0][0]
    item = items.sealed_item(chunk)
    with pytest.raises(BadInput, match="add up"):
        items.parse_sealed({**item, "m": {"B": b"\x01\x00"}})
    with pytest.raises(BadInput, match="crcs"):
        items.parse_sealed({**item, "cs": {"B": b"\x01\x00"}})
    with pytest.raises(BadInput, match="n from"):
        items.parse_sealed({**item, "hi": {"N": "0"}})
    with pytest.raises(BadInput, match="sort key"):
        items.parse_sealed({**item, "sk": {"S": "boot1#7"}})


def test_a_newer_wire_version_is_refused_by_name() -> None:
    item = items.session_item(made.SESSION)
    with pytest.raises(BadInput, match="wire version 2"):
        items.parse_session({**item, "v": {"N": "2"}})


def test_builders_refuse_what_keys_cannot_hold() -> None:
    chunk = made.field(1, 1.0)[0][0]
    for change in (
        {"lap": 1000},
        {"t_lo": 10**16},
        {"n_lo": 10**8, "n_hi": 10**8},
        {"n_hi": 2},
    ):
        with pytest.raises(BadInput):
            items.chunk_item(dataclasses.replace(chunk, **change))


def test_chunks_of_one_key_share_their_series() -> None:
    a, b = made.field(1, 1.0)[0][:2]
    again = [items.parse_chunk(items.chunk_item(c)) for c in (a, b)]
    assert again[0].series is again[1].series
