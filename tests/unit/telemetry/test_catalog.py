"""The catalog: one canonical form, and nothing else is let in."""

from __future__ import annotations

import contextlib
import json
import zlib
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pitwall.telemetry import BadInput, Catalog, Channel, Group

_names = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=12)
_finite = st.floats(allow_nan=False, allow_infinity=False)
_sizes = st.one_of(st.just(0.0), st.floats(1e-9, 1e9))


@st.composite
def channels(draw: st.DrawFn, name: str) -> Channel:
    return Channel(
        name,
        draw(st.text(max_size=4)),
        draw(_sizes),
        draw(_finite),
        draw(_finite),
        draw(st.booleans()),
        draw(st.text(max_size=8)),
    )


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    out = []
    for name in draw(st.lists(_names, unique=True, max_size=3)):
        inside = draw(st.lists(_names, unique=True, min_size=1, max_size=4))
        out.append(
            Group(
                name,
                draw(st.floats(0.001, 10_000)),
                draw(st.integers(1, 10**9)),
                tuple(draw(channels(c)) for c in inside),
            )
        )
    return Catalog(tuple(out))


@given(catalogs())
def test_json_round_trip(catalog: Catalog) -> None:
    text = catalog.to_json()
    again = Catalog.from_json(text)
    assert again == catalog
    assert again.to_json() == text
    assert again.version == catalog.version == zlib.crc32(text.encode())


def example_catalog() -> Catalog:
    speed = Channel("speed", "km/h", 0.1, 0, 300, label="Speed")
    gear = Channel("gear", "1", 1, 0, 8, step=True)
    temp = Channel("temp", "degC", 0.5, 0, 150)
    return Catalog(
        (Group("driver", 100.0, 250_000, (speed, gear)), Group("t", 1.0, 10**6, (temp,)))
    )


def test_whole_numbers_make_the_same_version_as_fractions() -> None:
    catalog = example_catalog()
    group = replace(catalog.groups[0], rate_hz=100)
    assert Catalog((group, *catalog.groups[1:])).version == catalog.version


def test_every_field_moves_the_version() -> None:
    catalog = example_catalog()
    group = catalog.groups[0]
    changes = [
        replace(group, name="x"),
        replace(group, rate_hz=99.0),
        replace(group, chunk_us=1),
        replace(group, channels=group.channels[::-1]),
        *(
            replace(group, channels=(replace(group.channels[0], **{field: value}),))
            for field, value in [
                ("name", "x"),
                ("unit", "m"),
                ("resolution", 0.2),
                ("low", 1.0),
                ("high", 1.0),
                ("step", True),
                ("label", "x"),
            ]
        ),
    ]
    versions = {Catalog((g,)).version for g in [group, *changes]}
    assert len(versions) == len(changes) + 1


def test_finding_channels() -> None:
    catalog = example_catalog()
    group = catalog.group("driver")
    assert catalog.find("gear") == (group, 1)
    assert group.index("gear") == 1
    assert [c.title for c in group.channels] == ["Speed", "gear"]
    for fails in (
        lambda: catalog.group("nope"),
        lambda: catalog.find("nope"),
        lambda: group.index("temp"),
    ):
        with pytest.raises(KeyError):
            fails()


def good() -> dict[str, object]:
    doc = json.loads(example_catalog().to_json())
    assert isinstance(doc, dict)
    return doc


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("groups",), None),
        (("groups",), {}),
        (("groups",), [3]),
        (("groups",), [good()["groups"][0]] * 65),  # type: ignore[index]
        (("groups", 0, "channels"), "abc"),
        (("groups", 0, "channels", 0), None),
        (("groups", 0, "rate_hz"), float("nan")),
        (("groups", 0, "rate_hz"), -1),
        (("groups", 0, "rate_hz"), "fast"),
        (("groups", 0, "chunk_us"), float("inf")),
        (("groups", 0, "chunk_us"), 0),
        (("groups", 0, "channels", 0, "resolution"), float("nan")),
        (("groups", 0, "channels", 0, "resolution"), -0.1),
        (("groups", 0, "channels", 0, "resolution"), 1e-320),
        (("groups", 0, "channels", 0, "resolution"), 10**400),
        (("groups", 0, "channels", 0, "low"), float("-inf")),
        (("groups", 0, "channels", 1, "name"), "speed"),
        (("groups", 1, "name"), "driver"),
        (("groups", 0, "name"), ""),
    ],
)
def test_one_wrong_entry_is_refused(place: tuple[object, ...], value: object) -> None:
    doc = good()
    at: object = doc
    for step in place[:-1]:
        at = at[step]  # type: ignore[index]
    at[place[-1]] = value  # type: ignore[index]
    with pytest.raises(BadInput) as error:
        Catalog.from_json(json.dumps(doc))
    assert str(error.value).startswith("catalog: ")
    assert "\n" not in str(error.value)


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["groups", "channels", "name", "rate_hz", "chunk_us", "resolution", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.one_of(st.text(), _json.map(json.dumps)))
@example("[" * 100_000)
@example('{"groups":[{"name":"a","rate_hz":1,"chunk_us":1e999,"channels":[]}]}')
@example("1" * 5000)
def test_anything_else_is_bad_input(text: str) -> None:
    with contextlib.suppress(BadInput):
        Catalog.from_json(text)
