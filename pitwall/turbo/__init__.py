"""Turbo mode: history from the archive, the seam, live, and the repair of holes."""

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
