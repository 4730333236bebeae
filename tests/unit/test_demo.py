"""What a demo leaves behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

from pitwall.demo import FOLDER, YOUNG_S, sweep
from pitwall.store.lock import WriterLock


def test_folders_of_demos_that_were_killed_are_removed(tmp_path: Path) -> None:
    def folder(name: str, age_s: float) -> Path:
        made = tmp_path / name
        made.mkdir()
        (made / "race.pitwall").write_bytes(b"x")
        return made

    killed, young = folder(f"{FOLDER}killed", 0), folder(f"{FOLDER}young", 0)
    running, other = folder(f"{FOLDER}running", 0), folder("pitwall-other", 0)
    held = WriterLock(running / "demo")
    (tmp_path / f"{FOLDER}link").symlink_to(other, target_is_directory=True)
    long_ago = time.time() - 2 * YOUNG_S
    for one in (killed, running, other):
        os.utime(one, (long_ago, long_ago))
    sweep(tmp_path)
    assert not killed.exists()
    assert young.exists()
    assert (running / "race.pitwall").exists()
    assert (other / "race.pitwall").exists()
    held.release()
    os.utime(running, (long_ago, long_ago))
    sweep(tmp_path)
    assert not running.exists()
