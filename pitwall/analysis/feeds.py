"""Raw feeds of crossings beside the official table: which id of a feed is which official car."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pitwall.analysis.identity import Match, identify
from pitwall.analysis.laps import Lap, LapKind
from pitwall.analysis.official import OfficialTiming
from pitwall.telemetry import Official, TableClock

NEAR_US = 1_500_000
"""A lap of a feed is the official one only where both its ends are this near."""
GOAL_US = 300_000


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
        identity = identify(feed_laps(feed), table, confirmed=official.said)
        found += [FeedMatch(feed.source, match) for match in identity.matches]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class FeedErrors:
    """How well the laps of one feed agree with the table of laps.

    Attributes:
        source: the feed.
        laps: laps compared: paired by their end, begun beside the official crossing too, not the
            first, which is counted from the signal.
        median_us, p95_us, worst_us: of the differences of lap times; 0 without laps.
        within: laps no more than 0.3 s off.
        elsewhere: laps paired by their end that began more than 1.5 s beside the official crossing,
            as where the loggers' line is not the timing line and cars pass slowly between the two.
        elsewhere_us: from and until how far beside, later than 0.
        missed: official laps with a time, of cars that are matched, that no lap of the feed is.
        extra: laps of matched cars with a time that no official lap is.
    """

    source: str
    laps: int
    median_us: int
    p95_us: int
    worst_us: int
    within: int
    elsewhere: int
    elsewhere_us: tuple[int, int]
    missed: int
    extra: int


def feed_errors(
    official: OfficialTiming, matches: Sequence[FeedMatch] | None = None
) -> tuple[FeedErrors, ...]:
    """Each feed in UTC against the table of laps; ``matches`` spares working them out again."""
    table = official.laps
    if table is None:
        return ()
    ends = {
        (lap.car, lap.number): lap.end_us
        for lap in table.laps
        if lap.number is not None and lap.end_us is not None
    }
    feeds = {feed.source: feed_laps(feed) for feed in official.tables}
    found: dict[str, list[FeedMatch]] = {}
    for feed in feed_matches(official) if matches is None else matches:
        found.setdefault(feed.source, []).append(feed)
    return tuple(
        _errors(source, feeds[source], table, ends, [f.match for f in of])
        for source, of in found.items()
    )


def _errors(
    source: str,
    feed: Mapping[str, Sequence[Lap]],
    table: Official,
    ends: Mapping[tuple[str, int], int],
    matches: Sequence[Match],
) -> FeedErrors:
    off: list[int] = []
    beside: list[int] = []
    missed = extra = 0
    for match in matches:
        if not match.official or match.shift_us is None:
            continue
        laps = {lap.number: lap for lap in feed[match.car]}
        paired = {i for _, i in match.pairs}
        missed += sum(
            lap.car == match.official and lap.time_us is not None and i not in paired
            for i, lap in enumerate(table.laps)
        )
        known = {number for number, _ in match.pairs}
        extra += sum(lap.time_us is not None and n not in known for n, lap in laps.items())
        for number, i in match.pairs:
            ours, theirs = laps[number], table.laps[i]
            begun = ends.get((theirs.car, (theirs.number or 0) - 1))
            if ours.time_us is None or theirs.time_us is None or begun is None:
                continue
            late = ours.t_start + match.shift_us - begun
            if abs(late) > NEAR_US:
                beside.append(late)
            else:
                off.append(abs(ours.time_us - theirs.time_us))
    some = np.array(off or [0])
    return FeedErrors(
        source,
        len(off),
        int(np.median(some)),
        int(np.percentile(some, 95)),
        int(some.max()),
        sum(error <= GOAL_US for error in off),
        len(beside),
        (min(beside, default=0), max(beside, default=0)),
        missed,
        extra,
    )
