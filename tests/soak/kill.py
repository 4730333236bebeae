"""kill -9 of the app, again and again: nothing lost, nothing twice.

    python -m tests.soak.kill --kills 20 --json

Stand-in and cars run by themselves. The app, which is given only URLs and the recording's name,
is killed at random moments: while it starts, in the middle of the archive, at the seam, live. In
the end the cars stop, the app catches up and ends by itself, and both ends are read
independently: see :mod:`tests.soak.reading`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.soak import reading
from tests.soak.race import Child, Race, RaceSpec, ask, cpu_seconds, live_words, race

MOMENTS = ("start", "opened", "loading", "joined", "live", "trimmed")
"""While the program starts; as the recording is made or opened; in the first transactions; after
the first second; once it is live; live, and the stream forgets everything before it is back."""
FULL = ("start", "opened", "loading", "opened", *("loading",) * 4, "joined", "live", "trimmed")
SIGN_S = 120.0
CATCH_UP_S = 300.0
LOADED_PER_S = 3000.0
"""Car seconds of history that are loaded in a second, more or less."""
FORGOTTEN = 30
"""Items that the stream forgets before anybody has read them."""
_LOOK_S = 0.002


@dataclass(slots=True)
class Killed:
    """One kill: when it was meant, how long the app had lived, in which state it last said to be,
    and how many chunks its recording held afterwards."""

    moment: str
    lived_s: float
    state: str
    chunks: int


@dataclass(slots=True)
class Report:
    """What happened. Numbers of chunks unless the name says otherwise."""

    kills: list[Killed] = field(default_factory=list)
    chunks: int = 0
    seeding_s: float = 0.0
    catch_up_s: float = 0.0
    app_cpu_s: float = 0.0
    final: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """With the figures that matter first."""
        doc = asdict(self)
        ledger = self.final["ledger"]
        return {
            "killed": len(self.kills),
            "lost": ledger["missing"],
            "in_states": dict(Counter(kill.state for kill in self.kills)),
            **doc,
        }


def torture(
    kills: int, spec: RaceSpec, folder: Path, seed: int = 1, moments: tuple[str, ...] = MOMENTS
) -> Report:
    """Kill the app ``kills`` times, then let it catch up, and compare both ends.

    The first kills take each of ``moments`` once, in their order. Raises AssertionError when
    anything is lost, is there twice, or the app cannot go on.
    """
    rng = random.Random(seed)
    report = Report()
    # about how long the archive takes: the longer the race, the longer
    loading_s = spec.history_s * spec.cars / LOADED_PER_S
    recording = folder / "race.pitwall"
    with race(spec) as running:
        report.seeding_s = round(running.seeding_s, 2)
        before: set[tuple[reading.Line, int]] = set()
        for at in range(kills):
            moment = moments[at] if at < len(moments) else rng.choice(MOMENTS)
            report.kills.append(_kill(running, recording, moment, rng, report, loading_s))
            if moment == "trimmed":
                _forget(running)
            now = _held(recording, folder)
            if before - now:
                raise AssertionError(f"kill {at}: {len(before - now)} committed chunks are gone")
            before = now
            report.kills[-1].chunks = len(now)
        began = time.monotonic()
        with Child(live_words(running, recording)) as app:
            _wait_live(app, report)
            running.finish()
            report.final = _wait_final(app)
        report.catch_up_s = round(time.monotonic() - began, 2)
        report.chunks = reading.compare(running.endpoint, running.table, running.session, recording)
    ledger = report.final["ledger"]
    assert report.final["state"] == "ended", report.final
    assert ledger["missing"] == ledger["quarantined"] == ledger["conflicts"] == 0, ledger
    assert ledger["expected"] == ledger["applied"] == report.chunks, (ledger, report.chunks)
    assert ledger["provable"], ledger
    return report


def _kill(
    race: Race, recording: Path, moment: str, rng: random.Random, report: Report, loading_s: float
) -> Killed:
    with Child(live_words(race, recording)) as app:
        state, wait_s = "started", 0.0
        if moment == "start":
            wait_s = rng.uniform(0.0, 1.5)
        elif moment == "opened":
            _wait_opened(app, recording)
            wait_s = rng.uniform(0.0, 0.1)
        elif moment == "loading":
            _wait_written(app, recording)
            wait_s = rng.uniform(0.0, loading_s)
        elif moment == "joined":
            state = _wait_line(app)["state"]
            wait_s = rng.uniform(0.0, 1.0)
        else:
            state = _wait_live(app, report)["state"]
            wait_s = rng.uniform(0.0, 2.0)
        # Not synchronisation: the random moment itself.
        until = time.monotonic() + wait_s
        while (left := until - time.monotonic()) > 0 and app.running:
            line = app.line(left)
            if line is not None:
                state = json.loads(line)["state"]
        if not app.running:
            raise AssertionError(f"{moment}: the app ended by itself: {app.errors()}")
        lived_s = time.monotonic() - app.began
        report.app_cpu_s = round(report.app_cpu_s + cpu_seconds(app.pid), 2)
        app.process.kill()
        app.wait()
        if app.errors():
            raise AssertionError(f"{moment}: the app complained: {app.errors()}")
    return Killed(moment, round(lived_s, 2), state, 0)


def _wait_opened(app: Child, recording: Path) -> None:
    """Until the app has the recording, or the file that becomes it, open. Looking must not touch
    the file or its lock: only where the system shows a process's files (Linux) is it waited for."""
    files = Path(f"/proc/{app.pid}/fd")

    def opened() -> bool:
        found = []
        for file in files.iterdir():
            with contextlib.suppress(OSError):
                found.append(file.readlink().name)
        return any(name.startswith(recording.name) for name in found)

    if files.is_dir():
        _wait(opened, app, "the recording was not opened")


