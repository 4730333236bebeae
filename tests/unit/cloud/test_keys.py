"""Keys as the wire format has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.cloud import keys
from pitwall.telemetry import BadInput, Series
from tests.unit.cloud import strategies as made


@given(made.all_series, made.laps)
def test_partition_keys(series: Series, lap: int) -> None:
    pk = keys.chunk_pk(series.session, series.group, lap, series.car)
    assert keys.series_of(pk, series.epoch) == (series, lap)
    sealed = keys.sealed_pk(series.session, series.group, lap, series.car)
    assert sealed == pk + "#sealed"
    assert keys.sealed_series_of(sealed, series.epoch) == (series, lap)
    with pytest.raises(BadInput):
        keys.series_of(sealed, series.epoch)


@given(st.tuples(made.moments, made.counters), st.tuples(made.moments, made.counters))
def test_sort_keys_sort_as_time_then_n(a: tuple[int, int], b: tuple[int, int]) -> None:
    assert keys.parse_chunk_sk(keys.chunk_sk(*a)) == a
    assert (keys.chunk_sk(*a) < keys.chunk_sk(*b)) == (a < b)


def test_as_written_in_the_wire_format() -> None:
    assert (
        keys.chunk_pk("2025-09-06-barber-r1", "pos", 7, "13") == "2025-09-06-barber-r1#pos#007#13"
    )
    assert keys.chunk_sk(1_757_000_000_000_000, 42) == "1757000000000000#00000042"
    assert keys.sealed_sk("b1", 42) == "b1#42"
    assert keys.head_pk("s") == "s#head"
    assert keys.head_sk("13", "b1") == "13#b1"
    assert keys.catalog_pk("s") == "s#catalog"
    assert keys.catalog_sk("13", 7) == "13#007"


@given(st.text(max_size=30))
def test_sort_keys_are_strict(text: str) -> None:
    try:
        t, n = keys.parse_chunk_sk(text)
    except BadInput:
        return
    assert text == f"{t:016d}#{n:08d}"


@given(st.text("0123456789+-_ .eE١", max_size=22))
def test_counts_are_strict(text: str) -> None:
    try:
        value = keys.parse_count(text, 10**6, "n")
    except BadInput:
        return
    assert set(text) <= set("0123456789")
    assert int(text) == value <= 10**6
