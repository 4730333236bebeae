"""Where the program keeps a user's data unless told otherwise."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def _data_folder() -> Path:
    return Path(platformdirs.user_data_dir("pitwall", appauthor=False))


def recording_path(session: str) -> Path:
    """Where a session is kept unless a file is named."""
    return _data_folder() / "recordings" / f"{session}.pitwall"


def spool_folder() -> Path:
    """Where chunks wait that are published but not yet taken."""
    return _data_folder() / "spool"
