"""What may be changed on a car of each series: settings with bounds and steps, and rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pitwall.prerace.vehicle import Vehicle, value_at, with_values
from pitwall.telemetry import BadInput


class Trust(StrEnum):
    """How a setting's effect is known."""

    PHYSICS = "physics"
    """Simulated, sign and size."""
    MIXED = "mixed"
    """The sign is simulated, the size needs laps."""
    DATA = "data"
    """Not in the model at all: only laps tell."""


def least_trusted(classes: Iterable[Trust]) -> Trust:
    """Of changes made together the class that all of them are. Raises ValueError for none."""
    return max(classes, key=list(Trust).index)


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that the crew can change.

    Attributes:
        key: name in setup sheets.
        path: where it is in :class:`Vehicle`; None for what the model does not have.
        unit: as the crew reads it; ``scale`` of these units make one of the record's.
        low, high, step: bounds and step, in ``unit``.
        trust: how its effect is known.
    """

    key: str
    path: str | None
    unit: str
    scale: float
    low: float
    high: float
    step: float
    trust: Trust


@dataclass(frozen=True, slots=True)
class Series:
    """A kind of car and its rules.

    Attributes:
        key, title: name in vehicle files, and on screen.
        minimum_kg: least mass with driver, without fuel.
        settings: what may be changed.
    """

    key: str
    title: str
    minimum_kg: float
    settings: tuple[Setting, ...]

    def setting(self, key: str) -> Setting:
        """The setting of that name. Raises BadInput."""
        for setting in self.settings:
            if setting.key == key:
                return setting
        known = ", ".join(s.key for s in self.settings)
        raise BadInput(f"{self.title} has no setting {key!r}; it has {known}")

    def read(self, car: Vehicle, key: str) -> float:
        """How the car is set, in the setting's unit. Raises BadInput for a setting that the model
        does not have."""
        setting = self.setting(key)
        return float(value_at(car, self._path(setting))) * setting.scale

    def apply(self, car: Vehicle, changes: dict[str, float]) -> Vehicle:
        """A copy of the car with settings changed, values in the settings' units, taken as they
        are. Raises BadInput for an unknown setting, a value out of its bounds, or one that the
        model does not have."""
        values: dict[str, float] = {}
        for key, value in changes.items():
            setting = self.setting(key)
            if not setting.low - 1e-9 <= value <= setting.high + 1e-9:
                raise BadInput(
                    f"{key} = {value} {setting.unit} is not within {setting.low} to {setting.high}"
                )
            values[self._path(setting)] = value / setting.scale
        return with_values(car, values)

    def breaches(self, car: Vehicle) -> tuple[str, ...]:
        """What of the rules the car breaks, one line each; empty when it is legal."""
        out = []
        weight = car.mass_kg + car.ballast_kg
        if weight < self.minimum_kg - 1e-9:
            out.append(f"{weight:.1f} kg without fuel; the least is {self.minimum_kg:.1f} kg")
        for setting in self.settings:
            if setting.path is None or not _has(car, setting.path):
                continue
            value = self.read(car, setting.key)
            if not setting.low - 1e-9 <= value <= setting.high + 1e-9:
                out.append(
                    f"{setting.key} is {value:g} {setting.unit}; allowed are "
                    f"{setting.low:g} to {setting.high:g}"
                )
        return tuple(out)

    def _path(self, setting: Setting) -> str:
        if setting.path is None:
            raise BadInput(f"{setting.key} is not in the model: only laps tell what it does")
        return setting.path


def _has(car: Vehicle, path: str) -> bool:
    """Whether the car has the value at all; a brake without a fixed share has no bias."""
    try:
        return value_at(car, path) is not None
    except BadInput:
        return False


def _share(key: str, path: str, low: float, high: float, step: float, trust: Trust) -> Setting:
    return Setting(key, path, "%", 100.0, low, high, step, trust)


_FUEL = Setting("fuel", "fuel_kg", "kg", 1.0, 0.0, 110.0, 1.0, Trust.PHYSICS)
_PRESSURES = tuple(
    Setting(f"pressure_{corner}", None, "kPa", 1.0, 100.0, 350.0, 3.5, Trust.DATA)
    for corner in ("lf", "rf", "lr", "rr")
)

SERIES: tuple[Series, ...] = (
    Series(
        "road-cup",
        "Road car cup",
        1150.0,
        (
            _FUEL,
            Setting("wing", "aero.wing", "holes", 1.0, 0.0, 8.0, 1.0, Trust.PHYSICS),
            Setting("ballast", "ballast_kg", "kg", 1.0, 0.0, 90.0, 5.0, Trust.PHYSICS),
            _share("brake_bias", "brakes.front_share", 50.0, 75.0, 0.5, Trust.PHYSICS),
            _share("roll_front", "roll_share_front", 35.0, 70.0, 1.5, Trust.MIXED),
            *_PRESSURES,
            Setting("camber_front", None, "deg", 1.0, -5.0, 0.0, 0.1, Trust.DATA),
            Setting("toe_front", None, "deg", 1.0, -0.5, 0.5, 0.05, Trust.DATA),
        ),
    ),
    Series(
        "formula",
        "Formula",
        600.0,
        (
            _FUEL,
            Setting("wing", "aero.wing", "steps", 1.0, -10.0, 10.0, 1.0, Trust.PHYSICS),
            Setting(
                "height_front", "aero.front_height_m", "mm", 1e3, -15.0, 30.0, 1.0, Trust.MIXED
            ),
            Setting("height_rear", "aero.rear_height_m", "mm", 1e3, -15.0, 60.0, 1.0, Trust.MIXED),
            Setting("final_drive", "gearbox.final", "x", 1.0, 0.85, 1.15, 0.01, Trust.PHYSICS),
            Setting("ballast", "ballast_kg", "kg", 1.0, 0.0, 60.0, 5.0, Trust.PHYSICS),
            _share("brake_bias", "brakes.front_share", 45.0, 70.0, 0.5, Trust.PHYSICS),
            _share("roll_front", "roll_share_front", 35.0, 75.0, 1.0, Trust.MIXED),
            *_PRESSURES,
            Setting("camber_front", None, "deg", 1.0, -5.0, 0.0, 0.1, Trust.DATA),
            Setting("toe_front", None, "deg", 1.0, -0.5, 0.5, 0.05, Trust.DATA),
        ),
    ),
    Series(
        "stock-car",
        "Stock car",
        1565.0,
        (
            _FUEL,
            Setting("final_drive", "gearbox.final", "x", 1.0, 0.8, 1.25, 0.01, Trust.PHYSICS),
            Setting("ballast_front", "ballast_front", "%", 100.0, 0.0, 100.0, 10.0, Trust.PHYSICS),
            _share("brake_bias", "brakes.front_share", 50.0, 80.0, 0.5, Trust.PHYSICS),
            _share("roll_front", "roll_share_front", 40.0, 85.0, 1.0, Trust.MIXED),
            # a round is about 30 lb; a stop has time for two
            Setting("wedge", "cross_n", "rounds", 1 / 133.0, -10.0, 10.0, 1.0, Trust.MIXED),
            *_PRESSURES,
            Setting("stagger", None, "mm", 1.0, 0.0, 60.0, 3.0, Trust.DATA),
            Setting("track_bar", None, "mm", 1.0, -50.0, 50.0, 6.5, Trust.DATA),
        ),
    ),
)


def series_of(car: Vehicle) -> Series:
    """The series that a car names. Raises BadInput for one that is not known."""
    for series in SERIES:
        if series.key == car.series:
            return series
    known = ", ".join(s.key for s in SERIES)
    raise BadInput(f"{car.name}: no series {car.series!r}; there are {known}")
