"""From stream records to what the recording takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pitwall.store import Quarantined, Source
from pitwall.stream.lag import HeadLag
from pitwall.stream.shard import Taken
from pitwall.stream.source import Page, Record
from pitwall.telemetry import BadInput, Head, Segment

Decoded = Segment | Head | Quarantined | None
Decode = Callable[[Record], Decoded]
"""What a record holds; None when it is nothing that a recording keeps. May raise BadInput: the
record then goes into quarantine. Called on the reader's thread."""

Many = Callable[[Sequence[Record]], tuple[Sequence[Decoded], Sequence[Record]]]
"""What the usual ones of a page's records hold, and the others, to be decoded one by one."""


def quick_way(decode: Decode) -> Many | None:
    """The way for whole pages that a decoder may have besides, as its method ``many``."""
    return getattr(decode, "many", None)


def take_page(
    shard: str, page: Page, decode: Decode, lag: HeadLag, asked_us: int, server_us: int
) -> Taken:
    """Decode ``page`` in its order. A record that cannot be read is kept raw and stops nothing."""
    segments: list[Segment] = []
    heads: list[Head] = []
    poison: list[Quarantined] = []
    records: Sequence[Record] = page.records
    last = records[-1] if records else None

    def keep(value: Decoded, created_us: int) -> None:
        if isinstance(value, Segment):
            segments.append(value)
        elif isinstance(value, Head):
            heads.append(value)
            lag.note(value, created_us, server_us)
        elif isinstance(value, Quarantined):
            poison.append(value)

    many = quick_way(decode)
    if many is not None and last is not None:
        usual, records = many(records)
        for value in usual:
            keep(value, last.created_us)
    for record in records:
        fault = record.fault
        found: Decoded = None
        if record.body is not None:
            try:
                found = decode(record)
            except BadInput as error:
                fault = str(error)
        if fault:
            found = Quarantined(Source.STREAM, f"{shard} {record.sequence}", fault, record.raw())
        keep(found, record.created_us)
    return Taken(
        tuple(segments),
        tuple(heads),
        tuple(poison),
        len(page.records),
        last.sequence if last else "",
        last.created_us if last else 0,
        page.next_iterator,
        page.next_iterator is None,
        asked_us,
    )
