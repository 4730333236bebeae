"""Which rows these credentials may read, found out by trying, and the table as they see it.

Whoever may read only some cars or some channel groups is refused the rest, row by row; nothing
else says what is theirs. What is refused must not be promised either: heads and catalog are
narrowed to what may be read, so that the books are about that and can be complete.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from pitwall.cloud import LapEntry
from pitwall.cloud.faults import is_denied
from pitwall.store import Ledger, Quarantined
from pitwall.stream import HORIZON, Denied, Fault, Listing, StreamSource
from pitwall.telemetry import Failure, Head, Segment
from pitwall.telemetry.plural import counted
from pitwall.turbo.patience import told
from pitwall.turbo.rows import Rows
from pitwall.turbo.table import Found, LapReader

_AT_ONCE = 8
_NAMED = 6
_SHARDS = 3
"""Of a stream that are tried: one that does not answer says nothing of what is permitted."""
Pair = tuple[str, str]
"""Car and group."""


class Permitted:
    """What is known of what may be read. Any thread.

    Args:
        rows: what is tried.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._lock = threading.Lock()
        self._known: dict[Pair, bool] = {}
        """Under the lock while it changes."""
        self._why = ""

    def learn(self, heads: Sequence[Head]) -> None:
        """Try what ``heads`` speak of and has not been tried. Raises Fault for anything but a
        refusal; what was found out until then stays known."""
        with self._lock:
            fresh = {
                (head.car, group): head.lap
                for head in heads
                for group in head.n
                if (head.car, group) not in self._known
            }
            if not fresh:
                return
            with ThreadPoolExecutor(_AT_ONCE, "pitwall-permitted") as pool:
                tries = [pool.submit(self._try, pair, lap) for pair, lap in fresh.items()]
            for each in tries:
                each.result()

    def _try(self, pair: Pair, lap: int) -> None:
        car, group = pair
        try:
            # Whether there is such a row is not asked: the refusal comes before.
            self._rows.chunks(group, lap, car, "", 1)
        except Denied as denied:
            if not is_refusal(denied):
                raise
            self._known[pair] = False
            self._why = told(denied)
        else:
            self._known[pair] = True

    def may(self, car: str, group: str) -> bool:
        """Whether these rows may be read; not, as long as it is not known."""
        return self._known.get((car, group), False)

    def narrow(self, heads: Sequence[Head]) -> list[Head]:
        """What ``heads`` promise of what may be read; those that promise nothing then are left
        out."""
        out = []
        for head in heads:
            n = {group: n for group, n in head.n.items() if self.may(head.car, group)}
            if n or not head.n:
                out.append(replace(head, n=n))
        return out

    @property
    def words(self) -> str:
        """What is shown and why not the rest, in one line; empty when all is."""
        known = dict(self._known)
        if all(known.values()):
            return ""
        shown = [pair for pair, may in known.items() if may]
        cars = _some("car", {car for car, _ in known}, {car for car, _ in shown})
        groups = _some("group", {group for _, group in known}, {group for _, group in shown})
        return f"shown: {cars}, {groups}; for the rest: {self._why}"


def _some(what: str, every: set[str], shown: set[str]) -> str:
    if shown == every:
        return f"all {counted(len(every), what)}"
    names = ", ".join(sorted(shown)[:_NAMED]) + (", …" if len(shown) > _NAMED else "")
    return f"{len(shown)} of {counted(len(every), what)}" + (f" ({names})" if names else "")


def is_refusal(fault: BaseException | None) -> bool:
    """Whether a permission is missing; not credentials that have run out or a clock that is
    wrong."""
    return isinstance(fault, Denied) and is_denied(fault.__cause__)


def check_readable(source: StreamSource, listing: Listing) -> None:
    """See that a stream that may be looked up may be read too: each is a permission of its own.

    Raises Failure, with the refusal as its cause, when it may not. Any other trouble of a shard is
    left to whoever reads it.
    """
    for shard in reversed(listing.shards[-_SHARDS:]):
        try:
            source.read(source.open(shard.id, HORIZON), 1)
        except Fault as fault:
            if is_refusal(fault):
                raise Failure(told(fault)) from fault
        else:
            return


class PermittedTable:
    """The table of a session, as far as it may be read: a
    :class:`pitwall.turbo.table.LapReader`."""

    def __init__(self, table: LapReader, permitted: Permitted) -> None:
        self._table = table
        self._permitted = permitted

    def heads(self) -> list[Head]:
        """The roster of what may be read. Raises Failure also when nothing may be."""
        heads = self._table.heads()
        try:
            self._permitted.learn(heads)
        except Fault as fault:
            raise Failure(told(fault)) from (fault.__cause__ or fault)
        mine = self._permitted.narrow(heads)
        if heads and not mine:
            raise Failure(f"no row of this session may be read: {self._permitted.words}")
        return mine

    def catalog(self) -> list[LapEntry]:
        """See :class:`LapReader`."""
        out = []
        for entry in self._table.catalog():
            ranges = {
                (group, epoch): runs
                for (group, epoch), runs in entry.ranges.items()
                if self._permitted.may(entry.car, group)
            }
            if ranges:
                out.append(replace(entry, ranges=ranges))
        return out

    def chunks(self, group: str, lap: int, car: str, t_lo: int, t_hi: int) -> Found:
        """See :class:`LapReader`."""
        return self._table.chunks(group, lap, car, t_lo, t_hi)

    def sealed(self, entries: Sequence[LapEntry]) -> Found:
        """See :class:`LapReader`."""
        return self._table.sealed(entries)

    def laps(
        self, entries: Sequence[LapEntry], held: Ledger | None, stop: threading.Event
    ) -> Iterator[Segment | Quarantined]:
        """See :class:`LapReader`."""
        return self._table.laps(entries, held, stop)
