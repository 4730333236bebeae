"""Where layouts are kept: one file for the present one, and one for each that has a name.

A file that cannot be used is never lost: it is kept beside, under another name, and said.
"""

from __future__ import annotations

import os
import re
import threading
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from pitwall.telemetry import BadInput, Failure
from pitwall.ui.layout_doc import MOST_BYTES, Sheet, from_bytes, to_bytes

CURRENT = "layout.json"
ENDING = ".pitwall-layout"
MOST_NAMED = 64


@dataclass(slots=True)
class Shelved:
    """What was found.

    Attributes:
        current: the layout that was shown last; None for the usual one.
        named: those with a name, by it.
        troubles: a line for each file that could not be used.
    """

    current: Sheet | None = None
    named: dict[str, Sheet] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)


class Shelf:
    """Reads and writes the files; any thread, but none that paints.

    Args:
        folder: of the files; it need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._newest: dict[str, int] = {}

    def read(self) -> Shelved:
        """Everything that is kept. A file that cannot be used is set aside."""
        found = Shelved()
        found.current = self._one(self._folder / CURRENT, found.troubles)
        named = sorted((self._folder / "layouts").glob(f"*{ENDING}"))
        for path in named[:MOST_NAMED]:
            sheet = self._one(path, found.troubles)
            if sheet is not None:
                found.named[sheet.layout.name or path.stem] = sheet
        if len(named) > MOST_NAMED:
            found.troubles.append(f"only {MOST_NAMED} of {len(named)} named layouts are listed")
        return found

    def write_current(self, sheet: Sheet, number: int) -> None:
        """Keep the layout that is shown; of several at once the highest ``number`` stays.
        Raises Failure."""
        self._write(self._folder / CURRENT, to_bytes(sheet), number)

    def write_named(self, sheet: Sheet, number: int) -> Path:
        """Keep a layout under its name; where it is. Raises Failure."""
        path = self._path(sheet.layout.name)
        self._write(path, to_bytes(sheet), number)
        return path

    def remove(self, name: str) -> None:
        """Forget the layout called so. Raises Failure."""
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise Failure(f"layout {name!r} cannot be removed: {error.strerror}") from error

    def _path(self, name: str) -> Path:
        word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "layout"
        return self._folder / "layouts" / f"{word}-{zlib.crc32(name.encode()):08x}{ENDING}"

    def _one(self, path: Path, troubles: list[str]) -> Sheet | None:
        try:
            with path.open("rb") as file:
                return from_bytes(file.read(MOST_BYTES + 1))
        except FileNotFoundError:
            return None
        except OSError as error:
            troubles.append(f"{path.name} cannot be read ({error.strerror}); it stays as it is")
        except BadInput as error:
            kept = _set_aside(path)
            where = f"kept as {kept.name}" if kept is not None else "left as it is"
            troubles.append(f"{path.name} cannot be used: {error}. Usual layout; {where}")
        return None

    def _write(self, path: Path, data: bytes, number: int) -> None:
        with self._lock:
            if number < self._newest.get(path.name, number):
                return  # written by a thread that was faster
            self._newest[path.name] = number
            part = path.with_name(f"{path.name}.{os.getpid()}.part")
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                part.write_bytes(data)
                part.replace(path)
            except OSError as error:
                raise Failure(f"{path}: the layout cannot be kept: {error.strerror}") from error


def read_layout(path: Path) -> Sheet:
    """The layout in a file that somebody handed over. Raises BadInput."""
    try:
        with path.open("rb") as file:
            return from_bytes(file.read(MOST_BYTES + 1))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    except BadInput as error:
        raise BadInput(f"{path.name}: {error}") from error


def _set_aside(path: Path) -> Path | None:
    """Where the damaged file is now; None when it could not be moved."""
    for i in range(1, 1000):
        kept = path.with_name(f"{path.stem}.damaged-{i}{path.suffix}.bak")
        if not kept.exists():
            try:
                path.rename(kept)
            except OSError:
                return None
            return kept
    return None
