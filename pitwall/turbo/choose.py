"""Which objects of the archive are worth fetching. A matter of cost, not of correctness: what is
not fetched comes from the stream or from the table."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pitwall.cloud import BundleName, bundle_name
from pitwall.cloud.bundle import LATE
from pitwall.telemetry.clock import SECOND_US
from pitwall.turbo.objects import ObjectInfo

_MAX_HOURS = 24 * 31
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARGIN_US = 60 * SECOND_US
"""A chunk reaches the delivery stream so long after it was written, at most, by and large."""
_OPENED = re.compile(r"-(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-[^/]*$")
"""The delivery service names an object by the moment its first record came."""


def hours(spans: Sequence[tuple[int, int]]) -> list[str]:
    """``YYYY/MM/DD/HH/`` of every UTC hour that the spans (microseconds UTC) touch, in order.

    Of very long spans only the newest month is listed: archives beyond that are not joined live.
    """
    found: set[int] = set()
    for lo, hi in spans:
        last = hi // (3600 * SECOND_US)
        first = max(lo // (3600 * SECOND_US), last - _MAX_HOURS)
        found.update(range(first, last + 1))
    return [f"{_EPOCH + timedelta(hours=hour):%Y/%m/%d/%H/}" for hour in sorted(found)]


def newest_laps(session: str, objects: Sequence[ObjectInfo]) -> list[ObjectInfo]:
    """Of ``session``'s sealed laps the fewest objects that hold them all in their newest versions,
    newest laps first: they are what is on screen."""
    newest: dict[tuple[str, str, int, int, int], tuple[BundleName, ObjectInfo]] = {}
    for info in objects:
        name = bundle_name(session, info.key)
        if name is None:
            continue
        place = (name.car, name.epoch, name.first, name.last, name.part)
        known = newest.get(place)
        if known is None or name.version > known[0].version:
            newest[place] = (name, info)
    chosen: list[tuple[BundleName, ObjectInfo]] = []
    blocks: dict[tuple[str, str], set[tuple[int, int]]] = defaultdict(set)
    for name, info in sorted(newest.values(), key=lambda both: both[0].first - both[0].last):
        mine = blocks[name.car, name.epoch]
        within = any(
            (lo, hi) != (name.first, name.last) and lo <= name.first and name.last <= hi
            for lo, hi in mine
        )
        if within and name.part < LATE:
            continue
        mine.add((name.first, name.last))
        chosen.append((name, info))
    chosen.sort(key=lambda both: (-both[0].last, both[0].car))
    return [info for _, info in chosen]


def arrived_since(objects: Sequence[ObjectInfo], since_us: int | None) -> list[ObjectInfo]:
    """The raw objects, in order of arrival, that can hold what was written at or after
    ``since_us`` (server time); all of them when it is None. Those whose name gives no time stay.
    """
    if since_us is None:
        return list(objects)
    opened = [_opened_us(info.key) for info in objects]
    times = sorted(t for t in opened if t is not None)
    before = [t for t in times if t <= since_us - _MARGIN_US]
    # The last that was opened before holds what came until the next was; one more for disorder.
    first = before[-2] if len(before) > 1 else None
    return [
        info
        for info, t in zip(objects, opened, strict=True)
        if t is None or first is None or t >= first
    ]


def _opened_us(key: str) -> int | None:
    found = _OPENED.search(key)
    if found is None:
        return None
    try:
        moment = datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        return None
    return (moment - _EPOCH) // timedelta(microseconds=1)
