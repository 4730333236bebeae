"""Which official car is which, and what corners are called: worked out, settled, kept, undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pitwall.analysis import TRACK_META, Timing, renamed
from pitwall.analysis.corners import CORNERS_META, corners_from_json, corners_to_json
from pitwall.analysis.feeds import feed_matches
from pitwall.analysis.official import (
    IDENTITY_META,
    OfficialTiming,
    confirmed_cars,
    confirming,
    official_timing,
)
from pitwall.runtime import Refresher
from pitwall.store import Batch, Recording, SessionStore, Source, Writer
from pitwall.store.edit_keeper import WRITE_S, EditKeeper, Write, write_into
from pitwall.store.edits import Edit, MetaEntry
from pitwall.telemetry import BadInput, OfficialLap
from pitwall.telemetry.clock import now_us
from pitwall.telemetry.official import OFFICIAL_META
from pitwall.ui.settling import Cars

MOST_STEPS = 100


@dataclass(frozen=True, slots=True)
class _Step:
    """What brings an entry back to what it was before."""

    words: str
    key: str
    before: str


class SessionDesk:
    """Owns the thread ``pitwall-official``; everything that is asked is the Qt thread's."""

    def __init__(
        self,
        recording: Recording,
        store: SessionStore,
        writer: Writer | None,
        timing: Callable[[], Timing | None],
    ) -> None:
        """
        Args:
            recording: where it is kept.
            store: the session in memory.
            writer: the recording's, while the session is followed; None for a file at rest.
            timing: the newest timing.
        """
        self._store = store
        self._timing = timing
        self._steps: list[_Step] = []
        self._told: dict[str, str] = {}
        """Entries as they were changed last: they count before they are written."""
        self._keeper = EditKeeper(_into(recording.path, store) if writer is None else _by(writer))
        self._cars: Refresher[Cars] = Refresher(
            "pitwall-official", self._due, self._match, min_interval_s=1.0
        )

    def start(self) -> None:
        """Begin to keep up."""
        self._cars.start()

    def stop(self, limit_s: float) -> bool:
        """End; what was settled is written."""
        ended = self._cars.stop(limit_s)
        return self._keeper.stop(limit_s) and ended

    @property
    def failure(self) -> BaseException | None:
        """What stopped it before its time; None while all is well."""
        return self._cars.failure

    # -- for the window -------------------------------------------------------------------

    @property
    def cars(self) -> Cars:
        """The newest answer."""
        return self._cars.latest or Cars()

    @property
    def version(self) -> object:
        """Another one when there is something new to show."""
        return (id(self._cars.latest), len(self._steps), self.trouble)

    @property
    def trouble(self) -> str:
        """Why something is not kept, in one line; empty when all is."""
        return self._keeper.trouble

    @property
    def steps(self) -> int:
        """How many changes can be undone."""
        return len(self._steps)

    def confirm(self, car: str, official: str | None) -> None:
        """See :class:`~pitwall.ui.settling.Settling`."""
        answer = self.cars
        table = answer.official.laps if answer.official is not None else None
        known = [*self._store.cars(), *(feed.match.car for feed in answer.feeds)]
        if car not in known:
            raise BadInput(f"car {car} is neither in the telemetry nor in a feed")
        if official is not None and (table is None or official not in table.cars()):
            raise BadInput(f"official car {official} is not in the table of laps")
        said = self._said()
        if said.get(car) == official:
            return
        words = f"{car} is official car {official}" if official else f"{car} by its crossings"
        (entry,) = confirming(self._store, car, official, said).items()
        self._change(words, *entry, before=self._text(IDENTITY_META) or "{}")

    def rename(self, number: int, name: str) -> None:
        """See :class:`~pitwall.ui.settling.Settling`."""
        timing = self._timing()
        circuit = timing.circuit if timing is not None else None
        if circuit is None or circuit.track is None:
            raise BadInput("no corners are known yet: it takes a whole lap with positions")
        told = self._told.get(CORNERS_META)
        corners = circuit.corners
        if told is not None:
            # The analysis may not have come round to the name before this one.
            corners = corners_from_json(told)
        named = renamed(corners, {number: name.strip() or f"T{number}"})
        before, now = corners_to_json(corners), corners_to_json(named)
        if now == before:
            return
        if self._text(TRACK_META) is None:
            # Places of corners are those of this line.
            self._keeper.put([MetaEntry(TRACK_META, circuit.track.to_json())])
        self._change(f"turn {number} is called {named[number - 1].name}", CORNERS_META, now, before)

    def undo(self) -> str:
        """See :class:`~pitwall.ui.settling.Settling`."""
        if not self._steps:
            return ""
        step = self._steps[-1]
        self._keeper.put([MetaEntry(step.key, step.before)])
        self._told[step.key] = step.before
        self._steps.pop()
        return step.words

    def _change(self, words: str, key: str, text: str, before: str) -> None:
        self._keeper.put([MetaEntry(key, text)])
        self._told[key] = text
        self._steps = [*self._steps, _Step(words, key, before)][-MOST_STEPS:]

    def _text(self, key: str) -> str | None:
        return self._told.get(key) or self._store.meta(key)

    def _said(self) -> dict[str, str]:
        text = self._told.get(IDENTITY_META)
        return confirmed_cars(self._store) if text is None else confirmed_cars(text)

    # -- on the thread --------------------------------------------------------------------

    def _due(self) -> int:
        """Another number when tables, what was said, or the number of finished laps are others."""
        official = self._store.meta(OFFICIAL_META)
        if official is None:
            return 0
        timing = self._timing()
        laps = tuple((car.car, car.last) for car in timing.cars.values()) if timing else ()
        return hash((id(official), self._text(IDENTITY_META), laps))

    def _match(self) -> Cars:
        timing = self._timing()
        laps = {car: at.laps for car, at in timing.cars.items()} if timing is not None else {}
        try:
            official = official_timing(self._store, laps, self._said())
        except BadInput as error:
            return Cars(trouble=str(error))
        if official is None:
            return Cars()
        return Cars(official, feed_matches(official), _laps_of(official))


def _laps_of(official: OfficialTiming) -> dict[str, dict[int, OfficialLap]]:
    table = official.laps
    if table is None:
        return {}
    return {
        match.car: {number: table.laps[i] for number, i in match.pairs}
        for match in official.identity.matches
        if match.pairs
    }


def _into(path: Path, store: SessionStore) -> Write:
    """Writes into a recording that nobody writes, and tells the session that is shown."""
    keep = write_into(path)

    def write(edits: tuple[Edit, ...]) -> None:
        keep(edits)
        store.tell(_entries(edits))

    return write


def _by(writer: Writer) -> Write:
    def write(edits: tuple[Edit, ...]) -> None:
        # As entries of the batch, not as edits, which the session that is shown does not hear of:
        # the analysis reads these from there.
        batch = Batch(Source.TABLE, received_us=now_us(), meta=_entries(edits))
        writer.submit(batch, timeout_s=WRITE_S)

    return write


def _entries(edits: tuple[Edit, ...]) -> dict[str, str]:
    return {edit.key: edit.text for edit in edits if isinstance(edit, MetaEntry)}
