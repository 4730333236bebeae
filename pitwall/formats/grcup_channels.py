"""The GR Cup logger's channel names, and the channels and groups they become.

Groups follow what arrives together in these files: the position fix (latitude and longitude),
throttle with gear, engine speed with lap distance, wheel speed by itself. Brakes, steering and
accelerations are a group of their own because many cars' files have none of them: a car without
them then has no such group, rather than columns of nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pitwall.telemetry import Channel, Group

CHUNK_US = 1_000_000
LAP_UNKNOWN = 32768
"""The logger's lap number for "unknown"."""

_KNOWN: dict[str, tuple[str, Channel]] = {
    "VBOX_Lat_Min": ("pos", Channel("latitude", "deg", 1e-7, -90, 90)),
    "VBOX_Long_Minutes": ("pos", Channel("longitude", "deg", 1e-7, -180, 180)),
    "aps": ("driver", Channel("throttle", "%", 0.001, 0, 100)),
    "ath": ("driver", Channel("throttle_blade", "%", 0.001, 0, 100)),
    "pbrake_f": ("chassis", Channel("brake", "bar", 0.001, 0, 160, label="brake front")),
    "pbrake_r": ("chassis", Channel("brake_rear", "bar", 0.001, 0, 160, label="brake rear")),
    "gear": ("driver", Channel("gear", "1", 0.5, 0, 6, step=True)),
    "Steering_Angle": ("chassis", Channel("steering", "deg", 0.001, -180, 180)),
    "accx_can": ("chassis", Channel("accel_long", "g", 0.0001, -2, 2, label="accel. long.")),
    "accy_can": ("chassis", Channel("accel_lat", "g", 0.0001, -2, 2, label="accel. lat.")),
    "speed": ("speed", Channel("speed", "km/h", 0.001, 0, 250)),
    "Speed": ("speed", Channel("speed", "km/h", 0.001, 0, 250)),
    "nmot": ("engine", Channel("rpm", "1/min", 0.1, 0, 8000)),
    "Laptrigger_lapdist_dls": ("engine", Channel("lap_distance", "m", 0.1, 0, 6000)),
    "lap": ("lap", Channel("lap", "1", 1.0, 0, 100, step=True)),
}
_ORDER = ("pos", "speed", "driver", "chassis", "engine", "lap", "other")


def place(name: str) -> tuple[str, str]:
    """``(group, channel)`` of a logger channel; an unknown one keeps its name, in ``other``."""
    known = _KNOWN.get(name)
    if known is not None:
        return known[0], known[1].name
    return "other", name


def delay_channel(group: str) -> str:
    """Name of the channel that keeps receipt time minus event time for ``group``."""
    return f"receipt_delay_{group}"


def groups(names: Iterable[str], rates: Mapping[str, float]) -> tuple[Group, ...]:
    """The catalog groups of a file with logger channels ``names``.

    ``rates`` gives the measured sample rate of each group in Hz.
    """
    present: dict[str, dict[str, Channel]] = {}
    order = {name: i for i, name in enumerate(_KNOWN)}
    for name in sorted(names, key=lambda n: (order.get(n, len(order)), n)):
        known = _KNOWN.get(name)
        group, channel = known or ("other", Channel(name, "1", 0.0, 0, 1))
        present.setdefault(group, {}).setdefault(channel.name, channel)
    out = []
    for group in _ORDER:
        if group not in present:
            continue
        delay = Channel(delay_channel(group), "s", 0.001, 0, 60, label=f"receipt delay ({group})")
        channels = (*present[group].values(), delay)
        out.append(Group(group, round(rates.get(group, 1.0), 3), CHUNK_US, channels))
    return tuple(out)
