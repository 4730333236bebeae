"""Notes, alarms and cautions as marks on the timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitwall.analysis import Lap, RaceControl, Timing
from pitwall.store import Alarm, Arrival, Note
from pitwall.telemetry.clock import SECOND_US, clock_text
from pitwall.ui.inputs import Inputs
from pitwall.ui.official import ControlBook
from pitwall.ui.panes.timeline_band import Mark, MarkKind
from pitwall.ui.units import unit_text
from pitwall.ui.words import seconds

MOST = 400
"""Marks of alarms at once, the newest."""
MOST_WORDS = 3
GROWTH_US = 5 * SECOND_US
"""What goes on grows by this on the timeline, so that it is not painted anew with every frame."""


class Marks:
    """The marks of a session, made anew only when they are others."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._book = ControlBook()
        self._key: object = None
        self._marks: tuple[Mark, ...] = ()

    def of(self, car: str | None, timing: Timing | None) -> tuple[Mark, ...]:
        """The marks of the selected car, and those of no car. Alarms of other cars are shown while
        nobody has seen them."""
        channels, store = self._inputs.channels, self._inputs.store
        notes, board = channels.notes, channels.alarms
        growth = store.latest_us() // GROWTH_US if board.going else 0
        control = self._book.of(store)
        laps = _leader(timing) if control.cautions else ()
        key = (notes.version, board.version, car, growth, id(control), len(laps))
        if key != self._key:
            started = store.session.started_us
            found = [_note(note, started) for note in notes.notes]
            found += _alarms(board.alarms, car, store.latest_us(), started)
            found += _cautions(control, laps, store.latest_us())
            self._key, self._marks = key, tuple(found)
        return self._marks


def _leader(timing: Timing | None) -> tuple[Lap, ...]:
    """The laps of the leader, whose numbers race control counts by."""
    if timing is None or not timing.order:
        return ()
    return timing.cars[timing.order[0]].laps


def _cautions(control: RaceControl, laps: Sequence[Lap], latest_us: int) -> Iterator[Mark]:
    """Where official timing says that the track was not free; by laps where it says no times."""
    spans = list(control.spans)
    for caution in control.cautions if not spans else ():
        mine = [lap for lap in laps if caution.first <= lap.number <= caution.last]
        if mine:
            end = mine[-1].t_end
            spans.append((mine[0].t_start, end if end is not None else latest_us, caution.word))
    for lo, hi, word in spans:
        role = "fault" if word == "red" else "attention"
        tip = f"{word}, as official timing says it"
        yield Mark(MarkKind.CAUTION, lo, min(hi, max(latest_us, lo)), word, role, 0, tip)


def _note(note: Note, started_us: int) -> Mark:
    about = f"car {note.car}" if note.car else "session"
    lap = f" L{note.lap}" if note.lap is not None else ""
    tip = f"{clock_text(note.t_us - started_us)} · {about}{lap}\n{note.text}"
    return Mark(MarkKind.NOTE, note.t_us, note.t_us, note.text, "text", note.id, tip)


def _alarms(
    alarms: tuple[Alarm, ...], car: str | None, latest_us: int, started_us: int
) -> Iterator[Mark]:
    shown = [a for a in alarms if not a.entry.withdrawn and (a.entry.car == car or a.unseen)]
    told = {alarm.entry.id for alarm in [a for a in shown if a.unseen][-MOST_WORDS:]}
    for alarm in shown[-MOST:]:
        entry = alarm.entry
        until = entry.t_hi
        if until is None:
            until = entry.t_lo + max(latest_us - entry.t_lo, 0) // GROWTH_US * GROWTH_US
        words = f"{entry.car} {alarm.rule.title}" if entry.id in told else ""
        yield Mark(
            MarkKind.ALARM,
            entry.t_lo,
            until,
            words,
            alarm_role(alarm),
            0,
            alarm_tip(alarm, started_us),
        )


def alarm_role(alarm: Alarm) -> str:
    """The colour of an alarm: loud while nobody has seen it."""
    if not alarm.unseen:
        return "dim"
    return "fault" if alarm.entry.arrival is Arrival.LIVE else "attention"


def alarm_tip(alarm: Alarm, started_us: int) -> str:
    """All that is to be said of an alarm."""
    entry, unit = alarm.entry, unit_text(alarm.unit)
    worst = f"{entry.worst:.4g} {unit}".strip()
    lines = [
        f"Car {entry.car}: {alarm.rule.title}",
        f"{alarm.rule.channel} {alarm.rule.limits} {unit}".rstrip(),
        f"from {clock_text(entry.t_lo - started_us)}, worst {worst}",
    ]
    if entry.t_hi is not None:
        lines[-1] += f", for {seconds(entry.t_hi - entry.t_lo)}"
    elif alarm.current:
        lines[-1] += ", still so"
    if entry.arrival is Arrival.LATE:
        lines.append("told late: the data came behind newer data, or by a repair")
    elif entry.arrival is Arrival.HISTORY:
        lines.append("found in what was loaded; it was over then")
    if entry.acknowledged_us is not None:
        lines.append("seen")
    if entry.raised_us != entry.t_lo:
        lines.append(f"raised after {(entry.raised_us - entry.t_lo) / SECOND_US:.1f} s")
    return "\n".join(lines)
