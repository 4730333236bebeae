"""History without an archive: the sealed laps of the table, by key, a hundred a call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from pitwall.cloud import LapEntry
from pitwall.cloud.query import sealed_keys
from pitwall.store import Batch, Ledger, Quarantined, Source
from pitwall.telemetry import Failure, Head, Segment
from pitwall.turbo.archive import Loaded
from pitwall.turbo.desk import Desk
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.progress import Progress
from pitwall.turbo.table import LapReader

_BATCH = 200
"""Items that are handed over together."""
_LAPS_A_TURN = 320
"""So often is it asked which cars are looked at: two calls or so of each thread, with five groups a
lap. At the end of a turn threads wait for each other."""


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
        """As :meth:`pitwall.turbo.history.History.load`, but for the order: everybody's newest
        laps, those of chosen cars, the others. With ``held`` only laps that are not wholly there.
        ``heads``, ``now_us`` and ``since`` tell nothing more here. A refusal is told of and done
        without: the chunks come one by one then."""
        desk, loaded = self._desk, Loaded()
        if shown:
            desk.set(text="looking for sealed laps in the table")
        try:
            entries = self._table.catalog()
            self._laps.learn(entries)
            wanted = {_place(entry): count for entry in entries if (count := _keys(entry, held))}
            progress = Progress(desk, shown, self._laps, "sealed laps of the table")
            progress.expect(sum(wanted.values()), 0, 1.0)
            left = [entry for entry in entries if _place(entry) in wanted]
            asked = 0
            for some in in_turn(left, lambda: desk.chosen, _LAPS_A_TURN):
                if self._cancel.is_set():
                    break
                self._read(some, held, loaded, progress, asked)
                asked += sum(wanted[_place(entry)] for entry in some)
                # what has no item, because it is not sealed yet, is settled too
                progress(_so_far(loaded, asked))
        except Failure as failure:
            desk.tell("table-laps-absent", {"reason": str(failure)})
            if shown:
                desk.set(message=f"no sealed laps ({failure}): reading chunk by chunk")
        desk.tell(
            "table-laps",
            {
                "items": loaded.objects,
                "bytes": loaded.bytes,
                "chunks": loaded.chunks,
                "damaged": loaded.damaged,
            },
        )
        return loaded

    def _read(
        self,
        entries: Sequence[LapEntry],
        held: Ledger | None,
        loaded: Loaded,
        progress: Progress,
        asked: int,
    ) -> None:
        """Read some laps; ``asked`` keys were answered before."""
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
                progress(_so_far(loaded, asked + found))
        self._hand_over(some, bad, loaded)

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
                Source.TABLE_LAPS,
                tuple(some),
                received_us=self._desk.time.now_us(),
                quarantined=tuple(bad),
            )
        )
        some.clear()
        bad.clear()
        return count


def in_turn(
    entries: Iterable[LapEntry], chosen: Callable[[], frozenset[str]], size: int
) -> Iterator[list[LapEntry]]:
    """``entries``, ``size`` at a time: everybody's newest laps, then those of the cars that are
    ``chosen`` as their turn comes, then the others; newest first among their own."""
    first: list[LapEntry] = []
    rest: list[LapEntry] = []
    cars: set[str] = set()
    for entry in sorted(entries, key=lambda entry: (-entry.lap, entry.car)):
        (rest if entry.car in cars else first).append(entry)
        cars.add(entry.car)
    while first or rest:
        now = chosen()
        rest.sort(key=lambda entry: (entry.car not in now, -entry.lap, entry.car))
        some, first = first[:size], first[size:]
        more = size - len(some)
        some += rest[:more]
        del rest[:more]
        yield some


def _place(entry: LapEntry) -> tuple[str, int]:
    return entry.car, entry.lap


def _keys(entry: LapEntry, held: Ledger | None) -> int:
    return sum(1 for _ in sealed_keys([entry], held))


def _so_far(loaded: Loaded, items: int) -> Loaded:
    return Loaded(objects=items, bytes=loaded.bytes, damaged=loaded.damaged)