def _wait_written(app: Child, recording: Path) -> None:
    """Until something has been committed since the app was started."""
    log = recording.with_name(recording.name + "-wal")
    before = log.stat().st_mtime_ns if log.exists() else 0

    def written() -> bool:
        return log.exists() and log.stat().st_mtime_ns > before and log.stat().st_size > 0

    _wait(written, app, "nothing was written")


def _wait(condition: Callable[[], bool], app: Child, what: str) -> None:
    deadline = time.monotonic() + SIGN_S
    while not condition():
        if time.monotonic() > deadline or not app.running:
            raise AssertionError(f"{what}: {app.errors()}")
        time.sleep(_LOOK_S)


def _forget(race: Race) -> None:
    """Let the cars go on for a moment, and the stream forget that they did."""
    status = ask(race.endpoint, "status")
    deadline = time.monotonic() + SIGN_S
    while ask(race.endpoint, "status")["items"] < status["items"] + FORGOTTEN:
        if time.monotonic() > deadline:
            raise AssertionError(f"the cars do not go on: {race.cars.errors()}")
        time.sleep(0.05)
    race.control("trim", older_than_s=0)


def _wait_line(app: Child) -> dict[str, Any]:
    """The next line that tells how things are, not what happened."""
    while True:
        line = app.line(SIGN_S)
        if line is None:
            raise AssertionError(f"no sign of life from the app: {app.errors()}")
        doc: dict[str, Any] = json.loads(line)
        if doc["line"] != "event":
            return doc


def _wait_live(app: Child, report: Report) -> dict[str, Any]:
    deadline = time.monotonic() + CATCH_UP_S
    while time.monotonic() < deadline:
        doc = _wait_line(app)
        if doc["time_to_live_s"] is not None:
            return doc
    raise AssertionError(f"not live in {CATCH_UP_S:.0f} s: {doc}")


def _wait_final(app: Child) -> dict[str, Any]:
    deadline = time.monotonic() + CATCH_UP_S
    while time.monotonic() < deadline:
        doc = _wait_line(app)
        if doc.get("final"):
            code = app.wait()
            assert code == 0, app.errors()
            return doc
    raise AssertionError(f"the app has not caught up in {CATCH_UP_S:.0f} s: {doc}")


def _held(recording: Path, folder: Path) -> set[tuple[reading.Line, int]]:
    """What a killed app left, read from a copy: opening the file itself would mend it."""
    if not recording.exists():
        return set()
    copies = folder / "copy"
    copies.mkdir(exist_ok=True)
    copy = copies / recording.name
    for name in (recording.name, recording.name + "-wal"):
        source = recording.with_name(name)
        (copies / name).unlink(missing_ok=True)
        if source.exists():
            shutil.copy(source, copies / name)
    try:
        return reading.held(copy)
    finally:
        shutil.rmtree(copies)


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cars", type=int, default=8)
    parser.add_argument("--history", type=float, default=1200.0, metavar="SECONDS")
    parser.add_argument("--stream", type=float, default=120.0, metavar="SECONDS")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    spec = RaceSpec(
        cars=args.cars, history_s=args.history, stream_s=args.stream, rotate_s=7.0, firehose_s=10.0
    )
    with tempfile.TemporaryDirectory(prefix="pitwall-kill-") as folder:
        report = torture(args.kills, spec, Path(folder), args.seed, FULL)
    if args.json:
        print(json.dumps(report.to_json(), indent=2))
    else:
        print(
            f"{len(report.kills)} kills, {report.chunks} chunks, none lost, none twice; "
            f"caught up in {report.catch_up_s} s"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
