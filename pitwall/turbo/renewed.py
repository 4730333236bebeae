"""What was counted before the stream was renewed goes on to count."""

from __future__ import annotations

from dataclasses import replace

from pitwall.stream import ReaderStatus

_GAPS_KEPT = 100
NOTHING = ReaderStatus()


def on_top_of(before: ReaderStatus, now: ReaderStatus) -> ReaderStatus:
    """``now``, with counters and losses since following began: ``before`` is what the readers of
    earlier streams had come to."""
    if before is NOTHING:
        return now
    return replace(
        now,
        rotations=before.rotations + now.rotations,
        polls=before.polls + now.polls,
        records=before.records + now.records,
        skipped=before.skipped + now.skipped,
        throttles=before.throttles + now.throttles,
        retries=before.retries + now.retries,
        gaps=(*before.gaps, *now.gaps)[-_GAPS_KEPT:],
        gap_count=before.gap_count + now.gap_count,
    )
