"""Cutting a stream of bytes into JSON objects, whatever stands between them.

Firehose puts records one after the other without a delimiter, and archivers may or may not add
newlines. Lines are the fast path; where a line is not one object, the objects in it are found by
decoding.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pitwall.telemetry import BadInput

T = TypeVar("T")

MAX_OBJECT = 1 << 20
"""Bytes of the longest object that is waited for."""
_MAX_FAULTS = 1000
"""Broken places in one piece after which the rest of it is given up: bounds the work."""
_OBJECT = b'{"pk"'
"""How our objects begin: where reading goes on after damage."""
_decode = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class Damaged:
    """Bytes that are no readable object: where they began in the content, why, and themselves."""

    offset: int
    reason: str
    raw: bytes = field(repr=False)


class Framer(Generic[T]):
    """Feed it content in blocks of any size; it gives what ``parse`` made of each object.

    ``parse`` takes the bytes of one object and raises BadInput. What cannot be read comes out as
    :class:`Damaged`, and reading goes on behind it. ``parse_lines`` takes many objects with a
    newline after each, at once, and raises BadInput when that is not what they are. ``begin`` is
    how objects begin.
    """

    def __init__(
        self,
        parse: Callable[[bytes], T],
        parse_lines: Callable[[bytes], list[T]],
        begin: bytes = _OBJECT,
    ) -> None:
        self._parse = parse
        self._parse_lines = parse_lines
        self._begin = begin
        self._rest = b""
        self._offset = 0
        """Where ``_rest`` begins in the content."""

    @property
    def offset(self) -> int:
        """Bytes of content that have been dealt with."""
        return self._offset

    def feed(self, block: bytes) -> Iterator[T | Damaged]:
        """The objects that are complete now."""
        data = self._rest + block if self._rest else block
        start = data.rfind(b"\n") + 1
        if start:
            try:
                yield from self._parse_lines(data[:start])
            except BadInput:
                yield from self._one_by_one(data[:start])
        self._offset += start
        self._rest = data[start:]
        if len(self._rest) > MAX_OBJECT:
            yield from self._long_rest()

    def end(self, reason: str = "ends within an object") -> Iterator[T | Damaged]:
        """The content is over; ``reason`` says why, for what is not complete."""
        rest, self._rest = self._rest, b""
        if rest.strip():
            yield from self._line(rest, self._offset, reason)
        self._offset += len(rest)

    def _one_by_one(self, data: bytes) -> Iterator[T | Damaged]:
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            if end > start:
                yield from self._line(data[start:end], self._offset + start)
            start = end + 1

    def _line(self, piece: bytes, offset: int, reason: str = "") -> Iterator[T | Damaged]:
        try:
            yield self._parse(piece)
        except BadInput as error:
            yield from self._objects(piece, offset, reason or str(error))

    def _objects(self, piece: bytes, offset: int, reason: str) -> Iterator[T | Damaged]:
        """The objects of a piece that is not one object."""
        done = 0
        for start, end in _bounds(piece, self._begin):
            if start > done and piece[done:start].strip():
                yield Damaged(offset + done, reason, piece[done:start])
            try:
                yield self._parse(piece[start:end])
            except BadInput as error:
                yield Damaged(offset + start, str(error), piece[start:end])
            done = end
        if piece[done:].strip():
            yield Damaged(offset + done, reason, piece[done:])

    def _long_rest(self) -> Iterator[T | Damaged]:
        """No newline for long: take the complete objects out, keep what may still go on."""
        rest = self._rest
        keep = max((end for _, end in _bounds(rest, self._begin)), default=0)
        if len(rest) - keep > MAX_OBJECT:
            keep = len(rest)
        yield from self._objects(rest[:keep], self._offset, "no object")
        self._offset += keep
        self._rest = rest[keep:]


def _bounds(piece: bytes, begin: bytes) -> Iterator[tuple[int, int]]:
    """Begin and end of each complete object in ``piece``."""
    # Latin-1 gives one character for each byte, so that positions are those of the bytes.
    text = piece.decode("latin-1")
    at = piece.find(b"{")
    faults = 0
    while at >= 0 and faults < _MAX_FAULTS:
        try:
            _, end = _decode(text, at)
        except (ValueError, RecursionError):
            faults += 1
            at = piece.find(begin, at + 1)
            continue
        yield at, end
        at = piece.find(b"{", end)
