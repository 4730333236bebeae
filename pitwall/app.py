"""The composition root: wires the rooms together and runs one command to its end."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from pitwall.headless import Lines, follow, line_of
from pitwall.run import CloudAddress, Run
from pitwall.runtime import StallWatch, State
from pitwall.telemetry import BadInput, Failure
from pitwall.telemetry.clock import now_us
from pitwall.telemetry.plural import counted

if TYPE_CHECKING:
    from pitwall.runtime import FrameStats

__all__ = ["CloudAddress", "Note", "RunOptions", "Voice", "run_file", "run_live", "run_window"]

Note = Callable[[float | None, str], None]
"""Told what is being prepared and how far it is (0..1, None when not known)."""
STALL_S = 5.0
"""A table that takes nothing for so long is told of."""
OPEN_S = 5.0
"""How long a recording is drawn offscreen unless told otherwise."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a window command runs.

    Attributes:
        seconds: stop by itself after so long; None runs until closed.
        headless: no window on a display.
        screenshot: where to save what the window shows at the end.
        size: window size in pixels; None fits the screen.
        theme: ``dark`` or ``sunlight``.
    """

    seconds: float | None = None
    headless: bool = False
    screenshot: Path | None = None
    size: tuple[int, int] | None = None
    theme: str = "dark"


class Voice:
    """Prints a line for each thing that happens, with the seconds since the command began.

    Any thread may call it; with ``quiet`` nothing is printed.
    """

    def __init__(self, began: float, *, quiet: bool = False) -> None:
        self._began = began
        self._quiet = quiet
        self._lock = threading.Lock()
        self._read_through: int | None = None
        """Closed shards read through so far, while joining; None once live."""

    @property
    def seconds(self) -> float:
        """Since the command began."""
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        """One line on stderr, which leaves stdout to answers."""
        if not self._quiet:
            with self._lock:
                sys.stderr.write(f"{self.seconds:6.1f} s  {text}\n")
                sys.stderr.flush()

    def event(self, name: str, details: Mapping[str, object]) -> None:
        """An event of the follower, in words. A day's closed shards are one line; each that ends
        once we are live is told by itself."""
        if name == "joined":
            self._read_through = 0
        elif name == "rotation" and self._read_through is not None:
            self._read_through += 1
            return
        elif name == "live" and self._read_through is not None:
            shards, self._read_through = self._read_through, None
            if shards:
                self.say(f"{counted(shards, 'closed shard')} read through")
        text = in_words(name, details)
        if text:
            self.say(text)


def in_words(name: str, details: Mapping[str, object]) -> str:
    """What an event means to a person; empty for those that only programs care about."""
    d: Mapping[str, Any] = details
    if name == "joined":
        return (
            f"joined {d['session']}: {counted(d['cars'], 'car')}, "
            f"{counted(d['shards'], 'shard')}, {counted(d['chunks'], 'chunk')} so far"
        )
    if name == "archive":
        damaged = f", {counted(d['damaged'], 'place')} damaged" if d["damaged"] else ""
        objects = counted(d["objects"], "object")
        return f"archive read: {counted(d['chunks'], 'chunk')} with repeats, {objects}{damaged}"
    if name == "table-laps":
        damaged = f", {counted(d['damaged'], 'damaged one')}" if d["damaged"] else ""
        chunks, items = counted(d["chunks"], "chunk"), counted(d["items"], "item")
        return f"sealed laps read from the table: {chunks}, {items}{damaged}"
    if name == "history":
        return f"history complete in {d['seconds']:.1f} s: {counted(d['chunks'], 'chunk')}"
    if name == "live" and "seconds" in d:
        return f"live after {d['seconds']:.1f} s, {counted(d['missing'], 'chunk')} missing"
    if name == "repaired":
        chunks, reads = counted(d["chunks"], "chunk"), counted(d["reads"], "read")
        return f"repaired {chunks} from the table in {reads}"
    if name == "named":
        verb = "is" if d["chunks"] == 1 else "are"
        return f"{counted(d['chunks'], 'chunk')} {verb} missing for good: {d['reason']}"
    if name == "failed":
        return f"stopped: {d['reason']}"
    if name == "live":
        return "live again"
    if name == "reached":
        return "the service answers again"
    if name in _STATES:
        state, why = State(name), d.get("why") or d.get("reason")
        return f"{state.word.lower()}: {state.says}" + (f" ({why})" if why else "")
    if name == "quarantined":
        return f"{counted(d['records'], 'record')} could not be used, kept raw"
    if name == "renewed":
        return str(d.get("reason") or f"the stream is another one now: {d['stream']}")
    if name == "by-table":
        return f"{d['reason']}; following by table reads instead"
    if name in ("limited", "disabled", "held", "replaced", "crowded", "endpoint"):
        return str(d["reason"])
    if name == "stalled":
        unlisted = "it has ended, and the service does not list what follows it"
        return f"{_short(d['shard'])} does not go on: {d.get('reason', unlisted)}"
    if name == "rotation":
        return f"rotation survived: {_short(d['shard'])} went on in its children"
    if name == "archive-absent":
        return f"archive: {d['reason']}"
    if name == "table-laps-absent":
        return f"sealed laps of the table: {d['reason']}; reading chunk by chunk"
    if name == "gap":
        return f"the stream lost a part of {_short(d['shard'])} ({d['reason']}); asking the table"
    if name == "clock-set":
        return f"this machine's clock was set back by {d['back_s']:.0f} s"
    if name == "resumed":
        return f"awake again after {d['slept_s']:.0f} s of sleep"
    return ""


_STATES = frozenset(state.value for state in State if state.says)


def _short(shard: object) -> str:
    """A shard's name as short as it stays unique."""
    return f"shard …{str(shard)[-8:]}"


