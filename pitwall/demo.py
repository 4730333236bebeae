"""`pitwall demo`: a race on this machine, through the whole path.

Three processes that share only URLs: the stand-in (table, stream, delivery, archive), the cars
(publisher) and the app.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pitwall.address import CloudAddress
from pitwall.cloud.local.process import StandIn, last_words
from pitwall.display import RunOptions, choose_display, unattended
from pitwall.run import Run
from pitwall.runtime import collector
from pitwall.store import Recording
from pitwall.store.lock import WriterLock
from pitwall.telemetry import BadInput, Failure
from pitwall.telemetry.clock import now_us
from pitwall.telemetry.plural import counted
from pitwall.telemetry.resources import resource_path
from pitwall.voice import Note, Voice

HEADLESS_S = 60.0
HISTORY_S = 2400.0
ROTATE_EVERY_S = 20.0
"""Shards of a real table live about four hours; here an audience is waiting."""
RETENTION_S = 600.0
FIREHOSE_S = 30.0
RACE: dict[str, Any] = {"seconds_history": HISTORY_S, "stream_s": RETENTION_S}
"""What the stand-in seeds; see :mod:`pitwall.cloud.local.seed`."""
PICTURE = Path("pitwall-demo.png")
FOLDER = "pitwall-demo-"
"""What the folders of demos' recordings begin with."""
YOUNG_S = 60.0
"""A folder younger than this may be one whose lock is just being taken."""
_STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What to demonstrate.

    Attributes:
        source: a recording to replay instead of the synthetic field.
        speed: pace of the live part, 1 = real time.
        run: window, time and screenshot.
        json_out: print the summary as JSON on stdout.
    """

    source: Path | None
    speed: float
    run: RunOptions
    json_out: bool


class Demo:
    """The two child processes and the recording of a demo; made on the start worker."""

    def __init__(self, source: Path | None, speed: float, voice: Voice) -> None:
        self._source = source
        self._speed = speed
        self._voice = voice
        self._stopping = threading.Event()
        self._stand_in: StandIn | None = None
        self._cars: subprocess.Popen[bytes] | None = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop()
        sweep(Path(tempfile.gettempdir()))
        self._folder = tempfile.TemporaryDirectory(prefix=FOLDER, ignore_cleanup_errors=True)
        self._in_use = WriterLock(Path(self._folder.name) / "demo")

    def prepare(self, note: Note) -> Run:
        """Build the race, start the cars, join. Raises Failure."""
        what = f"replaying {self._source.name}" if self._source else "building the demo race"
        note(None, what)
        self._voice.say(f"{what} (table, stream and archive on this machine)")
        spec = dict(RACE)
        if self._source is not None:
            spec["from"] = str(self._source.resolve())
        self._stand_in = stand_in = StandIn.start(
            seed_spec=spec,
            on_progress=lambda share, text: note(share, f"{what}: {text}"),
            cancelled=self._stopping.is_set,
            rotate_every=ROTATE_EVERY_S,
            retention_s=RETENTION_S,
            firehose_interval_s=FIREHOSE_S,
        )
        self._check()
        address = CloudAddress(stand_in.table, stand_in.bucket, endpoint_url=stand_in.endpoint)
        session = self._session(address)
        past = "the history is" if self._source else "forty minutes are"
        self._voice.say(f"{past} in the table and the archive; {session} goes on live")
        note(None, "starting the cars")
        self._check()
        self._cars = self._start_cars(address, session)
        note(None, "joining")
        path = Path(self._folder.name) / f"{session}.pitwall"
        run = Run.joined(session, address, path, self._voice.event)
        if self._source is None:
            run.model.keep(_sheets())
        return run

    def cancel(self) -> None:
        """Let a preparation that is at work give up soon; any thread."""
        self._stopping.set()

    def stop(self) -> None:
        """End the children and remove the demo's recording."""
        self._stopping.set()
        cars = self._cars
        if cars is not None:
            with contextlib.suppress(OSError):
                if cars.stdin is not None:
                    cars.stdin.close()
            try:
                cars.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                cars.kill()
                cars.wait(_STOP_S)
        if self._stand_in is not None:
            self._stand_in.stop()
        self._errors.close()
        self._in_use.release()
        self._folder.cleanup()

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Failure("the demo was cancelled")

    @property
    def fault(self) -> str:
        """Why the cars stopped, if they did; empty while they drive."""
        if self._cars is None or self._cars.poll() in (None, 0):
            return ""
        said = last_words(self._errors)
        return said or f"the cars stopped (exit {self._cars.returncode})"

    def _session(self, address: CloudAddress) -> str:
        from pitwall.cloud.query import list_sessions

        clients = address.clients()
        try:
            sessions = list_sessions(clients.dynamodb, address.table)
        finally:
            clients.close()
        if not sessions:
            raise Failure("the stand-in lists no session: start the demo again")
        return sessions[-1].key

    def _start_cars(self, address: CloudAddress, session: str) -> subprocess.Popen[bytes]:
        frozen = getattr(sys, "frozen", False)
        program = [sys.executable] if frozen else [sys.executable, "-m", "pitwall"]
        command = [
            *program,
            "demo-publisher",
            *("--endpoint-url", str(address.endpoint_url)),
            *("--table", address.table),
            *("--bucket", address.bucket or ""),
            *("--session", session),
            *("--speed", str(self._speed)),
        ]
        if self._source is not None:
            command += ["--from", str(self._source.resolve())]
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise Failure(f"the demo's cars could not be started: {error}") from None


