"""The spool: order and identity over restarts, bounds, and what is kept for sealing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitwall.cloud import LapBook
from pitwall.cloud import spool as module
from pitwall.cloud.spool import Spool
from pitwall.telemetry import BadInput, Failure, Head, Segment
from tests.unit.cloud import strategies as made

CHUNKS, _ = made.field(2, 20.0, 6.0)
KEY = made.SESSION.key
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "car.spool"


def taken(spool: Spool) -> Iterator[Segment]:
    while (chunk := spool.take()) is not None:
        yield chunk


def test_what_came_goes_out_in_order_and_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WINDOW", 7)
    spool = Spool(path, KEY)
    out: list[Segment] = []
    for i, chunk in enumerate(CHUNKS):
        spool.add(chunk)
        if i % 13 == 0:
            spool.commit()
        if i % 9 == 0:
            out += [c for c in [spool.take(), spool.take()] if c is not None]
    out += taken(spool)
    assert out == CHUNKS
    assert spool.waiting == len(CHUNKS)
    spool.close()


_steps = st.lists(st.sampled_from(["add", "take", "accept", "commit", "die"]), max_size=120)


@settings(max_examples=60, deadline=None)
@given(_steps)
def test_killed_at_any_step_nothing_is_lost_or_renumbered(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    """A process that dies is one that never closes: what it had not committed is rolled back."""
    path = tmp_path_factory.mktemp("spool") / "s.spool"
    spool = Spool(path, KEY)
    sent: dict[object, Segment] = {}
    on_way: list[Segment] = []
    accepted = 0
    at = 0
    for step in steps:
        if step == "add" and at < len(CHUNKS):
            spool.add(CHUNKS[at])
            at += 1
        elif step == "take":
            chunk = spool.take()
            if chunk is not None:
                name = (chunk.series, chunk.n_lo)
                assert sent.setdefault(name, chunk) == chunk
                on_way.append(chunk)
        elif step == "accept" and on_way:
            spool.accepted(on_way.pop(0))
            accepted += 1
        elif step == "commit":
            spool.commit()
        elif step == "die":
            spool._close()  # the connection is dropped: its transaction with it
            spool = Spool(path, KEY)
            on_way.clear()
            at = next((i for i, c in enumerate(CHUNKS) if not spool.has(c)), len(CHUNKS))
            # what was sent is never forgotten
            assert all(spool.has(chunk) for chunk in sent.values())
    spool.commit()
    spool._close()
    again = Spool(path, KEY)
    rest = list(taken(again))
    kept = list(again.kept())
    assert sorted([*kept, *rest], key=CHUNKS.index) == CHUNKS[:at]
    by_series: dict[object, list[int]] = {}
    for chunk in [*kept, *rest]:
        by_series.setdefault(chunk.series, []).append(chunk.n_lo)
    assert all(n == list(range(1, len(n) + 1)) for n in by_series.values())
    assert again.waiting == len(rest)
    again.close()


def test_the_bound(path: Path) -> None:
    size = len(CHUNKS[0].payload) + module._ROW
    spool = Spool(path, KEY, limit_bytes=10 * size)
    added = 0
    while spool.room:
        spool.add(CHUNKS[added])
        added += 1
    assert 5 < added < 20
    chunk = spool.take()
    assert chunk is not None
    assert not spool.room
    spool.accepted(chunk)
    assert spool.room
    spool.close()
    again = Spool(path, KEY, limit_bytes=10 * size)
    assert again.waiting == added - 1
    again.close()


def test_what_may_be_stated(path: Path) -> None:
    spool = Spool(path, KEY)
    for chunk in CHUNKS[:20]:
        spool.add(chunk)
    first = [c for c in taken(spool) if c.series.car == "1"]
    for chunk in first[:6]:
        spool.accepted(chunk)
    assert spool.heads() == []  # no head is in the table
    spool.stated(Head(KEY, "1", "boot1", 5, 77, 0, {"driver": 99}))
    spool.describe({"epoch": "boot1"})
    spool.close()
    again = Spool(path, KEY)
    [head] = again.heads()
    counters = {
        g: max((c.n_lo for c in first[:6] if c.series.group == g), default=0) for g in head.n
    }
    assert head.n == counters
    assert (head.t_first, head.t, head.ended) == (5, 77, False)
    assert again.about == {"epoch": "boot1"}
    again.close()


def test_laps_are_kept_until_they_are_sealed(path: Path) -> None:
    spool = Spool(path, KEY)
    book = LapBook()
    mine = [c for c in CHUNKS if c.series.car == "1"]
    entries = []
    for chunk in mine:
        spool.add(chunk)
    for chunk in taken(spool):
        spool.accepted(chunk)
        entries += [lap.entry for lap in book.add(chunk) if lap.entry.sealed]
    assert list(spool.kept()) == mine
    for entry in entries[:2]:
        spool.sealed(entry)
    spool.close()
    again = Spool(path, KEY)
    assert list(again.kept()) == [c for c in mine if c.lap > 1]
    assert again.entries() == entries[:2]
    again.close()


def test_too_much_to_keep_lets_the_oldest_laps_go_and_remembers(path: Path) -> None:
    total = sum(len(c.payload) + module._ROW for c in CHUNKS)
    spool = Spool(path, KEY, limit_bytes=total // 2)
    for chunk in CHUNKS:
        spool.add(chunk)
        got = spool.take()
        assert got == chunk
        spool.accepted(chunk)
        spool.commit()
    kept = list(spool.kept())
    gone = {(c.series.car, c.lap) for c in CHUNKS} - {(c.series.car, c.lap) for c in kept}
    assert gone
    assert gone <= spool.let_go()
    assert spool.waiting == 0
    spool.close()


@pytest.mark.parametrize("at", [0, 1, 3])
def test_chunks_that_are_not_the_next(path: Path, at: int) -> None:
    spool = Spool(path, KEY)
    mine = [c for c in CHUNKS if c.series == CHUNKS[0].series]
    spool.add(mine[0])
    spool.add(mine[1])
    with pytest.raises(BadInput, match="where 3 is next"):
        spool.add(mine[at])
    spool.close()


def test_one_process_at_a_time(path: Path) -> None:
    spool = Spool(path, KEY)
    with pytest.raises(Failure, match="another Pitwall is writing this spool: end it"):
        Spool(path, KEY)
    spool.close()
    spool.close()
    with pytest.raises(BadInput, match=f"holds session {KEY}"):
        Spool(path, "2025-01-01-other-r1")
    again = Spool(path, KEY)
    again.remove()
    assert list(path.parent.iterdir()) == []


def test_a_full_disk_says_so_and_keeps_what_was_accepted(path: Path) -> None:
    spool = Spool(path, KEY)
    for chunk in CHUNKS[:10]:
        spool.add(chunk)
    spool.commit()
    pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool._db.execute(f"PRAGMA max_page_count = {pages + 2}")

    def fill() -> None:
        for chunk in CHUNKS[10:]:
            spool.add(chunk)
            spool.commit()

    with pytest.raises(Failure, match="disk is full, no more chunks are accepted; .* run the same"):
        fill()
    spool._close()
    again = Spool(path, KEY)
    rest = list(taken(again))
    assert rest == CHUNKS[: len(rest)]
    assert len(rest) >= 10
    again.close()


def test_damage_is_told_in_one_line(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"SQLite format 3\0" + b"junk" * 4000)
    with pytest.raises(Failure, match="if it is damaged, move it away"):
        Spool(path, KEY)
    assert not path.with_name(path.name + "-lock").exists()


KILLED = """
import os, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from pitwall.cloud.spool import Spool
from tests.unit.cloud import strategies as made
chunks, _ = made.field(2, 20.0, 6.0)
spool = Spool(Path(sys.argv[1]), made.SESSION.key)
for i, chunk in enumerate(chunks):
    spool.add(chunk)
    if i % 7 == 0:
        got = spool.take()
        os.write(1, f"{got.series.car} {got.series.group} {got.n_lo} {got.crcs[0]}\\n".encode())
    if i == 100:
        os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_kill_9(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), str(ROOT)],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -9, done.stderr
    said = done.stdout.decode().splitlines()
    assert said
    spool = Spool(path, KEY)
    waiting = {(c.series.car, c.series.group, c.n_lo, c.crcs[0]) for c in taken(spool)}
    for line in said:
        car, group, n, crc = line.split()
        assert (car, group, int(n), int(crc)) in waiting
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    spool.close()
