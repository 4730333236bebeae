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
    name = BundleName(SESSION.key, "a/b %", 7, 9, "boot-1", 2, 3)
    assert name.key == f"sealed/{SESSION.key}/a%2Fb%20%25/007-009-boot-1-2-v3.seg"
    assert name.key.startswith(sealed_prefix(SESSION.key, "a/b %"))
    assert bundle_name(SESSION.key, name.key) == name


@given(st.text(min_size=1, max_size=8), st.integers(0, 999), st.integers(0, 64))
def test_names_come_back(car: str, lap: int, more: int) -> None:
    name = BundleName(SESSION.key, car, lap, lap + more, "b")
    assert bundle_name(SESSION.key, name.key) == name


@pytest.mark.parametrize(
    "key",
    [
        "",
        "raw/x",
        "sealed/other/1/000-000-b-1-v1.seg",
        f"sealed/{SESSION.key}/1/000-000-b-1-v1.tmp",
        f"sealed/{SESSION.key}/1/x/000-000-b-1-v1.seg",
    ],
)
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
    assert key == BundleName(SESSION.key, "1", 0, 0, first.series.epoch).key
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
        BundleName(SESSION.key, "1", 0, 0, first.series.epoch),
        BundleName(SESSION.key, "1", 0, 0, "boot2"),
    ]
    third = dataclasses.replace(second, n_lo=second.n_lo + 100, n_hi=second.n_hi + 100)
    for version, late, whole in ((2, [second], 2), (3, [third], 3)):
        ((key, body),) = bundler.add("1", 0, late, True, version)
        found = bundle_name(SESSION.key, key)
        assert found is not None
        assert (found.part, found.version) == (1, version)
        # the newest version holds all that the older ones did
        assert len(parse_bundle(body).segments) == whole


def test_large_laps_become_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = sealed_groups()
    monkeypatch.setattr(bundle, "PART", len(first.payload) + len(second.payload) - 1)
    objects = Bundler().add("1", 0, [first, second], True)
    assert len(objects) == 2
    assert [parse_bundle(body).segments for _, body in objects] == [[first], [second]] or [
        parse_bundle(body).segments for _, body in objects
    ] == [[second], [first]]


def of_lap(lap: int) -> Segment:
    return dataclasses.replace(sealed_groups()[0], lap=lap)


def names(objects: list[tuple[str, bytes]]) -> list[tuple[int, int, int]]:
    found = [bundle_name(SESSION.key, key) for key, _ in objects]
    return [(name.first, name.last, name.part) for name in found if name is not None]


def test_blocks_of_laps() -> None:
    bundler = Bundler()
    written: dict[tuple[int, int, int], bytes] = {}
    for lap in range(66):
        objects = bundler.add("1", lap, [of_lap(lap)], True)
        written |= dict(zip(names(objects), (body for _, body in objects), strict=True))
        blocks = [place for place in names(objects) if place[0] != place[1]]
        widths = [w for w in (4, 16, 64) if lap and lap % w == 0]
        assert blocks == [(lap - w, lap - 1, 1) for w in widths]
    for (first, last, _), body in written.items():
        laps = [segment.lap for segment in parse_bundle(body).segments]
        assert laps == list(range(first, last + 1))


def test_a_lap_that_comes_after_its_block_says_so() -> None:
    bundler = Bundler()
    for lap in range(4):
        bundler.add("1", lap, [of_lap(lap)], True)
    # within the open block it is written again, and is in the block
    assert names(bundler.add("1", 3, [sealed_groups()[1]], True, 2))[0] == (3, 3, 1)
    ((_, _), (_, block)) = bundler.add("1", 4, [of_lap(4)], True)
    assert len(parse_bundle(block).segments) == 5
    # two late ones in a row: neither hides the other
    assert names(bundler.add("1", 2, [of_lap(2)], True, 2)) == [(2, 2, 2000)]
    assert names(bundler.add("1", 2, [of_lap(2)], True, 3)) == [(2, 2, 3000)]


def test_a_resumed_bundler_writes_no_block_that_would_hide_what_it_has_not() -> None:
    who = ("1", sealed_groups()[0].series.epoch)
    bundler = Bundler([who])
    written = [
        place for lap in range(6, 20) for place in names(bundler.add("1", lap, [of_lap(lap)], True))
    ]
    assert [place for place in written if place[0] != place[1]] == [(8, 11, 1), (12, 15, 1)]
    # and of a lap from before it has only what came now
    assert names(bundler.add("1", 18, [of_lap(18)], True, 2)) == [(18, 18, 1)]
    fresh = Bundler([who])
    assert names(fresh.add("1", 18, [of_lap(18)], True, 2)) == [(18, 18, 2000)]


def test_laps_that_are_skipped() -> None:
    bundler = Bundler()
    bundler.add("1", 1, [of_lap(1)], True)
    assert names(bundler.add("1", 17, [of_lap(17)], True)) == [(17, 17, 1), (0, 3, 1), (0, 15, 1)]
    assert names(bundler.add("1", 18, [], True)) == []
    assert names(bundler.add("1", 20, [of_lap(20)], True)) == [(20, 20, 1), (16, 19, 1)]
