"""Segments that were opened before the writer had them: the same as if it had opened them."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.store import (
    Batch,
    Recording,
    SessionStore,
    Source,
    Writer,
    fresh_runs,
    identity,
    open_segments,
    open_session,
)
from pitwall.store import writer as module
from pitwall.telemetry import Segment
from tests.unit.store.helpers import CATALOG, SESSION, one, run, series, times, values

WAIT = 20.0


def opened(source: Source, segments: tuple[Segment, ...]) -> Batch:
    right, samples = open_segments(segments, SESSION)
    return Batch(source, right, samples=samples)


def damaged(segment: Segment) -> Segment:
    return replace(segment, payload=segment.payload[:-3])


_segments = st.lists(
    st.one_of(
        st.integers(1, 60).map(one),
        st.tuples(st.integers(1, 30), st.integers(1, 30)).map(
            lambda span: run(range(span[0], span[0] + span[1]))
        ),
        st.integers(1, 60).map(lambda n: damaged(one(n))),
        st.integers(1, 60).map(lambda n: replace(one(n), t_hi=one(n).t_hi + 5)),
        st.integers(1, 60).map(lambda n: one(n, series(group="none"))),
    ),
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(_segments, min_size=1, max_size=3))
def test_books_and_columns_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Segment]]
) -> None:
    folder = tmp_path_factory.mktemp("opened")
    sides = []
    for name in ("plain", "opened"):
        recording, store = open_session(folder / f"{name}.pitwall", SESSION)
        for segments in batches:
            some = tuple(segments)
            made = opened(Source.ARCHIVE, some) if name == "opened" else Batch(Source.ARCHIVE, some)
            store.commit(recording.apply(made))
        recording.close()
        sides.append(store)
    plain, other = sides
    assert plain.ledger() == other.ledger()
    assert plain.view().columns.keys() == other.view().columns.keys()
    for key, columns in plain.view().columns.items():
        for mine, theirs in zip(columns.blocks, other.view().columns[key].blocks, strict=True):
            assert np.array_equal(mine.t, theirs.t)
            assert mine.values.tobytes() == theirs.values.tobytes()
            assert np.array_equal(mine.n, theirs.n)


def whole(store: SessionStore, key: tuple[str, str]) -> tuple[bytes, ...]:
    """Everything of a (car, group), however it is cut into blocks."""
    blocks = store.view().columns[key].blocks
    return (
        np.concatenate([b.t for b in blocks]).tobytes(),
        np.concatenate([b.values for b in blocks], axis=1).tobytes(),
        np.concatenate([b.n for b in blocks]).tobytes(),
        np.concatenate([b.source for b in blocks]).tobytes(),
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(_segments, min_size=1, max_size=3), st.integers(1, 30))
def test_stretches_that_stay_where_they_are(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Segment]], long: int
) -> None:
    folder = tmp_path_factory.mktemp("stretches")
    sides = []
    for name in ("plain", "opened"):
        recording, store = open_session(folder / f"{name}.pitwall", SESSION)
        least = long if name == "opened" else 1 << 30
        with (
            mock.patch.object(fresh_runs, "BLOCK", least),
            mock.patch.object(identity, "LONG", least),
        ):
            for segments in batches:
                store.commit(recording.apply(opened(Source.ARCHIVE, tuple(segments))))
        recording.close()
        sides.append(store)
    plain, other = sides
    assert plain.ledger() == other.ledger()
    assert plain.view().columns.keys() == other.view().columns.keys()
    for key in plain.view().columns:
        assert whole(plain, key) == whole(other, key)


def test_a_long_stretch_is_not_copied(tmp_path: Path) -> None:
    laps = [run(range(first, first + 40)) for first in range(1, 2001, 40)]
    segments, samples = open_segments([*laps[25:], *laps[:25]], SESSION)
    recording, store = open_session(tmp_path / "race.pitwall", SESSION)
    store.commit(recording.apply(Batch(Source.ARCHIVE, segments, samples=samples)))
    recording.close()
    columns = store.columns("11", "driver")
    assert columns is not None
    assert columns.samples == 10_000
    same = [
        any(np.shares_memory(block.values, s.values) for s in samples if s is not None)
        for block in columns.blocks
    ]
    # the last block, which may grow, lies in a buffer of its own
    assert all(same[:-1])
    t, v, n, _ = whole(store, ("11", "driver"))
    assert t == np.concatenate([times(i) for i in range(1, 2001)]).tobytes()
    right = np.concatenate([values(i) for i in range(1, 2001)], axis=1)
    assert v == right.astype(np.float32).tobytes()
    assert n == np.repeat(np.arange(1, 2001), 5).astype(np.int32).tobytes()


def test_what_cannot_be_opened_stays_closed() -> None:
    good, bad = one(1), damaged(one(2))
    segments, samples = open_segments((bad, good), SESSION)
    assert segments == (bad, good)
    assert samples[0] is None
    assert samples[1] is not None
    assert len(samples[1].t) == good.counts[0]
    assert CATALOG.version == SESSION.catalog.version


def test_opened_samples_that_wait_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, store = open_session(tmp_path / "race.pitwall", SESSION)
    batch = opened(Source.ARCHIVE, (run(range(1, 41)),))
    assert batch.held > 0
    monkeypatch.setattr(module, "MAX_HELD", batch.held * 2)
    writer = Writer(recording, store)
    for _ in range(2):
        writer.submit(batch, WAIT)
    through = threading.Event()

    def third() -> None:
        writer.submit(batch, WAIT)
        through.set()

    thread = threading.Thread(target=third, name="third batch")
    thread.start()
    assert not through.wait(0.2)
    writer.start()
    assert through.wait(WAIT)
    thread.join(WAIT)
    writer.flush(WAIT)
    assert store.ledger().applied == 40
    writer.stop(WAIT)


def test_a_batch_larger_than_the_limit_goes_in_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, store = open_session(tmp_path / "race.pitwall", SESSION)
    batch = opened(Source.ARCHIVE, (run(range(1, 41)),))
    monkeypatch.setattr(module, "MAX_HELD", batch.held // 2)
    writer = Writer(recording, store)
    writer.submit(batch, WAIT)
    writer.start()
    writer.submit(batch, WAIT)
    writer.flush(WAIT)
    assert store.ledger().applied == 40
    assert store.ledger().duplicates == 40
    writer.stop(WAIT)
    with Recording.open(recording.path, read_only=True) as again:
        assert again.ledger().applied == 40
