"""kill -9 at any moment: everything that was acknowledged is there, once."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy as np

from pitwall.store import load, open_session
from pitwall.store.recording import Recording
from tests.unit.store.helpers import SESSION, times, values

ROOT = Path(__file__).parents[2]


def killed_once(path: Path, seed: int, lines: int, more_s: float) -> int:
    """Run the child until it has said ``lines`` lines and a little longer; returns its last n."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.unit.store.killed", str(path), str(seed)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(lines)]
        try:
            child.wait(more_s)
        except subprocess.TimeoutExpired:
            child.kill()
        rest, fault = child.communicate(timeout=30)
        assert "Traceback" not in fault, fault
        # The last line may be torn off; every whole line is a promise.
        said += rest.splitlines(keepends=True)
    return int([line for line in said if line.endswith("\n")][-1])


def test_killed_at_random_moments(tmp_path: Path) -> None:
    path = tmp_path / "race.pitwall"
    dice = random.Random()
    acknowledged = 0
    for _ in range(6):
        seed = dice.randrange(10**9)
        lines, more_s = dice.randint(1, 60), dice.random() * 0.05
        acknowledged = max(acknowledged, killed_once(path, seed, lines, more_s))
        with Recording.open(path) as recording:
            n = int(recording.checkpoints()["shard"])
            assert n >= acknowledged, seed
            ledger = recording.ledger()
            assert (ledger.expected, ledger.applied, ledger.missing) == (n, n, 0)
            assert ledger.complete
            (books,) = ledger.series.values()
            assert (books.frontier, books.tail, books.conflicts) == (n, n, 0)
            assert ledger.quarantined == len(recording.quarantine())
            held = [
                i
                for row in recording.read_segments(books.series)
                for i in range(row.segment.n_lo, row.segment.n_hi + 1)
            ]
            assert held == list(range(1, n + 1))
            window = load(recording).window("11", "driver", 0, 0, 2**62)
            wanted = np.concatenate([values(i)[0] for i in range(1, n + 1)])
            assert window.v.tolist() == np.float32(wanted).tolist()
            assert window.t.tolist() == [t for i in range(1, n + 1) for t in times(i).tolist()]
    assert acknowledged > 0


def test_killed_while_it_is_made(tmp_path: Path) -> None:
    path = tmp_path / "race.pitwall"
    code = (
        "import os, sys\nfrom pitwall.store import open_session, recording\n"
        "from tests.unit.store.helpers import SESSION\n"
        "recording._write_session = lambda *a: os._exit(9)\n"
        "open_session(sys.argv[1], SESSION)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, timeout=60, check=False
    )
    assert done.returncode == 9
    assert not path.exists()
    recording, _ = open_session(path, SESSION)
    recording.close()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_an_old_log_is_not_taken_for_a_new_recordings(tmp_path: Path) -> None:
    path = tmp_path / "race.pitwall"
    killed_once(path, 1, 20, 0.0)
    assert path.with_name("race.pitwall-wal").stat().st_size
    path.unlink()
    with Recording.create(path, SESSION) as recording:
        assert recording.row_count() == 0
        assert recording.ledger().expected == 0
    Recording.open(path).close()
