"""In which units channels are shown. Stored data stay as they were recorded. No Qt.

A :class:`UnitChoice` is part of what is looked at (:attr:`pitwall.ui.model.View.units`): plain
data, kept in saved layouts through :meth:`UnitChoice.to_plain` and :meth:`UnitChoice.from_plain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from pitwall.telemetry import BadInput, Channel
from pitwall.telemetry.units import Conversion, alike, conversion
from pitwall.ui.words import DASH, signed

MOST_OWN = 256
LONGEST = 128
WRITTEN = {"1": "", "deg": "°", "degC": "°C", "degF": "°F", "1/min": "rpm", "deg/s": "°/s"}


class UnitSystem(StrEnum):
    """Which units are preferred."""

    RECORDED = "as recorded"
    METRIC = "metric"
    IMPERIAL = "imperial"


PREFERRED: dict[UnitSystem, dict[str, str]] = {
    UnitSystem.RECORDED: {},
    UnitSystem.METRIC: {
        "mph": "km/h",
        "psi": "bar",
        "degF": "degC",
        "in": "mm",
        "ft": "m",
        "mi": "km",
        "lb": "kg",
        "gal": "l",
        "lbf": "N",
        "lbf ft": "Nm",
        "hp": "kW",
    },
    UnitSystem.IMPERIAL: {
        "m/s": "mph",
        "km/h": "mph",
        "Pa": "psi",
        "kPa": "psi",
        "bar": "psi",
        "K": "degF",
        "degC": "degF",
        "mm": "in",
        "m": "ft",
        "km": "mi",
        "kg": "lb",
        "l": "gal",
        "N": "lbf",
        "Nm": "lbf ft",
        "kW": "hp",
    },
}


@dataclass(frozen=True, slots=True)
class UnitChoice:
    """The user's choice.

    Attributes:
        system: for all channels without a choice of their own.
        own: ``(channel's name, unit)`` where one was chosen for a channel by itself.
    """

    system: UnitSystem = UnitSystem.RECORDED
    own: tuple[tuple[str, str], ...] = ()

    def unit_of(self, channel: str, recorded: str) -> str:
        """The unit that a channel is shown in."""
        chosen = dict(self.own).get(channel)
        if chosen is not None and chosen in alike(recorded):
            return chosen
        return PREFERRED[self.system].get(recorded, recorded)

    def of(self, system: UnitSystem) -> UnitChoice:
        """The same with another system preferred."""
        return replace(self, system=system)

    def next_system(self) -> UnitChoice:
        """As recorded, metric, imperial, and round again."""
        systems = list(UnitSystem)
        return replace(self, system=systems[(systems.index(self.system) + 1) % len(systems)])

    def with_next(self, channel: str, recorded: str) -> UnitChoice:
        """The next unit for one channel; after the last one, that of the system again."""
        units = alike(recorded)
        rest = tuple(one for one in self.own if one[0] != channel)
        chosen = dict(self.own).get(channel)
        at = units.index(chosen) + 1 if chosen in units else 0
        # The one that is shown anyway would be a step without effect.
        usual = replace(self, own=rest).unit_of(channel, recorded)
        while at < len(units) and units[at] == usual:
            at += 1
        if at >= len(units):
            return replace(self, own=rest)
        return replace(self, own=(*rest, (channel, units[at])))

    def to_plain(self) -> dict[str, object]:
        """For a saved layout: strings and lists."""
        return {"system": self.system.value, "own": [list(one) for one in self.own]}

    @staticmethod
    def from_plain(doc: object) -> UnitChoice:
        """From :meth:`to_plain`'s form. Raises BadInput on anything else, or beyond the bounds."""
        if not isinstance(doc, Mapping) or not isinstance(doc.get("own", []), list):
            raise BadInput("units: not a choice of units")
        rows = doc.get("own", [])
        if len(rows) > MOST_OWN:
            raise BadInput(f"units: more than {MOST_OWN} channels with a unit of their own")
        own = []
        for row in rows:
            good = isinstance(row, list) and len(row) == 2
            if not good or not all(isinstance(x, str) and 0 < len(x) <= LONGEST for x in row):
                raise BadInput(f"units: {row!r} is not a channel and its unit")
            own.append((row[0], row[1]))
        try:
            system = UnitSystem(doc.get("system", UnitSystem.RECORDED))
        except ValueError as error:
            raise BadInput(f"units: no system is called {doc.get('system')!r}") from error
        return UnitChoice(system, tuple(own))


@dataclass(frozen=True, slots=True)
class Shown:
    """How a channel's values are written.

    Attributes:
        unit: as written beside them; empty for a plain number.
        decimals: worth showing.
        conversion: from what is stored.
    """

    unit: str
    decimals: int
    conversion: Conversion

    def text(self, value: float | None) -> str:
        """A stored value as written; a dash for None."""
        if value is None:
            return DASH
        return f"{self.conversion.value(value):.{self.decimals}f}"

    def change(self, now: float | None, then: float | None) -> str:
        """The difference of two stored values, with its sign; a dash when one is None."""
        if now is None or then is None:
            return DASH
        return signed(self.conversion.change(now - then), self.decimals)


@lru_cache(maxsize=4096)
def shown(channel: Channel, units: UnitChoice) -> Shown:
    """How ``channel`` is written under a choice of units."""
    unit = units.unit_of(channel.name, channel.unit)
    how = conversion(channel.unit, unit)
    size = abs(how.factor)
    return Shown(unit_text(unit), _decimals(channel, size), how)


def unit_text(unit: str) -> str:
    """A unit as written on screen; the unit of a plain number is not written."""
    return WRITTEN.get(unit, unit)


def _decimals(channel: Channel, factor: float) -> int:
    """Decimals worth showing: about a thousandth of the range, never finer than the sensor."""
    span = (channel.high - channel.low) * factor
    step = max(channel.resolution * factor, span / 2000 if span > 0 else 0.0)
    places = 0
    while places < 3 and step < 0.5 * 10**-places:
        places += 1
    return places
