"""What sealed laps have brought is told from what they have not, chunk by chunk."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pitwall.store import open_segments
from pitwall.telemetry import Segment
from pitwall.turbo.brought import Brought
from tests.unit.store.helpers import SESSION, one, run
from tests.unit.turbo.test_archive_parts import lines_of


def noted(*segments: Segment) -> Brought:
    brought = Brought()
    opened, samples = open_segments(segments, SESSION)
    brought.note(zip(opened, samples, strict=True))
    return brought


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 12)), max_size=8))
def test_exactly_the_chunks_of_the_laps_are_there(runs: list[tuple[int, int]]) -> None:
    ends, laps = 0, []
    for step, length in runs:
        laps.append((ends + step, ends + step + length - 1))
        ends += step + length
    brought = noted(*(run(range(lo, hi + 1)) for lo, hi in reversed(laps)))
    inside = {n for lo, hi in laps for n in range(lo, hi + 1)}
    for n in range(1, ends + 3):
        [line] = lines_of([one(n)])
        assert brought.has(one(n).series, line) == (n in inside)


def test_another_chunk_of_the_same_number_is_not_there() -> None:
    brought = noted(run(range(1, 6)))
    [line] = lines_of([one(3)])
    series = one(3).series
    assert brought.has(series, line)
    assert not brought.has(replace(series, car="9"), line)
    assert not brought.has(series, msgspec.structs.replace(line, p=line.p[:-1] + b"\x00\x01"))
    assert not brought.has(series, msgspec.structs.replace(line, c=line.c ^ 1))
    assert not brought.has(series, msgspec.structs.replace(line, sk="x" + line.sk[1:]))
    assert not brought.has(
        series, msgspec.structs.replace(line, sk=line.sk[:15] + "9" + line.sk[16:])
    )


def test_a_lap_that_could_not_be_unpacked_brings_nothing() -> None:
    brought = noted(replace(run(range(1, 6)), payload=b"\xa1junk"))
    [line] = lines_of([one(3)])
    assert not brought.has(one(3).series, line)
