"""What is paged out reads as if it had never been: against a store that keeps everything."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.store import Batch, Pager, Recording, SessionStore, Source, budget_bytes, growth
from pitwall.store.columns import Columns
from pitwall.telemetry import Failure, Segment
from tests.unit.store.helpers import CHUNK_US, SESSION, T0, one, series

BLOCK = 48
KEY = ("11", "driver")
LIMIT_S = 30.0


@contextmanager
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growth, "BLOCK", BLOCK)
        patch.setattr(growth, "_ALONE", BLOCK // 4)
        patch.setattr(growth, "BLOCKS", 4)
        yield


class Both:
    """One recording, a store whose values are paged out, and one that keeps them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "race.pitwall"
        self.recording = Recording.create(self.path, SESSION)
        self.paged, self.kept = SessionStore(SESSION), SessionStore(SESSION)
        self.pager = Pager(self.paged, self.path, 1)

    def put(self, *segments: Segment, source: Source = Source.STREAM) -> None:
        applied = self.recording.apply(Batch(source, segments))
        self.paged.commit(applied)
        self.kept.commit(applied)

    def page_out(self, key: tuple[str, str] = KEY) -> int:
        """Everything that may go; how many blocks are away then."""
        columns = self.columns(key)
        blocks = [b for chapter in columns.chapters for b in chapter.blocks if b.resident]
        if blocks:
            self.pager._put_away(key, columns, blocks, 1 << 40)
        return sum(not b.resident for b in columns.blocks)

    def columns(self, key: tuple[str, str] = KEY) -> Columns:
        columns = self.paged.columns(*key)
        assert columns is not None
        return columns

    def close(self) -> None:
        self.pager.stop()
        self.recording.close()


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with small_blocks():
        made = Both(tmp_path)
        yield made
        made.close()


def same(paged: Columns, kept: Columns, t_lo: int, t_hi: int) -> None:
    """Every way of reading, the ones that need no values first: they must not bring them back."""
    away = len(paged.away(0, 2**62))
    for width in (7, 60):
        drawn, wanted = paged.thin((0, 1), t_lo, t_hi, width), kept.thin((0, 1), t_lo, t_hi, width)
        if drawn.exact == wanted.exact:
            np.testing.assert_array_equal(drawn.t, wanted.t)
            np.testing.assert_array_equal(drawn.starts, wanted.starts)
            np.testing.assert_array_equal(drawn.high, wanted.high)
        elif len(wanted.t):  # coarser, and no extreme is lost
            assert not drawn.exact
            assert np.nanmax(drawn.high, axis=1) == pytest.approx(
                np.nanmax(np.fmax(drawn.high, -np.inf), axis=1)
            )
            assert (np.nanmax(drawn.high, axis=1) >= np.nanmax(wanted.high, axis=1)).all()
            assert (np.nanmin(drawn.low, axis=1) <= np.nanmin(wanted.low, axis=1)).all()
    assert paged.late(t_lo, t_hi) == kept.late(t_lo, t_hi)
    assert paged.sources(t_lo, t_hi) == kept.sources(t_lo, t_hi)
    assert paged.nearest(t_lo) == kept.nearest(t_lo)
    assert len(paged.away(0, 2**62)) == away, "drawing brought values back"
    found, wanted_between = paged.between(t_lo, t_hi), kept.between(t_lo, t_hi)
    np.testing.assert_array_equal(found.count, wanted_between.count)
    np.testing.assert_array_equal(found.low, wanted_between.low)
    np.testing.assert_allclose(found.mean, wanted_between.mean)
    at, wanted_at = paged.at(t_hi), kept.at(t_hi)
    assert (at is None) == (wanted_at is None)
    if at is not None and wanted_at is not None:
        assert at[0] == wanted_at[0]
        np.testing.assert_array_equal(at[1], wanted_at[1])
    window, wanted_window = paged.window(0, t_lo, t_hi, 2), kept.window(0, t_lo, t_hi, 2)
    np.testing.assert_array_equal(window.t, wanted_window.t)
    np.testing.assert_array_equal(window.v, wanted_window.v)
    assert window.sources == wanted_window.sources
    span, wanted_span = paged.span(t_lo, t_hi), kept.span(t_lo, t_hi)
    np.testing.assert_array_equal(span.values, wanted_span.values)
    np.testing.assert_array_equal(span.lap, wanted_span.lap)
    np.testing.assert_array_equal(span.starts, wanted_span.starts)


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_paged_out_reads_as_if_it_had_never_been(data: st.DataObject) -> None:
    draw = data.draw
    numbers = np.array([n for n in range(1, 260) if n % draw(st.sampled_from([7, 31, 1000]))])
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    order = np.arange(len(numbers)) + rng.random(len(numbers)) * draw(
        st.sampled_from([0, 3, 25, 400])
    )
    numbers = numbers[np.argsort(order, kind="stable")]
    with small_blocks(), tempfile.TemporaryDirectory() as folder:
        both = Both(Path(folder))
        try:
            for some in np.array_split(numbers, draw(st.integers(1, 12))):
                chunks = [
                    one(n, series(epoch="b" if n > 200 else "a"), lag_us=draw(LAGS))
                    for n in some.tolist()
                ]
                both.put(*chunks)
                if draw(st.booleans()):
                    both.page_out()
                if draw(st.integers(0, 4)) == 0:
                    both.recording.compact()
            both.page_out()
            kept = both.kept.columns(*KEY)
            assert kept is not None
            for _ in range(3):
                lo, hi = sorted((draw(st.integers(0, 260)), draw(st.integers(0, 260))))
                both.page_out()
                same(both.columns(), kept, T0 + lo * CHUNK_US - 1, T0 + hi * CHUNK_US)
            assert both.paged.holes("11") == both.kept.holes("11")
        finally:
            both.close()


