"""Files that are dragged onto a window."""

from __future__ import annotations

from pathlib import Path

from pitwall.ui.qt import QtCore

MOST_FILES = 256


def local_files(data: QtCore.QMimeData) -> list[Path]:
    """The files on this machine that are dragged; empty when anything else is among them."""
    urls = data.urls()
    if not urls or len(urls) > MOST_FILES or not all(url.isLocalFile() for url in urls):
        return []
    return [Path(url.toLocalFile()) for url in urls]
