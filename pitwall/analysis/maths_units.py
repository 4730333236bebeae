"""Units of expressions: what may be added to what, and what a product is measured in.

Numbers are kept in the unit they came in for as long as that is one unit (adding, comparing,
scaling by a number); a product of two quantities is taken in SI.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from pitwall.telemetry.units import UNITS

Dims = tuple[tuple[str, Fraction], ...]
"""Base quantities and their powers, sorted, none 0."""

_LONGEST = 32
_MOST_POWER = 12
_BASE = ("m", "s", "kg", "K", "A", "rad")
# Symbols that UNITS does not have by themselves: factor to SI, and the unit in SI.
_ATOMS: dict[str, tuple[float, str]] = {
    "mm": (1e-3, "m"), "cm": (1e-2, "m"), "ft": (0.3048, "m"), "in": (0.0254, "m"),
    "ms": (1e-3, "s"), "min": (60.0, "s"), "h": (3600.0, "s"),
    "g₀": (9.80665, "m/s²"), "lb": (0.45359237, "kg"), "t": (1000.0, "kg"),
    "N": (1.0, "kg·m/s²"), "kN": (1e3, "kg·m/s²"), "Nm": (1.0, "kg·m²/s²"),
    "J": (1.0, "kg·m²/s²"), "kJ": (1e3, "kg·m²/s²"), "MJ": (1e6, "kg·m²/s²"),
    "kWh": (3.6e6, "kg·m²/s²"),
    "W": (1.0, "kg·m²/s³"), "kW": (1e3, "kg·m²/s³"), "hp": (745.6998715822702, "kg·m²/s³"),
    "Pa": (1.0, "kg/m/s²"), "hPa": (1e2, "kg/m/s²"), "kPa": (1e3, "kg/m/s²"),
    "MPa": (1e6, "kg/m/s²"), "mbar": (1e2, "kg/m/s²"),
    "V": (1.0, "kg·m²/s³/A"), "mV": (1e-3, "kg·m²/s³/A"), "mA": (1e-3, "A"),
    "Hz": (1.0, "1/s"), "rpm": (1 / 60, "1/s"),
    "L": (1e-3, "m³"), "ml": (1e-6, "m³"), "°": (UNITS["deg"].factor, "rad"),
}  # fmt: skip
_ALIAS = {"°C": "degC", "C": "degC", "kph": "km/h", "kmh": "km/h", "": "1", "-": "1"}
_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_TOKEN = re.compile(r"(?P<name>.+?)(?:\^?(?P<power>-?\d+))?")


@dataclass(frozen=True, slots=True)
class Measure:
    """The unit of an expression: ``si = value * factor + offset``.

    Attributes:
        symbol: as shown.
        dims: see :data:`Dims`.
        factor, offset: to SI; only scales of temperature have an offset.
        free: True for a bare number, which takes the unit of what it meets.
    """

    symbol: str
    dims: Dims = ()
    factor: float = 1.0
    offset: float = 0.0
    free: bool = False

    @property
    def neutral(self) -> bool:
        """True where multiplying by it leaves the unit as it is."""
        return self.free or (not self.dims and self.factor == 1.0)


FREE = Measure("1", free=True)
ONE = Measure("1")
RADIAN = Measure("rad", (("rad", Fraction(1)),))


@lru_cache(maxsize=256)
def measure_of(unit: str) -> Measure:
    """The measure of a unit as channels write it; a unit that nobody knows is a quantity of its
    own."""
    text = _ALIAS.get(unit.strip(), unit.strip())
    known = UNITS.get(text)
    if known is not None:
        return Measure(unit, _si_dims(known.si), known.factor, known.offset)
    if text == "degF":
        return Measure(unit, (("K", Fraction(1)),), 5 / 9, 459.67 * 5 / 9)
    factor, dims = _composed(text)
    return Measure(unit, dims, factor)


@lru_cache(maxsize=64)
def _si_dims(si: str) -> Dims:
    return _composed(si)[1]


def _composed(text: str) -> tuple[float, Dims]:
    factor, powers = 1.0, dict[str, Fraction]()
    for place, part in enumerate(text.split("/")):
        sign = 1 if place == 0 else -1
        for token in re.split(r"[·*]", part.strip()):
            each, dims = _token(token.strip())
            factor *= each**sign
            for name, power in dims:
                powers[name] = powers.get(name, Fraction(0)) + sign * power
    return factor, _sorted(powers)


def _token(token: str) -> tuple[float, Dims]:
    if token in ("", "1"):
        return 1.0, ()
    plain = token.translate(_POWERS)
    found = _TOKEN.fullmatch(plain)
    if found is None:
        return 1.0, ((token, Fraction(1)),)
    name, given = _ALIAS.get(found["name"], found["name"]), found["power"]
    power = int(given) if given else 1
    if abs(power) > _MOST_POWER:
        return 1.0, ((token, Fraction(1)),)
    dims: tuple[tuple[str, Fraction], ...] = ((name, Fraction(1)),)
    if name in _BASE:
        factor = 1.0
    elif name in _ATOMS:
        factor, si = _ATOMS[name]
        dims = _si_dims(si)
    elif name in UNITS and name != "1":
        # Within a composed unit a temperature is a difference.
        factor, dims = UNITS[name].factor, _si_dims(UNITS[name].si)
    else:
        factor, dims = 1.0, ((name[:_LONGEST], Fraction(1)),)
    return factor**power, tuple((n, p * power) for n, p in dims)


def _sorted(powers: dict[str, Fraction]) -> Dims:
    return tuple(sorted((name, power) for name, power in powers.items() if power))


# -- what may meet what ---------------------------------------------------------------------


def agree(a: Measure, b: Measure) -> bool:
    """Whether both measure the same. An angle beside something else does not count: radians a
    second times metres are metres a second."""
    if a.free or b.free or a.dims == b.dims:
        return True
    rest_a, rest_b = _without_angle(a.dims), _without_angle(b.dims)
    return bool(rest_a) and rest_a == rest_b


def _without_angle(dims: Dims) -> Dims:
    return tuple(item for item in dims if item[0] != "rad")


def conversion(given: Measure, wanted: Measure) -> tuple[float, float]:
    """``(scale, shift)`` that turn a value in ``given`` into one in ``wanted``."""
    if given.free or wanted.free or given == wanted:
        return 1.0, 0.0
    same = given.factor == wanted.factor
    scale = 1.0 if same else given.factor / wanted.factor
    return scale, (given.offset - wanted.offset) / wanted.factor


def difference(measure: Measure) -> Measure:
    """The unit of the difference of two values: of temperatures, kelvins."""
    if not measure.offset:
        return measure
    symbol = "K" if measure.factor == 1.0 else f"Δ{measure.symbol}"
    return Measure(symbol, measure.dims, measure.factor)


def in_si(measure: Measure) -> Measure:
    """The coherent unit of the same quantity."""
    return measure if measure.free else _coherent(measure.dims)


def product(a: Measure, b: Measure, sign: int) -> Measure:
    """The unit of ``a * b`` (``sign`` 1) or ``a / b`` (-1)."""
    if a.free and b.free:
        return FREE
    if b.neutral:
        return ONE if a.free else a
    if a.neutral and sign > 0:
        return b
    powers = dict(a.dims)
    for name, power in b.dims:
        powers[name] = powers.get(name, Fraction(0)) + sign * power
    return _coherent(_sorted(powers))


def power(a: Measure, exponent: Fraction) -> Measure:
    """The unit of ``a ** exponent``."""
    if a.neutral:
        return a
    return _coherent(_sorted({name: p * exponent for name, p in a.dims}))


def per_second(a: Measure) -> Measure:
    """The unit of a derivative: ``km/h/s``, ``bar/s``."""
    if a.neutral:
        return _coherent((("s", Fraction(-1)),))
    base = difference(a)
    powers = dict(base.dims)
    powers["s"] = powers.get("s", Fraction(0)) - 1
    return Measure(f"{base.symbol}/s", _sorted(powers), base.factor)


def times_second(a: Measure) -> Measure:
    """The unit of an integral over time: of a rate the quantity in SI, else ``bar·s``."""
    powers = dict(a.dims)
    rate = powers.get("s", Fraction(0)) < 0
    powers["s"] = powers.get("s", Fraction(0)) + 1
    dims = _sorted(powers)
    if a.neutral or rate:
        return _coherent(dims)
    return Measure(f"{a.symbol}·s", dims, a.factor)


_NAMED = {
    _composed(si)[1]: name
    for name, si in (
        ("N", "kg·m/s²"),
        ("J", "kg·m²/s²"),
        ("W", "kg·m²/s³"),
        ("Pa", "kg/m/s²"),
        ("V", "kg·m²/s³/A"),
    )
}


def _coherent(dims: Dims) -> Measure:
    if not dims:
        return ONE
    named = _NAMED.get(dims)
    if named is not None:
        return Measure(named, dims)
    above = "·".join(_powered(n, p) for n, p in dims if p > 0) or "1"
    below = "".join(f"/{_powered(n, -p)}" for n, p in dims if p < 0)
    return Measure(above + below, dims)


def _powered(name: str, p: Fraction) -> str:
    if p == 1:
        return name
    if p.denominator == 1 and 0 < p < 10:
        return name + "⁰¹²³⁴⁵⁶⁷⁸⁹"[int(p)]
    return f"{name}^{p}"
