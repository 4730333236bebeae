"""The driver's view: one lap on a large map, three sentences, one corner, a row of laps.

There are no controls to learn: arrow keys go from lap to lap, a click chooses a corner, space lets
the lap run, T shows the reference's ghost.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pitwall.analysis import Debrief, Lap, Measure, Timing
from pitwall.analysis.corners import zones
from pitwall.telemetry.clock import SECOND_US, lap_time
from pitwall.ui.corner_curves import LapCurves, driven
from pitwall.ui.curve_desk import CurveDesk
from pitwall.ui.lapview import with_current
from pitwall.ui.model import Workspace
from pitwall.ui.panes.coach_cards import CoachCards, advice_of, spoken
from pitwall.ui.panes.corner_traces import BEFORE_M, CornerPicture, CornerTraces
from pitwall.ui.panes.driver_map import DriverMap, Place
from pitwall.ui.panes.items import Item, ItemsLine, Part
from pitwall.ui.panes.lap_strip import LapStrip, Tile
from pitwall.ui.panes.laps import KIND_WORDS, missing_us
from pitwall.ui.picture import Picture, Shown
from pitwall.ui.qt import QtCore, QtGui, QtWidgets
from pitwall.ui.scene import Scene
from pitwall.ui.theme import Theme
from pitwall.ui.words import DASH, seconds, signed

FAR = 1.4
"""Everything here is so much larger than in the engineer's panes."""
STEP_MS = 40
NEWEST_US = 2_000_000
"""Positions may come so much later than other samples, and still say where the car is."""
GAP = 8


