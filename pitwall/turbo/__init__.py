"""Turbo mode: history from the archive, the seam, live, and the repair of holes.

Names are imported when they are first used: the processes that unpack the archive live below this
package and are waited for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pitwall.turbo.archive import ArchiveLoader, Loaded
    from pitwall.turbo.connect import check_kinesis, connect_stream, make_follower
    from pitwall.turbo.desk import Recorder
    from pitwall.turbo.follower import Follower
    from pitwall.turbo.gather import Tail
    from pitwall.turbo.objects import Bucket, ObjectInfo, S3Bucket
    from pitwall.turbo.raw_chunks import RawChunks
    from pitwall.turbo.repair import Repaired, Repairer
    from pitwall.turbo.sources import Sources
    from pitwall.turbo.splice import Missing, Seam, find_seam
    from pitwall.turbo.status import FollowerStatus, Phase, Tempo
    from pitwall.turbo.table import CloudTable, TableReader

_WHERE = {
    "archive": ("ArchiveLoader", "Loaded"),
    "connect": ("check_kinesis", "connect_stream", "make_follower"),
    "desk": ("Recorder",),
    "follower": ("Follower",),
    "gather": ("Tail",),
    "objects": ("Bucket", "ObjectInfo", "S3Bucket"),
    "raw_chunks": ("RawChunks",),
    "repair": ("Repaired", "Repairer"),
    "sources": ("Sources",),
    "splice": ("Missing", "Seam", "find_seam"),
    "status": ("FollowerStatus", "Phase", "Tempo"),
    "table": ("CloudTable", "TableReader"),
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


__all__ = [
    "ArchiveLoader",
    "Bucket",
    "CloudTable",
    "Follower",
    "FollowerStatus",
    "Loaded",
    "Missing",
    "ObjectInfo",
    "Phase",
    "RawChunks",
    "Recorder",
    "Repaired",
    "Repairer",
    "S3Bucket",
    "Seam",
    "Sources",
    "TableReader",
    "Tail",
    "Tempo",
    "check_kinesis",
    "connect_stream",
    "find_seam",
    "make_follower",
]
