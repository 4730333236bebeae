"""How far a hand-over is, whether the seam is proved, and what to call the state of things."""

from __future__ import annotations

from collections.abc import Mapping

from pitwall.store import Ledger
from pitwall.stream import ReaderStatus
from pitwall.telemetry import Series
from pitwall.turbo.splice import unexplained
from pitwall.turbo.status import Phase, Tempo


def share_of(ledger: Ledger, targets: Mapping[Series, int]) -> float:
    """Part of the promised chunks that is here or named, 0..1."""
    promised = sum(targets.values())
    if not promised:
        return 1.0
    missing = sum(
        hole.size for series, n in targets.items() for hole in unexplained(ledger, series, n)
    )
    return 1.0 - missing / promised


def seam_proved(
    ledger: Ledger, targets: Mapping[Series, int], archive_ends: Mapping[Series, int]
) -> bool:
    """Nothing missing, named or not, from where the archive ended up to the roster's heads."""
    for series, n in targets.items():
        books = ledger.series.get(series)
        if books is None:
            if n:
                return False
            continue
        begins = archive_ends.get(series, 0)
        if any(hi > begins and lo <= n for lo, hi in books.absent):
            return False
    return True


def phase_of(
    status: ReaderStatus, *, over: bool, quiet_us: int, unread_us: int, tempo: Tempo
) -> Phase:
    """The phase after the first LIVE.

    ``over``: every producer has ended and everything is here; ``quiet_us``: since the newest head
    came; ``unread_us``: since shards were last read to their end.
    """
    if over:
        return Phase.ENDED
    # A late head alone does not say whose fault it is; shards that were read to now do.
    if status.blocked or status.failing or unread_us > tempo.behind_us:
        return Phase.BEHIND
    if quiet_us > tempo.silent_us:
        return Phase.SILENT
    return Phase.LIVE
