"""From stream records to what the recording takes."""

from __future__ import annotations

from collections.abc import Callable

from pitwall.store import Quarantined, Source
from pitwall.stream.lag import HeadLag
from pitwall.stream.shard import Taken
from pitwall.stream.source import Page, Record
from pitwall.telemetry import BadInput, Head, Segment

Decoded = Segment | Head | Quarantined | None
Decode = Callable[[Record], Decoded]
"""What a record holds; None when it is nothing that a recording keeps. May raise BadInput: the
record then goes into quarantine. Called on the reader's thread."""


def take_page(
    shard: str, page: Page, decode: Decode, lag: HeadLag, asked_us: int, server_us: int
) -> Taken:
    """Decode ``page`` in its order. A record that cannot be read is kept raw and stops nothing."""
    segments: list[Segment] = []
    heads: list[Head] = []
    poison: list[Quarantined] = []
    for record in page.records:
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