class DriverView(QtWidgets.QWidget):
    """One pane that is a whole debrief.

    Attributes:
        head, map, cards, corner, strip: its parts.
        curves: what the laps did over the metres; None before the first.
        playing: True while the lap runs.
    """

    def __init__(self, theme: Theme, workspace: Workspace) -> None:
        super().__init__()
        self.theme = theme
        self.playing = False
        self._workspace = workspace
        self._scene: Scene | None = None
        self.curves: CurveDesk | None = None
        self._selected: int | None = None
        self._car: str | None = None
        self._ghost = True
        large = self._large(theme)
        self.head = ItemsLine(large, 40, "ground", 16)
        self.map = DriverMap(large)
        self.cards = CoachCards(large)
        self.corner = CornerTraces(large)
        self.strip = LapStrip(large)
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(STEP_MS)
        self._timer.timeout.connect(self._run_on)
        self.setAccessibleName("Driver's view")
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self._lay_out()
        self.map.corner_chosen.connect(self.choose_corner)
        self.cards.corner_chosen.connect(self.choose_corner)
        self.strip.chosen.connect(self._show_lap)

    def _large(self, theme: Theme) -> Theme:
        return theme.scaled(theme.scale * FAR)

    def _lay_out(self) -> None:
        gap = self.theme.px(GAP)
        right = QtWidgets.QVBoxLayout()
        right.setSpacing(gap)
        right.addWidget(self.cards, 0)
        right.addWidget(self.corner, 1)
        self._side = QtWidgets.QWidget()
        self._side.setLayout(right)
        right.setContentsMargins(0, 0, 0, 0)
        middle = QtWidgets.QHBoxLayout()
        middle.setSpacing(gap)
        middle.addWidget(self.map, 62)
        middle.addWidget(self._side, 38)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(gap)
        column.addWidget(self.head)
        column.addLayout(middle, 1)
        column.addWidget(self.strip)

    def set_theme(self, theme: Theme) -> None:
        """Paint with another theme or scale from now on."""
        self.theme = theme
        for part in (self.head, self.map, self.cards, self.corner, self.strip):
            part.set_theme(self._large(theme))
        if self._scene is not None:
            self.show_scene(self._scene)

    # -- data ---------------------------------------------------------------------------

    def show_scene(self, scene: Scene) -> None:
        """Draw this from now on."""
        if self.curves is None:
            self.curves = CurveDesk(scene.store)
            self.curves.came.connect(self._curves_came)
        self._scene = scene
        timing, debrief, picture = scene.timing, scene.debrief, scene.picture
        if timing is not None and picture is not None:
            laps = (picture.shown, picture.reference, self._whole(picture.shown))
            self.curves.ask(laps, timing.circuit)
        advice = advice_of(scene)
        said = spoken(advice)
        if scene.view.car != self._car:
            self._car, self._selected = scene.view.car, None
        if self._selected is None and said:
            self._selected = said[0].corner.number
        corners = debrief.corners if debrief is not None else ()
        self.cards.show_advice(advice, self._selected)
        self._fit_cards()
        track = timing.track if timing is not None else None
        worth = {one.corner.number: one.gain_s for one in said}
        self.map.show_lap(track, corners, worth, self._selected)
        self.map.show_gains(picture.behind if picture is not None else None)
        self.head.set_items(*self._head(scene, picture))
        self.strip.show_tiles(self._tiles(scene, timing, picture))
        self._show_corner(scene, debrief, picture)
        self.show_cursor(scene)

    def show_cursor(self, scene: Scene) -> None:
        """The cursor is elsewhere: so are the car and the ghost."""
        self._scene = scene
        picture = scene.picture
        shown = picture.shown if picture is not None else None
        if shown is None or picture is None:
            self.map.show_places(None, None)
            return
        t = scene.view.cursor
        if t is None:
            t = shown.t_end if shown.open else shown.lap.t_start
        own = self._place(shown, t)
        ghost = None
        if self._ghost and picture.reference is not None:
            reference = picture.reference
            ghost = self._place(reference, reference.lap.t_start + t - shown.lap.t_start)
        self.map.show_places((own, scene.colour(shown.car)) if own is not None else None, ghost)

    def _place(self, shown: Shown, t_us: int) -> Place | None:
        """Where a lap's car was at ``t_us``, on the line; None where nobody knows."""
        curves = self._lap_curves(shown)
        timing = self._scene.timing if self._scene is not None else None
        if curves is None or timing is None or timing.track is None:
            return None
        axis = curves.axis
        if shown.open and 0 < t_us - int(axis.t[-1]) < NEWEST_US:
            t_us = int(axis.t[-1])
        if len(axis.t) < 2 or not axis.t[0] <= t_us <= axis.t[-1]:
            return None
        s = float(np.interp(t_us, axis.t, axis.s))
        if any(lo < s < hi for lo, hi in axis.blind):
            return None
        x, y = timing.track.at(np.array([s * timing.track.length_m / axis.length_m]))
        return float(x[0]), float(y[0])

    def _lap_curves(self, shown: Shown | None) -> LapCurves | None:
        timing = self._scene.timing if self._scene is not None else None
        if self.curves is None or timing is None:
            return None
        return self.curves.of(shown, timing.circuit)

    def _curves_came(self) -> None:
        if self._scene is not None:
            self.show_scene(self._scene)

    def stop(self, limit_s: float) -> bool:
        """End the thread; True when it ended in time."""
        return self.curves.stop(limit_s) if self.curves is not None else True

    def _show_corner(self, scene: Scene, debrief: Debrief | None, picture: Picture | None) -> None:
        colour = scene.colour(scene.view.car)
        corner = None
        if debrief is not None:
            corner = next((c for c in debrief.corners if c.number == self._selected), None)
        shown = picture.shown if picture is not None else None
        if corner is None or debrief is None or picture is None or shown is None:
            self.corner.show_corner(None, colour)
            return
        bounds = zones(debrief.corners, debrief.length_m)
        k = debrief.corners.index(corner)
        lo = max(float(bounds[k]) - BEFORE_M, 0.0)
        hi = min(float(bounds[k + 1]), corner.exit_m + 150.0)
        reference = picture.reference
        own = driven(shown, self._lap_curves(shown), self._last(shown), corner)
        own_brake, own_time = self._passage(debrief, own.lap, k)
        other_brake, other_time = (
            self._passage(debrief, reference.lap, k) if reference else (float("nan"),) * 2
        )
        self.corner.show_corner(
            CornerPicture(
                corner,
                lo,
                hi,
                self._lap_curves(own),
                self._lap_curves(reference),
                f"lap {own.lap.number}",
                _lap_name(reference, shown) if reference else "",
                own_brake,
                other_brake,
                own_time - other_time,
            ),
            colour,
        )

    def _last(self, shown: Shown) -> Lap | None:
        """The newest whole lap of the car."""
        timing = self._scene.timing if self._scene is not None else None
        car = timing.cars.get(shown.car) if timing is not None else None
        return car.last if car is not None else None

    def _whole(self, shown: Shown | None) -> Shown | None:
        """That lap while another runs; None beside one that is over."""
        last = self._last(shown) if shown is not None and shown.open else None
        return Shown(last, last.t_end, False) if last is not None and last.t_end else None

    def _passage(self, debrief: Debrief, lap: Lap, k: int) -> tuple[float, float]:
        """Where the brake went on, and the time of the corner's part; NaN while not known."""
        record = debrief.laps.get((lap.car, lap.number))
        if record is None or not record.passages.seen[k]:
            return float("nan"), float("nan")
        values = record.passages
        return float(values.of(Measure.BRAKE)[k]), float(values.of(Measure.TIME)[k])

    # -- words --------------------------------------------------------------------------

    def _head(self, scene: Scene, picture: Picture | None) -> tuple[list[Item], list[Item]]:
        left: list[Item] = []
        right: list[Item] = []
        shown = picture.shown if picture is not None else None
        if shown is None or picture is None:
            words = "Waiting for the first lap."
            return [Item("lap", (Part(words, "dim", "body"),))], []
        lap = shown.lap
        who = Part(f"Car {shown.car} · lap {lap.number}", "text", "body", bold=True)
        left.append(Item("lap", (who,)))
        time = "running" if shown.open else lap_time(lap.time_us) if lap.time_us else DASH
        left.append(Item("time", (Part(time, "text", "large", mono=True),)))
        reference = picture.reference
        if reference is not None:
            words = f"against {_lap_name(reference, shown)}"
            left.append(Item("against", (Part(words, "dim"),), drop=1))
            text = lap_time(reference.lap.time_us)
            left.append(Item("other", (Part(text, "reference_text", "large", mono=True),), drop=2))
        elif picture.reference_word:
            left.append(Item("against", (Part(picture.reference_word, "dim"),), drop=1))
        value = _behind_s(picture)
        if value is not None:
            role = "fault" if value > 0 else "live"
            text = f"{signed(value, 3)} s"
            right.append(Item("delta", (Part(text, role, "large", mono=True),)))
        ghost = "T ghost off" if self._ghost else "T ghost"
        for key, words in (
            ("laps", "◀ ▶ lap"),
            ("play", "space stop" if self.playing else "space play"),
            ("ghost", ghost),
        ):
            right.append(Item(key, (Part(words, "dim"),), drop=3))
        return left, right

    def _tiles(self, scene: Scene, timing: Timing | None, picture: Picture | None) -> list[Tile]:
        car = timing.cars.get(scene.view.car or "") if timing is not None else None
        if car is None:
            return []
        shown = picture.shown.lap if picture is not None and picture.shown else None
        reference = picture.reference.lap if picture is not None and picture.reference else None
        holes = scene.store.holes(car.car)
        tiles = []
        for lap in with_current(car.car, car.laps, car.current_lap, car.lap_start_us):
            is_reference = reference is not None and _same(lap, reference)
            label = f"Lap {lap.number}" + (" · reference" if is_reference else "")
            missing = missing_us(lap, holes, named=True) or missing_us(lap, holes, named=False)
            text, role = lap_time(lap.time_us), "text"
            if lap.t_end is None:
                text, role = ("live" if scene.fresh else "not finished"), "live"
            elif missing and lap.time_us is None:
                text, role = f"{seconds(missing)} missing", "attention"
            elif timing is not None and timing.best is not None and _same(lap, timing.best):
                role = "best"
            elif car.best is not None and _same(lap, car.best):
                role = "live"
            elif not lap.valid:
                role = "dim"
                label += f" · {KIND_WORDS[lap.kind]}" if lap.kind in KIND_WORDS else ""
            is_shown = shown is not None and _same(lap, shown)
            tiles.append(Tile(lap.number, label, text, role, is_shown, is_reference))
        return tiles

    # -- what the driver does -----------------------------------------------------------

    def choose_corner(self, number: int) -> None:
        """Look at another corner."""
        self._selected = number
        if self._scene is not None:
            self.show_scene(self._scene)

    def step_lap(self, step: int) -> None:
        """The lap before or after; past the newest one it is live again."""
        tiles = self.strip.tiles
        if not tiles:
            return
        at = next((i for i, tile in enumerate(tiles) if tile.shown), len(tiles) - 1)
        self._show_lap(tiles[min(max(at + step, 0), len(tiles) - 1)].number)

    def toggle_ghost(self) -> None:
        """The reference's car on the map, or not."""
        self._ghost = not self._ghost
        if self._scene is not None:
            self.show_scene(self._scene)

    def toggle_play(self) -> None:
        """Let the lap run from where it is, or stop it."""
        self.playing = not self.playing
        if self.playing:
            self._timer.start()
            self._run_on()
        else:
            self._timer.stop()
        if self._scene is not None:
            self.head.set_items(*self._head(self._scene, self._scene.picture))

    def _show_lap(self, number: int) -> None:
        tiles = self.strip.tiles
        newest = bool(tiles) and tiles[-1].number == number and tiles[-1].role == "live"
        running = newest and tiles[-1].text == "live"
        if running:
            self._workspace.go_live()
        else:
            self._workspace.select_lap(number)

    def _run_on(self) -> None:
        picture = self._scene.picture if self._scene is not None else None
        shown = picture.shown if picture is not None else None
        if shown is None:
            return
        at = self._workspace.view.cursor
        if at is None or not shown.lap.t_start <= at < shown.t_end:
            at = shown.lap.t_start
        after = at + STEP_MS * 1000
        if after >= shown.t_end:
            self.toggle_play()
            after = shown.t_end
        self._workspace.set_cursor(after, pin=True)

    def handlers(self) -> dict[str, Callable[[], None]]:
        """Its actions."""
        return {"ghost": self.toggle_ghost, "play_lap": self.toggle_play}

    def event(self, event: QtCore.QEvent) -> bool:
        """The arrow keys are laps here, whatever they are elsewhere."""
        if event.type() == QtCore.QEvent.Type.ShortcutOverride and isinstance(
            event, QtGui.QKeyEvent
        ):
            plain = event.modifiers() in (_KEYS.NoModifier, _KEYS.KeypadModifier)
            if plain and event.key() in self._keys():
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: D102, N802
        handler = self._keys().get(event.key())
        plain = event.modifiers() in (_KEYS.NoModifier, _KEYS.KeypadModifier)
        if handler is None or not plain:
            super().keyPressEvent(event)
            return
        handler()

    def _keys(self) -> dict[int, Callable[[], None]]:
        key = QtCore.Qt.Key
        return {
            key.Key_Left: lambda: self.step_lap(-1),
            key.Key_Right: lambda: self.step_lap(1),
            key.Key_Space: self.toggle_play,
            key.Key_T: self.toggle_ghost,
        }

    def showEvent(self, event: QtGui.QShowEvent) -> None:  # noqa: D102, N802
        super().showEvent(event)
        self.setFocus(QtCore.Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QtGui.QHideEvent) -> None:  # noqa: D102, N802
        super().hideEvent(event)
        if self.playing:
            self.toggle_play()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        super().resizeEvent(event)
        self._fit_cards()

    def _fit_cards(self) -> None:
        """The sentences take what they need, the corner what is left."""
        width = max(self.width() * 38 // 100, 100)
        most = max(self.height() * 62 // 100, 80)
        self.cards.setFixedHeight(min(self.cards.wanted(width), most))


def _behind_s(picture: Picture) -> float | None:
    """Seconds behind the reference at the end of what there is of the shown lap: as the lap list
    and the traces have it, to the millisecond."""
    reference = picture.reference.lap.time_us if picture.reference is not None else None
    if picture.predicted_us is not None and reference is not None:
        return (picture.predicted_us - reference) / SECOND_US
    if picture.delta is None or not len(picture.delta.y):
        return None
    return float(picture.delta.y[-1])


def _lap_name(reference: Shown, shown: Shown) -> str:
    own = reference.car == shown.car
    return (
        f"lap {reference.lap.number}" if own else f"car {reference.car} lap {reference.lap.number}"
    )


def _same(a: Lap, b: Lap) -> bool:
    return (a.car, a.number) == (b.car, b.number)


_KEYS = QtCore.Qt.KeyboardModifier
