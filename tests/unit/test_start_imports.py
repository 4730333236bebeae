"""What the start window must not wait for; `python -m tests.bench start` has the times."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = (
    "numpy",
    "boto3",
    "botocore",
    "pyqtgraph",
    "pitwall.analysis",
    "pitwall.prerace",
    "pitwall.run",
    "pitwall.store",
    "pitwall.turbo",
    "pitwall.ui.main_window",
)


def test_the_start_window_is_imported_by_itself() -> None:
    """Each of these takes as long as half of Qt: they are imported behind the start window."""
    assert imported("pitwall.cli, pitwall.app, pitwall.desktop", HEAVY) == []


def test_a_session_is_joined_without_the_model() -> None:
    """It is asked when laps are there; history is not to wait for it."""
    assert imported("pitwall.run", ("pitwall.prerace", "pitwall.strategy", "boto3")) == []


def imported(modules: str, names: tuple[str, ...]) -> list[str]:
    """Which of ``names`` come with ``modules``."""
    code = f"import sys, {modules}\nprint(*[name for name in {names!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()
