"""What a record of the table's stream holds for one session."""

from __future__ import annotations

from collections.abc import Callable

from pitwall.cloud.items import kind_of, parse_chunk, parse_head, raw_of
from pitwall.store import Quarantined, Source
from pitwall.stream import Decode, Decoded, Record
from pitwall.telemetry import BadInput, Segment


def decoder(session: str, seen: Callable[[Segment], None]) -> Decode:
    """A decoder of the chunks and heads of ``session``.

    Sealed laps and catalog items repeat what chunks have said, and other sessions are not ours:
    they give None. ``seen`` is told of each chunk, on the reader's thread.
    """
    prefix = session + "#"

    def decode(record: Record) -> Decoded:
        item = record.body
        kind = kind_of(item)
        if kind not in ("c", "h"):
            return None
        try:
            pk = item["pk"]["S"]
            if not pk.startswith(prefix):
                return None
        except (KeyError, TypeError, AttributeError):
            return None
        try:
            if kind == "h":
                return parse_head(item)
            segment = parse_chunk(item)
        except BadInput as error:
            return Quarantined(
                Source.STREAM, f"stream record {record.sequence}", str(error), raw_of(item)
            )
        seen(segment)
        return segment

    return decode
