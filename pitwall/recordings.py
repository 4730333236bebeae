"""The recordings on this machine: which there are, and what is in each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pitwall.places import recording_path
from pitwall.telemetry import PitwallError
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.dialogs.recording_list import Recent

MOST = 500


def find(paths: Iterable[Path], folder: Path | None = None) -> list[Recent]:
    """Those of ``paths`` that are there, and all in ``folder`` (None: where recordings are kept),
    newest first, nobody has looked into them yet."""
    folder = folder if folder is not None else recording_path("any").parent
    found: dict[Path, Recent] = {}
    for path in [*paths, *folder.glob("*.pitwall")]:
        try:
            stat = path.stat()
        except OSError:
            continue  # moved or deleted since
        written = time.strftime("%Y-%m-%d %H:%M", time.localtime(stat.st_mtime))
        found[path] = Recent(path, written, stat.st_size)
    return sorted(found.values(), key=lambda one: one.written, reverse=True)[:MOST]


def look(
    paths: Iterable[Path],
    folder: Path | None,
    say: Callable[[list[Recent]], None],
    cancelled: Callable[[], bool],
) -> None:
    """Say which recordings there are, then what is in them as it becomes known; blocks."""
    found = find(paths, folder)
    say(found)
    look_into(found, say, cancelled)


def look_into(
    recordings: list[Recent],
    say: Callable[[list[Recent]], None],
    cancelled: Callable[[], bool],
) -> None:
    """Read what session each holds, and say it as it becomes known. One that cannot be read says
    why; blocks."""
    known = list(recordings)
    for i, one in enumerate(recordings):
        if cancelled():
            return
        known[i] = described(one)
        if i % 10 == 9 or i == len(recordings) - 1:
            say(list(known))


def described(one: Recent) -> Recent:
    """With what its session says of itself."""
    from pitwall.store import Recording

    try:
        with Recording.open(one.path, read_only=True) as recording:
            session = recording.session
            cars = {car for car, _ in recording.heads()}
    except PitwallError as error:
        words = str(error).removeprefix(f"{one.path}: ")
        return replace(one, trouble=words)
    day = datetime.fromtimestamp((session.driven_us or session.started_us) / SECOND_US, UTC)
    return replace(one, title=session.title, driven=f"{day:%Y-%m-%d}", cars=len(cars) or None)
