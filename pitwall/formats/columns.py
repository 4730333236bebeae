"""What loggers call their channels, and what they are called here."""

from __future__ import annotations

import re

from pitwall.telemetry import Channel

_KNOWN: dict[str, tuple[str, str]] = {
    # plain name of the logger -> (channel, group)
    "latitude": ("latitude", "pos"),
    "gps latitude": ("latitude", "pos"),
    "longitude": ("longitude", "pos"),
    "gps longitude": ("longitude", "pos"),
    "heading": ("heading", "pos"),
    "altitude": ("altitude", "pos"),
    "height": ("altitude", "pos"),
    "throttle pos": ("throttle", "driver"),
    "throttle pedal": ("throttle", "driver"),
    "gear": ("gear", "driver"),
    "steered angle": ("steering", "driver"),
    "steering angle": ("steering", "driver"),
    "brake pres front": ("brake", "driver"),
    "brake pressure front": ("brake", "driver"),
    "brake pres rear": ("brake_rear", "driver"),
    "engine rpm": ("rpm", "engine"),
    "engine speed": ("rpm", "engine"),
    "g force lat": ("accel_lat", "chassis"),
    "g force long": ("accel_long", "chassis"),
    "ground speed": ("speed", "chassis"),
    "lap distance": ("lap_distance", "lap"),
    "lap number": ("lap", "lap"),
}
_UNITS = {
    "kmh": "km/h",
    "kph": "km/h",
    "rpm": "1/min",
    "RPM": "1/min",
    "C": "degC",
    "°C": "degC",
    "G": "g",
    "": "1",
    "(null)": "1",
    "null": "1",
    "-": "1",
}
STEPS = frozenset({"gear", "lap", "satellites", "beacon"})
"""Channels that jump between states."""
_RANGES: dict[str, tuple[float, float]] = {
    "latitude": (-90, 90),
    "longitude": (-180, 180),
    "throttle": (0, 100),
    "gear": (0, 8),
}


def known(name: str) -> tuple[str, str] | None:
    """``(channel, group)`` of a logger's channel name; None when it is not one that is known."""
    return _KNOWN.get(re.sub(r"[\s_]+", " ", name.strip()).lower())


def snake(name: str) -> str:
    """A logger's channel name as an identifier: lower case, words joined by ``_``."""
    text = re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")
    return text[:60] or "channel"


def unit(text: str) -> str:
    """A logger's unit as Pitwall writes it; an unknown one stays as it is."""
    text = text.strip()
    return _UNITS.get(text, text)


def channel(
    name: str, unit: str, resolution: float, low: float, high: float, label: str = ""
) -> Channel:
    """A channel whose axis goes from ``low`` to ``high``, or has the limits usual for it."""
    if name in _RANGES:
        low, high = _RANGES[name]
    if not low < high:
        low, high = min(low, 0.0), max(high, 1.0)
    shown = "" if label.lower().replace(" ", "_") == name else label
    return Channel(name, unit, resolution, low, high, name in STEPS, shown)


def distinct(names: list[str]) -> list[str]:
    """``names`` with ``_2``, ``_3``… behind those that were there before."""
    seen: dict[str, int] = {}
    taken = set(names)
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        new = name
        while seen[name] > 1 and new in taken:
            new = f"{name}_{seen[name]}"
            seen[name] += new in taken
        taken.add(new)
        out.append(new)
    return out
