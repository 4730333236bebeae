"""What an import takes of the machine, as a process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.formats.feed import burst_feed, rows


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="measures with resource.getrusage")
def test_memory_does_not_grow_with_the_file(tmp_path):
    """A process that imports eight times the rows may not need much more memory."""
    code = (
        "import resource, sys; from pathlib import Path; from pitwall.formats import import_files; "
        "import_files([Path(sys.argv[1])], Path(sys.argv[2])); "
        # what getrusage tells begins with the memory of whoever forked us, until exec
        "own = Path('/proc/self/status'); "
        "told = own.read_text().split('VmHWM:')[1].split()[0] if own.exists() else 0; "
        "print(told or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    used = []
    for seconds in (400, 3200):
        path = tmp_path / f"long{seconds}-1.csv"
        path.write_text("\n".join(rows(burst_feed(seconds=seconds))) + "\n")
        done = subprocess.run(
            [sys.executable, "-c", code, str(path), str(tmp_path / f"{seconds}.pitwall")],
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        used.append(int(done.stdout) / 1024)
    assert used[1] - used[0] < 12, f"{used} MB"
