"""Packing finished laps changes nothing but rows and bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.store import Batch, Recording, Source, load
from pitwall.store.compact import merge
from pitwall.store.identity import cut
from pitwall.store.rows import Row
from pitwall.telemetry import (
    Catalog,
    Failure,
    Samples,
    Series,
    Session,
    chunk,
    chunk_crc,
    decode,
    encode,
)
from tests.unit.store.helpers import CATALOG, SESSION, T0, one, run, series
from tests.unit.telemetry.strategies import groups, values


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "race.pitwall"


def picture(recording: Recording) -> list[object]:
    """All that a reader can see of a recording."""
    store = load(recording)
    columns = store.columns("11", "driver")
    assert columns is not None
    span = columns.span(0, 2**62)
    return [
        recording.ledger(),
        recording.checkpoints(),
        span.t.tolist(),
        span.values.tolist(),
        span.starts.tolist(),
        span.sources,
        [b.n.tolist() for b in columns.blocks],
        [
            (n, crc, count)
            for row in recording.read_segments(series())
            for n, crc, count in zip(
                range(row.segment.n_lo, row.segment.n_hi + 1),
                row.segment.crcs,
                row.segment.counts,
                strict=True,
            )
        ],
    ]


def test_laps_become_rows(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(
            Batch(Source.ARCHIVE, tuple(one(n) for n in range(1, 51))),
            Batch(Source.STREAM, tuple(one(n) for n in range(51, 131) if n not in (70, 71))),
            Batch(Source.TABLE, (one(70),), received_us=T0 + 5),
        )
        before = picture(recording)
        assert recording.compact(everything=False)
        spans = [(r.segment.n_lo, r.segment.n_hi) for r in recording.read_segments(series())]
        # Laps end at 40, 80, 120; lap 3 is being driven. Sources and holes part rows too.
        assert spans[:6] == [(1, 40), (41, 50), (51, 69), (70, 70), (72, 80), (81, 120)]
        assert spans[6:] == [(n, n) for n in range(121, 131)]
        assert picture(recording) == before
        assert recording.compact()
        assert recording.row_count() == 7
        assert picture(recording) == before
        # A late chunk goes where it belongs and is packed the next time.
        recording.apply(Batch(Source.TABLE, (one(71),), received_us=T0 + 9))
        late = picture(recording)
        recording.compact()
        rows = {r.segment.n_lo: r for r in recording.read_segments(series())}
        assert (rows[70].segment.n_hi, rows[70].received_lo, rows[70].received_hi) == (
            71,
            T0 + 5,
            T0 + 9,
        )
        assert picture(recording) == late
    with Recording.open(path) as recording:
        assert picture(recording) == late
        assert recording.compact()
        assert recording.row_count() == 7


def test_repeats_and_conflicts_are_known_after_packing(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.STREAM, tuple(one(n) for n in range(1, 81))))
        recording.compact()
        done = recording.apply(Batch(Source.ARCHIVE, (run(range(30, 90)), one(5), one(6, salt=1))))
        assert (done.chunks, done.duplicates, done.conflicts) == (9, 52, 1)
        (conflict,) = recording.conflicts()
        assert chunk_crc(conflict.first_t, conflict.first) == one(6).crcs[0]


def test_packing_makes_the_file_smaller(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.STREAM, tuple(one(n) for n in range(1, 4001))))
    loose = path.stat().st_size
    with Recording.open(path) as recording:
        recording.compact()
    assert path.stat().st_size < loose * 0.4


def test_a_little_at_a_time(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.STREAM, tuple(one(n) for n in range(1, 401))))
        before = picture(recording)
        rows = [recording.row_count()]
        while not recording.compact(0.0):
            rows.append(recording.row_count())
            assert picture(recording) == before
        # a lap at a time
        assert rows == list(range(rows[0], 10, -39))
        assert picture(recording) == before
        assert recording.row_count() == 10


def test_a_full_disk_while_packing_loses_nothing(path: Path) -> None:
    with Recording.create(path, SESSION) as recording:
        recording.apply(Batch(Source.STREAM, tuple(one(n) for n in range(1, 401))))
        before = picture(recording)
        recording._db.execute("PRAGMA query_only = ON")
        with pytest.raises(Failure):
            recording.compact()
        recording._db.execute("PRAGMA query_only = OFF")
        assert picture(recording) == before


@st.composite
def lines(draw: st.DrawFn) -> tuple[Session, list[Row]]:
    """Neighbouring chunks of any values and times, as rows."""
    group = draw(groups())
    session = Session(SESSION.key, "x", Catalog((group,)), T0)
    version = session.catalog.version
    of = Series(session.key, "1", group.name, "a")
    rows = []
    start = T0
    for n in range(1, draw(st.integers(2, 6))):
        count = draw(st.integers(1, 20))
        steps = draw(st.lists(st.integers(-1000, 100_000), min_size=count, max_size=count))
        t = start + np.cumsum(np.array(steps, np.int64))
        v = draw(values(len(group.channels), count))
        payload = encode(t, v, group, version)
        made = chunk(of, n, 3, int(t[0]), int(t[-1]), count, payload)
        rows.append(Row(made, Source.STREAM, 0, 0))
        start = int(t[-1]) + draw(st.integers(-50_000, 10**8))
    return session, rows


@given(lines())
def test_a_packed_run_gives_back_every_chunk(case: tuple[Session, list[Row]]) -> None:
    session, rows = case
    merged = merge(rows, session)
    assert merged is not None
    group, version = session.catalog.groups[0], session.catalog.version
    whole = decode(merged.segment.payload, group, version)
    assert merged.segment.chunks == len(rows)
    for row in rows:
        n = row.segment.n_lo
        part, samples = cut(merged.segment, whole, n, n, session)
        wanted = decode(row.segment.payload, group, version)
        assert (part.t_lo, part.t_hi) == (row.segment.t_lo, row.segment.t_hi)
        assert (part.counts, part.crcs) == (row.segment.counts, row.segment.crcs)
        assert same_bits(samples, wanted)


def same_bits(a: Samples, b: Samples) -> bool:
    return (
        np.array_equal(a.t, b.t)
        and np.array_equal(a.values, b.values, equal_nan=True)
        and np.array_equal(np.signbit(a.values), np.signbit(b.values))
    )


def test_a_damaged_row_is_left_alone() -> None:
    rows = [Row(one(n), Source.STREAM, 0, 0) for n in (1, 2)]
    assert merge(rows, SESSION) is not None
    assert merge([rows[0], replace(rows[1], intact=False)], SESSION) is None
    torn = replace(rows[1].segment, payload=rows[1].segment.payload[:-1])
    assert merge([rows[0], replace(rows[1], segment=torn)], SESSION) is None
    assert CATALOG.version == SESSION.catalog.version
