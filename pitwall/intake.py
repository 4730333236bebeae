"""Files dropped on a window: what they are, and turning foreign ones into a recording."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pitwall.places import recording_path
from pitwall.telemetry import BadInput, Failure
from pitwall.voice import Note

RECORDING = ".pitwall"
LAYOUT = ".pitwall-layout"


@dataclass(frozen=True, slots=True)
class Intake:
    """What was dropped.

    Attributes:
        recording: to open; None when there is none.
        layout: to show; the same.
        foreign: to import together.
    """

    recording: Path | None = None
    layout: Path | None = None
    foreign: tuple[Path, ...] = ()


def sort_files(paths: Sequence[Path]) -> Intake:
    """What to do with these files. Raises BadInput for a mixture that nobody can mean."""
    recordings = [path for path in paths if path.suffix == RECORDING]
    layouts = [path for path in paths if path.suffix == LAYOUT]
    foreign = tuple(path for path in paths if path not in recordings and path not in layouts)
    kinds = (recordings, layouts, list(foreign))
    if sum(bool(kind) for kind in kinds) > 1 or len(recordings) > 1 or len(layouts) > 1:
        raise BadInput(
            "drop one recording, one layout, or the logger files of one session: "
            f"these are {len(recordings)}, {len(layouts)} and {len(foreign)}"
        )
    return Intake(recordings[0] if recordings else None, layouts[0] if layouts else None, foreign)


def import_dropped(paths: Sequence[Path], note: Note, unwanted: threading.Event) -> Path:
    """A new recording of logger files, where recordings are kept; blocks. ``note`` is told how
    far it is. Raises BadInput with the line of the file, or Failure; nothing is left then."""
    from pitwall.formats import Progress, import_files

    name = paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more"
    shown = [-1]

    def progress(told: Progress) -> None:
        if unwanted.is_set():
            raise Failure("the import was cancelled; nothing is left of it")
        share = told.done / told.total if told.total else 0.0
        if int(share * 200) != shown[0]:  # what can be seen, not every line of a file
            shown[0] = int(share * 200)
            note(share, f"importing {name}: {told.stage}")

    out = free_path(recording_path(paths[0].stem))
    out.parent.mkdir(parents=True, exist_ok=True)
    note(0.0, f"importing {name}")
    return import_files(list(paths), out, progress=progress).out


def free_path(path: Path) -> Path:
    """``path``, or with a number behind its name when it is taken."""
    if not path.exists():
        return path
    names = (path.with_name(f"{path.stem}-{i}{path.suffix}") for i in range(2, 10_000))
    return next(one for one in names if not one.exists())
