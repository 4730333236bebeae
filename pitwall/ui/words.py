"""Figures as people read them."""

from __future__ import annotations

from pitwall.telemetry.clock import SECOND_US

THIN = "\u2009"
DASH = "\u2014"
MINUS = "\u2212"
NOT_LOADED = "not loaded yet"
"""Of a hole that the running load may still fill."""


def count(n: int) -> str:
    """``124803`` as ``124 803`` with thin spaces."""
    return f"{n:,}".replace(",", THIN)


def seconds(us: int | None, *, decimals: int = 1) -> str:
    """A short span: ``0.4 s``, ``12 s``, ``3:05``; a dash for None."""
    if us is None:
        return DASH
    s = us / SECOND_US
    if abs(s) < 10:
        return f"{s:.{decimals}f} s"
    if abs(s) < 120:
        return f"{s:.0f} s"
    return f"{int(s) // 60}:{int(s) % 60:02d}"


def age(us: int, *, whole: bool = False) -> str:
    """A span as a column of them is read, always with its unit and never longer than seven
    characters: ``0.4 s``, ``250 s``, ``31 min``, ``2.5 h``. ``whole``: no tenths of a second."""
    s = us / SECOND_US
    if s < 1000:
        return f"{int(s)} s" if whole or s >= 99.95 else f"{s:.1f} s"
    return f"{int(s / 60)} min" if s < 5940 else f"{s / 3600:.1f} h"


def signed(value: float, decimals: int) -> str:
    """A difference with its sign always shown."""
    text = f"{abs(value):.{decimals}f}"
    if not text.strip("0."):
        return f"{0:.{decimals}f}"
    return f"{'+' if value > 0 else MINUS}{text}"


def delta(us: int | None) -> str:
    """A lap-time difference: ``+0.441``; a dash for None."""
    if us is None:
        return DASH
    decimals = 3 if abs(us) < 10 * SECOND_US else 1
    return signed(us / SECOND_US, decimals)


def percent(share: float) -> str:
    """``0.09`` as ``9 %``."""
    return f"{100 * share:.0f} %"


def megabytes(n: int) -> str:
    """Bytes as ``612 MB``."""
    return f"{n / 1e6:.0f} MB"
