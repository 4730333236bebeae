"""Moving about: cars, laps and moments, from where the window is now."""

from __future__ import annotations

from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.feed import Panes
from pitwall.ui.inputs import Inputs
from pitwall.ui.model import Reference, ReferenceKind, Workspace
from pitwall.ui.picture import Shown
from pitwall.ui.trace_layout import LapChoice


class Navigator:
    """Turns "the next one" into a change of the workspace."""

    def __init__(self, inputs: Inputs, workspace: Workspace, panes: Panes) -> None:
        self._inputs = inputs
        self._workspace = workspace
        self._panes = panes

    def choose_car(self, car: str, modified: bool) -> None:
        """A car of the table: a click shows it; with Shift, Ctrl or the right button the lap it
        drives lies over the shown one, or no longer."""
        if modified and car != self._workspace.view.car:
            self._workspace.toggle_lap(LapChoice(car))
        else:
            self._workspace.select_car(car)

    def choose_lap(self, lap: int, modified: bool) -> None:
        """A lap of the table: the first click shows it; another one, or one with a modifier,
        makes it the reference."""
        car, shown = self._workspace.view.car, self._shown()
        again = shown is not None and not shown.open and shown.lap.number == lap
        if car is not None and (modified or again):
            reference = Reference(ReferenceKind.LAP, car, lap)
            self._workspace.change(reference=reference, lap=None)
        else:
            self._show_lap(lap)

    def reference_here(self) -> None:
        """The shown lap becomes the reference; one that still runs cannot."""
        shown = self._shown()
        if shown is not None and not shown.open:
            lap = shown.lap
            self._workspace.change(reference=Reference(ReferenceKind.LAP, lap.car, lap.number))

    def scrub_by(self, seconds: float) -> None:
        """Move the moment from what is looked at: that of the past, a cursor that stays, the end of
        the lap that was chosen, or the newest. Beyond the newest data it is live again."""
        view, store, shown = self._workspace.view, self._inputs.store, self._shown()
        latest = here = store.latest_us()
        if view.cursor is not None and view.pinned:
            here = view.cursor
        elif view.moment is not None:
            here = view.moment
        elif view.lap is not None and shown is not None:
            here = shown.t_end
        moment = here + int(seconds * SECOND_US)
        if moment >= latest:
            self._workspace.go_live()
        else:
            self._workspace.scrub(max(moment, store.earliest_us()))

    def step_car(self, step: int) -> None:
        """The car so many places down the timing table."""
        rows = [str(row.key) for row in self._panes.timing.rows]
        car = self._workspace.view.car
        if car in rows:
            wanted = rows[min(max(rows.index(car) + step, 0), len(rows) - 1)]
            self._workspace.select_car(wanted)
            self._panes.timing.scroll_to(wanted)

    def step_lap(self, step: int) -> None:
        """The lap so many further on; past the last one it is live again."""
        shown = self._shown()
        laps = sorted(int(str(row.key)) for row in self._panes.laps.rows)
        if shown is None or not laps:
            return
        number = shown.lap.number
        if step > 0 and number >= laps[-1]:
            self._workspace.go_live()
            return
        at = laps.index(number) if number in laps else len(laps) - 1
        wanted = laps[min(max(at + step, 0), len(laps) - 1)]
        self._show_lap(wanted)
        self._panes.laps.scroll_to(wanted)

    def clear_cursor(self) -> None:
        """No cursor, none pinned, and nothing measured."""
        self._workspace.change(cursor=None, mark=None, pinned=False)

    def _show_lap(self, lap: int) -> None:
        """Show a lap; the one that still runs is simply live."""
        view, timing = self._workspace.view, self._inputs.timing()
        car = timing.cars.get(view.car or "") if timing else None
        running = car is not None and car.current_lap == lap and view.moment is None
        self._workspace.select_lap(None if running else lap)

    def _shown(self) -> Shown | None:
        picture = self._panes.traces.picture
        return picture.shown if picture is not None else None
