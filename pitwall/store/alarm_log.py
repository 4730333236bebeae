"""The log of the alarms as the recording keeps it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from pitwall.store.notes import has_table
from pitwall.store.rows import DamagedRow


class Arrival(StrEnum):
    """How the sample that raised an alarm had come."""

    LIVE = "live"
    """As the newest of its series."""
    LATE = "late"
    """Behind newer ones, or by a repair: nobody could have been told in time."""
    HISTORY = "history"
    """From an archive or a file: it was over before anybody looked."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One time that a rule was broken.

    Attributes:
        id: random; see :func:`pitwall.store.notes.new_id`.
        rule: the rule as text, as :meth:`pitwall.store.alarm_rules.Rule.to_text` has it.
        car: whose.
        t_lo: event time of the first sample beyond the limit.
        t_hi: of the first one that is back; None while it goes on.
        raised_us: event time at which it had lasted for the rule's delay.
        worst: the value farthest beyond, in the channel's unit.
        arrival: see :class:`Arrival`.
        acknowledged_us: when somebody said to have seen it, this machine's clock; None before.
        withdrawn: True when data that came later says that it was none.
    """

    id: int
    rule: str
    car: str
    t_lo: int
    t_hi: int | None
    raised_us: int
    worst: float
    arrival: Arrival
    acknowledged_us: int | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class PutAlarm:
    """Write an entry, or what became of it."""

    entry: Logged

    def write(self, db: sqlite3.Connection) -> None:
        """Make the change."""
        e = self.entry
        db.execute(
            "INSERT OR REPLACE INTO alarms (id, rule, car, t_lo, t_hi, raised, worst, arrival,"
            " acknowledged, withdrawn) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                e.id,
                e.rule,
                e.car,
                e.t_lo,
                e.t_hi,
                e.raised_us,
                e.worst,
                e.arrival.value,
                e.acknowledged_us,
                int(e.withdrawn),
            ),
        )


def read_alarms(db: sqlite3.Connection) -> tuple[Logged, ...]:
    """The whole log in order of event time."""
    if not has_table(db, "alarms"):
        return ()
    rows = db.execute(
        "SELECT id, rule, car, t_lo, t_hi, raised, worst, arrival, acknowledged, withdrawn"
        " FROM alarms ORDER BY t_lo, id"
    )
    try:
        return tuple(
            Logged(id_, rule, car, t_lo, t_hi, raised, worst, Arrival(arrival), seen, bool(gone))
            for id_, rule, car, t_lo, t_hi, raised, worst, arrival, seen, gone in rows
        )
    except ValueError as error:
        raise DamagedRow(f"an alarm cannot be read: {error}") from error
