"""The cloud side: keys and items of the table, archive forms, clients, publisher, keyed reads.

``pitwall.cloud.archiver`` is the Lambda, deployed by itself, and ``pitwall.cloud.local`` the
stand-in; neither is imported here, and botocore only when a client is made.
"""

from pitwall.cloud.chunking import chunk_samples
from pitwall.cloud.items import (
    Item,
    LapEntry,
    catalog_item,
    chunk_item,
    head_item,
    parse_catalog,
    parse_chunk,
    parse_head,
    parse_item,
    parse_sealed,
    parse_session,
    raw_of,
    sealed_item,
    session_item,
)
from pitwall.cloud.lines import Archived, Line, archived, format_line, parse_line

__all__ = [
    "Archived",
    "Item",
    "LapEntry",
    "Line",
    "archived",
    "catalog_item",
    "chunk_item",
    "chunk_samples",
    "format_line",
    "head_item",
    "parse_catalog",
    "parse_chunk",
    "parse_head",
    "parse_item",
    "parse_line",
    "parse_sealed",
    "parse_session",
    "raw_of",
    "sealed_item",
    "session_item",
]
