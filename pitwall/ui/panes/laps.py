"""The laps of one car: time, difference to the best, sectors, and what is to be said of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pitwall.analysis import Lap, LapKind
from pitwall.store import Hole
from pitwall.telemetry import OfficialLap
from pitwall.telemetry.clock import SECOND_US, lap_time
from pitwall.ui.overdue import awaited
from pitwall.ui.panes.rows import Cell, Column, Row, RowsPane
from pitwall.ui.panes.timing import lap_role, same
from pitwall.ui.qt import QtWidgets
from pitwall.ui.theme import Theme
from pitwall.ui.words import DASH, NOT_LOADED, delta, seconds

KIND_WORDS = {
    LapKind.OUT: "out lap",
    LapKind.IN: "in lap",
    LapKind.PIT: "pit",
    LapKind.INCOMPLETE: "incomplete",
    LapKind.FIRST: "start",
}
WIDE_US = 20_000
"""Half widths of the interval beyond this are worth a column."""
START_TIP = " Counted from this car's own crossing; race control counts it from the start signal."


class LapsPane(RowsPane):
    """The lap table; a click shows a lap, a second one or one with Shift makes it the reference."""

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(theme, "Laps", columns(0), parent=parent)
        self._context: object = None
        # Finished laps: they do not change while what they are compared with does not.
        self._done: dict[int, tuple[Lap, Row]] = {}

    def show_laps(
        self,
        car: str,
        laps: Sequence[Lap],
        running: int | None,
        predicted: tuple[int, Lap] | None,
        own: Lap | None,
        best: Lap | None,
        shown: tuple[str, int] | None,
        reference: tuple[str, int] | None,
        holes: Sequence[Hole],
        *,
        loading: bool = False,
        thirds: bool = False,
        ideal_s: float | None = None,
        official: Mapping[int, OfficialLap] | None = None,
        source: str = "",
        older_us: int | None = None,
        ended: bool = False,
    ) -> None:
        """Show the laps, newest first; ``running`` is the number of the lap that still runs, and
        ``predicted`` its time to come with the lap that this is reckoned from; while ``loading``,
        what is not here is not called missing. ``thirds``: the sectors are not the circuit's own;
        ``ideal_s``: the car's best sectors put together; ``official``: the laps as the table
        ``source`` has them, by our numbers, None where there is none; ``older_us``: by how much
        these laps are older than the data on screen, None while they keep up; ``ended``: nothing
        is being driven any more.
        """
        official_us = None
        if official is not None:
            official_us = {n: lap.time_us for n, lap in official.items() if lap.time_us is not None}
        self.set_titles(f"Laps of car {car}", _lagging(older_us) or _remark(own, ideal_s))
        sectors = max((len(lap.sectors) for lap in laps), default=0)
        rough = any(lap.uncertainty_us > WIDE_US for lap in laps)
        told = source if official_us is not None else None
        self.set_columns(columns(sectors, rough=rough, thirds=thirds, official=told))
        context = (own, best, tuple(holes), sectors, rough, loading, official_us)
        if context != self._context:
            self._context, self._done = context, {}
        rows = []
        for lap in sorted(laps, key=lambda one: -one.number):
            open_ = lap.t_end is None or lap.number == running
            if open_:
                self._done.pop(lap.number, None)
            kept = self._done.get(lap.number)
            if kept is None or (kept[0] is not lap and kept[0] != lap):
                cells = _cells(lap, open_ and not ended, predicted, own, best, holes, *context[3:])
                tip = _tip(lap, predicted if open_ else None)
                if official_us is not None and lap.time_us is not None:
                    tip += _official_tip(lap.time_us, official_us.get(lap.number), source)
                kept = self._done[lap.number] = (lap, Row(lap.number, cells, tip=tip))
            row, key = kept[1], (lap.car, lap.number)
            looks = (key == shown, key == reference)
            if looks != (row.selected, row.marked):
                row = replace(row, selected=looks[0], marked=looks[1])
                self._done[lap.number] = (lap, row)
            rows.append(row)
        self.set_rows(rows)


def columns(
    sectors: int, *, rough: bool = False, thirds: bool = False, official: str | None = None
) -> tuple[Column, ...]:
    """The columns for laps of so many sectors; what is official and sectors give way first.
    ``rough``: the intervals of the times are wide enough to be told; ``thirds``: sectors are parts
    of the length; ``official``: the table that laps are compared with."""
    titles = [f"{i + 1}/{sectors}" if thirds else f"S{i + 1}" for i in range(sectors)]
    told = f"A {sectors}th of the lap's length" if thirds else "The circuit's own sector"
    tip = f"{told}, seconds, from crossings interpolated to its ends"
    parts = tuple(Column(title, "00.0", optional=1, tip=tip) for title in titles)
    return (
        Column("Lap", "000", right=False),
        Column(
            "Time", "0:00.000", tip="From line to line, both crossings interpolated; ≈ predicted"
        ),
        *(
            (Column("±", "0.00", tip="Half width of the time's 90 % interval, seconds"),)
            if rough
            else ()
        ),
        *(
            (Column("Official", "0:00.000", optional=2, tip=f"As in {official}"),)
            if official is not None
            else ()
        ),
        Column("Δ best", "+00.000", tip="This lap less the session's best"),
        *parts,
        Column("", "00.0 s missing", mono=False, remark=True),
    )


def _lagging(older_us: int | None) -> str:
    """Laps that lag behind the data on screen are not all the laps there are."""
    return f"! laps {seconds(older_us)} behind the data" if older_us is not None else ""


def _remark(own: Lap | None, ideal_s: float | None) -> str:
    if own is None:
        return ""
    best = f"best L{own.number} {lap_time(own.time_us)}"
    if ideal_s is None:
        return best
    return f"{best} · ideal {lap_time(round(ideal_s * SECOND_US))}"


def _cells(
    lap: Lap,
    running: bool,
    predicted: tuple[int, Lap] | None,
    own: Lap | None,
    best: Lap | None,
    holes: Sequence[Hole],
    sectors: int,
    rough: bool,
    loading: bool,
    official_us: Mapping[int, int] | None = None,
) -> tuple[Cell, ...]:
    difference = None
    if lap.time_us is not None and best is not None and best.time_us is not None:
        difference = lap.time_us - best.time_us
    role = lap_role(lap, own, best) if lap.valid else "dim"
    times = [*lap.sectors[:sectors], *([None] * (sectors - len(lap.sectors)))]
    return (
        Cell(str(lap.number), bold=running),
        _time(lap, role, predicted[0] if running and predicted else None),
        *((_spread(lap),) if rough else ()),
        *((_official(lap, official_us),) if official_us is not None else ()),
        Cell(DASH, "faint") if difference is None or same(lap, best) else _difference(difference),
        *(Cell(sector(t), "dim") if t is not None else Cell(DASH, "faint") for t in times),
        _remark_cell(lap, running, predicted[1] if predicted else None, holes, loading),
    )


def _time(lap: Lap, role: str, predicted_us: int | None) -> Cell:
    """The lap's time; of one that still runs the predicted one, to a tenth."""
    if lap.time_us is not None:
        return Cell(lap_time(lap.time_us), role)
    if predicted_us is not None:
        return Cell(f"≈{lap_time(predicted_us)[:-2]}", "dim")
    return Cell(DASH, "faint")


