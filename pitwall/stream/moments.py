"""The services' moments, both ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pitwall.telemetry.clock import SECOND_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at_us: int) -> datetime:
    """``at_us`` (microseconds UTC) as a request wants it: aware, because a naive time would be
    taken as this machine's local time."""
    return _EPOCH + timedelta(microseconds=at_us)


def micros(value: object) -> int:
    """A moment of an answer as microseconds UTC; 0 when it is none."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (aware - _EPOCH) // timedelta(microseconds=1)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return round(value * SECOND_US)
    return 0
