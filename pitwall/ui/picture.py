"""What the trace stack draws: curves against the shared axis, as plain values. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis import Lap
from pitwall.ui.model import Axis
from pitwall.ui.plot.choice import Trace

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shown:
    """A lap on screen.

    Attributes:
        lap: the lap; one that still runs has no end.
        t_end: its end, or the newest data of its car while it runs.
        open: True while it runs.
    """

    lap: Lap
    t_end: int
    open: bool

    @property
    def car(self) -> str:
        """Whose lap it is."""
        return self.lap.car


@dataclass(frozen=True, slots=True)
class Line:
    """One curve.

    Attributes:
        t: int64[n], event time.
        x: float64[n], position on the shared axis, non-decreasing.
        y: float64[n], values, finite.
        starts: indices where an unbroken run starts; the first is 0 unless empty.
    """

    t: Times
    x: Floats
    y: Floats
    starts: NDArray[np.intp]

    def value_at(self, t_us: int) -> float | None:
        """The value at ``t_us``, between points by a straight line; None in a hole."""
        n = len(self.t)
        after = int(np.searchsorted(self.t, t_us, side="right"))
        if after == 0 or n == 0:
            return None
        before = after - 1
        if after == n:
            return float(self.y[before]) if t_us == self.t[before] else None
        if self.t[before] == t_us:
            return float(self.y[before])
        if np.any(self.starts == after):
            return None
        share = (t_us - self.t[before]) / (self.t[after] - self.t[before])
        return float(self.y[before] + share * (self.y[after] - self.y[before]))


@dataclass(frozen=True, slots=True)
class HoleMark:
    """A hole on the axis: where, of which group, and its length in words."""

    x0: float
    x1: float
    group: str
    text: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """Event time to axis and back for one lap; straight between the known points.

    Attributes:
        t: int64[n], increasing.
        x: float64[n], non-decreasing.
    """

    t: Times
    x: Floats

    def to_x(self, t: Times) -> Floats:
        """Positions of the times ``t``."""
        return np.interp(t, self.t, self.x)

    def to_time(self, x: float) -> int:
        """The time at position ``x``."""
        return int(np.interp(x, self.x, self.t))


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot of the stack.

    Attributes:
        rows: its channels, as places in :attr:`Picture.traces`; at least one.
        weight: share of the stack's height.
        number: its place in the layout.
        lap: the only lap in it, 0 for the shown one, 1 and up for :attr:`Picture.others`; None
            for all of them over each other.
    """

    rows: tuple[int, ...]
    weight: float
    number: int
    lap: int | None = None

    def has(self, lap: int) -> bool:
        """Whether a lap is drawn in it."""
        return self.lap is None or self.lap == lap


@dataclass(frozen=True, slots=True)
class Other:
    """A lap that is laid over the shown one, aligned at the line.

    Attributes:
        shown: the lap.
        mapping: its event time to the shared axis.
        lines: its curves, one for each of :attr:`Picture.traces`.
        rank: how many laps of the same car come before it on screen.
    """

    shown: Shown
    mapping: Mapping
    lines: tuple[Line, ...]
    rank: int


@dataclass(frozen=True, slots=True)
class Band:
    """A part of the axis whose samples came by one way.

    Attributes:
        x0, x1: from and to.
        group: of the samples.
        kind: the leg's name (``archive``, ``stream``, ``table``), or ``late``.
    """

    x0: float
    x1: float
    group: str
    kind: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A car's whole session as the axis: its curves are looked up when they are painted, in the
    width that they are painted in.

    Attributes:
        car: whose.
        start_us: event time at which the axis is 0.
        versions: of the columns that are drawn.
        others: cars whose curves are laid over.
    """

    car: str
    start_us: int
    versions: tuple[int, ...]
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything the stack draws.

    Attributes:
        axis: what the axis counts; time when distance was wanted but is not known.
        full: limits of the whole axis.
        opening: the part of the axis that is in view until another is chosen; None is all of it.
        session: set when the axis is a session's; then there are no ``lines``.
        traces: every channel that is drawn, each once.
        lines, reference_lines: curves of the shown and the reference lap, one per trace.
        mapping, reference_mapping: event time to axis for both laps.
        delta: time against the reference, seconds over the axis; None without reference.
        behind: the same over metres after the line: ``(s, seconds)``, NaN where it is not known;
            None without reference.
        carried: (from, to) on the axis where the delta rests on a place that was carried on by
            speed, not seen.
        predicted_us: the lap time to come; None when not known.
        holes: hatched.
        seams: ``(x, words)`` where one source hands over to the next.
        edge: x of the newest data of a lap that still runs; None otherwise.
        position_group: group that the delta rests on; empty without one.
        corners: ``(x, name)`` of the corners, or of the laps' beginnings on the session's clock.
        shown, reference: the laps.
        reference_word: why this lap is the reference.
        plots: from top to bottom; empty for one of each trace.
        others: laps laid over the shown one.
        absent: channels of the layout that this session or car does not have.
        bands: by which way the samples came.
        computed: columns of computed channels that are drawn, to tell one version from another.
        reading: a lap's samples are paged out and on their way back.
    """

    axis: Axis
    full: tuple[float, float]
    traces: tuple[Trace, ...]
    lines: tuple[Line, ...]
    reference_lines: tuple[Line, ...] = ()
    mapping: Mapping | None = None
    reference_mapping: Mapping | None = None
    delta: Line | None = None
    behind: tuple[Floats, Floats] | None = None
    carried: tuple[tuple[float, float], ...] = ()
    predicted_us: int | None = None
    holes: tuple[HoleMark, ...] = ()
    seams: tuple[tuple[float, str], ...] = ()
    edge: float | None = None
    position_group: str = ""
    corners: tuple[tuple[float, str], ...] = ()
    shown: Shown | None = None
    reference: Shown | None = None
    reference_word: str = ""
    opening: tuple[float, float] | None = None
    session: Stretch | None = None
    plots: tuple[Plot, ...] = ()
    others: tuple[Other, ...] = ()
    absent: tuple[str, ...] = ()
    bands: tuple[Band, ...] = ()
    computed: tuple[object, ...] = ()
    reading: bool = False

    @property
    def stack(self) -> tuple[Plot, ...]:
        """The plots, also where there is simply one of each trace."""
        if self.plots:
            return self.plots
        return tuple(Plot((i,), trace.weight, i) for i, trace in enumerate(self.traces))

    @property
    def car(self) -> str | None:
        """Whose curves these are."""
        if self.session is not None:
            return self.session.car
        return self.shown.car if self.shown is not None else None