def no_display() -> bool:
    """True on Linux without X or Wayland."""
    return sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def unattended(options: RunOptions, seconds: float, picture: Path) -> RunOptions:
    """The same options for a run that nobody watches: it ends by itself and leaves a picture."""
    return replace(
        options,
        seconds=options.seconds or seconds,
        screenshot=options.screenshot or picture,
    )


def choose_display(options: RunOptions, voice: Voice) -> bool:
    """Decide whether there will be a window on a display; sets up offscreen drawing when not."""
    if options.headless or no_display():
        if not options.headless:
            voice.say("no display (neither DISPLAY nor WAYLAND_DISPLAY is set): drawing offscreen")
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        return False
    return True


def recording_path(session: str) -> Path:
    """Where a session is kept unless a file is named."""
    folder = Path(platformdirs.user_data_dir("pitwall", appauthor=False)) / "recordings"
    return folder / f"{session}.pitwall"


def run_window() -> int:
    """`pitwall` alone: the start window, which offers sessions of a table, recordings, the demo."""
    from pitwall.demo import Demo
    from pitwall.desktop import Desktop, memory

    voice = Voice(time.monotonic())
    options = RunOptions()
    if not choose_display(options, voice):
        raise BadInput("no display for the window: use `pitwall demo`, or one of `pitwall --help`")
    demo = Demo(None, 1.0, voice)
    try:
        return Desktop(
            options, voice, demo=demo.prepare, cancel=demo.cancel, memory=memory()
        ).loop()
    finally:
        demo.stop()


def run_file(path: Path, options: RunOptions) -> int:
    """`pitwall open`: a recording in the window."""
    from pitwall.desktop import Desktop, memory

    voice = Voice(time.monotonic())
    seen = choose_display(options, voice) and options.seconds is None
    if not seen and options.seconds is None:
        options = unattended(options, OPEN_S, Path("pitwall-open.png"))
    desktop = Desktop(
        options,
        voice,
        prepare=lambda note: Run.of_file(path),
        path=path,
        memory=memory() if seen else None,
    )
    code = desktop.loop()
    if options.screenshot and code == 0:
        voice.say(f"wrote {options.screenshot}")
    return code


def run_live(
    *,
    session: str,
    cloud: CloudAddress,
    recording: Path | None,
    options: RunOptions,
    json_out: bool,
) -> int:
    """`pitwall live`: follow a session, in the window or headless."""
    voice = Voice(time.monotonic(), quiet=json_out)
    path = recording or recording_path(session)
    unseen = options.headless or no_display()
    if unseen and options.screenshot is None:
        voice.say(f"joining {session}")
        lines = Lines(sys.stdout if json_out else None)
        told = lines.event if json_out else voice.event
        follow(Run.joined(session, cloud, path, told), options.seconds, lines)
        return 0

    def prepare(note: Note) -> Run:
        note(None, f"joining {session}")
        return Run.joined(session, cloud, path, voice.event)

    from pitwall.cloud_desk import address_of
    from pitwall.desktop import Desktop, memory

    seen = choose_display(options, voice) and options.seconds is None
    desktop = Desktop(
        options,
        voice,
        prepare=prepare,
        address=address_of(cloud),
        path=path,
        memory=memory() if seen else None,
    )
    code = desktop.loop()
    if json_out and desktop.last_summary is not None:
        sys.stdout.write(line_of(desktop.last_summary) + "\n")
    return code


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """How a recording is published.

    Attributes:
        speed: event seconds per second.
        spool: folder of the chunks that wait; the user's own data folder when None.
        spool_bytes: that may wait.
        refuse: a full spool is the end, as for a car that cannot wait.
        restart: what an earlier run left is given up.
    """

    speed: float = 1.0
    spool: Path | None = None
    spool_bytes: int = 0
    refuse: bool = False
    restart: bool = False


