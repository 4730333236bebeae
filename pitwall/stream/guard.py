"""Decoding that no record can stop, whatever it makes the decoder do."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pitwall.store import Quarantined, Source
from pitwall.stream.intake import Decode, Decoded, Together, quick_way
from pitwall.stream.source import Record
from pitwall.telemetry import BadInput

_log = logging.getLogger(__name__)

TRIES = 3


class Balked(Exception):
    """Decoding has failed at a record in a way that it is not meant to. The records before it are
    good, and it is to be tried again.

    Attributes:
        record: which.
        tries: how often it has failed.
    """

    def __init__(self, record: Record, tries: int) -> None:
        super().__init__(f"record {record.sequence}")
        self.record = record
        self.tries = tries


class Guard:
    """A decoder around another. The reader's thread only.

    A record that the inner one refuses (BadInput) is bad and stays so. Any other error may be the
    moment's (memory, say): the record is tried again twice, nothing after it is taken meanwhile,
    and then it goes into quarantine with its raw bytes. Other consumers skip the batch, or die.
    """

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._tries: dict[str, int] = {}
        """By sequence, of records that are being tried again: one of each shard at most."""

    def __call__(self, record: Record) -> Decoded:
        """As the inner decoder; raises BadInput and Balked, and nothing else."""
        try:
            value = self._decode(record)
        except BadInput:
            raise
        except Exception as error:
            tries = self._tries.pop(record.sequence, 0) + 1
            if tries < TRIES:
                self._tries[record.sequence] = tries
                raise Balked(record, tries) from error
            _log.exception("stream record %s is given up", record.sequence)
            return Quarantined(
                Source.STREAM,
                f"stream record {record.sequence}",
                f"could not be taken in, {tries} times ({error!r})",
                record.raw(),
            )
        self._tries.pop(record.sequence, None)
        return value

    def many(self, pages: Sequence[Sequence[Record]]) -> Sequence[Together]:
        """The inner decoder's quick way for long pages, where it has one and it works; one by one
        it shows which record is at fault."""
        many = quick_way(self._decode)
        if many is not None:
            try:
                return many(pages)
            except Exception:  # noqa: BLE001 - whatever it is, the slow way decides what it means
                _log.exception("pages are decoded record by record")
        return [Together((), (), records) for records in pages]
