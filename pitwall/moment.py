"""What a session says at one moment, as a document: what ``--json`` has beside a picture.

Taken from the session itself, not from the panes, so that what they show can be checked against
it: seconds, metres and other SI units, ISO times, stable keys.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

from pitwall.analysis import (
    CarTiming,
    Debrief,
    Measure,
    Timing,
    coach_doc,
    corner_lines,
    lap_doc,
)
from pitwall.runtime import Health
from pitwall.store import SessionStore
from pitwall.telemetry.clock import SECOND_US, iso
from pitwall.telemetry.units import to_si

if TYPE_CHECKING:
    from pitwall.ui.main_window import MainWindow
    from pitwall.ui.modelling import Modelling
    from pitwall.ui.qt import QtGui
    from pitwall.ui.window import LookedAt

TRIES = 12
"""A picture takes a good part of the time between two commits; with other work, all of it."""


class Session(Protocol):
    """What a moment is taken of: a run, or what a window was given."""

    @property
    def store(self) -> SessionStore:
        """The session in memory."""

    @property
    def model(self) -> Modelling:
        """Advice and plan."""

    def timing(self) -> Timing | None:
        """The newest timing."""

    def debrief(self) -> Debrief | None:
        """The newest debrief."""

    def health(self) -> Health:
        """The state of the source."""


def take(window: MainWindow, session: Session) -> tuple[QtGui.QPixmap, dict[str, Any]]:
    """A picture of the window and what the session says at the same moment; the document's
    ``still`` tells whether the session stood still meanwhile, which it does not always."""
    from pitwall.ui.window import looked_at, picture_of

    for _ in range(TRIES):
        before = _versions(session)
        picture = picture_of(window)
        doc = moment_doc(session, looked_at(window))
        still = _versions(session) == before
        if still:
            break
    return picture, {"still": still, **doc}


def _versions(session: Session) -> tuple[object, ...]:
    timing, debrief = session.timing(), session.debrief()
    return (
        session.store.version,
        timing.version if timing else None,
        debrief.version if debrief else None,
        session.model.version,
    )


def moment_doc(session: Session, looked: LookedAt) -> dict[str, Any]:
    """The document."""
    store, timing, health = session.store, session.timing(), session.health()
    ledger, at = store.ledger(), store.latest_us()
    doc: dict[str, Any] = {
        "at": iso(at) if at else None,
        "clock_s": (at - store.session.started_us) / SECOND_US if at else None,
        "state": health.state.value,
        "lag_s": _seconds(health.lag_us),
        "ledger": {
            "expected": ledger.expected,
            "applied": ledger.applied,
            "missing": ledger.missing,
            "duplicates": ledger.duplicates,
            "repaired": ledger.repaired,
        },
        "car": looked.car,
        "lap": looked.lap,
        "reference": None
        if looked.reference is None
        else {"car": looked.reference[0], "lap": looked.reference[1]},
        "predicted_s": _seconds(looked.predicted_us),
        "best": lap_doc(timing.best) if timing and timing.best else None,
        "order": [_standing(timing.cars[car]) for car in timing.order] if timing else [],
        "laps": [],
        "channels": [],
        "corners": [],
        "coach": None,
    }
    car = looked.car
    if car is not None:
        if timing is not None and car in timing.cars:
            doc["laps"] = [lap_doc(lap) for lap in timing.cars[car].laps]
        doc["channels"] = _channels(store, car)
        debrief = session.debrief()
        if debrief is not None and car in debrief.advice:
            doc["coach"] = coach_doc(debrief.advice[car], debrief.bests.get(car))
        if debrief is not None:
            doc["corners"] = _corners(debrief, looked)
    return doc | _model(session.model)


def _standing(car: CarTiming) -> dict[str, Any]:
    return {
        "car": car.car,
        "position": car.position or None,
        "gap_s": _seconds(car.gap_us),
        "last": lap_doc(car.last) if car.last else None,
        "best": lap_doc(car.best) if car.best else None,
        "lap": car.current_lap,
        "in_pit": car.in_pit,
        "age_s": _seconds(car.age_us),
    }


def _channels(store: SessionStore, car: str) -> list[dict[str, Any]]:
    """The newest value of each channel, as it was measured."""
    found = []
    for group in store.catalog.groups:
        columns = store.columns(car, group.name)
        newest = columns.at(columns.t_hi) if columns is not None and columns.samples else None
        if newest is None:
            continue
        for channel, value in zip(group.channels, newest[1].tolist(), strict=True):
            si, unit = to_si(value, channel.unit)
            found.append(
                {
                    "group": group.name,
                    "channel": channel.name,
                    "title": channel.title,
                    "at": iso(newest[0]),
                    "value": si if si == si else None,
                    "unit": unit,
                }
            )
    return found


def _corners(debrief: Debrief, looked: LookedAt) -> list[dict[str, Any]]:
    """The corners of the lap that is shown, or of the newest finished one before it."""
    done = [n for car, n in debrief.laps if car == looked.car and n <= (looked.lap or 0)]
    if looked.car is None or not done:
        return []
    own = debrief.laps[looked.car, max(done)].passages
    record = debrief.laps.get(looked.reference) if looked.reference is not None else None
    other = record.passages if record is not None else None
    return [
        {
            "corner": line.corner.name,
            "lap": own.lap.number,
            "behind_s": _known(line.behind_s) if other is not None else None,
            "minimum_ms": _known(line.own[Measure.MINIMUM]),
            "brake_m": _known(line.corner.apex_m - line.own[Measure.BRAKE]),
            "throttle_m": _known(line.own[Measure.THROTTLE] - line.corner.apex_m),
        }
        for line in corner_lines(debrief.corners, own, other if other is not None else own)
    ]


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _model(model: Modelling) -> dict[str, Any]:
    """Advice and plan as they are now; None with the reason where there is none."""
    answer = model.answer
    doc: dict[str, Any] = {
        "advice": None,
        "advice_reason": answer.advice_trouble,
        "plan": None,
        "plan_reason": answer.plan_trouble,
    }
    if answer.advice is not None:
        from pitwall.prerace.report import advice_doc

        doc["advice"] = advice = advice_doc(answer.advice.advice)
        for row in advice["rows"]:
            del row["balance"]  # `model advise --json` has it: a hundred numbers for each setting
    if answer.plan is not None:
        from pitwall.strategy.report import plan_doc

        doc["plan"] = plan_doc(answer.plan)
    return doc


def _seconds(us: int | None) -> float | None:
    return None if us is None else us / SECOND_US
