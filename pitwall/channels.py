"""What people add to a session: notes, maths channels, alarms, and what keeps them up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis import Timing
from pitwall.analysis.maths import Definition, MathsBoard, MathsEngine
from pitwall.runtime import Refresher
from pitwall.store import AlarmBoard, AlarmEngine, Recording, Rule, SessionStore, Writer
from pitwall.store.edit_keeper import EditKeeper, write_to
from pitwall.store.note_book import NoteBook
from pitwall.telemetry import Channel


class ChannelDesk:
    """Notes, maths channels and alarms of one session.

    Attributes:
        notes: the notes; the Qt thread's.
    """

    def __init__(
        self,
        recording: Recording,
        store: SessionStore,
        writer: Writer | None,
        timing: Callable[[], Timing | None],
    ) -> None:
        """
        Args:
            recording: what is known of it already.
            store: the session in memory.
            writer: the recording's, while the session is followed; None for a file at rest.
            timing: the newest timing.
        """
        self._store = store
        self._timing = timing
        self._keeper = EditKeeper(write_to(recording.path, writer))
        self.notes = NoteBook(recording.notes(), self._keeper.put)
        self._maths = MathsEngine(store, self._laps)
        self._alarms = AlarmEngine(
            store.cars,
            store.columns,
            self._find,
            log=recording.alarms(),
            save=self._keeper.put,
            told=writer is not None,
        )
        self._refresher: Refresher[None] = Refresher("pitwall-channels", self._due, self._update)

    def start(self) -> None:
        """Begin to keep up."""
        self._refresher.start()

    def stop(self, limit_s: float) -> bool:
        """End; what was noted is handed to the writer, or written."""
        return self._refresher.stop(limit_s) and self._keeper.stop(limit_s)

    @property
    def failure(self) -> BaseException | None:
        """What stopped it before its time; None while all is well."""
        return self._refresher.failure

    # -- for the window -------------------------------------------------------------------

    @property
    def version(self) -> object:
        """Another one when anything here is to be shown anew."""
        return (
            self.notes.version,
            self._store.computed.now.version,
            self._maths.board.version,
            self._alarms.board.version,
            self.trouble,
        )

    @property
    def trouble(self) -> str:
        """Why something is not kept, in one line; empty when all is."""
        return self._keeper.trouble or self.notes.trouble

    @property
    def maths(self) -> MathsBoard:
        """The maths channels as they are."""
        return self._maths.board

    @property
    def alarms(self) -> AlarmBoard:
        """The alarms as they are."""
        return self._alarms.board

    def set_definitions(self, definitions: Iterable[Definition]) -> None:
        """Other maths channels. Raises BadInput."""
        self._maths.set_definitions(definitions)

    def set_rules(self, rules: Iterable[Rule]) -> None:
        """Other alarms. Raises BadInput."""
        self._alarms.set_rules(rules)

    def acknowledge(self, ids: Iterable[int]) -> None:
        """Somebody has seen these alarms."""
        self._alarms.acknowledge(ids)

    # -- on the thread --------------------------------------------------------------------

    def _due(self) -> int:
        timing = self._timing()
        laps = timing.version if timing is not None else 0
        asked = self._store.computed.asked + self._maths.asked + self._alarms.asked
        return self._store.version + asked + laps

    def _update(self) -> None:
        self._maths.update()
        self._alarms.update()

    def _laps(self, car: str) -> NDArray[np.int64]:
        timing = self._timing()
        found = timing.cars.get(car) if timing is not None else None
        starts = [lap.t_start for lap in found.laps] if found is not None else []
        return np.unique(np.array(starts, np.int64))

    def _find(self, name: str) -> tuple[str, int, Channel] | None:
        try:
            group, index = self._store.catalog.find(name)
        except KeyError:
            return None
        return group.name, index, group.channels[index]
