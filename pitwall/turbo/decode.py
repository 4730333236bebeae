"""What records of the table's stream hold for one session."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pitwall.cloud.chunk_image import read_chunk_images
from pitwall.cloud.image import Image
from pitwall.cloud.items import kind_of, parse_chunk, parse_head, raw_of
from pitwall.cloud.lines import Line
from pitwall.store import Quarantined, Source
from pitwall.stream import Decoded, Record, Together
from pitwall.telemetry import BadInput, Catalog, Segment
from pitwall.telemetry.clock import SECOND_US
from pitwall.turbo.gather import gather_apart

_MANY = 32
"""Records in a page from which decoding them together is worth it."""


class Decoder:
    """Decodes the chunks and heads of one session. The reader's thread only.

    Sealed laps and catalog items repeat what chunks have said, and other sessions are not ours:
    they give None.

    Args:
        session: its key.
        catalog: its channel groups.
        seen: told of each chunk and each run of chunks.
    """

    def __init__(self, session: str, catalog: Catalog, seen: Callable[[Segment], None]) -> None:
        self._prefix = session + "#"
        self._catalog = catalog
        self._seen = seen

    def __call__(self, record: Record) -> Decoded:
        """What one record holds."""
        item = record.body
        kind = kind_of(item)
        if kind not in ("c", "h"):
            return None
        try:
            pk = item["pk"]["S"]
            if not pk.startswith(self._prefix):
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
        self._seen(segment)
        return segment

    def many(self, pages: Sequence[Sequence[Record]]) -> list[Together]:
        """The chunks of long pages, neighbours put together to runs as the archive's are, and the
        records that want to be looked at one by one: heads, repeats, anything unusual."""
        read = [self._read(records) for records in pages]
        gathered = gather_apart([lines for lines, _ in read], self._catalog, squeeze=False)
        out = []
        for records, (_, left), found in zip(pages, read, gathered, strict=True):
            for segment in found.segments:
                self._seen(segment)
            if found.left:
                odd = {line.q for line in found.left}
                left += [record for record in records if record.sequence in odd]
            out.append(Together(found.segments, found.samples, left))
        return out

    def _read(self, records: Sequence[Record]) -> tuple[list[Line], list[Record]]:
        """A page's chunks as lines, and the other records."""
        if len(records) < _MANY:
            return [], list(records)
        unread = [record for record in records if isinstance(record.body, Image)]
        images = read_chunk_images([record.body.raw for record in unread])
        if images is None:
            return [], list(records)
        left = [record for record in records if not isinstance(record.body, Image)]
        heads: dict[str, Record] = {}
        lines = []
        prefix = self._prefix
        for record, image in zip(unread, images, strict=True):
            kind = image.k.S
            if kind == "c":
                if not image.pk.S.startswith(prefix):
                    continue
                line = image.line(record.created_us / SECOND_US, record.sequence)
                if line is None:
                    left.append(record)
                else:
                    lines.append(line)
            elif kind == "h" and image.pk.S.startswith(prefix):
                # The same item, written over each second: the last one says all that they said.
                heads[image.sk.S] = record
        left += heads.values()
        return lines, left
