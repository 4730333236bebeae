"""The packed payload keeps what it promises, and damage is an error, never a wonder."""

from __future__ import annotations

import contextlib
import struct
import tracemalloc

import numpy as np
import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pitwall.telemetry import (
    BadPayload,
    Channel,
    Group,
    Samples,
    catalog_of,
    decode,
    decode_many,
    encode,
    encode_many,
    sample_count,
)
from pitwall.telemetry.payload import MAGIC, MAX_SAMPLES
from tests.unit.telemetry.strategies import samples, times, values

CATALOG = 0xC0FFEE


def plain(resolution: float = 0.1, channels: int = 2) -> Group:
    return Group(
        "g", 100.0, 250_000, tuple(Channel(f"c{i}", "1", resolution, 0, 1) for i in range(channels))
    )


def assert_kept(group: Group, wanted: np.ndarray, got: np.ndarray) -> None:
    """Every value within half a step of its channel, every NaN a NaN, the rest exact."""
    for i, channel in enumerate(group.channels):
        a, b = wanted[i], got[i]
        assert np.array_equal(np.isnan(a), np.isnan(b))
        whole = np.isfinite(a)
        assert np.array_equal(a[~whole & ~np.isnan(a)], b[~whole & ~np.isnan(a)])
        # float64 itself resolves no better than eps times the value.
        room = channel.resolution / 2 + 4 * np.finfo(float).eps * np.abs(a[whole])
        assert (np.abs(a[whole] - b[whole]) <= room).all()


@given(samples())
def test_round_trip(case: tuple[Group, np.ndarray, np.ndarray]) -> None:
    group, t, v = case
    payload = encode(t, v, group, CATALOG)
    back = decode(payload, group, CATALOG)
    assert back.t.dtype == np.int64
    assert np.array_equal(back.t, t - t[0])
    assert_kept(group, v, back.values)
    assert sample_count(payload) == len(t)
    assert catalog_of(payload) == CATALOG


@given(samples())
def test_packing_twice_changes_nothing_more(case: tuple[Group, np.ndarray, np.ndarray]) -> None:
    group, t, v = case
    once = decode(encode(t, v, group, CATALOG), group, CATALOG)
    twice = decode(encode(once.t, once.values, group, CATALOG), group, CATALOG)
    assert np.array_equal(once.t, twice.t)
    assert np.array_equal(once.values, twice.values, equal_nan=True)


def test_decimal_steps_come_back_as_the_nearest_decimal() -> None:
    group = plain(0.1, 1)
    v = np.round(np.arange(-500, 500) * 0.1, 1)[None, :]
    back = decode(encode(np.arange(1000), v, group, CATALOG), group, CATALOG)
    assert np.array_equal(back.values, v)


@pytest.mark.parametrize("bits", [7, 8, 15, 16, 31, 32, 51, 52])
def test_the_edges_of_every_width(bits: int) -> None:
    group = plain(1.0, 1)
    edge = 1 << bits
    steps = [0, edge, 0, -edge, 0, edge - 1, 0, -edge - 1, -1, edge]
    for first in (0, edge, edge - 1, -edge, -edge - 1):
        v = np.array([[first, *steps]], np.float64)
        t = np.array([0, *np.cumsum(steps)], np.int64)
        back = decode(encode(t, v, group, CATALOG), group, CATALOG)
        assert np.array_equal(back.values, v)
        assert np.array_equal(back.t, t)
        assert encode_many(t[None], v[None], group, CATALOG) == [encode(t, v, group, CATALOG)]
        assert_many_is_one_by_one([encode(t, v, group, CATALOG)] * 2, group)


def test_float32_samples_are_packed_as_exactly_as_float64() -> None:
    group = plain(1e-7, 1)
    v = np.array([[33.53054237365723, -86.62081909179688]], np.float32)
    back = decode(encode(np.arange(2), v, group, CATALOG), group, CATALOG)
    assert_kept(group, v.astype(np.float64), back.values)


def test_a_steady_rate_and_a_still_channel_cost_nothing_per_sample() -> None:
    group = plain(0.1, 3)
    sizes = [
        len(encode(np.arange(n) * 10_000, np.full((3, n), 7.3), group, CATALOG))
        for n in (2, 25, 25_000)
    ]
    assert sizes[1] == sizes[0] + 0
    assert sizes[2] <= sizes[0] + 200


@st.composite
def many(draw: st.DrawFn) -> tuple[Group, np.ndarray, np.ndarray]:
    group, _, _ = draw(samples(1))
    m, n = draw(st.integers(0, 6)), draw(st.integers(1, 12))
    k = len(group.channels)
    t = np.array([draw(times(n)) for _ in range(m)], np.int64).reshape(m, n)
    v = np.array([draw(values(k, n)) for _ in range(m)], np.float64).reshape(m, k, n)
    return group, t, v