def _spread(lap: Lap) -> Cell:
    """The 90 % half width of the time, seconds."""
    if lap.time_us is None:
        return Cell(DASH, "faint")
    return Cell(f"{lap.uncertainty_us / SECOND_US:.2f}", "dim")


def _official(lap: Lap, official_us: Mapping[int, int]) -> Cell:
    """What the table says; amber where ours is beside it by more than its interval."""
    theirs = official_us.get(lap.number)
    if theirs is None:
        return Cell(DASH, "faint")
    counted = lap.time_us is not None and lap.valid and lap.kind is not LapKind.FIRST
    off = counted and abs((lap.time_us or 0) - theirs) > max(lap.uncertainty_us, 1_000)
    return Cell(lap_time(theirs), "attention" if off else "dim")


def _official_tip(ours: int, theirs: int | None, source: str) -> str:
    if theirs is None:
        return f" Not in {source}."
    return f" Official {lap_time(theirs)} ({source}): ours is {delta(ours - theirs)} s beside it."


def sector(us: int) -> str:
    """A sector's time, short: ``28.4``, ``4:37``."""
    s = us / SECOND_US
    return f"{s:.1f}" if s < 100 else f"{int(s) // 60}:{int(s) % 60:02d}"


def _difference(us: int) -> Cell:
    return Cell(delta(us), "dim")


def _remark_cell(
    lap: Lap, running: bool, reference: Lap | None, holes: Sequence[Hole], loading: bool
) -> Cell:
    waiting = [hole for hole in holes if loading and awaited(hole)]
    if missing_us(lap, waiting, named=True):
        return Cell(NOT_LOADED, "dim")
    missing, silent = missing_us(lap, holes, named=True), missing_us(lap, holes, named=False)
    if missing or silent:
        word = "missing" if missing else "no data"
        return Cell(f"{seconds(missing or silent)} {word}", "attention")
    if running:
        if reference is None:
            return Cell("running", "dim")
        return Cell(f"≈ from {reference.car} L{reference.number}", "live")
    if lap.kind in KIND_WORDS:
        return Cell(KIND_WORDS[lap.kind], "attention" if lap.kind is LapKind.PIT else "dim")
    if not lap.valid:
        return Cell(lap.reason, "dim")
    return Cell("")


def missing_us(lap: Lap, holes: Sequence[Hole], *, named: bool) -> int:
    """The longest time within the lap for which some group has no data: chunks that are missing
    (``named``), or a source that was silent."""
    by_group: dict[str, int] = {}
    for hole in holes:
        if named != (hole.n_hi > 0):
            continue
        end = lap.t_end if lap.t_end is not None else hole.t_hi
        part = min(hole.t_hi, end) - max(hole.t_lo, lap.t_start)
        if part > 0:
            by_group[hole.group] = by_group.get(hole.group, 0) + part
    return max(by_group.values(), default=0)


def _tip(lap: Lap, predicted: tuple[int, Lap] | None) -> str:
    if predicted is not None:
        by = predicted[1]
        return (
            f"Predicted: lap {by.number} of car {by.car}, {lap_time(by.time_us)}, plus the "
            "difference to it now. The traces compare with the same lap."
        )
    if lap.time_us is None:
        return lap.reason
    spread = f"± {lap.uncertainty_us / SECOND_US:.3f} s (90 %)"
    start = START_TIP if lap.kind is LapKind.FIRST else ""
    return f"{lap_time(lap.time_us)} {spread}. {lap.reason}".rstrip(". ") + "." + start
