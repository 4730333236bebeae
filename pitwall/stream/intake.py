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

MANY = 32
"""Records in a page from which decoding them together is worth it."""


Many = Callable[[Sequence[Record]], tuple[Sequence[Decoded], Sequence[Record]]]
"""What the usual ones of some records hold, and the others, to be decoded one by one. Raises
nothing."""


def quick_way(decode: Decode) -> Many | None:
    """The way for long pages that a decoder may have besides, as its method ``many``."""
    return getattr(decode, "many", None)


def take_page(
    shard: str, page: Page, decode: Decode, lag: HeadLag, asked_us: int, server_us: int
) -> Taken:
    """Decode ``page`` in its order. A record that cannot be read is kept raw and stops nothing."""
    segments: list[Segment] = []
    heads: list[Head] = []
    poison: list[Quarantined] = []
    records: Sequence[Record] = page.records
    many = quick_way(decode) if len(records) >= MANY else None
    if many is not None:
        usual, records = many(records)
        segments += [value for value in usual if isinstance(value, Segment)]
    for record in records:
        fault = record.fault
        value: Decoded = None
        if record.body is not None:
            try:
                value = decode(record)
            except BadInput as error:
                fault = str(error)
        if fault:
            value = Quarantined(Source.STREAM, f"{shard} {record.sequence}", fault, record.raw())
        if isinstance(value, Segment):
            segments.append(value)
        elif isinstance(value, Head):
            heads.append(value)
            lag.note(value, record.created_us, server_us)
        elif isinstance(value, Quarantined):
            poison.append(value)
    last = page.records[-1] if page.records else None
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