def _sheets() -> dict[str, str]:
    """How the demo's cars are set up, as entries of the recording's table."""
    from pitwall.prerace.sheet import sheet_text
    from pitwall.prerace.sheet_file import read_sheets

    sheets = read_sheets(resource_path("sheets", "demo.toml"), now_us())
    return {sheet.key: sheet_text(sheet) for sheet in sheets}


def prepare_race() -> bool:
    """Pack the demo's race ahead of its first start; True when it was packed already."""
    from pitwall.cloud.local.seed import prepare

    return prepare(RACE)


def sweep(place: Path) -> None:
    """Remove what demos left in ``place`` that were killed: the lock of a folder dies with the demo
    that it belongs to."""
    for folder in place.glob(f"{FOLDER}*"):
        with contextlib.suppress(OSError, Failure):
            if folder.is_symlink() or not folder.is_dir():
                continue
            if time.time() - folder.stat().st_mtime < YOUNG_S:
                continue
            WriterLock(folder / "demo").release()
            shutil.rmtree(folder)


def _check_recording(path: Path) -> None:
    """Raises BadInput at once for a file that cannot be replayed, before anything is started."""
    with Recording.open(path, read_only=True) as recording:
        if not recording.ledger().applied:
            raise BadInput(f"{path}: the recording holds no samples to replay")


def run(options: DemoOptions) -> int:
    """`pitwall demo`: show it, then say what happened."""
    collector.rarely()
    from pitwall.desktop import Desktop
    from pitwall.opening import memory

    voice = Voice(time.monotonic())
    if options.source is not None:
        _check_recording(options.source)
    window = choose_display(options.run, voice)
    running = options.run
    if not window:
        running = unattended(running, HEADLESS_S, PICTURE)
        voice.say(f"stops after {running.seconds:.0f} s; --seconds changes that")
    demo = Demo(options.source, options.speed, voice)
    desktop = Desktop(
        running,
        voice,
        prepare=demo.prepare,
        demo=demo.prepare,
        cancel=demo.cancel,
        memory=memory() if window and running.seconds is None else None,
    )
    try:
        code = desktop.loop()
        fault = demo.fault
    finally:
        demo.stop()
    if fault:
        raise Failure(fault)
    summary = desktop.last_summary
    if summary is None:
        return code
    if options.json_out:
        sys.stdout.write(json.dumps(summary, indent=2) + "\n")
    else:
        sys.stdout.write(in_lines(summary) + "\n")
    return code


def in_lines(summary: dict[str, Any]) -> str:
    """The summary for people."""
    ledger, chunks = summary["ledger"], summary["chunks"]
    complete = "nothing missing" if not ledger["missing"] else f"{ledger['missing']} missing"
    frame, latency = summary["frame_ms"], summary["latency_ms"]
    lines = [
        f"{counted(summary['cars'], 'car')}, {counted(summary['laps'], 'lap')}; history in "
        f"{_seconds(summary['time_to_history_s'])}, live in {_seconds(summary['time_to_live_s'])}",
        f"chunks: {chunks['archive']:,} from the archive, {chunks['stream']:,} from the stream, "
        f"{chunks['repair']:,} from the table",
        f"ledger: {ledger['applied']:,} of {ledger['expected']:,} applied, {complete}; "
        f"{counted(ledger['duplicates'], 'duplicate')}, {ledger['quarantined']} quarantined",
        f"stream: {counted(summary['shards'], 'shard')} seen, "
        f"{counted(summary['rotations'], 'rotation')} survived",
        f"frame {frame['p50']} ms (p95 {frame['p95']}), publish to pixel "
        f"{latency['p50']} ms (p95 {latency['p95']})",
    ]
    if summary.get("screenshot"):
        lines.append(f"picture: {summary['screenshot']}")
    return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f} s"
