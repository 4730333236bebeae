"""Inflating, framing and gathering archive objects."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.cloud import BundleName, Line, archived, format_line
from pitwall.telemetry import BadInput, Segment, decode
from pitwall.turbo import ObjectInfo
from pitwall.turbo.archive import _parse_line, _parse_lines
from pitwall.turbo.choose import arrived_since, hours, newest_laps
from pitwall.turbo.framing import MAX_OBJECT, Damaged, Framer
from pitwall.turbo.gather import gather
from pitwall.turbo.inflate import BLOCK, inflate
from tests.unit.stream.rig import SECOND, START
from tests.unit.turbo.rig import CATALOG, DRIVER, SESSION, chunk_of, series_of

# ---------------------------------------------------------------- inflate


@given(st.binary(max_size=5000), st.integers(1, 4))
def test_members_one_after_the_other_are_one_content(data: bytes, members: int) -> None:
    stored = gzip.compress(data) * members
    assert b"".join(inflate(stored)) == data * members


def test_blocks_are_bounded_and_bombs_are_refused() -> None:
    stored = gzip.compress(bytes(5 * BLOCK))
    blocks = list(inflate(stored))
    assert sum(map(len, blocks)) == 5 * BLOCK
    assert max(map(len, blocks)) <= BLOCK
    got: list[bytes] = []
    with pytest.raises(BadInput, match="more than"):
        got.extend(inflate(stored, 2 * BLOCK))
    assert sum(map(len, got)) <= 2 * BLOCK


@given(st.binary(min_size=100, max_size=3000), st.data())
def test_a_truncated_object_gives_its_good_part_first(data: bytes, draw: st.DataObject) -> None:
    stored = gzip.compress(data)
    cut = draw.draw(st.integers(3, len(stored) - 1))
    got: list[bytes] = []
    with pytest.raises(BadInput):
        got.extend(inflate(stored[:cut]))
    assert data.startswith(b"".join(got))


@given(st.binary(min_size=50, max_size=2000), st.data())
def test_damage_never_raises_anything_else(data: bytes, draw: st.DataObject) -> None:
    stored = bytearray(gzip.compress(data))
    at = draw.draw(st.integers(2, len(stored) - 1))
    stored[at] ^= draw.draw(st.integers(1, 255))
    try:
        list(inflate(bytes(stored)))
    except BadInput:
        return


def test_content_that_is_not_packed_is_passed_through() -> None:
    data = b'{"pk":1}' * (BLOCK // 4)
    assert b"".join(inflate(data)) == data
    assert list(inflate(b"")) == []


# ---------------------------------------------------------------- framing


def doc(n: int, extra: str = "") -> bytes:
    return json.dumps({"pk": f"k{n}", "x": extra}).encode()


def parse(piece: bytes) -> int:
    try:
        found = json.loads(piece)
    except (ValueError, RecursionError) as error:
        raise BadInput(str(error)) from error
    if not isinstance(found, dict) or "pk" not in found:
        raise BadInput("no pk")
    return int(found["pk"][1:])


def parse_many(data: bytes) -> list[int]:
    return [parse(line) for line in data.splitlines() if line.strip()]


def framed(data: bytes, sizes: list[int]) -> tuple[list[int], list[Damaged]]:
    framer: Framer[int] = Framer(parse, parse_many)
    found: list[int | Damaged] = []
    at = 0
    for size in [*sizes, len(data) + 1]:
        found += framer.feed(data[at : at + size])
        at += size
        if at >= len(data):
            break
    found += framer.end()
    return (
        [f for f in found if not isinstance(f, Damaged)],
        [f for f in found if isinstance(f, Damaged)],
    )


BETWEEN = st.sampled_from([b"\n", b"", b" ", b"\r\n", b"\n\n"])
ODD = st.sampled_from(['{"', "}", '"', "\\", "}{", "\u00e9", "\n"])


@given(
    st.lists(st.tuples(BETWEEN, st.lists(ODD, max_size=3).map("".join)), max_size=20),
    st.lists(st.integers(1, 60), max_size=60),
)
@settings(max_examples=200)
def test_objects_are_found_whatever_stands_between_them(
    parts: list[tuple[bytes, str]], sizes: list[int]
) -> None:
    data = b"".join(doc(n, extra) + gap for n, (gap, extra) in enumerate(parts))
    found, damaged = framed(data, sizes)
    assert found == list(range(len(parts)))
    assert damaged == []


@given(
    st.lists(st.sampled_from(["object", "garbage", "half"]), max_size=12),
    BETWEEN,
    st.lists(st.integers(1, 80), max_size=40),
)
def test_what_is_between_damage_is_kept_and_damage_has_its_place(
    kinds: list[str], between: bytes, sizes: list[int]
) -> None:
    data = b""
    expected: list[int] = []
    for n, kind in enumerate(kinds):
        if kind == "object":
            expected.append(n)
            data += doc(n) + between
        elif kind == "garbage":
            data += b"@@ garbage @@" + between
        else:
            data += doc(n)[:8] + between
    found, damaged = framed(data, sizes)
    assert found == expected
    assert bool(damaged) == (len(expected) < len(kinds))
    for place in damaged:
        assert data[place.offset : place.offset + len(place.raw)] == place.raw


@given(st.binary(max_size=400))
def test_any_bytes_are_framed_without_an_error(data: bytes) -> None:
    framed(data, [7] * 100)


def test_an_endless_object_is_given_up_and_what_follows_is_found() -> None:
    data = b'{"pk":"' + b"a" * (3 * MAX_OBJECT) + b"\n" + doc(5) + b"\n"
    found, damaged = framed(data, [BLOCK] * 10)
    assert found == [5]
    assert damaged


def test_nested_beginnings_do_not_take_for_ever() -> None:
    data = b'{"pk":' * 200_000
    found, damaged = framed(data, [BLOCK] * 10)
    assert found == []
    assert damaged


# ---------------------------------------------------------------- gather


def lines_of(segments: list[Segment], q: str = "1") -> list[Line]:
    out = []
    for segment in segments:
        line = format_line(segment, START / 1e6 + segment.n_lo, q)
        out.append(msgspec.json.decode(line, type=Line))
    return out


def segment(n: int, car: str = "1", epoch: str = "e1", salt: int = 0) -> Segment:
    return chunk_of(car, n, START + n * SECOND, epoch, salt)


def chunks_in(segments: list[Segment]) -> Counter[tuple[str, str, int, int, int]]:
    return Counter(
        (s.series.car, s.series.epoch, s.lap, s.n_lo + i, crc)
        for s in segments
        for i, crc in enumerate(s.crcs)
    )


@given(
    st.lists(
        st.tuples(st.integers(1, 90), st.sampled_from("ab"), st.sampled_from(["e1", "e2"])),
        max_size=120,
    ),
    st.integers(0, 2**32),
)
@settings(max_examples=60)
def test_every_chunk_comes_out_once_for_each_time_it_went_in(
    chosen: list[tuple[int, str, str]], seed: int
) -> None:
    segments = [segment(n, car, epoch) for n, car, epoch in chosen]
    random.Random(seed).shuffle(segments)
    gathered = gather(lines_of(segments), CATALOG)
    left = [archived(line).segment for line in gathered.left]
    assert chunks_in([*gathered.segments, *left]) == chunks_in(segments)


def test_a_run_has_the_samples_of_its_chunks_bit_for_bit() -> None:
    segments = [segment(n) for n in range(1, 40)]
    gathered = gather(lines_of(segments), CATALOG)
    [run] = gathered.segments
    assert gathered.left == []
    assert (run.n_lo, run.n_hi, run.counts) == (1, 39, (4,) * 39)
    assert (run.t_lo, run.t_hi) == (segments[0].t_lo, segments[-1].t_hi)
    got = decode(run.payload, DRIVER, CATALOG.version)
    at = 0
    for each in segments:
        one = decode(each.payload, DRIVER, CATALOG.version)
        assert (got.t[at : at + 4] + run.t_lo == one.t + each.t_lo).all()
        assert (got.values[:, at : at + 4] == one.values).all()
        at += 4


def test_laps_and_holes_cut_runs() -> None:
    numbers = [*range(40, 80), *range(90, 110)]
    gathered = gather(lines_of([segment(n) for n in numbers]), CATALOG)
    assert [(s.lap, s.n_lo, s.n_hi) for s in gathered.segments] == [
        (0, 40, 59), (1, 60, 79), (1, 90, 109),
    ]  # fmt: skip


def test_tails_are_the_largest_n_with_its_times() -> None:
    gathered = gather(lines_of([segment(n) for n in (5, 9, 7)]), CATALOG)
    tail = gathered.tails[series_of("1")]
    assert tail.n == 9
    assert tail.created_us == START + 9 * SECOND
    assert tail.t_us == START + 9 * SECOND + 720_000


def test_only_what_is_wanted_is_taken() -> None:
    lines = lines_of([segment(n) for n in range(1, 21)])
    gathered = gather(lines, CATALOG, lambda series, n: n % 2 == 0)
    assert sorted(s.n_lo for s in gathered.segments) == list(range(2, 21, 2))
    assert gathered.tails[series_of("1")].n == 20


def test_what_sealed_laps_have_brought_is_counted_and_not_made_again() -> None:
    lines = lines_of([segment(n) for n in range(1, 21)])
    gathered = gather(lines, CATALOG, None, lambda series, line: line.n <= 15)
    assert [(s.n_lo, s.n_hi) for s in gathered.segments] == [(n, n) for n in range(16, 20 + 1)]
    assert gathered.repeats == {series_of("1"): 15}
    assert gathered.tails[series_of("1")].n == 20
    assert gather(lines, CATALOG, lambda series, n: n > 10, lambda *_: True).repeats.total() == 10


@pytest.mark.parametrize(
    "change",
    [
        {"c": 1},
        {"sk": "x"},
        {"sk": "0000000000000001#00000099"},
        {"d": -1},
        {"n": 0},
        {"p": b""},
        {"p": b"\xa1junk"},
        {"q": "no"},
        {"pk": "2026-09-20-test-r1#driver#xx#1"},
        {"e": "UPPER"},
        {"a": -5.0},
    ],
)
def test_a_line_that_is_wrong_is_left_for_a_closer_look_and_harms_no_other(
    change: dict[str, object],
) -> None:
    lines = lines_of([segment(n) for n in range(1, 30)])
    lines[10] = msgspec.structs.replace(lines[10], **change)
    gathered = gather(lines, CATALOG)
    kept = chunks_in(gathered.segments)
    for line in gathered.left:
        try:
            kept += chunks_in([archived(line).segment])
        except BadInput:
            assert line == lines[10]
    good = chunks_in([segment(n) for n in range(1, 30) if n != 11])
    assert not good - kept
    assert sum((kept - good).values()) <= 1


# ---------------------------------------------------------------- lines and hours


def test_lines_in_bulk_and_one_by_one_are_the_same() -> None:
    data = b"".join(format_line(segment(n), START / 1e6, "7") for n in range(1, 20))
    bulk = _parse_lines(data)
    assert bulk == [_parse_line(piece) for piece in data.splitlines()]
    for bad in (data + b"{", b"[]", b"\xff\n", b"nonsense\n"):
        with pytest.raises(BadInput):
            _parse_lines(bad)
    with pytest.raises(BadInput):
        _parse_line(b" " * 700_000)


def test_hours_are_those_that_a_span_touches() -> None:
    hour = 3600 * SECOND
    start = START // hour * hour
    assert hours([(start, start)]) == ["2026/09/21/14/"]
    assert hours([(start - 1, start + hour)]) == [
        "2026/09/21/13/", "2026/09/21/14/", "2026/09/21/15/",
    ]  # fmt: skip
    both = hours([(start, start), (start - 48 * hour, start - 47 * hour)])
    assert both == ["2026/09/19/14/", "2026/09/19/15/", "2026/09/21/14/"]
    assert len(hours([(0, start)])) == 24 * 31 + 1


# ---------------------------------------------------------------- choosing


def raw(*minutes: int) -> list[ObjectInfo]:
    return [
        ObjectInfo(f"raw/2026/09/20/10/pitwall-1-2026-09-20-10-{m:02d}-00-{m}.gz", 1, "t")
        for m in minutes
    ]


TEN = 1_789_898_400 * SECOND
"""2026-09-20 10:00 UTC."""


def test_objects_by_what_they_can_hold() -> None:
    objects = raw(0, 1, 2, 3, 4, 5, 6)
    at = TEN + 5 * 60 * SECOND + 30 * SECOND
    # opened a margin before, and one more
    assert arrived_since(objects, at) == objects[3:]
    assert arrived_since(objects, None) == objects
    assert arrived_since(objects, TEN + 60 * SECOND) == objects
    named = [ObjectInfo("raw/2026/09/20/10/other.gz", 1, "t")]
    assert arrived_since(named + objects, at) == named + objects[3:]
    odd = [ObjectInfo("raw/pitwall-1-2026-99-99-10-00-00-x.gz", 1, "t")]
    assert arrived_since(odd, at) == odd


def sealed(first: int, last: int = 0, version: int = 1, part: int = 1) -> ObjectInfo:
    name = BundleName(SESSION.key, "7", first, last or first, "e1", part, version)
    return ObjectInfo(name.key, 1, f"v{version}")


def test_sealed_laps_newest_first_and_newest_version() -> None:
    listed = [sealed(1), sealed(2), sealed(2, 2, 2), sealed(2, 2, 10), sealed(2, 2, 1, 2)]
    other = ObjectInfo("sealed/other/7/009-009-e1-1-v1.seg", 1, "t")
    assert newest_laps(SESSION.key, [*listed, sealed(3), other]) == [
        sealed(3), sealed(2, 2, 10), sealed(2, 2, 1, 2), sealed(1),
    ]  # fmt: skip


def test_blocks_stand_for_their_laps() -> None:
    laps = [sealed(n, n) for n in range(1, 22)]
    blocks = [sealed(0, 3), sealed(4, 7), sealed(8, 11), sealed(12, 15), sealed(16, 19)]
    wide = sealed(0, 15)
    late = sealed(5, 5, 1, 1000)
    another = ObjectInfo(sealed(0, 15).key.replace("-e1-", "-e2-"), 1, "x")
    chosen = newest_laps(SESSION.key, [*laps, *blocks, wide, late, another])
    assert set(chosen) == {sealed(21), sealed(20), sealed(16, 19), wide, late, another}
    assert chosen[:3] == [sealed(21), sealed(20), sealed(16, 19)]
    # parts of one block, one of them in two versions
    parts = [sealed(0, 3), sealed(0, 3, 1, 2), sealed(0, 3, 2, 2)]
    assert set(newest_laps(SESSION.key, [*laps[:2], *parts])) == {parts[0], parts[2]}
