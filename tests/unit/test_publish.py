"""What `pitwall publish` says while it goes on."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest

from pitwall import publish
from pitwall.cloud.spool import Spool
from pitwall.voice import Voice
from tests.unit.cloud import strategies as made
from tests.unit.cloud.test_publisher_spool import CHUNKS


def test_how_far_it_is_and_what_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chunks = CHUNKS
    with closing(Spool(tmp_path / "x.spool", made.SESSION.key, 10**6)) as spool:
        progress = publish._Progress(
            made.SESSION.started_us, 7200.0, spool, Voice(time.monotonic(), quiet=False)
        )
        progress.look()
        taken = progress.through(chunks)
        for _ in range(3):
            spool.add(next(taken))
        spool.commit()
        progress.look()
        assert capsys.readouterr().err == ""  # said a moment ago
        monkeypatch.setattr(publish, "PROGRESS_S", 0.0)
        progress.look()
        said = capsys.readouterr().err
    done = chunks[2].t_hi - made.SESSION.started_us
    assert f"00:00:{done // 1_000_000:02d} of 02:00:00, 3 chunks wait" in said
