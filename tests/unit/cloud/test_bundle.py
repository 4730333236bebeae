"""Sealed laps as objects: all groups of a car's lap, frames that damage does not run together."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.cloud import BundleName, Bundler, bundle, bundle_name, form_bundle, parse_bundle
from pitwall.cloud import seal as seal_segments
from pitwall.cloud.bundle import sealed_prefix
from pitwall.telemetry import Segment
from tests.unit.cloud import strategies as made
from tests.unit.cloud.strategies import CATALOG, SESSION


def sealed_groups(car: str = "1") -> list[Segment]:
    """Each group of a car, sealed."""
    chunks = [c for c in made.field(1, 3.0)[0] if c.series.car == car]
    out = []
    for group in CATALOG.groups:
        mine = [c for c in chunks if c.series.group == group.name and c.lap == 0]
        out.append(seal_segments(mine, group, CATALOG.version))
    return out


def test_names() -> None:
    name = BundleName(SESSION.key, "a/b %", 7, "boot1", 2, 3)
    assert name.key == f"sealed/{SESSION.key}/a%2Fb%20%25/007-boot1-2-v3.seg"
    assert name.key.startswith(sealed_prefix(SESSION.key, "a/b %"))
    assert bundle_name(SESSION.key, name.key) == name


@given(st.text(min_size=1, max_size=8), st.integers(0, 999))
def test_names_come_back(car: str, lap: int) -> None:
    name = BundleName(SESSION.key, car, lap, "b")
    assert bundle_name(SESSION.key, name.key) == name


@pytest.mark.parametrize(
    "key", ["", "raw/x", "sealed/other/1/000-b-1-v1.seg", f"sealed/{SESSION.key}/1/000-b-1-v1.tmp",
            f"sealed/{SESSION.key}/1/x/000-b-1-v1.seg"],
)  # fmt: skip
def test_other_keys(key: str) -> None:
    assert bundle_name(SESSION.key, key) is None


@settings(max_examples=30)
@given(st.lists(made.runs(), max_size=5))
def test_round_trip(runs: list[Segment]) -> None:
    found = parse_bundle(form_bundle(runs))
    assert found.segments == runs
    assert found.fault == ""


@settings(max_examples=60)
@given(made.runs(), made.runs(), st.data())
def test_damage_keeps_what_is_before_it(one: Segment, two: Segment, data: st.DataObject) -> None:
    whole = form_bundle([one])
    body = bytearray(whole + form_bundle([two]))
    at = data.draw(st.integers(len(whole), len(body) - 1))
    if data.draw(st.booleans()):
        body = body[:at]
    else:
        body[at] = data.draw(st.integers(0, 255))
    found = parse_bundle(bytes(body))
    assert found.segments[0] == one
    if found.fault:
        assert found.segments == [one]
        assert found.offset == len(whole)


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    body = form_bundle(sealed_groups())
    monkeypatch.setattr(bundle, "MAX_OBJECT", len(body) - 1)
    found = parse_bundle(body)
    assert found.segments == []
    assert "at most" in found.fault


def test_a_lap_is_written_when_all_groups_have_closed() -> None:
    bundler = Bundler()
    first, second = sealed_groups()
    assert bundler.add("1", 0, [second], False) == []
    ((key, body),) = bundler.add("1", 0, [first], True)
    assert key == BundleName(SESSION.key, "1", 0, first.series.epoch).key
    assert {s.series for s in parse_bundle(body).segments} == {first.series, second.series}
    # the order is not that of closing
    ((_, again),) = Bundler().add("1", 0, [first, second], True)
    assert again == body


def test_a_lap_that_goes_on_and_another_boot() -> None:
    bundler = Bundler()
    first, second = sealed_groups()
    other = dataclasses.replace(second, series=dataclasses.replace(second.series, epoch="boot2"))
    keys = [key for key, _ in bundler.add("1", 0, [first, other], True)]
    assert [bundle_name(SESSION.key, key) for key in keys] == [
        BundleName(SESSION.key, "1", 0, first.series.epoch),
        BundleName(SESSION.key, "1", 0, "boot2"),
    ]
    ((key, _),) = bundler.add("1", 0, [second], True)
    found = bundle_name(SESSION.key, key)
    assert found is not None
    assert found.part == 2


def test_large_laps_become_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = sealed_groups()
    monkeypatch.setattr(bundle, "PART", len(first.payload) + len(second.payload) - 1)
    objects = Bundler().add("1", 0, [first, second], True)
    assert len(objects) == 2
    assert [parse_bundle(body).segments for _, body in objects] == [[first], [second]] or [
        parse_bundle(body).segments for _, body in objects
    ] == [[second], [first]]