LAGS = st.sampled_from([0, 0, 0, 0, 30_000, 260_000])
"""Now and then the stamps of neighbouring chunks cross."""


def test_values_go_and_all_the_rest_stays(both: Both) -> None:
    both.put(*(one(n) for n in range(1, 400)))
    before = both.columns().nbytes
    blocks = both.columns().blocks
    assert both.page_out() > 30
    after = both.columns()
    assert after.blocks is blocks  # nothing has changed: nobody looks at anything again
    assert after.blocks[-1].resident  # it still grows
    values = sum(b.page.size for b in blocks if not b.resident)
    assert after.nbytes <= before - values
    assert both.paged.version == both.kept.version
    kept = both.kept.columns(*KEY)
    assert kept is not None
    np.testing.assert_allclose(after.between(0, 2**62).mean, kept.between(0, 2**62).mean)
    assert after.away(0, 2**62) == tuple(b for b in blocks if not b.resident) != ()
    assert both.pager._faults == 0  # measured without reading


def test_loaded_in_bulk_memory_is_given_back(both: Both) -> None:
    """Blocks that stay must not keep all the others in memory."""
    both.put(*(one(n) for n in range(1, 400)))
    columns = both.columns()
    both.pager._put_away(KEY, columns, list(columns.blocks[:10]), 1 << 40)
    assert [b.resident for b in columns.blocks[:-1]] == [False] * 10 + [True] * (
        len(columns.blocks) - 11
    )
    for block in columns.blocks[10:-1]:
        held = block.page.held
        assert held is not None
        assert held.base is None or held.base.nbytes <= 2 * held.nbytes
        assert not block.bins.fold()  # nothing left that looks into the whole


def test_a_late_chunk_goes_into_what_is_paged_out(both: Both) -> None:
    both.put(*(one(n) for n in range(1, 300) if n != 20))
    assert both.page_out()
    both.put(one(20))
    kept = both.kept.columns(*KEY)
    assert kept is not None
    same(both.columns(), kept, 0, 2**62)


