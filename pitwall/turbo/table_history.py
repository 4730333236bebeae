"""History without an archive: the sealed laps of the table, by key, a hundred a call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from pitwall.cloud.query import sealed_keys
from pitwall.store import Batch, Ledger, Quarantined, Source
from pitwall.telemetry import Failure, Head, Segment
from pitwall.turbo.archive import Loaded
from pitwall.turbo.desk import Desk
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.table import LapReader

_BATCH = 200
"""Laps that are handed over together."""


class TableHistory:
    """Loads what the table has sealed. The follower's thread only; the calls run in threads that
    end with the loading.

    Args:
        table: keyed reads.
        desk: takes what is found; status and events.
        laps: told of every lap, and of what the catalog says.
        cancel: set to give up.
    """

    def __init__(
        self, table: LapReader, desk: Desk, laps: LapIndex, cancel: threading.Event
    ) -> None:
        self._table = table
        self._desk = desk
        self._laps = laps
        self._cancel = cancel

    def load(
        self,
        heads: Sequence[Head],
        now_us: int,
        since: Callable[[], int | None],
        *,
        held: Ledger | None,
        shown: bool,
    ) -> Loaded:
        """As :meth:`pitwall.turbo.history.History.load`: newest laps first; with ``held`` only laps
        that are not wholly there. ``heads``, ``now_us`` and ``since`` tell nothing more here. A
        refusal is told of and done without: the chunks come one by one then."""
        desk, loaded = self._desk, Loaded()
        if shown:
            desk.set(text="looking for sealed laps in the table")
        try:
            entries = self._table.catalog()
            self._laps.learn(entries)
            entries.sort(key=lambda entry: -entry.lap)
            total = sum(1 for _ in sealed_keys(entries, held))
            some: list[Segment] = []
            bad: list[Quarantined] = []
            found = 0
            for each in self._table.laps(entries, held, self._cancel):
                if isinstance(each, Segment):
                    some.append(each)
                else:
                    bad.append(each)
                if len(some) + len(bad) >= _BATCH:
                    found += self._hand_over(some, bad, loaded)
                    if shown:
                        desk.set(
                            progress=found / total, text=f"sealed laps: {found:,} of {total:,}"
                        )
            self._hand_over(some, bad, loaded)
        except Failure as failure:
            desk.tell("archive-absent", {"reason": str(failure)})
            if shown:
                desk.set(message=f"no sealed laps ({failure}): reading chunk by chunk")
        desk.tell(
            "archive",
            {
                "objects": loaded.objects,
                "sealed": loaded.chunks,
                "bytes": loaded.bytes,
                "chunks": loaded.chunks,
                "damaged": loaded.damaged,
            },
        )
        return loaded

    def _hand_over(self, some: list[Segment], bad: list[Quarantined], loaded: Loaded) -> int:
        """Give both lists to the writer and empty them. Returns the items in them."""
        count = len(some) + len(bad)
        if not count:
            return 0
        self._laps.note_all(some)
        loaded.objects += count
        loaded.chunks += sum(segment.chunks for segment in some)
        loaded.bytes += sum(len(segment.payload) for segment in some)
        loaded.damaged += len(bad)
        self._desk.submit(
            Batch(
                Source.ARCHIVE,
                tuple(some),
                received_us=self._desk.time.now_us(),
                quarantined=tuple(bad),
            )
        )
        some.clear()
        bad.clear()
        return count
