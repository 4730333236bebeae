"""Chunks, sessions, clocks and units."""

from __future__ import annotations

import contextlib
import zlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.telemetry import BadInput, Catalog, Failure, Series, Session, chunk, chunk_crc
from pitwall.telemetry.clock import clock_text, from_iso, iso, lap_time, now_us
from pitwall.telemetry.units import UNITS, to_si

_moments = st.integers(0, 4_102_444_800_000_000)


@given(st.integers(-(2**63), 2**63 - 1), st.binary(max_size=40))
def test_the_crc_is_over_time_and_payload(t: int, payload: bytes) -> None:
    assert chunk_crc(t, payload) == zlib.crc32(np.int64(t).astype("<i8").tobytes() + payload)


@given(st.binary(min_size=1, max_size=40), st.data())
def test_one_bit_makes_another_crc(payload: bytes, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, len(payload) * 8 - 1))
    other = bytearray(payload)
    other[bit // 8] ^= 1 << bit % 8
    assert chunk_crc(7, bytes(other)) != chunk_crc(7, payload)
    assert chunk_crc(8, payload) != chunk_crc(7, payload)


def test_a_chunk_is_a_segment_of_one() -> None:
    made = chunk(Series("s", "11", "driver", "a"), 7, 2, 100, 190, 10, b"abc")
    assert (made.n_lo, made.n_hi, made.chunks, made.counts) == (7, 7, 1, (10,))
    assert made.crcs == (chunk_crc(100, b"abc"),)
    assert "abc" not in repr(made)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "barber",
        "2025-09-06",
        "2025-09-06-",
        "2025-09-06-Barber",
        "2025-09-06-a--b",
        "2025-9-6-barber",
        "2025-09-06-a#b",
        "2025-09-06-" + "a" * 80,
        "2025-09-06-a\n",
    ],
)
def test_a_wrong_session_key_is_refused(key: str) -> None:
    with pytest.raises(BadInput, match="session key"):
        Session(key, "x", Catalog(()), 0)


def test_a_right_session_key() -> None:
    assert Session("2025-09-06-barber-r1", "x", Catalog(()), 0).key == "2025-09-06-barber-r1"


def test_exit_codes() -> None:
    assert (BadInput("x").exit_code, Failure("x").exit_code) == (2, 1)


@given(_moments)
def test_iso_keeps_the_microsecond(t: int) -> None:
    text = iso(t)
    assert text.endswith("Z")
    assert from_iso(text) == t
    assert datetime.fromisoformat(text) - datetime.fromtimestamp(0, UTC) == timedelta(
        microseconds=t
    )


@given(_moments, st.integers(-12 * 60, 14 * 60))
def test_iso_with_an_offset(t: int, minutes: int) -> None:
    here = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=t)
    zone = timedelta(minutes=minutes)
    sign, rest = ("-", -minutes) if minutes < 0 else ("+", minutes)
    local = (here + zone).strftime("%Y-%m-%dT%H:%M:%S.%f")
    assert from_iso(f"{local}{sign}{rest // 60:02d}:{rest % 60:02d}") == t
    assert from_iso(here.strftime("%Y-%m-%dT%H:%M:%S.%f")) == t


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_bad_input(text: str) -> None:
    with contextlib.suppress(BadInput):
        assert isinstance(from_iso(text), int)


def test_the_edges_of_the_calendar_are_bad_input_not_a_traceback() -> None:
    for text in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        with contextlib.suppress(BadInput):
            from_iso(text)


def test_now_is_now() -> None:
    assert abs(now_us() - datetime.now(UTC).timestamp() * 1e6) < 60e6


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (None, "—"),
        (0, "0.000"),
        (97_655_000, "1:37.655"),
        (37_655_000, "37.655"),
        (59_999_400, "59.999"),
        (59_999_500, "1:00.000"),
        (60_000_000, "1:00.000"),
        (-1_234_000, "-1.234"),
        (-61_000_000, "-1:01.000"),
        (-400, "0.000"),
        (3_661_000_000, "61:01.000"),
    ],
)
def test_lap_times_as_people_write_them(us: int | None, text: str) -> None:
    assert lap_time(us) == text


@pytest.mark.parametrize(
    ("us", "text"), [(0, "00:00:00"), (-5, "00:00:00"), (3_723_999_999, "01:02:03")]
)
def test_spans(us: int, text: str) -> None:
    assert clock_text(us) == text


@pytest.mark.parametrize(
    ("value", "unit", "si"),
    [
        (36.0, "km/h", (10.0, "m/s")),
        (100.0, "degC", (373.15, "K")),
        (180.0, "deg", (np.pi, "rad")),
        (2.0, "bar", (2e5, "Pa")),
        (50.0, "%", (0.5, "1")),
        (6000.0, "1/min", (100.0, "1/s")),
        (1.0, "furlong", (1.0, "furlong")),
    ],
)
def test_si(value: float, unit: str, si: tuple[float, str]) -> None:
    got, name = to_si(value, unit)
    assert (got, name) == (pytest.approx(si[0]), si[1])


def test_si_units_are_their_own() -> None:
    for unit in {u.si for u in UNITS.values()} & set(UNITS):
        assert to_si(3.5, unit) == (3.5, unit)
