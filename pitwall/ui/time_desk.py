"""Time: playing, jumping to marks, typed places, and notes at the cursor. What the keys do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pitwall.analysis import Lap
from pitwall.telemetry.clock import clock_text
from pitwall.ui.feed import Panes
from pitwall.ui.goto import HINT, Known, find
from pitwall.ui.inputs import Inputs
from pitwall.ui.jumps import Stop, next_stop
from pitwall.ui.lapview import with_current
from pitwall.ui.model import Workspace
from pitwall.ui.overdue import awaited
from pitwall.ui.panes.prompt import Prompt
from pitwall.ui.playback import Playback, speed_text
from pitwall.ui.words import seconds

Say = Callable[[str], None]


class TimeDesk:
    """What is done with the moment that the window shows.

    Attributes:
        playback: plays.
        prompt: the field that places and notes are typed into.
    """

    def __init__(
        self, inputs: Inputs, workspace: Workspace, panes: Panes, prompt: Prompt, say: Say
    ) -> None:
        self._inputs = inputs
        self._workspace = workspace
        self._panes = panes
        self._say = say
        self.prompt = prompt
        self.playback = Playback(workspace, self._edges, self._begin)
        workspace.subscribe(self._view_changed)
        panes.timeline.noted.connect(self.show_note)

    def handlers(self) -> dict[str, Callable[[], None]]:
        """By name of the action."""
        return {
            "play": self.play,
            "faster": lambda: self._pace(1),
            "slower": lambda: self._pace(-1),
            "go_to": self.ask_place,
            "note": self.ask_note,
            "next_gap": lambda: self._jump(self._gaps(), 1, "gap"),
            "previous_gap": lambda: self._jump(self._gaps(), -1, "gap"),
            "next_note": lambda: self._jump(self._notes(), 1, "note"),
            "previous_note": lambda: self._jump(self._notes(), -1, "note"),
            "next_alarm": lambda: self._jump(self._alarms(), 1, "alarm"),
            "previous_alarm": lambda: self._jump(self._alarms(), -1, "alarm"),
            "timeline_whole": self._panes.timeline.whole,
            "timeline_in": lambda: self._panes.timeline.zoom(2.0),
            "timeline_out": lambda: self._panes.timeline.zoom(0.5),
        }

    def tick(self) -> bool:
        """A frame has gone by; True while it plays."""
        playing = self.playback.playing
        goes_on = self.playback.tick()
        if playing and not goes_on:
            self._show_playing()
        return goes_on

    # -- playing ------------------------------------------------------------------------

    def play(self) -> None:
        """Play, or stay where it is."""
        if not self._inputs.store.latest_us():
            self._say("There is nothing to play yet")
            return
        self.playback.toggle()
        self._show_playing()

    def _view_changed(self, names: frozenset[str]) -> None:
        if "moment" in names and self._workspace.view.moment is None:
            self.playback.playing = False  # live is not played
            self._show_playing()

    def _pace(self, step: int) -> None:
        self.playback.step_speed(step)
        if not self.playback.playing:
            self._say(f"Will play at {speed_text(self.playback.speed)}")
        self._show_playing()

    def _show_playing(self) -> None:
        text = f"▶ {speed_text(self.playback.speed)}" if self.playback.playing else ""
        self._panes.timeline.show_playing(text)

    def _edges(self) -> tuple[int, int]:
        store = self._inputs.store
        return store.earliest_us(), store.latest_us()

    def _begin(self) -> int:
        """Live, playing begins at the cursor, or with the lap that is shown."""
        view, picture = self._workspace.view, self._panes.traces.picture
        if view.cursor is not None:
            return view.cursor
        if picture is not None and picture.shown is not None:
            return picture.shown.lap.t_start
        return self._edges()[0]

    # -- going somewhere ----------------------------------------------------------------

    @property
    def here_us(self) -> int:
        """The moment that everything is counted from: the cursor, the moment, or the newest."""
        view = self._workspace.view
        if view.cursor is not None:
            return view.cursor
        if view.moment is not None:
            return view.moment
        picture = self._panes.traces.picture
        if not view.live and picture is not None and picture.shown is not None:
            return picture.shown.t_end
        return self._inputs.store.latest_us()

    def ask_place(self) -> None:
        """Have a place typed."""
        text = clock_text(self.here_us - self._inputs.store.session.started_us)
        self.prompt.ask("Go to", f"Session or clock time, lap, step: {HINT}", text, self._go)

    def _go(self, text: str) -> None:
        """Raises BadInput for what is no place."""
        low, high = self._edges()
        view, store = self._workspace.view, self._inputs.store
        laps = {car: self._laps(car) for car in store.cars()}
        known = Known(store.session.started_us, low, high, self.here_us, view.car, laps)
        found = find(text, known)
        if found.car is not None:
            self._workspace.select_car(found.car)
        self._workspace.scrub(found.t_us)

    def _laps(self, car: str) -> list[Lap]:
        timing = self._inputs.timing()
        one = timing.cars.get(car) if timing is not None else None
        if one is None:
            return []
        return with_current(one.car, one.laps, one.current_lap, one.lap_start_us)

    def _jump(self, stops: Iterator[Stop], step: int, what: str) -> None:
        found = next_stop(stops, self.here_us, step)
        if found is None:
            self._say(f"No {what} {'after' if step > 0 else 'before'} this")
            return
        if found.car and found.car in self._inputs.store.cars():
            self._workspace.select_car(found.car)
        self._workspace.scrub(found.t_us)
        self._say(found.words)

    def _gaps(self) -> Iterator[Stop]:
        store, car = self._inputs.store, self._workspace.view.car
        loading = self._inputs.health().loading
        for hole in store.holes(car) if car is not None else ():
            if not (loading and awaited(hole)):
                word = "missing" if hole.n_hi else "no data"
                words = f"{seconds(hole.t_hi - hole.t_lo)} {word} ({hole.group})"
                yield Stop(hole.t_lo, car or "", words)

    def _notes(self) -> Iterator[Stop]:
        for note in self._inputs.channels.notes.notes:
            yield Stop(note.t_us, note.car, note.text)

    def _alarms(self) -> Iterator[Stop]:
        for alarm in self._inputs.channels.alarms.alarms:
            if not alarm.entry.withdrawn:
                words = f"Car {alarm.entry.car}: {alarm.rule.title}"
                yield Stop(alarm.entry.raised_us, alarm.entry.car, words)

    # -- notes --------------------------------------------------------------------------

    def ask_note(self) -> None:
        """Have a note typed, about the selected car at the cursor."""
        view, store = self._workspace.view, self._inputs.store
        at = self.here_us
        if not at:
            self._say("There is no moment to note yet")
            return
        car = view.car or ""
        lap = next((one.number for one in reversed(self._laps(car)) if one.t_start <= at), None)
        where = f"Note at {clock_text(at - store.session.started_us)}"
        where += f", car {car}" if car else ""
        where += f" L{lap}" if lap is not None else ""

        def write(text: str) -> None:
            self._inputs.channels.notes.write(car, at, lap, text)

        self.prompt.ask(where, "Kept in the recording; Return writes it, Esc does not", "", write)

    def show_note(self, note_id: int) -> None:
        """Go to a note that was clicked."""
        try:
            note = self._inputs.channels.notes.of(note_id)
        except KeyError:
            return
        if note.car in self._inputs.store.cars():
            self._workspace.select_car(note.car)
        self._workspace.scrub(note.t_us)
        self._say(note.text)
