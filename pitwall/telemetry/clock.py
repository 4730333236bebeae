"""Time as Pitwall keeps it: integer microseconds UTC, and how it is written."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from pitwall.telemetry.errors import BadInput

NowUs = Callable[[], int]
"""A clock: microseconds UTC."""

SECOND_US = 1_000_000


def now_us() -> int:
    """This machine's clock, microseconds UTC."""
    return time.time_ns() // 1000


def iso(t_us: int) -> str:
    """ISO 8601 with microseconds and ``Z``."""
    return (
        datetime.fromtimestamp(t_us // SECOND_US, UTC)
        .replace(microsecond=t_us % SECOND_US)
        .strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    )


def from_iso(text: str) -> int:
    """Microseconds UTC of an ISO 8601 time; a time without offset is UTC. Raises BadInput."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text!r} is not an ISO 8601 time such as 2025-09-06T18:40:01Z") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * SECOND_US + moment.microsecond


def lap_time(us: int | None) -> str:
    """A lap or gap as people write it: ``1:37.655``, ``37.655``; a dash for None."""
    if us is None:
        return "—"
    ms = (abs(us) + 500) // 1000
    sign = "-" if us < 0 and ms else ""
    minutes, ms = divmod(ms, 60_000)
    seconds = f"{ms // 1000:02d}.{ms % 1000:03d}" if minutes else f"{ms // 1000}.{ms % 1000:03d}"
    return f"{sign}{minutes}:{seconds}" if minutes else f"{sign}{seconds}"


def clock_text(us: int) -> str:
    """A span as ``hh:mm:ss``."""
    seconds = max(us, 0) // SECOND_US
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
