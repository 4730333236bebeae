"""Text files read line by line, with bounds: no line, encoding or cut-off end goes unnoticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from pitwall.telemetry import BadInput, Failure

MAX_LINE = 64 * 1024
"""Bytes of the longest line that is read; telemetry rows have a few hundred at most."""

Tick = Callable[[int], None]
"""Called now and then with the number of bytes read so far; may raise to stop the work."""

_TICK_EVERY = 8192
_BOMS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


def check_text(path: Path, head: bytes) -> None:
    """Raise BadInput when ``head``, the first bytes of ``path``, is empty or is not UTF-8 text."""
    if not head:
        raise BadInput(f"{path}: the file is empty; check that the copy has finished")
    for bom, name in _BOMS:
        if head.startswith(bom):
            raise BadInput(f"{path}:1: the text is {name}; save it as UTF-8 and import again")
    if b"\0" in head:
        raise BadInput(f"{path}:1: zero bytes in the text: a binary file or UTF-16; UTF-8 expected")


def read_lines(
    path: Path, tick: Tick | None = None, *, legacy: bool = False, cut_off: bool = True
) -> Iterator[tuple[int, str]]:
    """Yield ``(number, text)`` for every line of a UTF-8 file, numbers from 1, no line ends.

    With ``legacy`` a line that is not UTF-8 is read as Latin-1, which older programs write;
    without ``cut_off`` the last line may lack its end.

    Reads one line at a time. Raises BadInput, with ``file:line``, on an empty file, text that is
    not UTF-8, a line beyond MAX_LINE and a last line without a line end (the file was cut off,
    so the last value may be wrong); Failure when the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            yield from _lines(path, file.readline, tick, legacy, cut_off)
    except OSError as error:
        raise Failure(f"{path}: cannot be read ({error.strerror or error})") from error


def _lines(
    path: Path,
    readline: Callable[[int], bytes],
    tick: Tick | None,
    legacy: bool,
    cut_off: bool,
) -> Iterator[tuple[int, str]]:
    done = 0
    number = 0
    while raw := readline(MAX_LINE + 1):
        number += 1
        done += len(raw)
        if number == 1:
            check_text(path, raw)
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if len(raw) > MAX_LINE:
            raise BadInput(
                f"{path}:{number}: the line is longer than {MAX_LINE} bytes; not a telemetry table"
            )
        text = _text(path, number, raw, legacy)
        if "\0" in text:
            raise BadInput(f"{path}:{number}: zero bytes in the text; the file is damaged")
        if text[-1] != "\n" and cut_off:
            raise BadInput(
                f"{path}:{number}: the last line is cut off (no line end); copy the file again, "
                "or remove the line"
            )
        yield number, text.rstrip("\r\n")
        if tick is not None and number % _TICK_EVERY == 0:
            tick(done)
    if number == 0:
        check_text(path, b"")
    if tick is not None:
        tick(done)


def _text(path: Path, number: int, raw: bytes, legacy: bool) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if legacy:
            return raw.decode("latin-1")
        raise BadInput(
            f"{path}:{number}: byte {error.start + 1} is not UTF-8; save the file as UTF-8"
        ) from error
