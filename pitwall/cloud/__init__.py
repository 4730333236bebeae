"""The cloud side: keys and items of the table, archive forms, clients, publisher, keyed reads.

Names are imported when they are first used: the stand-in is a child process that lives below this
package and must start in a fraction of a second. ``pitwall.cloud.archiver`` is the Lambda, deployed
by itself; botocore is imported only when a client is made.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pitwall.cloud.batch_read import batch_get
    from pitwall.cloud.bulk import Written, history
    from pitwall.cloud.bundle import (
        Bundle,
        BundleName,
        Bundler,
        bundle_name,
        form_bundle,
        parse_bundle,
        sealed_prefix,
    )
    from pitwall.cloud.chunking import chunk_samples
    from pitwall.cloud.clients import Clients, TableAndBucket, make_clients
    from pitwall.cloud.faults import explain, is_passing
    from pitwall.cloud.items import (
        Item,
        LapEntry,
        catalog_item,
        chunk_item,
        head_item,
        parse_catalog,
        parse_chunk,
        parse_head,
        parse_sealed,
        parse_session,
        raw_of,
        sealed_item,
        session_item,
    )
    from pitwall.cloud.lapbook import ClosedLap, LapBook
    from pitwall.cloud.lines import Archived, Line, archived, format_line
    from pitwall.cloud.producer import Producer
    from pitwall.cloud.publisher import PublishReport, publish
    from pitwall.cloud.query import (
        iter_sealed,
        list_sessions,
        read_catalog,
        read_chunks,
        read_heads,
        read_sealed,
        read_session,
        sealed_keys,
    )
    from pitwall.cloud.sealed import seal, seal_lap

_WHERE = {
    "batch_read": ("batch_get",),
    "bulk": ("Written", "history"),
    "bundle": (
        "Bundle",
        "BundleName",
        "Bundler",
        "bundle_name",
        "form_bundle",
        "parse_bundle",
        "sealed_prefix",
    ),
    "chunking": ("chunk_samples",),
    "clients": ("Clients", "TableAndBucket", "make_clients"),
    "faults": ("explain", "is_passing"),
    "items": (
        "Item",
        "LapEntry",
        "catalog_item",
        "chunk_item",
        "head_item",
        "parse_catalog",
        "parse_chunk",
        "parse_head",
        "parse_sealed",
        "parse_session",
        "raw_of",
        "sealed_item",
        "session_item",
    ),
    "lapbook": ("ClosedLap", "LapBook"),
    "lines": ("Archived", "Line", "archived", "format_line"),
    "producer": ("Producer",),
    "publisher": ("PublishReport", "publish"),
    "query": (
        "iter_sealed",
        "list_sessions",
        "read_catalog",
        "read_chunks",
        "read_heads",
        "read_sealed",
        "read_session",
        "sealed_keys",
    ),
    "sealed": ("seal", "seal_lap"),
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


__all__ = [
    "Archived",
    "Bundle",
    "BundleName",
    "Bundler",
    "Clients",
    "ClosedLap",
    "Item",
    "LapBook",
    "LapEntry",
    "Line",
    "Producer",
    "PublishReport",
    "TableAndBucket",
    "Written",
    "archived",
    "batch_get",
    "bundle_name",
    "catalog_item",
    "chunk_item",
    "chunk_samples",
    "explain",
    "form_bundle",
    "format_line",
    "head_item",
    "history",
    "is_passing",
    "iter_sealed",
    "list_sessions",
    "make_clients",
    "parse_bundle",
    "parse_catalog",
    "parse_chunk",
    "parse_head",
    "parse_sealed",
    "parse_session",
    "publish",
    "raw_of",
    "read_catalog",
    "read_chunks",
    "read_heads",
    "read_sealed",
    "read_session",
    "seal",
    "seal_lap",
    "sealed_item",
    "sealed_keys",
    "sealed_prefix",
    "session_item",
]
