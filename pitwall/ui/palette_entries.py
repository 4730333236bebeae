"""Everything that the command palette offers, gathered when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from pitwall.telemetry.clock import lap_time
from pitwall.ui.actions import ACTIONS
from pitwall.ui.help import key_text
from pitwall.ui.inputs import Inputs
from pitwall.ui.model import Workspace
from pitwall.ui.palette import Entry
from pitwall.ui.plot.choice import channel_title
from pitwall.ui.trace_layout import ChannelName
from pitwall.ui.workbench import Workbench

MOST_LAPS = 20_000


def action_entries(handlers: dict[str, Callable[[], None]]) -> Iterator[Entry]:
    """Every action, with its keys."""
    for one in ACTIONS:
        keys = ", ".join(key_text(key) for key in one.keys)
        yield Entry(one.title, "Action", handlers[one.name], keys, one.about)


def pane_entries(bench: Workbench) -> Iterator[Entry]:
    """Every pane: to see it, alone, in a window of its own, or not at all."""
    visible = bench.visible
    for one in bench.known:
        yield Entry(f"{one.title}: show", "Pane", partial(bench.open_pane, one.name), "", one.about)
        if one.name not in visible:
            continue
        if one.name in bench.windows:
            yield Entry(f"{one.title}: put back", "Pane", partial(bench.put_back, one.name))
        else:
            yield Entry(f"{one.title}: alone", "Pane", partial(bench.toggle_alone, one.name))
            yield Entry(f"{one.title}: tear off", "Pane", partial(bench.tear_off, one.name))
        yield Entry(f"{one.title}: close", "Pane", partial(bench.close_pane, one.name))


def car_entries(inputs: Inputs, workspace: Workspace) -> Iterator[Entry]:
    """Every car, in the order of the race."""
    timing = inputs.timing()
    cars = timing.order if timing is not None and timing.order else inputs.store.cars()
    for car in cars:
        yield Entry(f"Car {car}", "Car", partial(workspace.select_car, car))


def lap_entries(inputs: Inputs, workspace: Workspace) -> Iterator[Entry]:
    """Every finished lap, those of the selected car first, the newest first."""
    timing = inputs.timing()
    if timing is None:
        return
    first = workspace.view.car
    cars = sorted(timing.cars.values(), key=lambda one: one.car != first)
    count = 0
    for one in cars:
        for lap in reversed(one.laps):
            if lap.time_us is None:
                continue
            count += 1
            if count > MOST_LAPS:
                return
            title = f"Car {one.car} · lap {lap.number} · {lap_time(lap.time_us)}"
            yield Entry(title, "Lap", partial(_show_lap, workspace, one.car, lap.number))


def _show_lap(workspace: Workspace, car: str, lap: int) -> None:
    workspace.select_car(car)
    workspace.select_lap(lap)


def channel_entries(inputs: Inputs, show: Callable[[ChannelName], None]) -> Iterator[Entry]:
    """Every channel: a plot of its own at the end of the stack."""
    for group in inputs.store.session.catalog.groups:
        for channel in group.channels:
            name = ChannelName(group.name, channel.name)
            title = f"{channel_title(channel)} · {group.name} {channel.name}"
            about = "In a plot of its own, under the others."
            yield Entry(title, "Channel", partial(show, name), "", about)


def layout_entries(
    names: Iterable[str], show: Callable[[str], None], remove: Callable[[str], None]
) -> Iterator[Entry]:
    """The layouts that have a name."""
    for name in names:
        yield Entry(f"Layout {name}", "Layout", partial(show, name))
    for name in names:
        yield Entry(f"Forget layout {name}", "Layout", partial(remove, name))
