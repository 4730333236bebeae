"""Where a session comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pitwall.stream import Decode, ServerClock, StreamSource
from pitwall.turbo.objects import Bucket
from pitwall.turbo.table import TableReader


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
    """

    table: TableReader
    bucket: Bucket | None
    connect: Callable[[], StreamSource]
    server: ServerClock
    decoder: Callable[[], Decode] | None = None
