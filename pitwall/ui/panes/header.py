"""The top line: which session, what time, is it live, is it complete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pitwall.runtime import Health, State
from pitwall.store import Ledger
from pitwall.telemetry import ClockKind, Session
from pitwall.telemetry.clock import SECOND_US, clock_text
from pitwall.telemetry.plural import counted
from pitwall.ui.panes.items import Item, ItemsLine, Part
from pitwall.ui.qt import QtGui, QtWidgets
from pitwall.ui.theme import Theme
from pitwall.ui.words import count, percent, seconds

HEIGHT = 44
_TABS, FIND = "tabs", "find"


@dataclass(frozen=True, slots=True)
class Top:
    """What the top line says.

    Attributes:
        session: the session.
        moment: event time shown, microseconds UTC; 0 before the first data.
        health, ledger: the source's state and the books.
        live: True when the newest data is shown.
        missing: chunks missing for longer than their journey takes.
    """

    session: Session
    moment: int
    health: Health
    ledger: Ledger
    live: bool
    missing: int


_FIND = Item(
    FIND,
    (
        Part("Ctrl+K", "dim", "small", mono=True),
        Part("  find anything", "dim", "small"),
    ),
    pill="line",
    drop=8,
    tip="Everything that there is, by a few letters (Ctrl+K)",
)


_OTHER_PACE = (
    " It goes {:g} times as fast as the clock; ages are against the time at which each thing was "
    "to come."
)


class Header(ItemsLine):
    """The top line.

    Signals:
        clicked: ``live`` for the pill at the right end, ``find`` for the command palette.
    """

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(theme, HEIGHT, "raised", 16, parent)
        self._tabs: QtWidgets.QWidget | None = None
        self._top: Top | None = None
        self.setAccessibleName("Session")

    def hold(self, tabs: QtWidgets.QWidget) -> None:
        """Keep a place in the line for the workspaces' tabs."""
        self._tabs = tabs
        tabs.setParent(self)
        tabs.show()
        if self._top is not None:
            self.show_top(self._top)

    def show_top(self, top: Top) -> None:
        """Say something else; repaints what differs."""
        self._top = top
        left = _left(top)
        if self._tabs is not None:
            left.append(Item(_TABS, (), room=self._tabs.sizeHint().width()))
        self.set_items(left, (_FIND, _ledger(top), _state(top)))
        self._place_tabs()

    def set_theme(self, theme: Theme) -> None:
        """As :meth:`ItemsLine.set_theme`; the tabs have another width."""
        super().set_theme(theme)
        if self._top is not None:
            self.show_top(self._top)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        super().resizeEvent(event)
        self._place_tabs()

    def _place_tabs(self) -> None:
        rect = self.item_rect(_TABS)
        if self._tabs is not None and rect is not None:
            height = self._tabs.sizeHint().height()
            top = (rect.height() - height) // 2
            self._tabs.setGeometry(rect.x(), top, rect.width(), height)


def _left(top: Top) -> list[Item]:
    session = top.session
    day = datetime.fromtimestamp((session.driven_us or session.started_us) / SECOND_US, UTC)
    elapsed = clock_text(top.moment - session.started_us) if top.moment else "--:--:--"
    items = [
        Item("title", (Part(session.title, bold=True),), tip=session.key),
        Item("date", (Part(f"{day.day} {day:%b %Y}", "dim"),), drop=6),
        Item(
            "clock",
            (Part(elapsed, "text" if top.live else "attention", "large", mono=True),),
            tip="Session clock: event time since the start",
        ),
    ]
    if not top.live:
        items.append(_badge("past", "PAST", "Clock, map and timing are as of the moment shown"))
    if session.length_s:
        planned = clock_text(int(session.length_s * SECOND_US)).removeprefix("00:")
        items.append(Item("planned", (Part(f"of {planned}", "dim", mono=True),), drop=5))
    if session.simulated:
        items.append(
            _badge("simulated", "SIMULATED", "The data was generated; it is not a real race.")
        )
    if session.replay:
        items.append(
            _badge(
                "replay",
                "REPLAY" if session.pace == 1.0 else f"REPLAY {session.pace:g}×",
                "A recording is being published again: the date is that of the recording, event "
                "times are of today."
                + ("" if session.pace == 1.0 else _OTHER_PACE.format(session.pace)),
            )
        )
    if session.clock is ClockKind.RECONSTRUCTED:
        items.append(
            _badge(
                "clock_kind",
                "TIMES RECONSTRUCTED",
                "The source gave receipt times only; event times were computed from distance "
                "and speed. Lap times carry a wider interval.",
            )
        )
    if top.health.message and not top.health.state.grave:  # what is grave has a line of its own
        role = "fault" if top.health.state is State.FAULT else "attention"
        items.append(Item("message", (Part(top.health.message, role),), drop=4))
    return items


