"""Every pane of the window, in one table.

To add a pane: write one module in :mod:`pitwall.ui.panes` with a widget, and one line in
:data:`PANES`. The widget is a :class:`~pitwall.ui.panes.panel.Panel` (or any ``QWidget``) with
``set_theme``; beside that it has what it needs of

- ``show_scene(scene)``: data or view changed (:class:`~pitwall.ui.scene.ShowsScene`);
- ``show_cursor(scene)``: only the cursor moved (:class:`~pitwall.ui.scene.ShowsCursor`);
- ``handlers()``: its actions (:class:`~pitwall.ui.scene.Acts`); they are declared in
  :data:`pitwall.ui.actions.ACTIONS` and named in the ``actions`` of its line. The window shows the
  pane before it calls one.
- ``needed_width()``: pixels that it wants for itself where it shares a column;
- ``wanted_height(width, room)``: of a column's height, pixels that it wants; it gets an equal part
  of what is left otherwise.

A pane is moved by its title line; one that has controls of its own there sets the property
``keeps_title`` to True (child widgets in the title line are left alone in any case).

A line says where the pane lies at first, in which workspaces; a pane without a home is found in the
command palette. Panes are made when they are first shown, and only those that can be seen are
told anything. A pane changes what is looked at through the ``workspace`` that it was made with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pitwall.ui.feed import Panes
from pitwall.ui.inputs import Inputs
from pitwall.ui.model import Workspace
from pitwall.ui.panes.advice import AdvicePane
from pitwall.ui.panes.alarms import AlarmsPane
from pitwall.ui.panes.browser import BrowserPane
from pitwall.ui.panes.coach import CoachPane
from pitwall.ui.panes.corners import CornersPane
from pitwall.ui.panes.driver import DriverView
from pitwall.ui.panes.driver_says import DriverSaysPane
from pitwall.ui.panes.histogram import HistogramPane
from pitwall.ui.panes.lap_chart import LapChart
from pitwall.ui.panes.maths import MathsPane
from pitwall.ui.panes.notes import NotesPane
from pitwall.ui.panes.pit_window import PitWindowPane
from pitwall.ui.panes.sheet import SheetPane
from pitwall.ui.panes.spectrum import SpectrumPane
from pitwall.ui.panes.tower import TowerPane
from pitwall.ui.panes.xy import XYPane
from pitwall.ui.plot.choice import position_channels
from pitwall.ui.qt import QtWidgets
from pitwall.ui.roles import Area, Home, Role
from pitwall.ui.theme import Theme


@dataclass(frozen=True, slots=True)
class Setting:
    """What a pane is made from.

    Attributes:
        inputs: the data and the commands.
        workspace: what is looked at; a pane subscribes and changes it.
        theme: the present theme.
        core: the panes that every window has.
    """

    inputs: Inputs
    workspace: Workspace
    theme: Theme
    core: Panes


@dataclass(frozen=True, slots=True)
class PaneSpec:
    """One pane.

    Attributes:
        name: identifier, kept in saved layouts: never changed once released.
        title: as tabs, palette and torn-off windows name it.
        about: one sentence: what it answers.
        make: makes the widget.
        homes: where it lies at first.
        actions: names of the actions that it handles itself.
        width_most: percent of a row's width that it may take from panes that stretch.
        fits: False for a session that it has nothing to say of; then it is nowhere offered.
    """

    name: str
    title: str
    about: str
    make: Callable[[Setting], QtWidgets.QWidget]
    homes: tuple[Home, ...] = ()
    actions: tuple[str, ...] = ()
    width_most: int = 24
    fits: Callable[[Inputs], bool] = lambda _: True


def _has_places(inputs: Inputs) -> bool:
    """A session without GPS has no map rather than an empty one."""
    return position_channels(inputs.store.session.catalog) is not None


TABLES_MOST = 32
"""Tables first: a column that is dropped is gone, a trace that is narrower is still there."""
_E, _D, _S, _B = Role.ENGINEER, Role.DRIVER, Role.STRATEGY, Role.DEBRIEF
_LEFT, _CENTRE, _RIGHT, _BOTTOM = Area.LEFT, Area.CENTRE, Area.RIGHT, Area.BOTTOM

TRACE_ACTIONS = (
    "fit",
    "limits",
    "plot_above",
    "plot_below",
    "plot_up",
    "plot_down",
    "plot_taller",
    "plot_lower",
    "plot_remove",
    "plots_usual",
    "sample_before",
    "sample_after",
    "lay_over",
    "lay_off",
    "apart",
    "units",
    "channel_unit",
    "predicted",
)


def _browser(s: Setting) -> BrowserPane:
    return BrowserPane(s.theme, s.workspace, s.inputs.store, s.core.traces.plots)


PANES: tuple[PaneSpec, ...] = (
    PaneSpec(
        "timing",
        "Timing",
        "The order, gaps and last laps of the field.",
        lambda s: s.core.timing,
        width_most=TABLES_MOST,
        homes=(Home(_E, _LEFT, 10),),
    ),
    PaneSpec(
        "laps",
        "Laps",
        "Every lap of the selected car, with its sectors.",
        lambda s: s.core.laps,
        width_most=TABLES_MOST,
        homes=(Home(_E, _LEFT, 20), Home(_S, _RIGHT, 90), Home(_B, _LEFT, 10)),
    ),
    PaneSpec(
        "traces",
        "Traces",
        "The channels over the lap, against the reference.",
        lambda s: s.core.traces,
        (Home(_E, _CENTRE, 10), Home(_B, _CENTRE, 10)),
        TRACE_ACTIONS,
    ),
    PaneSpec(
        "map",
        "Track",
        "Where every car is, and where time is gained and lost.",
        lambda s: s.core.map,
        (Home(_E, _RIGHT, 10), Home(_S, _RIGHT, 80), Home(_B, _RIGHT, 10)),
        fits=_has_places,
    ),
    PaneSpec(
        "driver",
        "Driver",
        "One lap, large: where time went, three sentences, one corner.",
        lambda s: DriverView(s.theme, s.workspace),
        (Home(_D, _CENTRE, 10),),
        fits=_has_places,
    ),
    PaneSpec(
        "coach",
        "Coach",
        "What there is to say to the driver, how much it is worth, and how sure it is.",
        lambda s: CoachPane(s.theme, s.workspace),
        (Home(_E, _RIGHT, 60, "advice"), Home(_B, _RIGHT, 60, "advice")),
        fits=_has_places,
    ),
    PaneSpec(
        "corners",
        "Corners",
        "Speeds, brake and throttle points and times of every corner, beside the reference.",
        lambda s: CornersPane(s.theme, s.workspace, s.inputs.settled),
        (Home(_B, _BOTTOM, 10, share=36),),
        fits=_has_places,
    ),
    PaneSpec(
        "tower",
        "Tower",
        "The order for the wall: gaps, sectors, tyres, stops and the flag.",
        lambda s: TowerPane(s.theme, s.workspace),
        (Home(_S, _LEFT, 10),),
        width_most=46,
    ),
    PaneSpec(
        "lap_chart",
        "Lap times",
        "The lap times of the field over the race, with cautions and stops.",
        lambda s: LapChart(s.theme, s.workspace),
        (Home(_S, _BOTTOM, 80, share=42), Home(_B, _BOTTOM, 20)),
    ),
    PaneSpec(
        "health",
        "Health",
        "Every shard, the queue and the clock, and what the program itself takes.",
        lambda s: s.core.health,
        width_most=40,
    ),
    PaneSpec(
        "values",
        "Channels",
        "Every channel's value at the cursor.",
        lambda s: s.core.values,
        (Home(_E, _RIGHT, 90), Home(_B, _LEFT, 20, "channels")),
    ),
    PaneSpec(
        "advice",
        "Setup advice",
        "What to change on the car, what it gains with its interval, and how sure that is.",
        lambda s: AdvicePane(s.theme, s.inputs.model, s.core.traces.show_forecast),
        (Home(_E, _RIGHT, 50, "advice"), Home(_B, _RIGHT, 70, "advice")),
        ("advice", "advice_variant", "advice_apply"),
    ),
    PaneSpec(
        "sheet",
        "Setup sheet",
        "How the car is set, what was changed from which lap on, and files of it.",
        lambda s: SheetPane(s.theme, s.inputs.model),
        (Home(_E, _RIGHT, 71, "advice"), Home(_B, _RIGHT, 72, "advice")),
        ("sheet",),
    ),
    PaneSpec(
        "driver_says",
        "Driver says",
        "What the driver feels, in two taps, beside what was measured.",
        lambda s: DriverSaysPane(s.theme, s.inputs.model),
        (Home(_E, _RIGHT, 70, "advice"), Home(_B, _RIGHT, 71, "advice")),
        ("driver_says",),
    ),
    PaneSpec(
        "pit_window",
        "Pit window",
        "When to stop, what a caution would change, and whether the fuel lasts.",
        lambda s: PitWindowPane(s.theme, s.inputs.model),
        (Home(_S, _CENTRE, 10),),
        ("pit_window", "cautions"),
    ),
    PaneSpec(
        "browser",
        "All channels",
        "Every channel of the session by fragments of its name; into a plot by key or by dragging.",
        _browser,
        (Home(_B, _LEFT, 21, "channels"),),
        ("channels",),
    ),
    PaneSpec(
        "notes",
        "Notes",
        "What was written down, at which moment of which car.",
        lambda s: NotesPane(s.theme, s.workspace, s.inputs),
        (Home(_B, _BOTTOM, 40, "notes"),),
        ("notes",),
    ),
    PaneSpec(
        "alarms",
        "Alarms",
        "What went beyond its limits, for how long, and who has seen it; and the limits.",
        lambda s: AlarmsPane(s.theme, s.workspace, s.inputs),
        (Home(_B, _BOTTOM, 41, "notes"),),
        ("alarms", "acknowledge"),
    ),
    PaneSpec(
        "maths",
        "Maths channels",
        "Channels that are computed: their expressions, units and values.",
        lambda s: MathsPane(s.theme, s.workspace, s.inputs),
        (Home(_B, _BOTTOM, 42, "notes"),),
        ("maths",),
    ),
    PaneSpec(
        "histogram",
        "Histogram",
        "How often a channel had which value, of what is in view.",
        lambda s: HistogramPane(s.theme, "Histogram", s.workspace, s.inputs.store),
        (Home(_B, _BOTTOM, 30, "charts"),),
        ("histogram",),
    ),
    PaneSpec(
        "xy",
        "X-Y",
        "One channel against another, usually the g-g diagram, of what is in view.",
        lambda s: XYPane(s.theme, "X-Y", s.workspace, s.inputs.store),
        (Home(_B, _BOTTOM, 31, "charts"),),
        ("xy",),
    ),
    PaneSpec(
        "spectrum",
        "Spectrum",
        "How a channel's variation is spread over frequencies, of what is in view.",
        lambda s: SpectrumPane(s.theme, "Spectrum", s.workspace, s.inputs.store),
        (Home(_B, _BOTTOM, 32, "charts"),),
        ("spectrum",),
    ),
)


def spec(name: str) -> PaneSpec:
    """The pane called ``name``. Raises KeyError."""
    for one in PANES:
        if one.name == name:
            return one
    raise KeyError(name)
