"""Units of channels and their SI equivalents."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """``si = value * factor + offset``, in the SI unit called ``si``."""

    si: str
    factor: float = 1.0
    offset: float = 0.0


# Factors: SI Brochure, 9th edition, and its table of non-SI units accepted for use.
UNITS: dict[str, Unit] = {
    "1": Unit("1"),
    "%": Unit("1", 0.01),
    "m": Unit("m"),
    "km": Unit("m", 1000.0),
    "s": Unit("s"),
    "m/s": Unit("m/s"),
    "km/h": Unit("m/s", 1 / 3.6),
    "mph": Unit("m/s", 0.44704),
    "deg": Unit("rad", math.pi / 180),
    "rad": Unit("rad"),
    "g": Unit("m/s²", 9.80665),
    "m/s²": Unit("m/s²"),
    "bar": Unit("Pa", 1e5),
    "psi": Unit("Pa", 6894.757293168),
    "degC": Unit("K", 1.0, 273.15),
    "1/min": Unit("1/s", 1 / 60),
    "kg": Unit("kg"),
    "l": Unit("m³", 1e-3),
    "V": Unit("V"),
}


def to_si(value: float, unit: str) -> tuple[float, str]:
    """``(value, unit)`` in SI; an unknown unit is passed through as it is."""
    known = UNITS.get(unit)
    if known is None:
        return value, unit
    return value * known.factor + known.offset, known.si
