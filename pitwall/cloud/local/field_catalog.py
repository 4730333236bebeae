"""What the demo's cars measure."""

from __future__ import annotations

from pitwall.telemetry.channel import Catalog, Channel, Group

_FAST_US = 250_000
_SLOW_US = 1_000_000
WHEELS = ("fl", "fr", "rl", "rr")

CATALOG = Catalog(
    (
        Group(
            "pos",
            20.0,
            _FAST_US,
            (
                Channel("latitude", "deg", 1e-7, -90.0, 90.0, label="Latitude"),
                Channel("longitude", "deg", 1e-7, -180.0, 180.0, label="Longitude"),
                Channel("speed", "km/h", 0.01, 0.0, 280.0, label="Speed"),
                Channel("lap_distance", "m", 0.1, 0.0, 4000.0, label="Lap distance"),
            ),
        ),
        Group(
            "driver",
            20.0,
            _FAST_US,
            (
                Channel("throttle", "%", 0.5, 0.0, 100.0, label="Throttle"),
                Channel("brake", "bar", 0.1, 0.0, 100.0, label="Brake"),
                Channel("steering", "deg", 0.1, -120.0, 120.0, label="Steering"),
                Channel("gear", "1", 1.0, 0.0, 6.0, step=True, label="Gear"),
            ),
        ),
        Group(
            "chassis",
            20.0,
            _SLOW_US,
            (
                Channel("accel_long", "g", 0.001, -2.5, 2.5, label="Long. acceleration"),
                Channel("accel_lat", "g", 0.001, -2.5, 2.5, label="Lat. acceleration"),
            ),
        ),
        Group(
            "engine",
            10.0,
            _SLOW_US,
            (
                Channel("rpm", "1/min", 1.0, 0.0, 9000.0, label="Engine speed"),
                Channel("water_temp", "degC", 0.1, 20.0, 130.0, label="Water"),
                Channel("oil_temp", "degC", 0.1, 20.0, 150.0, label="Oil"),
                Channel("fuel", "kg", 0.01, 0.0, 110.0, label="Fuel"),
            ),
        ),
        Group(
            "tyre",
            1.0,
            _SLOW_US,
            (
                *(
                    Channel(f"tyre_temp_{w}", "degC", 0.1, 20.0, 140.0, label=f"Tyre {w.upper()}")
                    for w in WHEELS
                ),
                *(
                    Channel(f"tyre_press_{w}", "bar", 0.01, 1.0, 2.5, label=f"Pressure {w.upper()}")
                    for w in WHEELS
                ),
            ),
        ),
    )
)
"""Groups, rates, resolutions and axis limits of the demo's session."""
