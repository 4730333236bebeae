"""From stream records to what the recording takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pitwall.store import Quarantined, Source
from pitwall.stream.lag import HeadLag
from pitwall.stream.shard import Taken
from pitwall.stream.source import Page, Record
from pitwall.telemetry import BadInput, Head, Samples, Segment

Decoded = Segment | Head | Quarantined | None
Decode = Callable[[Record], Decoded]
"""What a record holds; None when it is nothing that a recording keeps. May raise BadInput: the
record then goes into quarantine. Called on the reader's thread."""


@dataclass(frozen=True, slots=True)
class Together:
    """What the usual ones of a page's records hold.

    Attributes:
        found: of the usual ones.
        samples: of each of ``found`` that is a segment, unpacked; None where the writer is to do
            it. Empty when the writer is to do it for all.
        left: the other records, to be decoded one by one.
    """

    found: Sequence[Decoded]
    samples: Sequence[Samples | None]
    left: Sequence[Record]


Many = Callable[[Sequence[Sequence[Record]]], Sequence[Together]]
"""Pages decoded together, each with what came of it. It may fail as a whole, and has then done
nothing: each record is decoded by itself."""


def quick_way(decode: Decode) -> Many | None:
    """The way for whole pages that a decoder may have besides, as its method ``many``."""
    return getattr(decode, "many", None)


def take_page(
    shard: str,
    page: Page,
    decode: Decode,
    lag: HeadLag,
    asked_us: int,
    server_us: int,
    together: Together | None = None,
) -> Taken:
    """Decode ``page`` in its order. A record that cannot be read is kept raw and stops nothing.
    ``together`` is what the quick way has made of it before."""
    segments: list[Segment] = []
    samples: list[Samples | None] = []
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

    if together is not None and last is not None:
        for value in together.found:
            keep(value, last.created_us)
        samples += together.samples
        records = together.left
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
    samples += [None] * (len(segments) - len(samples))
    return Taken(
        tuple(segments),
        tuple(samples),
        tuple(heads),
        tuple(poison),
        len(page.records),
        last.sequence if last else "",
        last.created_us if last else 0,
        page.next_iterator,
        page.next_iterator is None,
        asked_us,
    )
