"""JSON in files, plain or gzipped, within bounds: whole documents, or one element at a time."""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from pitwall.formats.lines import Tick, check_text
from pitwall.telemetry import BadInput, Failure

MAX_DOCUMENT = 64 * 1024 * 1024
"""Bytes of the largest document that is read as a whole, unpacked."""
MAX_ELEMENT = 256 * 1024
"""Characters of the longest element of a stream."""
_PORTION = 256 * 1024
_GZIP = b"\x1f\x8b"


def opened(path: Path) -> BinaryIO:
    """The file, unpacked when it is gzipped."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")


def unpacked_head(head: bytes) -> bytes:
    """The first bytes of what is in a gzipped ``head``; other heads as they are."""
    if not head.startswith(_GZIP):
        return head
    try:
        return zlib.decompressobj(31).decompress(head, len(head) * 8)
    except zlib.error:
        return b""


def document(path: Path, tick: Tick | None = None) -> Any:
    """The whole of a JSON file; text before its first bracket (a byte-order mark, the address it
    was fetched from) is skipped. Raises BadInput or Failure."""
    try:
        with opened(path) as file:
            raw = file.read(MAX_DOCUMENT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error
    if len(raw) > MAX_DOCUMENT:
        raise BadInput(f"{path}: more than {MAX_DOCUMENT // 1024 // 1024} MB of JSON; split it")
    check_text(path, raw[:4096])
    text = _decoded(path, raw)
    if tick is not None:
        tick(path.stat().st_size)
    lines = text[: max(_first_bracket(text), 0)].count("\n")
    try:
        return json.loads(text[_first_bracket(text) :])
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}:{error.lineno + lines}: not JSON ({error.msg})") from error
    except (RecursionError, ValueError) as error:
        raise BadInput(f"{path}:1: not JSON that can be read ({str(error)[:80]})") from error


def elements(path: Path, tick: Tick | None = None) -> Iterator[tuple[int, Any]]:
    """``(number from 1, element)`` of a file that is one JSON array, in bounded memory. Raises
    BadInput with the element's number, or Failure."""
    try:
        with opened(path) as file:
            yield from _elements(path, file, tick)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from error


def _elements(path: Path, file: BinaryIO, tick: Tick | None) -> Iterator[tuple[int, Any]]:
    decoder = json.JSONDecoder()
    utf8 = codecs.getincrementaldecoder("utf-8-sig")()

    def portion() -> tuple[str, int]:
        raw = file.read(_PORTION)
        try:
            return utf8.decode(raw, final=not raw), len(raw)
        except UnicodeDecodeError as error:
            raise BadInput(f"{path}: not UTF-8; save the file as UTF-8") from error

    text = portion()[0].lstrip()
    if not text.startswith("["):
        raise BadInput(f"{path}:1: a JSON array is expected")
    at, number, total, ended = 1, 0, len(text), False
    while True:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        if at < len(text) and text[at] == "]":
            return
        try:
            if at >= len(text):
                raise json.JSONDecodeError("more needed", text, at)
            value, end = decoder.raw_decode(text, at)
            if end == len(text) and not ended:
                raise json.JSONDecodeError("more needed", text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            if isinstance(error, RecursionError) or ended or len(text) - at > MAX_ELEMENT:
                raise BadInput(
                    f"{path}: element {number + 1}: not whole JSON; the file is cut off or damaged"
                ) from error
            more, size = portion()
            ended = not size
            total += size
            if tick is not None:
                tick(min(total, path.stat().st_size))
            text, at = text[at:] + more, 0
            continue
        number += 1
        at = end
        yield number, value


def _decoded(path: Path, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8"
        ) from error


def _first_bracket(text: str) -> int:
    """Where the document begins: an address before it has none of these."""
    found = [i for i in (text.find("{"), text.find("[")) if i >= 0]
    return min(found, default=0)


def _unreadable(path: Path, error: Exception) -> BadInput | Failure:
    if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
        return Failure(f"{path}: cannot be read ({error.strerror or error})")
    return BadInput(f"{path}: the gzip data is cut off or damaged; copy the file again")
