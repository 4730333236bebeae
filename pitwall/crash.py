"""Where the details of an unexpected error go, since a user is never shown a traceback."""

from __future__ import annotations

import logging
import tempfile
import traceback
from pathlib import Path

import platformdirs

from pitwall.telemetry.clock import iso, now_us
from pitwall.telemetry.errors import PitwallError

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


class _Reports(logging.Handler):
    """Writes logged exceptions to report files, and drops everything else."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            write_report(error)


def report_logged_errors() -> None:
    """Let logged exceptions end in report files, and nothing that is logged on stderr, which is
    where Python puts it when nobody cares. Leaves a logging that is set up already alone."""
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(_Reports(logging.ERROR))


def one_line(error: BaseException) -> str:
    """An error as the user is told of it; what was not foreseen leaves a report."""
    if isinstance(error, PitwallError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
    return f"unexpected {type(error).__name__}: {error}; details are in {write_report(error)}"
