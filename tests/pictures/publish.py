"""Pictures for README and help: of few colours, so that they stay small.

``python -m tests.pictures FOLDER --check --publish resources/help`` takes the best of a folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6 import QtGui

CHOSEN = {
    "engineer-1920x1080-dark": "pitwall-demo",
    "driver-1920x1080-dark": "driver",
    "strategy-1920x1080-sunlight": "strategy",
    "debrief-1920x1080-dark": "debrief",
}
"""Which pictures, and how they are called where they are published."""
COLOURS = 256
ROUNDS = 12
MOST_BYTES = 400_000


def publish(folder: Path, target: Path) -> list[Path]:
    """Write the chosen pictures. Raises AssertionError for one that does not get small enough."""
    made = []
    for name, title in CHOSEN.items():
        path = target / f"{title}.png"
        small(QtGui.QImage(str(folder / f"{name}.png"))).save(str(path), "PNG", 0)
        assert path.stat().st_size <= MOST_BYTES, path
        made.append(path)
    return made


def small(image: QtGui.QImage) -> QtGui.QImage:
    """The same picture in at most 256 colours, each pixel in the one nearest to its own."""
    plain = image.convertToFormat(QtGui.QImage.Format.Format_RGB32)
    raw = np.frombuffer(plain.constBits(), np.uint32).reshape(plain.height(), -1)
    pixels = raw[:, : plain.width()] & 0xFFFFFF
    found, where, count = np.unique(pixels, return_inverse=True, return_counts=True)
    rgb = np.stack([found >> 16, (found >> 8) & 255, found & 255], axis=1).astype(np.float32)
    palette, nearest = _palette(rgb, count.astype(np.float32))
    table = np.rint(palette).astype(np.int64)
    places = nearest[where.ravel()].astype(np.uint8).reshape(pixels.shape)
    made = QtGui.QImage(plain.width(), plain.height(), QtGui.QImage.Format.Format_Indexed8)
    made.setColorTable([int(0xFF000000 | r << 16 | g << 8 | b) for r, g, b in table])
    lines = np.frombuffer(made.bits(), np.uint8).reshape(plain.height(), -1)
    lines[:, : plain.width()] = places
    return made


def _palette(
    rgb: NDArray[np.float32], count: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Colours that stand for all, and which stands for each: the most used ones to begin with,
    then moved to the middle of what they stand for. Rare ones count: a thin line is few pixels."""
    weight = np.sqrt(count)
    first: list[int] = []
    away = np.full(len(rgb), np.inf, np.float32)
    for _ in range(min(COLOURS, len(rgb))):
        first.append(int(np.argmax(np.where(np.isinf(away), 1.0, away) * weight)))
        away = np.minimum(away, ((rgb - rgb[first[-1]]) ** 2).sum(axis=1))
    palette = rgb[first].copy()
    nearest = np.zeros(len(rgb), np.intp)
    for _ in range(ROUNDS):
        nearest = np.concatenate(
            [
                ((part[:, None, :] - palette[None]) ** 2).sum(axis=2).argmin(axis=1)
                for part in np.array_split(rgb, max(len(rgb) // 4096, 1))
            ]
        )
        total = np.bincount(nearest, weight, len(palette))
        for i in range(3):
            mean = np.bincount(nearest, weight * rgb[:, i], len(palette))
            palette[:, i] = np.where(total > 0, mean / np.maximum(total, 1e-9), palette[:, i])
    return palette, nearest
