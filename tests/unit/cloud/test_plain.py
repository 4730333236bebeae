"""Plain items as columns: the numbers that plain Python would read from them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.cloud.mapping import PlainMapping
from pitwall.cloud.plain import PlainItems
from pitwall.telemetry import Catalog, Channel, Group

T0 = 1_757_184_000_000
CHANNELS = ("speed", "rpm", "gear")
MAPPING = PlainMapping(
    "",
    "ts",
    "no",
    "lap",
    1e3,
    {},
    Catalog((Group("car", 20.0, 250_000, tuple(Channel(n, "1", 0.0, 0, 1) for n in CHANNELS)),)),
    CHANNELS,
)


def typed(item: dict[str, Any]) -> bytes:
    out: dict[str, Any] = {}
    for name, value in item.items():
        if value is None:
            out[name] = {"NULL": True}
        else:
            out[name] = {"S": value} if isinstance(value, str) else {"N": repr(value)}
    return json.dumps(out).encode()


def bare(item: dict[str, Any]) -> bytes:
    return json.dumps(item).encode()


def item(i: int = 0, **more: Any) -> dict[str, Any]:
    return {"ts": T0 + i, "no": "7", "lap": 2, "speed": 1.5, "rpm": 6000, "gear": 3, **more}


_numbers = st.one_of(
    st.none(),
    st.integers(-(10**15), 10**15),
    st.floats(allow_nan=False, allow_infinity=False, width=64).filter(lambda v: abs(v) < 1e100),
)
_items = st.lists(
    st.fixed_dictionaries(
        {
            "ts": st.integers(T0, T0 + 10**9),
            "no": st.one_of(st.integers(0, 99), st.sampled_from(["7", "A 12", "ü"])),
        },
        optional={"lap": st.integers(0, 99), **dict.fromkeys(CHANNELS, _numbers)},
    ),
    max_size=8,
)


@pytest.mark.parametrize("form", [typed, bare])
@given(items=_items)
def test_every_number_as_python_reads_it(form: Any, items: list[dict[str, Any]]) -> None:
    rows = PlainItems(MAPPING, typed=form is typed).read([form(each) for each in items])
    assert rows.odd == ()
    assert rows.at.tolist() == list(range(len(items)))
    assert rows.cars == [str(each["no"]) for each in items]
    assert rows.t.tolist() == [each["ts"] * 1000 for each in items]
    assert rows.lap.tolist() == [each.get("lap", 0) for each in items]
    for i, each in enumerate(items):
        for k, name in enumerate(CHANNELS):
            wanted = each.get(name)
            found = float(rows.values[k, i])
            assert math.isnan(found) if wanted is None else found == float(wanted)


@pytest.mark.parametrize("form", [typed, bare])
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"ts": 5}, "time 5000 µs is none of this century"),
        ({"ts": T0 * 1000}, "none of this century"),
        ({"lap": -1}, "lap -1: 0 to 999"),
        ({"lap": 1000}, "lap 1000"),
        ({"no": "a#b"}, "car 'a#b'"),
        ({"no": "x" * 17}, "1 to 16 printable"),
    ],
)
def test_a_wrong_item_is_told_and_the_others_are_read(
    form: Any, wrong: dict[str, Any], told: str
) -> None:
    items = [item(0), item(1, **wrong), item(2)]
    rows = PlainItems(MAPPING, typed=form is typed).read([form(each) for each in items])
    assert rows.at.tolist() == [0, 2]
    ((at, reason),) = rows.odd
    assert at == 1
    assert told in reason


@pytest.mark.parametrize("form", [typed, bare])
def test_items_without_time_or_car_are_no_samples(form: Any) -> None:
    items: list[dict[str, Any]] = [item(0), {"title": "x"}, item(1, ts=None), item(2, no=None)]
    rows = PlainItems(MAPPING, typed=form is typed).read([form(each) for each in items])
    assert rows.at.tolist() == [0]
    assert rows.odd == ()


@pytest.mark.parametrize("damaged", [b"", b"{", b"5", b"[]", b'{"ts": 5, "no": []}', b"\xff"])
def test_damage_stops_nothing_else(damaged: bytes) -> None:
    rows = PlainItems(MAPPING).read([typed(item(0)), damaged, typed(item(1))])
    assert rows.at.tolist() == [0, 2]
    ((at, reason),) = rows.odd
    assert (at, "cannot be read" in reason) == (1, True)


def test_a_text_where_a_number_belongs_is_no_number() -> None:
    rows = PlainItems(MAPPING).read([typed(item(0, speed="fast"))])
    assert np.isnan(rows.values[0]).all()
    odd = PlainItems(MAPPING, typed=False).read([bare(item(0, speed="fast"))]).odd
    assert len(odd) == 1


@pytest.mark.parametrize("form", [typed, bare])
def test_only_what_matches(form: Any) -> None:
    mapping = replace(MAPPING, match={"event": "r1"})
    items = [item(0, event="r1"), item(1, event="r2"), item(2), item(3, event="r1")]
    rows = PlainItems(mapping, typed=form is typed).read([form(each) for each in items])
    assert rows.at.tolist() == [0, 3]
    assert rows.odd == ()


@pytest.mark.parametrize("form", [typed, bare])
@pytest.mark.parametrize(
    ("time_us", "written", "t"),
    [
        (1e6, 1_757_184_000.25, 1_757_184_000_250_000),
        (1e3, 1_757_184_000_250, 1_757_184_000_250_000),
        (1.0, 1_757_184_000_250_001, 1_757_184_000_250_001),
        (1e-3, 1_757_184_000_250_001_000, 1_757_184_000_250_001),
        (0.0, "2025-09-06T18:40:00.250001Z", 1_757_184_000_250_001),
        (0.0, "2025-09-06T20:40:00.250001+02:00", 1_757_184_000_250_001),
    ],
)
def test_units_of_time(form: Any, time_us: float, written: Any, t: int) -> None:
    mapping = replace(MAPPING, time_us=time_us, lap="")
    rows = PlainItems(mapping, typed=form is typed).read([form(item(0, ts=written))])
    assert rows.t.tolist() == [t]
    assert rows.lap.tolist() == [0]
    assert rows.values[:, 0].tolist() == [1.5, 6000, 3]


def test_a_time_that_is_no_iso_time() -> None:
    rows = PlainItems(replace(MAPPING, time_us=0.0)).read([typed(item(0, ts="noon"))])
    assert "none of this century" in rows.odd[0][1]


def test_nothing_is_nothing() -> None:
    rows = PlainItems(MAPPING).read([])
    assert (len(rows.t), rows.values.shape, rows.odd) == (0, (3, 0), ())


def test_places_in_a_long_page() -> None:
    items = [typed(item(i)) for i in range(700)]
    items[600] = b"{"
    items[300] = typed(item(300, lap=-1))
    rows = PlainItems(MAPPING).read(items)
    assert sorted(at for at, _ in rows.odd) == [300, 600]
    assert rows.at.tolist() == [i for i in range(700) if i not in (300, 600)]
    assert rows.t.tolist() == [(T0 + i) * 1000 for i in rows.at.tolist()]
