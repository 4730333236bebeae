"""The built application tests itself. Build it first: dev.py freeze."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "dist" / "pitwall"
PROGRAM = FOLDER / ("pitwall.exe" if os.name == "nt" else "pitwall")
pytestmark = [
    pytest.mark.frozen,
    pytest.mark.skipif(not PROGRAM.exists(), reason="no frozen build in dist/pitwall"),
]

START_BUDGET_S = 10.0
SIZE_BUDGET_MB = 260


def test_the_built_application_passes_its_self_test() -> None:
    started = time.monotonic()
    done = subprocess.run(
        [str(PROGRAM), "selftest", "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    report = json.loads(done.stdout)
    assert [check for check in report["checks"] if not check["ok"]] == []
    assert report["frozen"] is True
    assert done.returncode == 0
    assert time.monotonic() - started < START_BUDGET_S


def test_the_folder_stays_within_its_size() -> None:
    size = sum(file.lstat().st_size for file in FOLDER.rglob("*") if not file.is_symlink())
    assert size / 1e6 < SIZE_BUDGET_MB
