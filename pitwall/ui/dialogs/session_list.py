"""The sessions of a table as rows, and which of them a typed filter leaves."""

from __future__ import annotations

from collections.abc import Sequence

from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.dialogs.lines import Line, ListColumn
from pitwall.ui.dialogs.services import SessionLine
from pitwall.ui.panes.rows import Cell
from pitwall.ui.words import DASH, age

COLUMNS = (
    ListColumn("Date", "2025-09-06", mono=True),
    ListColumn("Session"),
    ListColumn("Event", "larkspur-hollow"),
    ListColumn("Name", "demo-r1"),
    ListColumn("Cars", "000", right=True, mono=True),
    ListColumn("Laps", "0000", right=True, mono=True),
    ListColumn("State", "○ silent 000 min"),
)


def session_rows(sessions: Sequence[SessionLine], wanted: str) -> list[Line]:
    """Rows of the sessions in which every word of ``wanted`` occurs, in any column."""
    words = wanted.casefold().split()
    lines = [_row(one) for one in sessions]
    return [line for line in lines if all(word in _text(line) for word in words)]


def _text(line: Line) -> str:
    return " ".join((line.key, *(cell.text for cell in line.cells))).casefold()


def _row(one: SessionLine) -> Line:
    # a simulated race that was published again is both
    kinds = (("simulated", one.simulated), ("replay", one.replay))
    told = [kind for kind, so in kinds if so and kind not in one.title.casefold()]
    title = " · ".join((one.title, *told))
    live = one.state == "live"
    return Line(
        one.key,
        (
            Cell(one.date, "dim"),
            Cell(title, bold=live),
            Cell(one.event, "dim"),
            Cell(one.name, "dim"),
            _number(one.cars),
            _number(one.laps),
            _state(one),
        ),
        tip=one.key,
    )


def _number(n: int | None) -> Cell:
    return Cell(str(n)) if n else Cell(DASH, "faint")


def _state(one: SessionLine) -> Cell:
    """In words and a mark, so that nobody has to tell colours apart."""
    if one.state == "live":
        return Cell("● LIVE", "live", bold=True)
    if one.state == "silent":
        return Cell(f"○ silent {_long(one.age_us)}".rstrip(), "attention")
    if one.state == "ended":
        return Cell("✓ ended", "dim")
    if one.state == "empty":
        return Cell("no cars yet", "dim")
    return Cell("…", "faint")


def _long(us: int | None) -> str:
    if us is None:
        return ""
    days = us // (86_400 * SECOND_US)
    return f"{days} d" if days >= 2 else age(us, whole=True)