@given(many())
def test_encode_many_is_encode(case: tuple[Group, np.ndarray, np.ndarray]) -> None:
    group, t, v = case
    together = encode_many(t, v, group, CATALOG)
    assert together == [encode(t[i], v[i], group, CATALOG) for i in range(len(t))]


def test_encode_many_is_encode_for_long_chunks() -> None:
    rng = np.random.default_rng(1)
    group = plain(0.01, 6)
    t = np.cumsum(rng.integers(9_000, 11_000, (5, 100)), axis=1)
    v = rng.normal(0, 50, (5, 6, 100))
    v[2, 3, 50:] = np.nan
    together = encode_many(t, v, group, CATALOG)
    assert together == [encode(t[i], v[i], group, CATALOG) for i in range(5)]


def decoded(payload: bytes, group: Group) -> tuple[Samples | None, str | None]:
    try:
        return decode(payload, group, CATALOG), None
    except BadPayload as error:
        return None, str(error)


def assert_many_is_one_by_one(payloads: list[bytes], group: Group) -> None:
    counts, run, bad = decode_many(payloads, group, CATALOG)
    assert len(counts) == len(payloads)
    at = 0
    for i, payload in enumerate(payloads):
        one, fault = decoded(payload, group)
        assert (str(bad[i]) if i in bad else None) == fault
        if one is None:
            assert counts[i] == 0
            continue
        assert counts[i] == len(one.t)
        assert np.array_equal(run.t[at : at + len(one.t)], one.t)
        assert np.array_equal(run.values[:, at : at + len(one.t)], one.values, equal_nan=True)
        at += len(one.t)
    assert at == len(run.t)
    assert run.values.shape == (len(group.channels), at)
    small, rounded, _ = decode_many(payloads, group, CATALOG, np.dtype(np.float32))
    assert small.tolist() == counts.tolist()
    assert rounded.values.dtype == np.float32
    with np.errstate(over="ignore", invalid="ignore"):
        assert rounded.values.tobytes() == run.values.astype(np.float32).tobytes()


@st.composite
def mixed(draw: st.DrawFn) -> tuple[Group, list[bytes]]:
    """Payloads of one group, some damaged."""
    group, _, _ = draw(samples(1))
    out = []
    for _ in range(draw(st.integers(0, 12))):
        n = draw(st.sampled_from([1, 2, 5, 5, 5, 9, 40, 130]))
        t = 10**15 + 10_000 * np.arange(n) if draw(st.booleans()) else draw(times(n))
        payload = encode(t, draw(values(len(group.channels), n)), group, CATALOG)
        if draw(st.integers(0, 4)) == 0:
            payload = draw(damaged(payload))
        out.append(payload)
    return group, out