def run_publish(
    path: Path, *, session: str, cloud: CloudAddress, options: PublishOptions, json_out: bool
) -> int:
    """`pitwall publish`: play a recording into a table, as it happened or faster. Asked to end, it
    finishes what it has begun to write; however it ends, the same again goes on from there."""
    from pitwall.cloud.browse import archive_to_write
    from pitwall.cloud.feed import RecordingFeed, live_chunks
    from pitwall.cloud.publisher import publish
    from pitwall.cloud.replay import begin, spool_file
    from pitwall.cloud.spool import DEFAULT_LIMIT, Spool

    voice = Voice(time.monotonic(), quiet=json_out)
    feed = RecordingFeed(path)
    folder = options.spool or Path(platformdirs.user_data_dir("pitwall", appauthor=False)) / "spool"
    place = (cloud.table, cloud.bucket, cloud.profile, cloud.region, cloud.endpoint_url)
    file = spool_file(folder, session, path, *place)
    limit = options.spool_bytes or DEFAULT_LIMIT
    spool = Spool(file, session, limit)
    if options.restart:
        if spool.waiting:
            voice.say(f"{counted(spool.waiting, 'chunk')} of an earlier run given up")
        spool.remove()
        spool = Spool(file, session, limit)
    clients = cloud.clients()
    stop = threading.Event()
    watch = StallWatch(
        STALL_S,
        voice.say,
        f"{cloud.shown} has taken nothing for {STALL_S:.0f} s; what is published meanwhile waits "
        "on this disk",
        f"{cloud.shown} takes items again",
    )
    try:
        if cloud.bucket is None:
            cloud = replace(cloud, bucket=archive_to_write(clients, cloud.table))
        replay = begin(
            feed, path, session, clients.dynamodb, cloud.table, spool, options.speed, now_us()
        )
        cars = counted(len(feed.cars), "car")
        verb = (
            "going on with" if replay.resumed else "joining with" if replay.joined else "publishing"
        )
        wait = f", {counted(spool.waiting, 'chunk')} wait" if spool.waiting else ""
        voice.say(f"{verb} {path.name} as {session}: {cars}, {feed.seconds:.0f} s{wait}")
        with _stopping(stop), watch:
            report = publish(
                live_chunks(feed, replay.session, replay.epoch),
                replay.session,
                clients,
                cloud.table,
                cloud.bucket or "",
                speed=options.speed,
                start_us=replay.start_us,
                stop=stop,
                on_taken=watch.went_on,
                on_notice=voice.say,
                spool=spool,
                refuse=options.refuse,
            )
        if not (report.stopped or report.unsealed):
            spool.remove()
    finally:
        clients.close()
        spool.close()
    laps = counted(report.laps, "sealed lap")
    voice.say(f"published {counted(report.chunks, 'chunk')} and {laps}")
    if report.message:
        voice.say(report.message)
    if json_out:
        doc = {"session": session, "epoch": replay.epoch, "resumed": replay.resumed}
        sys.stdout.write(line_of({**doc, "joined": replay.joined, **asdict(report)}) + "\n")
        sys.stdout.flush()
    if report.stopped:
        voice.say(
            "stopped before the end: the session is not marked as ended; "
            + (f"{counted(report.waiting, 'chunk')} wait on this disk; " if report.waiting else "")
            + "the same again goes on from here, --restart begins again"
        )
        raise KeyboardInterrupt
    if report.unsealed:
        raise Failure(
            f"{counted(report.unsealed, 'lap')} could not be sealed in table {cloud.table} and "
            f"bucket {cloud.bucket}; all chunks are in the table. Once that is mended, run "
            f"`{_seal_command(session, cloud)}`, or the same again: the spool is kept"
        )
    if replay.resumed:
        voice.say(
            "laps from before the interruption are in the archive one by one; "
            f"`{_seal_command(session, cloud)}` writes their blocks, which load faster"
        )
    return 0


def _seal_command(session: str, cloud: CloudAddress) -> str:
    """What seals the laps of a session afterwards, from here."""
    words = ["pitwall", "cloud", "seal", "--session", session]
    for option, value in (
        ("table", cloud.table),
        ("bucket", cloud.bucket),
        ("profile", cloud.profile),
        ("region", cloud.region),
        ("endpoint-url", cloud.endpoint_url),
    ):
        words += [f"--{option}", value] if value else []
    return shlex.join(words)


@contextlib.contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """Within it, the first Ctrl-C or SIGTERM sets ``stop``; another one interrupts as ever."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for one, handler in before.items():
            signal.signal(one, handler)

    def ask(_number: int, _frame: object) -> None:
        restore()
        stop.set()

    for one in before:
        signal.signal(one, ask)
    try:
        yield
    finally:
        restore()


def frame_figures(stats: FrameStats) -> dict[str, Any]:
    """Frame times and latencies for the summary; null before any was measured."""

    def spread(value: Any) -> dict[str, float | None]:
        if not value.count:
            return {"p50": None, "p95": None}
        return {"p50": round(value.p50, 2), "p95": round(value.p95, 2)}

    return {"frame_ms": spread(stats.frame_ms), "latency_ms": spread(stats.latency_ms)}
