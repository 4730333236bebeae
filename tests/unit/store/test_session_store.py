"""What panes and analyses see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pitwall.store import Batch, Gap, Recording, SessionStore, Source, load, open_session
from pitwall.store.holes import BLACKOUT
from pitwall.telemetry import BadInput, Catalog, Head, Segment, Session, chunk, encode
from tests.unit.store.helpers import (
    CATALOG,
    CHUNK_US,
    SESSION,
    STEP_US,
    T0,
    TYRE,
    head,
    one,
    run,
    series,
    times,
)


class Session_:
    """Applies and commits."""

    def __init__(self, path: Path) -> None:
        self.recording, self.store = open_session(path, SESSION)

    def __call__(self, *segments: Segment, source: Source = Source.STREAM, **rest: object) -> int:
        batch = Batch(source, segments, **rest)  # type: ignore[arg-type]
        return self.store.commit(self.recording.apply(batch))


@pytest.fixture
def put(tmp_path: Path) -> Session_:
    return Session_(tmp_path / "race.pitwall")


def tyre(n: int) -> Segment:
    t = np.array([T0 + (n - 1) * 1_000_000], np.int64)
    payload = encode(t, np.array([[2.1]]), TYRE, CATALOG.version)
    return chunk(series(group="tyre"), n, 0, int(t[0]), int(t[0]), 1, payload)


def test_an_empty_store() -> None:
    store = SessionStore(SESSION)
    assert store.version == 0
    assert store.cars() == ()
    assert store.columns("11", "driver") is None
    assert store.latest_us() == store.latest_us("11") == store.earliest_us() == 0
    assert store.holes("11") == ()
    window = store.window("11", "driver", 0, 0, 2**62)
    assert len(window.t) == len(window.v) == len(window.starts) == len(window.sources) == 0
    assert store.ledger().closes
    assert not store.ledger().complete


def test_versions_cars_and_newest_times(put: Session_) -> None:
    start = put.store.version
    assert put(one(1, series("7"))) == start + 1
    assert put(one(2), tyre(1)) == start + 2
    assert put(heads=(head(3, "99"),)) == start + 3
    store = put.store
    assert store.cars() == ("7", "11", "99")
    assert store.latest_us("7") == times(1)[-1]
    assert store.latest_us("11") == store.latest_us() == times(2)[-1]
    assert store.latest_us("99") == 0
    assert store.earliest_us() == T0
    assert store.changed_since(start + 1) == {("11", "driver"), ("11", "tyre")}
    assert store.changed_since(0) == {("7", "driver"), ("11", "driver"), ("11", "tyre")}
    assert store.changed_since(start + 3) == frozenset()
    columns = store.columns("11", "driver")
    assert columns is not None
    assert columns.version == start + 2
    # Late data does not move the newest time back.
    put(one(1))
    assert store.latest_us("11") == times(2)[-1]


def test_a_view_stays_as_it_was(put: Session_) -> None:
    put(one(1), one(2))
    view = put.store.view()
    put(one(3), one(4), meta={"track": "x"})
    assert view.columns[("11", "driver")].samples == 10
    assert view.ledger.applied == 2
    assert "track" not in view.meta
    assert put.store.meta("track") == "x"
    assert put.store.columns("11", "driver").samples == 20  # type: ignore[union-attr]


def test_holes_are_bounded_by_their_neighbours(put: Session_) -> None:
    put(one(2), one(3), one(6), one(9))
    put(heads=(head(12),))
    put(gaps=(Gap(series(), 4, 5, 0, 0, "no source has it"),))
    holes = put.store.holes("11")
    assert [(h.n_lo, h.n_hi, h.named_reason) for h in holes] == [
        (1, 1, None),
        (4, 5, "no source has it"),
        (7, 8, None),
        (10, 12, None),
    ]
    assert [(h.t_lo, h.t_hi) for h in holes] == [
        (T0, times(2)[0]),
        (times(3)[-1], times(6)[0]),
        (times(6)[-1], times(9)[0]),
        (times(9)[-1], T0 + 12 * CHUNK_US),
    ]
    assert {h.group for h in holes} == {"driver"}
    # Asked again it is the same answer; filled it is gone.
    assert put.store.holes("11") is holes
    put(one(5), one(7), one(8), source=Source.TABLE)
    assert [(h.n_lo, h.n_hi) for h in put.store.holes("11")] == [(1, 1), (4, 4), (10, 12)]


def test_holes_of_a_car_that_is_known_by_its_head_only(put: Session_) -> None:
    put(heads=(head(4),))
    (hole,) = put.store.holes("11")
    assert (hole.n_lo, hole.n_hi, hole.t_lo, hole.t_hi) == (1, 4, T0, head(4).t)


def test_holes_without_a_head_are_as_long_as_their_chunks(put: Session_) -> None:
    put(one(5))
    (hole,) = put.store.holes("11")
    assert (hole.t_lo, hole.t_hi) == (times(5)[0] - 4 * CHUNK_US, times(5)[0])


def test_part_of_a_hole_may_be_named(put: Session_) -> None:
    put(one(1), one(10))
    put(gaps=(Gap(series(), 4, 5, 0, 0, "a"), Gap(series(), 7, 7, 0, 0, "b")))
    holes = put.store.holes("11")
    assert [(h.n_lo, h.n_hi, h.named_reason) for h in holes] == [
        (2, 3, None),
        (4, 5, "a"),
        (6, 6, None),
        (7, 7, "b"),
        (8, 9, None),
    ]


def test_a_silence_of_the_source_is_a_hole_without_chunks(put: Session_) -> None:
    put(one(1), one(2), one(3, lag_us=53_000_000), one(4, lag_us=53_000_000))
    (hole,) = put.store.holes("11")
    assert (hole.n_lo, hole.n_hi, hole.named_reason) == (0, 0, BLACKOUT)
    assert (hole.t_lo, hole.t_hi) == (times(2)[-1], times(3, 53_000_000)[0])
    window = put.store.window("11", "driver", 0, 0, 2**62)
    assert window.starts.tolist() == [0, 10]


def test_two_producers_of_one_car_lie_in_order_of_time(put: Session_) -> None:
    other = series(epoch="b")
    lag = STEP_US // 2
    for n in (1, 2, 3):
        put(one(n), one(n, other, lag_us=lag))
    columns = put.store.columns("11", "driver")
    assert columns is not None
    assert columns.epochs == ("a", "b")
    span = columns.span(0, 2**62)
    wanted = sorted(t for n in (1, 2, 3) for k in (0, lag) for t in times(n, k).tolist())
    assert span.t.tolist() == wanted
    assert put.store.holes("11") == ()
    put(one(5, other, lag_us=lag))
    assert [(h.n_lo, h.t_lo) for h in put.store.holes("11")] == [(4, times(3, lag)[-1])]


def test_reopened_it_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "race.pitwall"
    put = Session_(path)
    put(one(9), one(1, series("7")), tyre(1))
    put(run(range(1, 9)), source=Source.ARCHIVE)
    put(one(11), one(12, series("11", "b"), lag_us=10**6), heads=(head(13),))
    put(gaps=(Gap(series(), 10, 10, 1, 2, "gone"),), meta={"k": "v"})
    put.recording.close()
    recording = Recording.open(path)
    again = load(recording)
    store = put.store
    assert again.cars() == store.cars()
    assert again.ledger() == store.ledger()
    assert again.heads() == store.heads()
    assert again.meta("k") == "v"
    assert again.latest_us() == store.latest_us()
    for car in store.cars():
        assert again.holes(car) == store.holes(car)
        for group in ("driver", "tyre"):
            a, b = store.columns(car, group), again.columns(car, group)
            if a is None or b is None:
                assert a is b
                continue
            x, y = a.span(0, 2**62), b.span(0, 2**62)
            assert x.t.tolist() == y.t.tolist()
            assert np.array_equal(x.values, y.values)
            assert x.starts.tolist() == y.starts.tolist()
            assert x.sources == y.sources
    # and goes on where it was
    assert again.commit(recording.apply(Batch(Source.STREAM, (one(13), one(9))))) == 2
    assert again.ledger().applied == store.ledger().applied + 1
    recording.close()


def test_another_session_or_other_channels_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "race.pitwall"
    open_session(path, SESSION)[0].close()
    other = Session("2025-09-07-barber-r2", "x", CATALOG, T0)
    with pytest.raises(BadInput, match="holds session 2025-09-06-barber-r1"):
        open_session(path, other)
    with pytest.raises(BadInput, match="other channels"):
        open_session(path, Session(SESSION.key, "x", Catalog((TYRE,)), T0))
    # Nothing is left locked.
    open_session(path)[0].close()


def test_a_head_of_another_group_only(put: Session_) -> None:
    put(heads=(Head(SESSION.key, "11", "a", T0, T0, 0, {"driver": 0, "tyre": 2}),))
    assert [b.series.group for b in put.store.ledger().series.values()] == ["tyre"]
    assert put.store.ledger().missing == 2


def test_what_came_late_is_told_apart_and_stays_so(put: Session_, tmp_path: Path) -> None:
    numbers = [*range(1, 8), *range(10, 40)]
    put(*(one(n) for n in numbers))
    put(one(8), one(9))  # newer ones by more than two seconds were here
    put(one(41))
    put(one(40))  # out of order, but not late
    wanted = ((int(times(8)[0]), int(times(9)[-1])),)
    columns = put.store.columns("11", "driver")
    assert columns is not None
    assert columns.late(0, 2**62) == wanted
    assert columns.late(wanted[0][0] + STEP_US, wanted[0][1]) == (
        (wanted[0][0] + STEP_US, wanted[0][1]),
    )
    assert columns.late(int(times(10)[0]), 2**62) == ()
    assert put.store.ledger().late == 2
    # the source stays what it was
    assert [source for _, source in columns.sources(0, 2**62)] == [Source.STREAM]
    assert [source for _, _, source in columns.span(0, 2**62).sources] == [Source.STREAM]
    put.recording.compact()
    put.recording.close()
    again = open_session(tmp_path / "race.pitwall", read_only=True)
    reopened = again[1].columns("11", "driver")
    assert reopened is not None
    assert reopened.late(0, 2**62) == wanted
    again[0].close()


def test_a_hole_parts_what_came_late(put: Session_) -> None:
    put(one(40))
    put(one(2), one(3), one(6))
    columns = put.store.columns("11", "driver")
    assert columns is not None
    spans = [(int(times(2)[0]), int(times(3)[-1])), (int(times(6)[0]), int(times(6)[-1]))]
    assert list(columns.late(0, 2**62)) == spans
