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
    "mm": Unit("m", 1e-3),
    "m": Unit("m"),
    "km": Unit("m", 1000.0),
    "in": Unit("m", 0.0254),
    "ft": Unit("m", 0.3048),
    "mi": Unit("m", 1609.344),
    "ms": Unit("s", 1e-3),
    "s": Unit("s"),
    "m/s": Unit("m/s"),
    "km/h": Unit("m/s", 1 / 3.6),
    "mph": Unit("m/s", 0.44704),
    "deg": Unit("rad", math.pi / 180),
    "rad": Unit("rad"),
    "deg/s": Unit("rad/s", math.pi / 180),
    "rad/s": Unit("rad/s"),
    "g": Unit("m/s²", 9.80665),
    "m/s²": Unit("m/s²"),
    "Pa": Unit("Pa"),
    "kPa": Unit("Pa", 1e3),
    "bar": Unit("Pa", 1e5),
    "psi": Unit("Pa", 6894.757293168),
    "K": Unit("K"),
    "degC": Unit("K", 1.0, 273.15),
    "degF": Unit("K", 5 / 9, 459.67 * 5 / 9),
    "1/min": Unit("1/s", 1 / 60),
    "Hz": Unit("1/s"),
    "kg": Unit("kg"),
    "lb": Unit("kg", 0.45359237),
    "l": Unit("m³", 1e-3),
    "gal": Unit("m³", 3.785411784e-3),
    "N": Unit("N"),
    "lbf": Unit("N", 4.4482216152605),
    "Nm": Unit("N m"),
    "lbf ft": Unit("N m", 1.3558179483314004),
    "kW": Unit("W", 1e3),
    "hp": Unit("W", 745.6998715822702),
    "V": Unit("V"),
}


@dataclass(frozen=True, slots=True)
class Conversion:
    """From one unit to another: ``other = value * factor + offset``."""

    factor: float = 1.0
    offset: float = 0.0

    def value(self, value: float) -> float:
        """A reading in the other unit."""
        return value * self.factor + self.offset

    def change(self, value: float) -> float:
        """A difference of two readings in the other unit."""
        return value * self.factor

    def back(self, value: float) -> float:
        """A reading in the other unit in the first one."""
        return (value - self.offset) / self.factor


def conversion(unit: str, other: str) -> Conversion:
    """From ``unit`` to ``other``. Raises KeyError when they do not measure the same thing."""
    if unit == other:
        return Conversion()
    a, b = UNITS[unit], UNITS[other]
    if a.si != b.si:
        raise KeyError(other)
    return Conversion(a.factor / b.factor, (a.offset - b.offset) / b.factor)


def alike(unit: str) -> tuple[str, ...]:
    """The units of the same quantity, ``unit`` itself first; only that where it is not known."""
    known = UNITS.get(unit)
    if known is None:
        return (unit,)
    return (unit, *(name for name, one in UNITS.items() if one.si == known.si and name != unit))


def to_si(value: float, unit: str) -> tuple[float, str]:
    """``(value, unit)`` in SI; an unknown unit is passed through as it is."""
    known = UNITS.get(unit)
    if known is None:
        return value, unit
    return value * known.factor + known.offset, known.si
