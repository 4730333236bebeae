"""The keyed reads that a hand-over needs, behind a small protocol."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from pitwall.cloud import LapEntry
from pitwall.cloud.batch_read import THREADS
from pitwall.cloud.query import (
    iter_sealed,
    read_catalog,
    read_chunks,
    read_heads,
    read_sealed,
    sealed_keys,
)
from pitwall.store import Ledger, Quarantined
from pitwall.telemetry import Head, Segment

Found = tuple[list[Segment], list[Quarantined]]


class TableReader(Protocol):
    """Consistent reads of one session. They block and raise Failure; any thread may call."""

    def heads(self) -> list[Head]:
        """The roster."""
        ...

    def catalog(self) -> list[LapEntry]:
        """What is known of each lap of each car."""
        ...

    def chunks(self, group: str, lap: int, car: str, t_lo: int, t_hi: int) -> Found:
        """Chunks of one partition that start within the bounds, and what could not be read."""
        ...

    def sealed(self, entries: Sequence[LapEntry]) -> Found:
        """The sealed laps of these entries, as far as there are any."""
        ...


class LapReader(TableReader, Protocol):
    """One that can read the whole race's sealed laps at once."""

    def laps(
        self, entries: Sequence[LapEntry], held: Ledger | None, stop: threading.Event
    ) -> Iterator[Segment | Quarantined]:
        """The sealed laps of these entries as they come, in no order, as far as there are any; with
        ``held`` only those that are not wholly in these books. Ends early when ``stop`` is set."""
        ...


class CloudTable:
    """The table of a session. ``client`` gives a DynamoDB client; it is asked on the thread that
    reads."""

    def __init__(self, client: Callable[[], Any], table: str, session: str) -> None:
        self._client = client
        self._table = table
        self._session = session

    def heads(self) -> list[Head]:
        """The roster; an item that is no head is left out: what it would promise is unknown."""
        return read_heads(self._client(), self._table, self._session, [])

    def catalog(self) -> list[LapEntry]:
        """The catalog; an entry that cannot be read is left out: it only saves searching."""
        return read_catalog(self._client(), self._table, self._session, [])

    def chunks(self, group: str, lap: int, car: str, t_lo: int, t_hi: int) -> Found:
        """See :class:`TableReader`."""
        return read_chunks(self._client(), self._table, self._session, group, lap, car, t_lo, t_hi)

    def sealed(self, entries: Sequence[LapEntry]) -> Found:
        """See :class:`TableReader`."""
        return read_sealed(self._client(), self._table, sealed_keys(entries))

    def laps(
        self, entries: Sequence[LapEntry], held: Ledger | None, stop: threading.Event
    ) -> Iterator[Segment | Quarantined]:
        """See :class:`LapReader`; several calls at once."""
        wanted = sealed_keys(entries, held)
        return iter_sealed(self._client(), self._table, wanted, threads=THREADS, stop=stop)
