"""The tower for the wall: order, gaps, last and best laps, sectors, tyres, stops and the flag."""

from __future__ import annotations

from collections.abc import Sequence

from pitwall.analysis import CarTiming, Lap, LapKind, RaceControl
from pitwall.telemetry.clock import lap_time
from pitwall.telemetry.plural import counted
from pitwall.ui.asof import Standing, best_of_session, standings
from pitwall.ui.model import Workspace
from pitwall.ui.official import ControlBook
from pitwall.ui.panes.laps import sector
from pitwall.ui.panes.rows import Cell, Column, Row, RowsPane
from pitwall.ui.panes.timing import gap_cell, lap_role, same, stale
from pitwall.ui.scene import Scene
from pitwall.ui.sector_bests import STOPPED, SectorBests, SectorBook
from pitwall.ui.theme import Theme
from pitwall.ui.words import DASH, delta

FAR = 1.15
MOST_SECTORS = 4


def columns(sectors: int) -> tuple[Column, ...]:
    """The columns for laps of so many sectors; what can be told from the rest gives way first."""
    parts = tuple(Column(f"S{i + 1}", "00.0", optional=2) for i in range(sectors))
    return (
        Column("P", "00", right=False),
        Column("Car", "000", right=False),
        Column("Gap", "+00.000"),
        Column("Ahead", "+00.000", optional=4),
        Column("Last", "0:00.000"),
        Column("Best", "0:00.000"),
        *parts,
        Column("Tyre", "MEDIUM 00", optional=3),
        Column("Stops", "0", optional=5),
    )


class TowerPane(RowsPane):
    """The tower; a click selects a car."""

    def __init__(self, theme: Theme, workspace: Workspace) -> None:
        super().__init__(theme.scaled(theme.scale * FAR), "Timing", columns(3), bar_after=0)
        self._workspace = workspace
        self._sectors = SectorBook()
        self._book = ControlBook()
        self.chosen.connect(lambda car, _: workspace.select_car(str(car)))

    def set_theme(self, theme: Theme) -> None:
        """As :meth:`RowsPane.set_theme`, a little larger than the engineer's tables."""
        super().set_theme(theme.scaled(theme.scale * FAR))

    def show_scene(self, scene: Scene) -> None:
        """Draw this from now on."""
        timing = scene.timing
        if timing is None:
            self.set_rows(())
            return
        moment = scene.as_of_us
        table = standings(timing, moment)
        best = best_of_session(timing, moment)
        bests = self._sectors.of(timing, moment)
        control = self._book.of(scene.store)
        most = max(
            (len(car.laps[-1].sectors) for car in timing.cars.values() if car.laps), default=0
        )
        count = min(max(len(bests.session), most), MOST_SECTORS)
        self.set_columns(columns(count))
        self.set_titles("Timing", _remark(scene, table, control))
        rows = []
        for i, line in enumerate(table):
            car = timing.cars[line.car]
            ahead = table[i - 1] if i else None
            rows.append(
                Row(
                    line.car,
                    (
                        Cell(str(line.position), "dim") if line.position else Cell(DASH, "faint"),
                        Cell(line.car, bold=True),
                        gap_cell(line),
                        _interval(line, ahead),
                        _time(line.last, line, best),
                        _best(line, best),
                        *_sector_cells(line, count, bests),
                        _tyre(car, line, control, moment),
                        _stops(car, control, moment),
                    ),
                    bar=scene.colour(line.car),
                    selected=line.car == scene.view.car,
                    tip=_tip(line, control),
                )
            )
        self.set_rows(rows)


def _remark(scene: Scene, table: Sequence[Standing], control: RaceControl) -> str:
    """What lap the leader is on, and the flag where it is told of."""
    timing = scene.timing
    leader = table[0] if table else None
    car = timing.cars.get(leader.car) if timing is not None and leader is not None else None
    parts = [scene.as_of_words] if scene.as_of_words else []
    lap = None
    if car is not None:
        at = scene.moment_us
        lap = next((x for x in reversed(car.laps) if x.t_start <= at), None)
    if lap is not None and lap.number > 0:
        parts.append(f"lap {lap.number}")
        told = bool(control.cautions or control.spans or control.laps)
        if told:
            parts.append(control.word(lap) or "green")
    return " · ".join(parts)


def _interval(line: Standing, ahead: Standing | None) -> Cell:
    """Time to the car ahead: the difference of the gaps to the leader."""
    if ahead is None or line.gap_us is None or line.in_pit or line.laps_down or stale(line):
        return Cell(DASH, "faint")
    before = 0 if ahead.position == 1 else ahead.gap_us
    if before is None or ahead.laps_down or stale(ahead):
        return Cell(DASH, "faint")
    return Cell(delta(max(line.gap_us - before, 0)), "dim")


def _time(lap: Lap | None, line: Standing, best: Lap | None) -> Cell:
    if lap is None or lap.time_us is None:
        return Cell(DASH, "faint")
    return Cell(lap_time(lap.time_us), lap_role(lap, line.best, best) if lap.valid else "dim")


def _best(line: Standing, best: Lap | None) -> Cell:
    if line.best is None:
        return Cell(DASH, "faint")
    return Cell(lap_time(line.best.time_us), "best" if same(line.best, best) else "dim")


def _sector_cells(line: Standing, count: int, bests: SectorBests) -> list[Cell]:
    """Sectors of the last lap in the usual colours."""
    sectors = line.last.sectors if line.last is not None else ()
    cells = []
    for i in range(count):
        us = sectors[i] if i < len(sectors) else None
        if us is None or line.last is None:
            cells.append(Cell(DASH, "faint"))
        else:
            role = bests.role(line.car, i, us) if line.last.valid else "dim"
            cells.append(Cell(sector(us), role))
    return cells


def _done(car: CarTiming, moment: int | None) -> list[Lap]:
    return [
        lap for lap in car.laps if lap.t_end is not None and (moment is None or lap.t_end <= moment)
    ]


def _tyre(car: CarTiming, line: Standing, control: RaceControl, moment: int | None) -> Cell:
    """Compound and age as official timing tells; otherwise the laps since the stop that was seen,
    which is not the tyres' age when none were changed."""
    number = line.last.number if line.last is not None else None
    told = control.laps.get((line.car, number)) if number is not None else None
    if told is not None and (told.compound or told.tyre_laps):
        return Cell(f"{told.compound} {told.tyre_laps}".strip())
    laps = _done(car, moment)
    stops = [lap.number for lap in laps if lap.kind in STOPPED]
    if not stops or not laps:
        return Cell(DASH, "faint")
    return Cell(counted(laps[-1].number - stops[-1], "lap"), "dim")


def _stops(car: CarTiming, control: RaceControl, moment: int | None) -> Cell:
    """Stops that were seen, or are told of."""
    laps = _done(car, moment)
    last = laps[-1].number if laps else 0
    seen = {lap.number for lap in laps if lap.kind in STOPPED}
    told = {number for number in control.stops.get(car.car, ()) if number <= last}
    count = max(len(seen), len(told))
    return Cell(str(count), "text" if count else "faint")


def _tip(line: Standing, control: RaceControl) -> str:
    told = any(car == line.car for car, _ in control.laps)
    tyre = "as official timing says" if told else "laps since the stop that the positions show"
    kinds = {LapKind.IN: "in lap", LapKind.OUT: "out lap", LapKind.PIT: "through the pits"}
    lap = kinds.get(line.last.kind, "") if line.last is not None else ""
    return f"Car {line.car}. Tyre: {tyre}." + (f" Last lap: {lap}." if lap else "")