def damaged(payload: bytes) -> st.SearchStrategy[bytes]:
    size = len(payload)

    def flip(bit: int) -> bytes:
        raw = bytearray(payload)
        raw[bit // 8] ^= 1 << bit % 8
        return bytes(raw)

    return st.one_of(
        st.integers(0, size).map(lambda n: payload[:n]),
        st.integers(0, size * 8 - 1).map(flip),
        st.binary(min_size=1, max_size=8).map(lambda tail: payload + tail),
        st.binary(max_size=64),
    )


@given(mixed())
def test_decode_many_is_decode(case: tuple[Group, list[bytes]]) -> None:
    group, payloads = case
    assert_many_is_one_by_one(payloads, group)


def test_decode_many_of_lengths_that_average_out_is_decode() -> None:
    group = plain()
    payloads = [
        encode(np.arange(n) * 7, np.arange(2.0 * n).reshape(2, n), group, CATALOG)
        for n in (2, 1, 3)
    ]
    assert_many_is_one_by_one(payloads, group)


def test_decode_many_of_a_race_is_decode() -> None:
    rng = np.random.default_rng(2)
    group = plain(0.1, 4)
    payloads = []
    for _ in range(400):
        n = int(rng.choice([24, 25, 26, 250]))
        v = np.cumsum(rng.normal(0, rng.choice([0.05, 1, 40]), (4, n)), axis=1)
        v[rng.integers(4), rng.random(n) < 0.2] = np.nan
        payloads.append(encode(np.cumsum(rng.integers(9990, 10011, n)), v, group, CATALOG))
    payloads[17] = payloads[17][:-3]
    payloads[99] = b""
    assert_many_is_one_by_one(payloads, group)


@given(
    st.sampled_from([0.1, 0.01, 0.001, 1 / 3, 0.3, 1.0, 3.0, 2.5, 1e-6, 1e9]),
    st.lists(st.integers(-(2**24) - 9, 2**24 + 9), min_size=1, max_size=40),
    st.integers(0, 24),
)
def test_float32_is_float64_rounded(step: float, steps: list[int], bits: int) -> None:
    group = plain(step, 1)
    v = np.array([steps], np.float64) // 2**bits * step
    payload = encode(np.arange(len(steps)), v, group, CATALOG)
    assert_many_is_one_by_one([payload, payload], group)


@settings(max_examples=100)
@given(st.data())
def test_damage_is_a_bad_payload_and_nothing_else(data: st.DataObject) -> None:
    group, t, v = data.draw(samples(40))
    raw = data.draw(damaged(encode(t, v, group, CATALOG)))
    for _ in range(data.draw(st.integers(0, 2))):
        raw = data.draw(damaged(raw)) if raw else raw
    try:
        got = decode(raw, group, CATALOG)
    except BadPayload:
        pass
    else:
        assert got.values.shape == (len(group.channels), sample_count(raw))
    counts, _, bad = decode_many([raw, raw], group, CATALOG)
    assert (counts[0] == 0) == (0 in bad)


@settings(max_examples=100)
@given(st.binary(max_size=200), st.integers(1, 3), st.integers(1, 40), st.sampled_from([0, 0.1]))
@example(b"\0\0", 1, 1, 0)
@example(b"\0\x80" + bytes(8), 1, 1, 0)
def test_any_body_is_decoded_or_refused(
    body: bytes, channels: int, count: int, resolution: float
) -> None:
    group = plain(resolution, channels)
    raw = struct.pack("<BBHII", MAGIC, 0, channels, CATALOG, count) + body
    assert_many_is_one_by_one([raw, raw], group)


@pytest.mark.parametrize("channels", [1, 60])
def test_a_few_bytes_cannot_claim_much_memory(channels: int) -> None:
    group = plain(0.1, channels)
    still = struct.pack("<BBHII", MAGIC, 0, channels, CATALOG, MAX_SAMPLES) + bytes(channels + 1)
    bomb = zstandard.compress(bytes(channels + 1) + bytes(300 << 20))
    packed = struct.pack("<BBHII", MAGIC, 1, channels, CATALOG, 10) + bomb
    tracemalloc.start()
    try:
        for raw in (still, packed):
            with contextlib.suppress(BadPayload):
                decode(raw, group, CATALOG)
            decode_many([raw] * 3, group, CATALOG)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 400 << 20


def test_a_frame_without_its_size_is_refused() -> None:
    group = plain()
    body = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(100))
    with pytest.raises(BadPayload, match="size"):
        decode(struct.pack("<BBHII", MAGIC, 1, 2, CATALOG, 10) + body, group, CATALOG)


def test_bytes_behind_the_frame_are_refused() -> None:
    group = plain()
    payload = encode(
        np.arange(500), np.random.default_rng(0).normal(0, 100, (2, 500)), group, CATALOG
    )
    assert payload[1] == 1
    with pytest.raises(BadPayload):
        decode(payload + b"\0", group, CATALOG)


def test_another_catalog_is_refused() -> None:
    group = plain()
    payload = encode(np.arange(3), np.zeros((2, 3)), group, CATALOG)
    with pytest.raises(BadPayload, match="catalog"):
        decode(payload, group, CATALOG + 1)
    with pytest.raises(BadPayload, match="catalog"):
        decode(payload, plain(channels=3), CATALOG)


@pytest.mark.parametrize(
    ("t", "v"),
    [
        (np.arange(0), np.zeros((2, 0))),
        (np.arange(3), np.zeros((2, 4))),
        (np.arange(3), np.zeros((3, 3))),
        (np.arange(MAX_SAMPLES + 1), np.zeros((2, MAX_SAMPLES + 1))),
    ],
)
def test_shapes_that_do_not_fit_are_refused(t: np.ndarray, v: np.ndarray) -> None:
    with pytest.raises(BadPayload):
        encode(t, v, plain(), CATALOG)


def test_what_encode_writes_decode_reads_up_to_the_bounds() -> None:
    group = plain(0.0, 3)
    n = MAX_SAMPLES
    v = np.random.default_rng(0).normal(size=(3, n))
    back = decode(encode(np.arange(n), v, group, CATALOG), group, CATALOG)
    assert np.array_equal(back.values, v)
    wide = plain(0.0, 40)
    with pytest.raises(BadPayload):
        encode(np.arange(n), np.zeros((40, n)), wide, CATALOG)
