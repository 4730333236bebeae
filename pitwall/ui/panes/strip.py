"""The bottom line: health of the source, the books and the program itself."""

from __future__ import annotations

from dataclasses import dataclass

from pitwall.runtime import Health, Spread, State, Usage
from pitwall.store import Ledger
from pitwall.telemetry.clock import SECOND_US, clock_text
from pitwall.ui.panes.items import Item, ItemsLine, Part
from pitwall.ui.qt import QtWidgets
from pitwall.ui.theme import Theme
from pitwall.ui.words import count, megabytes, percent, seconds, signed

HEIGHT = 30


@dataclass(frozen=True, slots=True)
class Vital:
    """What the bottom line says.

    Attributes:
        health, ledger: the source's state and the books.
        started_us: event time of the session's start.
        missing: chunks missing for longer than their journey takes.
        frame: frame times; None before the first.
        usage: CPU and memory; None before the first sample.
    """

    health: Health
    ledger: Ledger
    started_us: int
    missing: int
    frame: Spread | None
    usage: Usage | None


class Strip(ItemsLine):
    """The bottom line."""

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(theme, HEIGHT, "ground", 22, parent)
        self.setAccessibleName("Health")

    def show_vital(self, vital: Vital) -> None:
        """Say something else; repaints what differs."""
        self.set_items(_source(vital), _program(vital))

    def _edge_below(self) -> bool:
        return False


def _source(vital: Vital) -> list[Item]:
    health, books = vital.health, vital.ledger
    items = []
    if health.state.grave:
        role = "fault" if health.state is State.OFFLINE else "attention"
        items.append(
            Item(
                "state",
                (Part(health.state.word, role, bold=True),),
                tip=health.state.says,
            )
        )
    if health.shards_total:
        items.append(
            _item(
                "stream",
                "Stream ",
                f"{health.shards_open} of {health.shards_total} shards",
                f" · rotations {health.rotations}",
                tip=f"Source: {health.source}; requests repeated: {health.retries}",
            )
        )
    elif health.source:
        items.append(_item("source", "Source ", health.source, drop=3))
    # Of a silent source the header says since when; a lag would be of the last word it said.
    if health.lag_us is not None and health.connected and health.state is not State.SILENT:
        items.append(
            _item("lag", "Lag ", seconds(health.lag_us), tip="Age of the newest data on screen")
        )
    if health.archive_to_us is not None:
        to = clock_text(health.archive_to_us - vital.started_us)
        proof = " · seam proved" if health.seam_proved else " · seam open"
        items.append(
            _item(
                "archive",
                "Archive to ",
                to.removeprefix("00:"),
                proof if health.seam_us is not None else "",
                drop=4,
                tip="Where the archive ends and the stream takes over; proved when the ledger "
                "shows nothing missing across it",
            )
        )
    items.append(_books(vital, books))
    if health.clock_offset_us is not None:
        offset = f"{signed(health.clock_offset_us / SECOND_US, 2)} s"
        items.append(_item("clock", "Clock ", offset, drop=5, tip="This machine minus server time"))
    return items


def _books(vital: Vital, books: Ledger) -> Item:
    rest = f" · late {count(books.late)} · repaired {count(books.repaired)}"
    rest += f" · duplicates {count(books.duplicates)}"
    if books.quarantined:
        rest += f" · quarantined {count(books.quarantined)}"
    if books.conflicts:
        rest += f" · conflicts {count(books.conflicts)}"
    # While newer data is not known of, what is missing is at least this.
    known = "" if vital.health.state.current or vital.health.loading else " known"
    role = "attention" if vital.missing or known else "text"
    return Item(
        "ledger",
        (
            Part("Ledger ", "dim"),
            Part(f"missing {count(books.missing)}{known}", role, bold=True),
            Part(rest, "dim"),
        ),
        tip="Chunks expected by the producers' counters against chunks here",
    )


def _program(vital: Vital) -> list[Item]:
    items = []
    if vital.frame is not None and vital.frame.count:
        items.append(
            _item(
                "frame",
                "Frame ",
                f"{vital.frame.p95:.1f} ms",
                " p95",
                drop=7,
                tip=f"Preparing and painting a frame; median {vital.frame.p50:.1f} ms",
            )
        )
    if vital.usage is not None:
        if vital.health.connected:  # at rest the figure would be that of the last load
            items.append(_item("cpu", "CPU ", percent(vital.usage.cpu), drop=8, tip="Of one core"))
        items.append(_item("memory", "Memory ", megabytes(vital.usage.memory), drop=9))
    return items


def _item(key: str, dim: str, strong: str, rest: str = "", *, drop: int = 0, tip: str = "") -> Item:
    parts = [Part(dim, "dim"), Part(strong, "text", bold=True)]
    if rest:
        parts.append(Part(rest, "dim"))
    return Item(key, tuple(parts), drop=drop, tip=tip)
