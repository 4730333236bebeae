"""What is neither car nor road: the day, and how close to the limit the driver goes."""

from __future__ import annotations

from dataclasses import dataclass

from pitwall.telemetry import BadInput


@dataclass(frozen=True, slots=True)
class Conditions:
    """The day and the driver.

    Attributes:
        air_kg_m3: density of the air.
        grip: multiplies the track's grip.
        corner_margin_ms: how much below the possible corner speed the driver stays.
        drag_zones: whether the adjustable wing may be used.
        boost: whether a hybrid's motor drives; an electric car's always does.
    """

    air_kg_m3: float = 1.2
    grip: float = 1.0
    corner_margin_ms: float = 0.0
    drag_zones: bool = True
    boost: bool = True

    def __post_init__(self) -> None:
        limits = {
            "air_kg_m3": (self.air_kg_m3, 0.0, 2.0),
            "grip": (self.grip, 0.05, 5.0),
            "corner_margin_ms": (self.corner_margin_ms, 0.0, 20.0),
        }
        for name, (value, low, high) in limits.items():
            if not low <= value <= high:
                raise BadInput(f"conditions: {name} = {value} is not within {low} to {high}")
