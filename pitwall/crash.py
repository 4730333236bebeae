"""Where the details of an unexpected error go, since a user is never shown a traceback."""

from __future__ import annotations

import tempfile
import traceback
from pathlib import Path

import platformdirs

from pitwall.telemetry.clock import iso, now_us

MAX_REPORTS = 20


def write_report(error: BaseException) -> Path:
    """Write the traceback of ``error`` to the user's log folder and return the file's path.

    Falls back to the temporary folder when the log folder cannot be written; keeps the newest
    ``MAX_REPORTS`` reports.
    """
    text = "".join(traceback.format_exception(error))
    name = f"crash-{iso(now_us()).replace(':', '').replace('.', '-')}.txt"
    try:
        folder = Path(platformdirs.user_log_dir("pitwall", appauthor=False))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(text, encoding="utf-8")
    except OSError:
        path = Path(tempfile.gettempdir()) / name
        path.write_text(text, encoding="utf-8")
        return path
    for old in sorted(folder.glob("crash-*.txt"))[:-MAX_REPORTS]:
        old.unlink(missing_ok=True)
    return path
