"""What can be opened in a window, and what is imported for it behind the start window."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pitwall.ui.address import Address
from pitwall.ui.remembered import Memory
from pitwall.voice import Note

# What only a session's window needs is imported behind the start window that is painted first.
if TYPE_CHECKING:
    from pitwall.run import Run
    from pitwall.ui.layout_doc import Sheet

Prepare = Callable[[Note], "Run"]
BEHIND = ("pitwall.run", "pitwall.ui.window", "pitwall.ui.dialogs.connect")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is being prepared: for the dialog where it was chosen there, whence it comes, and how
    it is made to give up."""

    prepare: Prepare
    address: Address | None = None
    chosen: bool = False
    path: Path | None = None
    cancel: Callable[[], None] = lambda: None


def read_sheet(path: Path) -> Sheet:
    """The layout in a file. Raises BadInput."""
    from pitwall.ui.layout_shelf import read_layout

    return read_layout(path)


def open_file(path: Path) -> Run:
    """A recording at rest. Raises BadInput."""
    from pitwall.run import Run

    return Run.of_file(path)


def import_window() -> None:
    """What a session's window needs, while the start window is there to be used."""
    for name in BEHIND:
        importlib.import_module(name)


def memory() -> Memory:
    """What the window remembers on this machine."""
    import platformdirs

    folder = Path(platformdirs.user_config_dir("pitwall", appauthor=False))
    return Memory(folder / "window.json")