def _badge(key: str, text: str, tip: str) -> Item:
    return Item(key, (Part(text, "attention", "small", bold=True),), pill="attention", tip=tip)


def _ledger(top: Top) -> Item:
    books, health = top.ledger, top.health
    tip = (
        f"expected {count(books.expected)}, applied {count(books.applied)}, "
        f"missing {count(books.missing)}, duplicates {count(books.duplicates)}, "
        f"repaired {count(books.repaired)}, quarantined {count(books.quarantined)}, "
        f"conflicts {count(books.conflicts)}"
    )
    whole = f"{count(books.applied)} of {count(books.expected)} chunks"
    parts: tuple[Part, ...]
    pill = "line"
    if not books.expected:
        parts = (Part("no chunks yet", "dim"),)
    elif health.loading:
        parts = (Part(whole, "dim"),)
    elif top.missing:
        parts = (Part(f"{count(top.missing)} missing", "attention", bold=True),)
        pill = "attention"
    elif books.conflicts:  # a producer that writes two things under one name: never normal
        parts = (Part(counted(books.conflicts, "conflict"), "attention", bold=True),)
        pill = "attention"
    elif not books.provable:
        parts = (
            Part(f"{count(books.applied)} chunks ", "dim"),
            Part("completeness not provable", "attention"),
        )
    elif not health.state.current:  # nobody can say whether there is more
        known = f"{count(books.applied)} chunks · "
        parts = (Part(known, "dim"), Part("newer not known", "attention", bold=True))
        pill = "attention"
    elif books.missing:  # on their way: no longer than the journey takes
        parts = (Part("… ", "dim"), Part(whole, "dim"))
    else:
        parts = (Part("✓ ", "live", bold=True), Part(whole))
    return Item("ledger", parts, pill=pill, tip=tip)


_ROLES = {
    State.LIVE: "live",
    State.OFFLINE: "fault",
    State.FAULT: "fault",
    State.FILE: "dim",
    State.ENDED: "dim",
}


def _state(top: Top) -> Item:
    health, state = top.health, top.health.state
    role = _ROLES.get(state, "attention")
    filled = state.grave or state in (State.LIVE, State.FAULT)
    ink = "on_live" if filled else role
    figure = _figure(health)
    text = f"{state.word} {figure}" if figure else state.word
    dot = "● " if state.grave or state is State.LIVE else ""
    return Item(
        "live",
        (Part(dot, ink, "small"), Part(text, ink, bold=True)),
        pill="line" if role == "dim" else role,
        filled=filled,
        tip=f"{state.says or 'Age of the newest data on screen'}; click to follow it (L)",
    )


def _figure(health: Health) -> str:
    """What stands behind the state's word: a share of the load, or how old things are."""
    late = health.lag_us
    if health.state is State.HISTORY:
        return percent(health.history_done or 0.0)
    if health.state is State.SILENT:
        return seconds(health.age_us, decimals=0)
    if health.state in (State.LIVE, State.LATE):
        return seconds(late) if late is not None else ""
    if health.state.grave:
        # The lag stands still while nothing arrives.
        known = [age for age in (late, health.age_us) if age is not None]
        return seconds(max(known)) if known else ""
    return ""
