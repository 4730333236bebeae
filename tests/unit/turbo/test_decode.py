"""Long pages decoded together hold what their records hold one by one."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.cloud.chunking import chunk_samples
from pitwall.cloud.image import Image
from pitwall.cloud.items import chunk_item, head_item, parse_chunk, session_item
from pitwall.store import Quarantined, Recording, SessionStore
from pitwall.store.batch import Batch, Source
from pitwall.stream import Record
from pitwall.stream.source import Page
from pitwall.telemetry import Catalog, Channel, Group, Head, Segment, Series, Session, decode
from pitwall.turbo.decode import Decoder
from tests.unit.stream.taking import take

KEY = "2025-09-06-decode-r1"
T0 = 1_757_184_000_000_000
GROUP = Group("driver", 20.0, 250_000, tuple(Channel(f"c{i}", "1", 0.1, 0, 100) for i in range(3)))
CATALOG = Catalog((GROUP,))
SESSION = Session(KEY, "Decode", CATALOG, T0)


def chunks(car: str, count: int, session: str = KEY) -> list[Segment]:
    t = T0 + np.arange(count * 5, dtype=np.int64) * 50_000
    values = np.sin(np.arange(3)[:, None] + np.arange(count * 5) / 7) * 40
    lap = np.arange(count * 5) // 60
    series = Series(session, car, GROUP.name, "e1")
    return chunk_samples(series, GROUP, t, values, lap, CATALOG.version, origin_us=T0)


def record(i: int, item: dict[str, Any] | bytes) -> Record:
    raw = item if isinstance(item, bytes) else json.dumps(item).encode()
    return Record(str(100 + i), T0 + i, Image(msgspec.Raw(raw)), {"dynamodb": {"SizeBytes": 1}})


def taken(records: list[Record], *, together: bool, tmp: Any) -> Any:
    """What a recording has after the page: books, samples, quarantine, heads."""
    seen: list[Segment] = []
    decoder = Decoder(KEY, CATALOG, seen.append)
    page = Page(tuple(records), "next")
    way: Any = decoder if together else lambda record: decoder(record)
    got = take(page, way)
    with Recording.create(tmp / f"{together}.pitwall", SESSION) as recording:
        store = SessionStore(SESSION)
        store.commit(
            recording.apply(Batch(Source.STREAM, got.segments, got.heads, 1, samples=got.samples))
        )
        books = {
            key: (b.received, b.duplicates, b.conflicts, b.head, b.missing)
            for key, b in store.ledger().series.items()
        }
        columns = {
            key: (np.concatenate([b.t for b in c.blocks]), np.hstack([b.values for b in c.blocks]))
            for key, c in store.view().columns.items()
        }
        conflicts = sorted((c.n, c.first_crc, c.second_crc) for c in recording.conflicts())
    poison = sorted((q.where, q.reason, q.raw) for q in got.quarantined)
    noted = {(s.series, n) for s in seen for n in range(s.n_lo, s.n_hi + 1)}
    return books, columns, poison, conflicts, noted, got.heads


def same(a: Any, b: Any) -> None:
    assert a[0] == b[0]
    assert a[1].keys() == b[1].keys()
    for key, (t, values) in a[1].items():
        np.testing.assert_array_equal(t, b[1][key][0])
        np.testing.assert_array_equal(values, b[1][key][1])
    assert a[2:5] == b[2:5]


@pytest.fixture
def both(tmp_path_factory: pytest.TempPathFactory) -> Any:
    def ways(records: list[Record]) -> Any:
        tmp = tmp_path_factory.mktemp("decode")
        one = taken(records, together=False, tmp=tmp)
        many = taken(records, together=True, tmp=tmp)
        same(many, one)
        return many, one

    return ways


def test_a_page_of_chunks_becomes_runs_with_the_same_books_and_samples(both: Any) -> None:
    items = [chunk_item(c, text=True) for car in ("7", "11") for c in chunks(car, 40)]
    many, _ = both([record(i, item) for i, item in enumerate(items)])
    assert sum(b[0][-1][1] for b in many[0].values()) == 80


def test_the_last_of_many_heads_says_what_they_all_said(both: Any) -> None:
    heads = [Head(KEY, "7", "e1", T0, T0 + i, 1, {"driver": i}, i == 44) for i in range(45)]
    many, one = both([record(i, head_item(head)) for i, head in enumerate(heads)])
    assert many[5] == (heads[-1],)
    assert len(one[5]) == 45


def test_what_is_nobodys_business_gives_nothing(both: Any) -> None:
    others = [chunk_item(c, text=True) for c in chunks("7", 40, "2025-09-06-other-r1")]
    both([record(i, item) for i, item in enumerate([*others, session_item(SESSION)])])


_mine = [chunk_item(c, text=True) for c in chunks("7", 40)]
_wrong = st.sampled_from(
    [
        {"p": {"B": "AAAA"}},
        {"p": {"S": "x"}},
        {"n": {"N": "0"}},
        {"n": {"N": "99999999999999999999"}},
        {"n": {"N": "x"}},
        {"c": {"N": "1"}},
        {"d": {"N": "-5"}},
        {"d": {"N": "250000"}},
        {"sk": {"S": "zz"}},
        {"pk": {"S": f"{KEY}#driver#001"}},
        {"pk": {"S": f"{KEY}#engine#001#7"}},
        {"e": {"S": "E E"}},
        {"e": {}},
        {"k": {"S": "?"}},
    ]
)


@settings(max_examples=40, deadline=None)
@given(
    order=st.permutations(range(40)),
    repeats=st.lists(st.integers(0, 39), max_size=4),
    wrong=st.dictionaries(st.integers(0, 39), _wrong, max_size=3),
    gone=st.lists(st.integers(0, 39), max_size=5),
)
def test_disorder_repeats_damage_and_holes(
    order: list[int],
    repeats: list[int],
    wrong: dict[int, dict[str, Any]],
    gone: list[int],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    items = [_mine[i] | wrong.get(i, {}) for i in [*order, *repeats] if i not in gone]
    records = [record(i, item) for i, item in enumerate(items)]
    tmp = tmp_path_factory.mktemp("decode")
    same(taken(records, together=True, tmp=tmp), taken(records, together=False, tmp=tmp))


def test_pages_taken_together_are_as_if_taken_one_by_one() -> None:
    pages = [
        [record(i, chunk_item(c, text=True)) for i, c in enumerate(chunks(car, 40))]
        for car in ("7", "11")
    ]
    pages.append([record(1, head_item(Head(KEY, "7", "e1", T0, T0, 1, {"driver": 3}, False)))])
    wild = [record(i, {**item, "d": {"N": "5"}}) for i, item in enumerate(_mine)]
    pages += [[], wild]
    decoder = Decoder(KEY, CATALOG, lambda segment: None)
    apart = [decoder.many([page])[0] for page in pages]
    for one, other in zip(decoder.many(pages), apart, strict=True):
        assert (one.found, one.left) == (other.found, other.left)
        for segment, samples in zip(one.found, one.samples, strict=True):
            assert isinstance(segment, Segment)
            assert samples is not None
            alone = decode(segment.payload, GROUP, CATALOG.version)
            np.testing.assert_array_equal(samples.t, alone.t)
            np.testing.assert_array_equal(samples.values, alone.values)
            assert segment.t_hi == segment.t_lo + alone.t[-1]


def test_a_damaged_item_is_kept_raw_and_stops_nothing(both: Any) -> None:
    items: list[Any] = [*_mine, b'{"pk": {"B": "A"}}', b"5"]
    many, _ = both([record(i, item) for i, item in enumerate(items)])
    assert len(many[2]) == 2
    assert len(many[4]) == 40
    damaged = Record("1", T0, Image(msgspec.Raw(b'{"k": {"S": "c"}, "p": {"B": "A"}}')))
    found = take(Page((damaged,), "n"), Decoder(KEY, CATALOG, print))
    (poison,) = found.quarantined
    assert isinstance(poison, Quarantined)
    assert poison.raw == b'{"k":{"S":"c"},"p":{"B":"A"}}'
    assert "cannot be read" in poison.reason


def test_one_chunk_is_read_from_its_image(both: Any) -> None:
    segment = chunks("7", 1)[0]
    assert parse_chunk(record(0, chunk_item(segment, text=True)).body) == segment
