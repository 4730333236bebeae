"""The recordings on this machine as rows, and which of them a typed filter leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pitwall.ui.dialogs.lines import Line, ListColumn
from pitwall.ui.panes.rows import Cell
from pitwall.ui.words import DASH

COLUMNS = (
    ListColumn("Recording"),
    ListColumn("Session", "Larkspur Hollow · Race 1"),
    ListColumn("Driven", "0000-00-00", mono=True),
    ListColumn("Cars", "000", right=True, mono=True),
    ListColumn("Last written", "0000-00-00 00:00", mono=True),
    ListColumn("Size", "00,000 MB", right=True, mono=True),
)


@dataclass(frozen=True, slots=True)
class Recent:
    """A recording on this machine.

    Attributes:
        path: where.
        written: when it was last written to, local time, as shown.
        size: in bytes.
        title: of its session; empty while nobody has looked into it.
        driven: its date; empty as well.
        cars: how many; None while not known.
        trouble: why it cannot be read; empty otherwise.
    """

    path: Path
    written: str
    size: int
    title: str = ""
    driven: str = ""
    cars: int | None = None
    trouble: str = ""


def recording_rows(recordings: Sequence[Recent], wanted: str) -> list[Line]:
    """Rows of those in which every word of ``wanted`` occurs: name, session, date, folder."""
    words = wanted.casefold().split()
    return [_row(one) for one in recordings if all(word in _text(one) for word in words)]


def _text(one: Recent) -> str:
    return f"{one.path} {one.title} {one.driven} {one.written} {one.trouble}".casefold()


def _row(one: Recent) -> Line:
    session = Cell(f"! {one.trouble}", "attention") if one.trouble else Cell(one.title or DASH)
    return Line(
        str(one.path),
        (
            Cell(one.path.stem, bold=not one.trouble),
            session,
            Cell(one.driven or DASH, "dim"),
            Cell(str(one.cars) if one.cars is not None else DASH, "dim"),
            Cell(one.written, "dim"),
            Cell(f"{max(one.size / 1e6, 0.1):,.1f} MB", "dim"),
        ),
        tip=f"{one.path}\n{one.trouble}".strip(),
    )
