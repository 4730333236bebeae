"""Which channels the charts are of.

A :class:`ChartChoice` is part of what is looked at (:attr:`pitwall.ui.model.View.charts`): plain
data, kept in saved layouts through :meth:`ChartChoice.to_plain` and :meth:`ChartChoice.from_plain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from pitwall.telemetry import BadInput, Catalog
from pitwall.ui.plot.choice import Trace, hidden, named
from pitwall.ui.trace_layout import LONGEST, ChannelName

_USUAL = {
    "histogram": ("speed", "gps_speed", "wheel_speed"),
    "spectrum": ("damper_fl", "damper_fr", "accel_vert", "steering", "steering_angle", "accel_lat"),
    "across": ("accel_lat", "acc_y", "g_lat"),
    "up": ("accel_long", "acc_x", "g_long"),
}


@dataclass(frozen=True, slots=True)
class ChartChoice:
    """The user's choice; None is the usual one.

    Attributes:
        histogram, spectrum: of which channel.
        across, up: channels of the X-Y pane; usually lateral and longitudinal acceleration.
    """

    histogram: ChannelName | None = None
    spectrum: ChannelName | None = None
    across: ChannelName | None = None
    up: ChannelName | None = None

    def trace(self, what: str, catalog: Catalog) -> Trace | None:
        """The channel for ``histogram``, ``spectrum``, ``across`` or ``up``: the chosen one where
        the session has it, else the usual one, else any; None in a session without channels."""
        name: ChannelName | None = getattr(self, what)
        found = named(catalog, name) if name is not None else None
        if found is not None:
            return found
        for usual in _USUAL[what]:
            found = named(catalog, ChannelName("", usual))
            if found is not None:
                return found
        for group in catalog.groups:
            for index, channel in enumerate(group.channels):
                if not hidden(channel):
                    return Trace(channel, group.name, index, 1.0)
        return None

    def with_single(self, name: ChannelName) -> ChartChoice:
        """A channel in the histogram and the spectrum."""
        return replace(self, histogram=name, spectrum=name)

    def with_up(self, name: ChannelName) -> ChartChoice:
        """A channel on the vertical axis of the X-Y chart; the one that was there goes across."""
        return replace(self, up=name, across=self.up) if self.up else replace(self, up=name)

    def to_plain(self) -> dict[str, object]:
        """For a saved layout: lists and strings; what is usual is left out."""
        chosen = {one.name: getattr(self, one.name) for one in fields(self)}
        return {key: [name.group, name.channel] for key, name in chosen.items() if name is not None}

    @staticmethod
    def from_plain(doc: object) -> ChartChoice:
        """From :meth:`to_plain`'s form. Raises BadInput on anything else, or beyond the bounds."""
        if not isinstance(doc, Mapping):
            raise BadInput("charts: not a choice of channels")
        chosen = {}
        for one in fields(ChartChoice):
            row = doc.get(one.name)
            if row is None:
                continue
            good = isinstance(row, list) and len(row) == 2
            if not good or not all(isinstance(x, str) and 0 < len(x) <= LONGEST for x in row):
                raise BadInput(f"charts: {row!r} is not a channel")
            chosen[one.name] = ChannelName(row[0], row[1])
        return ChartChoice(**chosen)
