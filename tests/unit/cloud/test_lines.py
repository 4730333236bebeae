"""Archive lines: as the archiver writes them, and damaged."""

from __future__ import annotations

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pitwall.cloud import archiver, chunk_item, format_line
from pitwall.telemetry import BadInput, Segment
from tests.unit.cloud import strategies as made

stamps = st.integers(0, 4 * 10**9).map(float)
numbers = st.from_regex(r"[0-9]{1,40}", fullmatch=True)


@given(made.chunks(), stamps, numbers)
def test_round_trip(segment: Segment, a: float, q: str) -> None:
    line = format_line(segment, a, q)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert made.parse_line(line) == (segment, a, q)


@given(made.chunks(), stamps, numbers)
def test_the_archiver_writes_the_same_object(segment: Segment, a: float, q: str) -> None:
    record = {
        "dynamodb": {
            "ApproximateCreationDateTime": a,
            "SequenceNumber": q,
            "NewImage": chunk_item(segment, text=True),
        }
    }
    line = archiver.line(record)
    assert line is not None
    assert made.parse_line(line) == (segment, a, q)
    assert json.loads(line) == json.loads(format_line(segment, a, q))


@given(made.chunks(), st.data())
def test_damage_is_bad_input_or_another_valid_line(segment: Segment, data: st.DataObject) -> None:
    line = bytearray(format_line(segment, 1.0, "17"))
    how = data.draw(st.integers(0, 2))
    at = data.draw(st.integers(0, len(line) - 1))
    if how == 0:
        line = line[:at]
    elif how == 1:
        line[at] = data.draw(st.integers(0, 255))
    else:
        del line[at]
    try:
        found = made.parse_line(bytes(line))
    except (BadInput, msgspec.MsgspecError, ValueError) as error:
        said = str(error)
    else:
        # keys and stamps have no checksum; the samples of a chunk, and when they were, have
        assert found.segment.payload == segment.payload
        assert found.segment.t_lo == segment.t_lo
        said = ""
    assert len(said) < 1000
