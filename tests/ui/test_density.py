"""On a screen of two pixels a point everything is painted in those pixels, nothing blown up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys, tempfile
from pathlib import Path
import numpy as np
from pitwall.ui.qt import QtGui, make_application
app = make_application()
from tests.ui.session import make_race, make_wall
from pitwall.ui.roles import Role
from pitwall.ui.window import build_window

wall = make_wall(make_race(2, 200), Path(tempfile.mkdtemp()))
wall.advance(200)
window = build_window(wall.inputs(), size=(1366, 768))
window.show()
window.refresh()
panes = window.panes
parts = [panes.header, panes.timeline, panes.strip, panes.timing, panes.laps, panes.traces,
         panes.map, panes.values]
for part in parts:
    image = part.grab().toImage().convertToFormat(QtGui.QImage.Format.Format_RGB32)
    assert image.width() == 2 * part.width(), part.accessibleName()
    data = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    blocks = data[: data.shape[0] // 2 * 2].reshape(-1, 2, part.width(), 2)
    same = (blocks == blocks[:, :1, :, :1]).all(axis=(1, 3))
    # What is blown up is made of blocks of four; of what is not, edges of text and lines differ.
    assert (~same).mean() > 0.002, (part.accessibleName(), (~same).mean())
window.pump.stop()
window.close()
wall.close()
print("sharp")
"""


def test_at_two_pixels_a_point_text_and_lines_are_sharp() -> None:
    root = Path(__file__).parents[2]
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=root,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": "2"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert found.stdout.strip().endswith("sharp"), found.stderr[-2000:]