def test_what_the_recording_does_not_give_back_stays(both: Both) -> None:
    both.put(*(one(n) for n in range(1, 300)))
    other = one(3, salt=7)
    with sqlite3.connect(both.path) as db:  # somebody else's chunk under the same counter
        row = db.execute("SELECT id FROM segments WHERE id & 0xffffffff = 3").fetchone()[0]
        db.execute("UPDATE segments SET payload = ? WHERE id = ?", (other.payload, row))
        from pitwall.store.rows import _checksum

        fields = db.execute(
            "SELECT id, n_hi, lap, t_lo, t_hi, source, counts, crcs, payload FROM segments "
            "WHERE id = ?",
            (row,),
        ).fetchone()
        db.execute("UPDATE segments SET checksum = ? WHERE id = ?", (_checksum(*fields), row))
    db.close()
    both.page_out()
    assert both.columns().blocks[0].resident
    assert not both.columns().blocks[1].resident
    assert both.pager.stats.kept == 1


def test_a_file_that_is_gone_is_said(both: Both) -> None:
    both.put(*(one(n) for n in range(1, 300)))
    both.page_out()
    both.pager._shelf.close()
    with pytest.raises(Failure, match="can no longer be read"):
        both.columns().span(0, 2**62)


# -- the thread ---------------------------------------------------------------------------


def until(happens: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    wait = threading.Event()
    while not happens():
        assert time.monotonic() < end
        wait.wait(0.005)


@pytest.fixture
def field(both: Both) -> Both:
    """Three cars of ten minutes, and a budget for a part of them."""
    for car in ("11", "7", "22"):
        both.put(*(one(n, series(car=car)) for n in range(1, 2400)))
    held = sum(c.nbytes for c in both.paged.view().columns.values())
    both.pager = Pager(both.paged, both.path, held * 95 // 100)
    both.pager.look_at(frozenset({"7"}))
    both.pager.start()
    until(lambda: both.pager.stats.away > 0 and not both.pager.stats.over)
    return both


def test_cars_that_nobody_looks_at_go_first(field: Both) -> None:
    assert not field.columns(("7", "driver")).away(0, 2**62)
    assert field.columns(("22", "driver")).away(0, 2**62)
    stats = field.pager.stats
    assert stats.held <= stats.budget
    assert stats.pages_out > 0
    for key in (KEY, ("22", "driver")):  # the newest minutes stay: timing goes on from there
        columns = field.columns(key)
        assert not columns.away(columns.t_hi - 170_000_000, columns.t_hi)


def test_a_question_brings_what_it_is_about(field: Both) -> None:
    car = next(c for c in ("11", "22") if field.columns((c, "driver")).away(0, 2**62))
    columns = field.columns((car, "driver"))
    gone = columns.away(0, 2**62)[0]
    pages = field.paged.pages
    assert not field.paged.ready(car, "driver", gone.t_lo, gone.t_hi)
    until(lambda: field.paged.pages > pages)
    assert field.paged.ready(car, "driver", gone.t_lo, gone.t_hi)
    assert field.paged.ready(car, "tyre", 0, 2**62)  # nothing there
    assert field.paged.ready("99", "driver", 0, 2**62)


def test_the_car_that_is_chosen_comes_back_whole(field: Both) -> None:
    car = next(c for c in ("11", "22") if field.columns((c, "driver")).away(0, 2**62))
    field.pager.look_at(frozenset({car}))
    until(lambda: not field.columns((car, "driver")).away(0, 2**62))
    # and the one that was on screen before makes room, when there is need
    field.put(one(2400, series(car=car)))
    until(lambda: not field.pager.stats.over)
    assert not field.columns((car, "driver")).away(0, 2**62)


def test_a_budget_that_is_too_small_is_refused() -> None:
    assert budget_bytes(64) == 64_000_000
    assert budget_bytes(None) >= 64_000_000
    with pytest.raises(Failure, match="64 or more"):
        budget_bytes(5)
