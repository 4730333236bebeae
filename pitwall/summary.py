"""What happened in a session so far, as ``--json`` tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pitwall.store import SessionStore, Source
from pitwall.telemetry.clock import iso

if TYPE_CHECKING:
    from pitwall.analysis import Timing
    from pitwall.turbo import FollowerStatus


def summary_of(
    store: SessionStore, timing: Timing | None, status: FollowerStatus | None
) -> dict[str, Any]:
    """With stable keys. ``timing`` is None before the first, ``status`` of a file."""
    ledger = store.ledger()
    reader = status.reader if status else None
    laps = (
        sum(lap.time_us is not None for car in timing.cars.values() for lap in car.laps)
        if timing
        else 0
    )
    return {
        "session": store.session.key,
        "simulated": store.session.simulated,
        "clock": store.session.clock.value,
        "replay": store.session.replay,
        "driven": iso(store.session.driven_us) if store.session.replay else None,
        "cars": len(store.cars()),
        "laps": laps,
        "state": status.phase.value if status else "file",
        "time_to_history_s": _rounded(status.time_to_history_s if status else None),
        "time_to_live_s": _rounded(status.time_to_live_s if status else None),
        "seam_proved": bool(status and status.seam_proved),
        "chunks": {
            "archive": ledger.by_source[Source.ARCHIVE],
            "stream": ledger.by_source[Source.STREAM],
            "repair": ledger.by_source[Source.TABLE],
            "table_laps": ledger.by_source[Source.TABLE_LAPS],
        },
        "ledger": {
            "expected": ledger.expected,
            "applied": ledger.applied,
            "duplicates": ledger.duplicates,
            "repaired": ledger.repaired,
            "quarantined": ledger.quarantined,
            "missing": ledger.missing,
            "conflicts": ledger.conflicts,
            "late": ledger.late,
            "provable": ledger.provable,
        },
        "shards": reader.total if reader else 0,
        "rotations": reader.rotations if reader else 0,
        "skipped": reader.skipped if reader else 0,
        "lag_ms": None if reader is None or reader.lag_us is None else reader.lag_us / 1000,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
