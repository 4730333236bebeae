"""Curves of laps for the Qt thread: made on another one, kept while they do not change."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from pitwall.analysis import Circuit
from pitwall.runtime.errands import Errand, Errands
from pitwall.store import SessionStore
from pitwall.ui.corner_curves import CurveBook, LapCurves
from pitwall.ui.picture import Shown
from pitwall.ui.qt import QtCore

_log = logging.getLogger(__name__)
_KEPT = 8


class CurveDesk(QtCore.QObject):
    """One job at a time; what is asked meanwhile is asked again by whoever still wants it.

    Signals:
        came: other curves are known.
    """

    came = QtCore.Signal()

    def __init__(self, store: SessionStore) -> None:
        super().__init__()
        self._book = CurveBook(store)
        self._kept: dict[object, tuple[object, LapCurves]] = {}
        self._asked: list[object] = []
        self._refused: list[object] = []
        self._errands = Errands("pitwall-curves")
        self._errands.told.connect(self._told)

    @property
    def busy(self) -> bool:
        """True while curves are being made."""
        return self._errands.busy

    def of(self, shown: Shown | None, circuit: Circuit | None) -> LapCurves | None:
        """The newest curves known of a lap, of one that still runs perhaps some moments old; None
        while there are none."""
        if shown is None or circuit is None:
            return None
        known = self._kept.get(_lap(shown, circuit))
        return known[1] if known is not None else None

    def ask(self, laps: Sequence[Shown | None], circuit: Circuit | None) -> None:
        """Have the curves of these laps made where what is known is of another state of them."""
        if circuit is None or self.busy:
            return
        wanted = [shown for shown in laps if shown is not None and self._old(shown, circuit)]
        if not wanted:
            return
        book = self._book
        self._asked = [(_lap(shown, circuit), _state(shown)) for shown in wanted]

        def job(errand: Errand) -> None:
            made = [
                (_lap(shown, circuit), _state(shown), curves)
                for shown in wanted
                if (curves := book.of(shown, circuit)) is not None
            ]
            errand.tell("curves", made)

        self._errands.run(job)

    def stop(self, limit_s: float) -> bool:
        """End the thread; True when it ended in time."""
        return self._errands.stop(limit_s)

    def _old(self, shown: Shown, circuit: Circuit) -> bool:
        lap, state = _lap(shown, circuit), _state(shown)
        known = self._kept.get(lap)
        return (known is None or known[0] != state) and (lap, state) not in self._refused

    def _told(self, key: str, value: Any) -> None:
        if key == "curves":
            for lap, state, curves in value:
                self._kept.pop(lap, None)
                self._kept[lap] = (state, curves)
            while len(self._kept) > _KEPT:
                self._kept.pop(next(iter(self._kept)))
        elif key == "failed":
            # Asked again for the same they would fail again; the picture goes without.
            _log.error("curves of a lap are not made", exc_info=value)
            self._refused = self._asked
        elif key == "ended":
            self.came.emit()


def _lap(shown: Shown, circuit: Circuit) -> object:
    return (shown.lap.car, shown.lap.number, id(circuit))


def _state(shown: Shown) -> object:
    return (shown.lap, shown.t_end)
