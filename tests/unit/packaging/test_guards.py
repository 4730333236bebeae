"""The guards in tests/conftest.py fail what they are there to fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]

LEAKING = """
import threading

def test_leaves_a_thread():
    threading.Thread(target=threading.Event().wait, args=(0.5,), name="forgotten").start()

def test_joins_its_thread():
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
"""


def test_a_thread_left_running_fails_its_test(tmp_path: Path) -> None:
    conftest = (TESTS / "conftest.py").read_text(encoding="utf-8")
    quick = conftest.replace("THREAD_GRACE_S = 20.0", "THREAD_GRACE_S = 0.05")
    assert quick != conftest
    (tmp_path / "conftest.py").write_text(quick, encoding="utf-8")
    (tmp_path / "test_leak.py").write_text(LEAKING, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "threads left running: forgotten" in run.stdout
    assert "2 passed, 1 error" in run.stdout
