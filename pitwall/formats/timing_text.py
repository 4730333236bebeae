"""Durations and times of day as official tables write them."""

from __future__ import annotations

import re

from pitwall.telemetry import BadInput
from pitwall.telemetry.clock import from_iso

_SPAN = re.compile(r"\+?(?:(\d{1,3}):)?(?:(\d{1,3}):)?(\d{1,6})(?:[.,](\d{1,6})\d*)?")
_LEAST_US = 946_684_800_000_000  # 2000-01-01
_MOST_US = 4_102_444_800_000_000  # 2100-01-01


def span_us(text: object) -> int | None:
    """Microseconds of ``1:54.168``, ``0:33.413``, ``33.4``, ``13:42:35.322`` or ``+0.684``; None
    for anything else."""
    if isinstance(text, bool) or text is None:
        return None
    if isinstance(text, (int, float)):
        return round(text * 1e6) if abs(text) < 1e9 else None
    match = _SPAN.fullmatch(str(text).strip())
    if match is None:
        return None
    first, second, seconds, fraction = match.groups()
    hours, minutes = (first, second) if second is not None else (None, first)
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
    return whole * 1_000_000 + int((fraction or "0").ljust(6, "0"))


def moment_us(text: object) -> int | None:
    """Microseconds UTC of an ISO time of this century; None for anything else."""
    if not isinstance(text, str) or not text:
        return None
    try:
        us = from_iso(_clipped(text.strip()))
    except (BadInput, OverflowError, ValueError):
        return None
    return us if _LEAST_US <= us <= _MOST_US else None


def whole(text: object) -> int | None:
    """A number without fraction, also where it is written ``12.0``; None for anything else."""
    if isinstance(text, bool) or text is None:
        return None
    try:
        value = float(str(text).strip())
    except ValueError:
        return None
    return int(value) if value == value and abs(value) < 1e9 and value == int(value) else None


def real(text: object) -> float | None:
    """A finite number; None for anything else."""
    try:
        value = float(str(text).strip())
    except ValueError:
        return None
    return value if abs(value) < 1e12 else None


def _clipped(text: str) -> str:
    """At most microseconds: some feeds write seven digits."""
    return re.sub(r"(\.\d{6})\d+", r"\1", text)
