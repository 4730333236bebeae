"""Where a session comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pitwall.stream import ServerClock, StreamSource
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
    """

    table: TableReader
    bucket: Bucket | None
    connect: Callable[[], StreamSource]
    server: ServerClock
