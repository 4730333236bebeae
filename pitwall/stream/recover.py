"""What becomes of a shard when a call for it fails.

Changes the shard (the reader's thread only) and says what is to be told. The position never moves
forward here, and never to "latest".
"""

from __future__ import annotations

from dataclasses import dataclass

from pitwall.stream.faults import Denied, Expired, Fault, NotFound, Rejected, Throttled, Trimmed
from pitwall.stream.shard import Shard, State
from pitwall.stream.source import HORIZON, Anchor, at_time
from pitwall.telemetry.clock import SECOND_US

OVERLAP_US = 5 * SECOND_US
"""Read again when a place is found by time: creation times are rounded and may step back."""
FRESH_US = 3600 * SECOND_US
"""A shard opened less than this ago cannot have lost anything to the horizon."""
_MISSED_OPENING = 2
"""Answers "not there" in a row to opening, after which a shard is gone."""
_MISSED_READING = 5
_UNREAD_US = 60 * SECOND_US
"""The same where opening it works and reading does not, and for how long. A shard that can be
opened is there: one that is open is never given up, one that has ended only because its children
wait."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What follows.

    Attributes:
        at_once: try again without a pause.
        lost: the shard is gone.
        gap_from_us: server time from which records are lost; 0 when none are.
        reopened: why its place had to be found anew; empty when it was not.
        no_time: the service refuses to open by time.
    """

    at_once: bool = False
    lost: bool = False
    gap_from_us: int = 0
    reopened: str = ""
    no_time: bool = False


def recover(shard: Shard, fault: Fault, by_time: bool, now_us: int) -> Recovery:
    """Decide. ``by_time``: the source can open by time; ``now_us``: server time."""
    spoken = isinstance(fault, Expired | Trimmed | NotFound | Rejected)
    # What the service says of a place ends the pauses for a network that was away.
    shard.faults = 1 if spoken and not shard.spoken else shard.faults + 1
    shard.spoken = spoken
    if isinstance(fault, Throttled | Denied):
        return Recovery()
    if isinstance(fault, Expired):
        # The place is known: after the last record taken, or where the shard was opened.
        shard.iterator = None
        return Recovery(at_once=shard.faults == 1)
    if isinstance(fault, Trimmed):
        return _trimmed(shard, now_us)
    if isinstance(fault, NotFound):
        return _not_found(shard, fault, now_us)
    if isinstance(fault, Rejected):
        return _rejected(shard, fault, by_time)
    return Recovery()


def _trimmed(shard: Shard, now_us: int) -> Recovery:
    since = shard.anchored_us
    fresh = not shard.sequence and now_us - shard.opened_us < FRESH_US
    if fresh and shard.start.anchor is Anchor.HORIZON:
        # Some services say so on a table that is new: nothing was there to lose.
        shard.iterator = None
        return Recovery()
    shard.reopen(HORIZON)
    shard.unsaved = True
    return Recovery(at_once=shard.faults == 1, gap_from_us=since, reopened="trimmed")


def _not_found(shard: Shard, fault: Fault, now_us: int) -> Recovery:
    # An iterator can be unknown where the shard is not: it is rebuilt before the shard counts as
    # gone, at once the first time.
    shard.iterator = None
    shard.missed += 1
    if shard.missed == 1:
        shard.missed_us = now_us
    if not _gone(shard, fault, now_us):
        return Recovery(at_once=shard.missed == 1)
    since = shard.anchored_us
    shard.lose()
    shard.unsaved = True
    return Recovery(lost=True, gap_from_us=since)


def _gone(shard: Shard, fault: Fault, now_us: int) -> bool:
    if fault.opening:
        return shard.missed >= _MISSED_OPENING
    if shard.state is not State.DRAINING:
        return False
    return shard.missed >= _MISSED_READING and now_us - shard.missed_us > _UNREAD_US


def _rejected(shard: Shard, fault: Fault, by_time: bool) -> Recovery:
    shard.iterator = None
    if not fault.opening:
        return Recovery(at_once=shard.faults == 1)
    anchor = shard.position.anchor
    if anchor is Anchor.HORIZON:
        return Recovery()
    shard.unsaved = True
    # A second refusal on the way knows no more than the first.
    shard.doubt_us = shard.last_us
    shard.doubt_sequence = shard.sequence or shard.doubt_sequence
    if anchor is Anchor.AFTER and by_time and shard.anchored_us:
        shard.reopen(at_time(shard.anchored_us - OVERLAP_US))
        return Recovery(at_once=True, reopened=f"its position was refused: {fault}")
    shard.reopen(HORIZON)
    return Recovery(
        at_once=True,
        reopened=f"its position was refused: {fault}",
        no_time=anchor is Anchor.TIME,
    )
