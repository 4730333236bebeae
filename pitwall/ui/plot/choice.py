"""Which channels the stack shows, in which order and how tall."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pitwall.telemetry import Catalog, Channel
from pitwall.ui.trace_layout import ChannelName, PlotChoice

MOST = 6
SPEEDS = ("speed", "gps_speed", "wheel_speed")
"""Over the ground."""
_WANTED = (
    # identifiers that mean the same, share of the height
    (SPEEDS, 2.4),
    (("throttle", "throttle_pedal", "aps"), 1.15),
    (("brake", "brake_front", "pbrake_f", "brake_pressure"), 1.15),
    (("steering", "steering_angle"), 1.25),
    (("gear",), 0.75),
    (("rpm", "engine_speed", "nmot"), 1.0),
    (("accel_lat",), 1.0),
    (("accel_long",), 1.0),
)
HIDDEN = frozenset(
    {"latitude", "longitude", "x", "y", "lap", "lap_distance", "distance", "altitude"}
)
"""Not shown unless asked for: they are what the axis and the map are made of."""


_TITLES = {"rpm": "Engine speed"}
"""Where the name is the unit."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One plot of the stack.

    Attributes:
        channel: what it shows.
        group: its group's name.
        index: its column in the group.
        weight: share of the stack's height.
    """

    channel: Channel
    group: str
    index: int
    weight: float

    @property
    def title(self) -> str:
        """The name to show."""
        return channel_title(self.channel)

    @property
    def key(self) -> tuple[str, int]:
        """Group and column."""
        return self.group, self.index

    @property
    def name(self) -> ChannelName:
        """As a layout names it."""
        return ChannelName(self.group, self.channel.name)


def hidden(channel: Channel) -> bool:
    """True for what is used and not looked at: positions, counters, receipt delays."""
    return channel.name in HIDDEN or channel.name.startswith("receipt_delay")


def channel_title(channel: Channel) -> str:
    """A channel's name as written on screen: ``Brake front``."""
    text = _TITLES.get(channel.title) or channel.title.replace("_", " ").strip()
    return text if text.isupper() else text[:1].upper() + text[1:]


def choose(catalog: Catalog) -> tuple[Trace, ...]:
    """Every channel worth a plot: the driver's in their usual order, then the others."""
    chosen: list[Trace] = []
    for names, weight in _WANTED:
        found = next((t for n in names if (t := _trace(catalog, n, weight)) is not None), None)
        if found is not None:
            chosen.append(found)
    taken = {(t.group, t.index) for t in chosen}
    for group in catalog.groups:
        for index, channel in enumerate(group.channels):
            if (group.name, index) not in taken and not hidden(channel):
                chosen.append(Trace(channel, group.name, index, 1.0))
    return tuple(chosen)


def named(catalog: Catalog, name: ChannelName, weight: float = 1.0) -> Trace | None:
    """The channel that a layout names: of that group, or of another one where a session calls its
    groups otherwise; None when it has no such channel."""
    try:
        group = catalog.group(name.group)
        index = group.index(name.channel)
    except KeyError:
        return _trace(catalog, name.channel, weight)
    return Trace(group.channels[index], group.name, index, weight)


def as_choices(traces: Iterable[Trace]) -> tuple[PlotChoice, ...]:
    """A plot for each trace, as a layout keeps them."""
    return tuple(PlotChoice((trace.name,), trace.weight) for trace in traces)


def _trace(catalog: Catalog, name: str, weight: float) -> Trace | None:
    try:
        group, index = catalog.find(name)
    except KeyError:
        return None
    return Trace(group.channels[index], group.name, index, weight)


def position_channels(catalog: Catalog) -> tuple[str, int, int] | None:
    """``(group, latitude's column, longitude's column)``, or x's and y's; None without any."""
    for first, second in (("latitude", "longitude"), ("x", "y")):
        try:
            group, column = catalog.find(first)
            return group.name, column, group.index(second)
        except KeyError:
            continue
    return None
