"""The processes that a whole race's archive is fetched and unpacked in, before they are needed."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from pitwall.telemetry import Failure
from pitwall.turbo.fetch_child import FetchChildren, fetch_in_processes
from pitwall.turbo.unpack_child import Unpacking, unpack_in_processes

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ArchiveProcesses:
    """What the first load works with; whoever starts them closes them.

    Attributes:
        fetching, unpacking: what it says.
    """

    fetching: FetchChildren
    unpacking: Unpacking

    def start(self) -> None:
        """Be ready soon. What cannot be started is done without."""
        try:
            self.fetching.start()
        except Failure as failure:
            _log.warning("%s: the archive is fetched in this process, slower", failure)
        self.unpacking.start()

    def close(self) -> None:
        """End them."""
        self.fetching.close()
        self.unpacking.close()


def archive_processes() -> ArchiveProcesses:
    """As many as are worth it on this machine; not started yet."""
    return ArchiveProcesses(fetch_in_processes(), unpack_in_processes())
