"""Raw feeds of crossings beside the official table: which id of a feed is which official car."""

from __future__ import annotations

from dataclasses import dataclass

from pitwall.analysis.identity import Match, identify
from pitwall.analysis.laps import Lap, LapKind
from pitwall.analysis.official import OfficialTiming
from pitwall.telemetry import Official, TableClock


@dataclass(frozen=True, slots=True)
class FeedMatch:
    """One id of one feed, and the official car that it is."""

    source: str
    match: Match


def feed_laps(feed: Official) -> dict[str, list[Lap]]:
    """Laps of each id of a feed that has moments, numbered in order of time from 1."""
    laps: dict[str, list[Lap]] = {}
    for row in feed.laps:
        own = laps.setdefault(row.car, [])
        if row.end_us is None:
            continue
        start = own[-1].t_end if own and own[-1].t_end is not None else row.end_us
        time = row.time_us
        kind = LapKind.FLYING if time is not None else LapKind.INCOMPLETE
        reason = "" if time is not None else "no lap time"
        own.append(Lap(row.car, len(own) + 1, start, row.end_us, time, 0, kind, not reason, reason))
    return laps


def feed_matches(official: OfficialTiming) -> tuple[FeedMatch, ...]:
    """Every id of every feed in UTC against the table of laps."""
    table = official.laps
    if table is None:
        return ()
    found = []
    for feed in official.tables:
        if feed is table or feed.clock is not TableClock.UTC or not feed.laps:
            continue
        identity = identify(feed_laps(feed), table)
        found += [FeedMatch(feed.source, match) for match in identity.matches]
    return tuple(found)
