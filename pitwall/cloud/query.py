"""Keyed reads of the table: roster, sessions, catalog, and the chunks that a repair asks for.

Every read is strongly consistent and takes all pages. An item that cannot be read is never dropped
silently: it comes back as Quarantined with its raw form. Never a Scan.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from pitwall.cloud import keys
from pitwall.cloud.batch_read import Key, batch_get
from pitwall.cloud.faults import explain
from pitwall.cloud.items import (
    Item,
    LapEntry,
    parse_catalog,
    parse_chunk,
    parse_head,
    parse_sealed,
    parse_session,
    raw_of,
)
from pitwall.store import Ledger, Quarantined, SeriesLedger, Source
from pitwall.telemetry import BadInput, Failure, Head, Segment, Series, Session
from pitwall.telemetry.names import MAX_N, check_group, check_session

T = TypeVar("T")

MAX_PAGES = 10_000
"""Pages of one read; a page holds up to 1 MB."""


def read_heads(
    client: Any, table: str, session: str, bad: list[Quarantined] | None = None
) -> list[Head]:
    """The roster: every head of ``session``. Items that are no heads go to ``bad``.

    Raises Failure when the table cannot be read; BadInput at the first item that is no head when
    there is no ``bad`` to take it.
    """
    items = query(client, table, keys.head_pk(check_session(session)))
    return _parsed(items, parse_head, bad)


def read_session(client: Any, table: str, session: str) -> Session:
    """The session's item. Raises BadInput when there is none or it cannot be read, Failure when the
    table cannot."""
    check_session(session)
    found = list(query(client, table, keys.SESSIONS_PK, session, session))
    if not found:
        raise BadInput(f"session {session} is not in table {table}: check --session and --table")
    return parse_session(found[0])


def list_sessions(client: Any, table: str, bad: list[Quarantined] | None = None) -> list[Session]:
    """All sessions of the table, by key. Items that are no sessions go to ``bad``.

    Raises Failure when the table cannot be read, BadInput as :func:`read_heads` does.
    """
    return _parsed(query(client, table, keys.SESSIONS_PK), parse_session, bad)


def read_catalog(
    client: Any, table: str, session: str, bad: list[Quarantined] | None = None
) -> list[LapEntry]:
    """The catalog of ``session``: one entry for each lap of each car. Items that are none go to
    ``bad``. Raises Failure and BadInput as :func:`read_heads` does."""
    items = query(client, table, keys.catalog_pk(check_session(session)))
    return _parsed(items, parse_catalog, bad)


def read_chunks(
    client: Any,
    table: str,
    session: str,
    group: str,
    lap: int,
    car: str,
    t_lo: int,
    t_hi: int,
) -> tuple[list[Segment], list[Quarantined]]:
    """The chunks of one car's lap and group that start within ``t_lo..t_hi`` (microseconds UTC,
    both included), of every epoch, by time; and the items that are no chunks. Raises Failure."""
    bad: list[Quarantined] = []
    items = query(
        client,
        table,
        keys.chunk_pk(check_session(session), check_group(group), lap, car),
        keys.chunk_sk(max(t_lo, 0), 1),
        keys.chunk_sk(min(max(t_hi, 0), keys.MAX_T), MAX_N),
    )
    return _parsed(items, parse_chunk, bad), bad


def iter_sealed(
    client: Any,
    table: str,
    wanted: Iterable[Key],
    *,
    threads: int = 1,
    stop: threading.Event | None = None,
) -> Iterator[Segment | Quarantined]:
    """The sealed laps with these keys as they come, in no order, a key without an item left out;
    items that are no sealed laps as Quarantined. ``threads`` and ``stop`` as
    :func:`pitwall.cloud.batch_read.batch_get` has them. Raises Failure."""
    for item in batch_get(client, table, wanted, threads=threads, stop=stop):
        try:
            yield parse_sealed(item)
        except BadInput as error:
            yield _quarantined(item, error)


def read_sealed(
    client: Any, table: str, wanted: Iterable[Key]
) -> tuple[list[Segment], list[Quarantined]]:
    """All of :func:`iter_sealed`, one call at a time. Raises Failure."""
    segments: list[Segment] = []
    bad: list[Quarantined] = []
    for each in iter_sealed(client, table, wanted):
        if isinstance(each, Segment):
            segments.append(each)
        else:
            bad.append(each)
    return segments, bad


def sealed_keys(entries: Iterable[LapEntry], held: Ledger | None = None) -> Iterator[Key]:
    """Keys of the sealed laps that the catalog's entries speak of, in their order; with ``held``
    only of those that are not wholly in these books."""
    for entry in entries:
        for (group, epoch), runs in entry.ranges.items():
            books = None
            if held is not None:
                books = held.series.get(Series(entry.session, entry.car, group, epoch))
            pk = keys.sealed_pk(entry.session, group, entry.lap, entry.car)
            for lo, hi in runs:
                if books is None or not _received(books, lo, hi):
                    yield pk, keys.sealed_sk(epoch, lo)


def _received(books: SeriesLedger, lo: int, hi: int) -> bool:
    at = bisect_right(books.received, (lo, MAX_N)) - 1
    return at >= 0 and books.received[at][1] >= hi


def query(
    client: Any, table: str, pk: str, sk_lo: str | None = None, sk_hi: str | None = None
) -> Iterator[Item]:
    """Items of one partition, all pages, consistent, ascending; ``sk`` BETWEEN both when given.

    Raises Failure when the table cannot be read, also in the middle.
    """
    condition = "pk = :pk"
    values: Item = {":pk": {"S": pk}}
    if sk_lo is not None and sk_hi is not None:
        condition += " AND sk BETWEEN :lo AND :hi"
        values |= {":lo": {"S": sk_lo}, ":hi": {"S": sk_hi}}
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
        "ConsistentRead": True,
    }
    for _ in range(MAX_PAGES):
        try:
            page = client.query(**request)
        except Exception as error:  # noqa: BLE001 - botocore's errors, told in one line
            raise Failure(f"table {table}: {explain(error)}") from error
        yield from page.get("Items", ())
        after = page.get("LastEvaluatedKey")
        if not after:
            return
        if after == request.get("ExclusiveStartKey"):
            raise Failure(f"table {table}: query of {pk} does not advance past {after}")
        request["ExclusiveStartKey"] = after
    raise Failure(f"table {table}: query of {pk} has more than {MAX_PAGES} pages")


def _parsed(
    items: Iterable[Item], parse: Callable[[Item], T], bad: list[Quarantined] | None
) -> list[T]:
    out: list[T] = []
    for item in items:
        try:
            out.append(parse(item))
        except BadInput as error:
            if bad is None:
                raise
            bad.append(_quarantined(item, error))
    return out


def _quarantined(item: Item, error: BadInput) -> Quarantined:
    return Quarantined(Source.TABLE, _name(item), str(error), raw_of(item))


def _name(item: Item) -> str:
    parts = [item.get(name, {}).get("S", "?") for name in ("pk", "sk")]
    return " ".join(str(part) for part in parts)
