"""Where a session comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pitwall.store import Ledger
from pitwall.stream import Decode, Pace, ServerClock, StreamSource
from pitwall.telemetry import Head
from pitwall.turbo.archive import Loaded
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.objects import Bucket
from pitwall.turbo.table import LapReader, TableReader


@dataclass(frozen=True, slots=True)
class ByTable:
    """Following by table reads: history comes from sealed laps, and there is no seam.

    Attributes:
        table: keyed reads of what may be read.
        laps: in which laps series are; the source goes by it.
        pace: of the reader.
        slack_us: what is read goes by heads that may be so old.
        limited: what is not shown and why; empty when all is.
        reads: requests for rows so far.
    """

    table: LapReader
    laps: LapIndex
    pace: Pace
    slack_us: int
    limited: Callable[[], str]
    reads: Callable[[], int]


class ArchiveLeg(Protocol):
    """Loads what an archive has: see :class:`~pitwall.turbo.history.History`."""

    def load(
        self,
        heads: Sequence[Head],
        now_us: int,
        since: Callable[[], int | None],
        *,
        held: Ledger | None,
        shown: bool,
    ) -> Loaded:
        """Load it."""
        ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a session comes from. Calls of all of them block and come from several threads.

    Attributes:
        table: keyed reads.
        bucket: the archive; None when there is none.
        connect: finds the stream; raises Fault.
        server: server time, from the answers of all of them.
        decoder: makes the decoder of records that are not our producers'; None for ours. There is
            no roster then, and the stream is read from its oldest record.
        by_table: how the table itself is followed; None where it is a stream.
        otherwise: what is followed when the stream is refused; None when nothing else is.
        history: makes what loads ``bucket``, in place of :class:`~pitwall.turbo.history.History`.
    """

    table: TableReader
    bucket: Bucket | None
    connect: Callable[[], StreamSource]
    server: ServerClock
    decoder: Callable[[], Decode] | None = None
    by_table: ByTable | None = None
    otherwise: Callable[[], Sources] | None = None
    history: Callable[..., ArchiveLeg] | None = None
