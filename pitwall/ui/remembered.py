"""What the window remembers from one start to the next. Never a secret.

One small JSON file. Whatever is wrong with it, the window starts: what cannot be read is as if it
had never been written.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from pitwall.ui.address import Address
from pitwall.ui.theme import SCALES, THEMES

VERSION = 1
MOST_RECORDINGS = 12
LEAST_MEMORY_MB = 64


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is kept.

    Attributes:
        address: of the last connection.
        session: key of the session last connected to.
        role: last chosen for the doctor.
        recordings: paths of those opened last, newest first.
        memory_mb: that a session may take of memory, in megabytes; 0 for a third of the machine's.
        theme: name of the theme last chosen; empty for the usual one.
        scale: of its text; 0 for what fits the window.
    """

    address: Address = field(default_factory=Address)
    session: str = ""
    role: str = "engineer"
    recordings: tuple[str, ...] = ()
    memory_mb: int = 0
    theme: str = ""
    scale: float = 0.0


class Memory:
    """The file and what is in it. Used by the Qt thread.

    Args:
        path: of the file; None to keep nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.now = _read(path)

    @property
    def folder(self) -> Path | None:
        """Where the file lies, and what else is kept between starts; None to keep nothing."""
        return self._path.parent if self._path is not None else None

    def connected(self, address: Address, session: str) -> None:
        """A connection was made."""
        self._keep(replace(self.now, address=address, session=session))

    def limited(self, memory_mb: int) -> None:
        """Another budget of memory was chosen, for the next sessions too."""
        self._keep(replace(self.now, memory_mb=_megabytes(memory_mb)))

    def looked(self, theme: str, scale: float) -> None:
        """Another theme or scale was chosen."""
        self._keep(replace(self.now, theme=_theme(theme), scale=_scale(scale)))

    def examined(self, role: str) -> None:
        """The doctor was asked for a role."""
        self._keep(replace(self.now, role=role))

    def opened(self, path: Path) -> None:
        """A recording was opened."""
        newest = str(path.absolute())
        rest = [one for one in self.now.recordings if one != newest]
        kept = (newest, *rest)[:MOST_RECORDINGS]
        self._keep(replace(self.now, recordings=kept))

    def _keep(self, now: Remembered) -> None:
        if now == self.now:
            return
        self.now = now
        if self._path is None:
            return
        text = json.dumps({"version": VERSION, **asdict(now)}, indent=2)
        # A disk that takes nothing must not keep anybody from a race.
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_suffix(f".{os.getpid()}.part")
            part.write_text(text + "\n", encoding="utf-8")
            part.replace(self._path)


def _read(path: Path | None) -> Remembered:
    if path is None:
        return Remembered()
    try:
        doc = json.loads(path.read_text(encoding="utf-8"))
        if doc["version"] != VERSION:
            return Remembered()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Remembered()
    given = doc.get("address")
    values = given if isinstance(given, dict) else {}
    address = Address(**{one.name: _text(values.get(one.name)) for one in fields(Address)})
    recordings = doc.get("recordings")
    paths = recordings if isinstance(recordings, list) else []
    return Remembered(
        Address() if address.fault() else address,
        _text(doc.get("session")),
        _text(doc.get("role")) or Remembered().role,
        tuple(one for one in paths if isinstance(one, str) and one)[:MOST_RECORDINGS],
        _megabytes(doc.get("memory_mb")),
        _theme(doc.get("theme")),
        _scale(doc.get("scale")),
    )


def _megabytes(value: Any) -> int:
    """What cannot be worked with is as if nothing had been chosen."""
    good = isinstance(value, int) and not isinstance(value, bool) and value >= LEAST_MEMORY_MB
    return value if good else 0


def _theme(value: Any) -> str:
    return value if value in THEMES else ""


def _scale(value: Any) -> float:
    return value if isinstance(value, float) and SCALES[0] <= value <= SCALES[-1] else 0.0


def _text(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 2048 else ""
