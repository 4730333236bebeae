"""`pitwall publish`: wires recording, spool and table together, and goes on where it ended."""

from __future__ import annotations

import contextlib
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pitwall.address import CloudAddress
from pitwall.headless import line_of
from pitwall.places import spool_folder
from pitwall.runtime import StallWatch
from pitwall.telemetry import Failure
from pitwall.telemetry.clock import SECOND_US, clock_text, now_us
from pitwall.telemetry.plural import counted
from pitwall.voice import Voice

if TYPE_CHECKING:
    from pitwall.cloud import Clients, PublishReport
    from pitwall.cloud.feed import Feed
    from pitwall.cloud.replay import Replay
    from pitwall.cloud.spool import Spool
    from pitwall.telemetry import Segment

STALL_S = 5.0
"""A table that takes nothing for so long is told of."""
PROGRESS_S = 30.0
"""How often it is said how far the recording is."""


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """How a recording is published.

    Attributes:
        speed: event seconds per second.
        spool: folder of the chunks that wait; the user's own data folder when None.
        spool_bytes: that may wait.
        refuse: a full spool is the end, as for a car that cannot wait.
        restart: what an earlier run left is given up.
        cars: those of the recording that are published; all when empty.
    """

    speed: float = 1.0
    spool: Path | None = None
    spool_bytes: int = 0
    refuse: bool = False
    restart: bool = False
    cars: tuple[str, ...] = ()


def run_publish(
    path: Path, *, session: str, cloud: CloudAddress, options: PublishOptions, json_out: bool
) -> int:
    """`pitwall publish`: play a recording into a table, as it happened or faster. Asked to end, it
    finishes what it has begun to write; however it ends, the same again goes on from there."""
    from pitwall.cloud.browse import archive_to_write
    from pitwall.cloud.feed import RecordingFeed

    voice = Voice(time.monotonic(), quiet=json_out)
    feed = RecordingFeed(path, options.cars)
    spool = _spool_of(path, session, cloud, options, voice)
    clients = cloud.clients()
    try:
        if cloud.bucket is None:
            cloud = replace(cloud, bucket=archive_to_write(clients, cloud.table))
        replay = _begun(path, session, feed, clients, cloud, spool, options)
        cars = counted(len(feed.cars), "car")
        verb = (
            "going on with" if replay.resumed else "joining with" if replay.joined else "publishing"
        )
        wait = f", {counted(spool.waiting, 'chunk')} wait" if spool.waiting else ""
        voice.say(f"{verb} {path.name} as {session}: {cars}, {feed.seconds:.0f} s{wait}")
        report, blocks = _played(feed, replay, clients, cloud, spool, options, voice)
        if not (report.stopped or report.unsealed):
            spool.remove()
    finally:
        clients.close()
        spool.close()
    laps = counted(report.laps, "sealed lap")
    voice.say(f"published {counted(report.chunks, 'chunk')} and {laps}")
    if blocks:
        voice.say(f"{counted(blocks, 'block')} of laps from before the interruption written too")
    if report.message:
        voice.say(report.message)
    if json_out:
        doc = {"session": session, "cars": feed.cars, "epoch": replay.epoch}
        how = {"resumed": replay.resumed, "joined": replay.joined}
        sys.stdout.write(line_of({**doc, **how, **asdict(report), "blocks": blocks}) + "\n")
        sys.stdout.flush()
    return _ended(report, session, cloud, options, voice)


def _spool_of(
    path: Path, session: str, cloud: CloudAddress, options: PublishOptions, voice: Voice
) -> Spool:
    """Where the chunks of this recording wait on their way to this place."""
    from pitwall.cloud.replay import spool_file
    from pitwall.cloud.spool import DEFAULT_LIMIT, Spool

    folder = options.spool or spool_folder()
    place = (cloud.table, cloud.bucket, cloud.profile, cloud.region, cloud.endpoint_url)
    file = spool_file(folder, session, path, *place, *sorted(set(options.cars)))
    limit = options.spool_bytes or DEFAULT_LIMIT
    spool = Spool(file, session, limit)
    if not options.restart:
        return spool
    if spool.waiting:
        voice.say(f"{counted(spool.waiting, 'chunk')} of an earlier run given up")
    spool.remove()
    return Spool(file, session, limit)


def _begun(
    path: Path,
    session: str,
    feed: Feed,
    clients: Clients,
    cloud: CloudAddress,
    spool: Spool,
    options: PublishOptions,
) -> Replay:
    """What the recording is published as, stated in the spool."""
    from pitwall.cloud.own_cars import check_cars
    from pitwall.cloud.replay import begin
    from pitwall.cloud.skipped_blocks import cuts_of

    if not spool.about:
        group = feed.catalog.groups[0].name
        check_cars(clients.dynamodb, cloud.table, session, group, feed.cars)
    replay = begin(
        feed, path, session, clients.dynamodb, cloud.table, spool, options.speed, now_us()
    )
    if replay.resumed:
        about = spool.about
        cuts = cuts_of(feed.cars, spool.entries(), about.get("cuts", {}))
        spool.describe({**about, "cuts": cuts})
    return replay


def _played(
    feed: Feed,
    replay: Replay,
    clients: Clients,
    cloud: CloudAddress,
    spool: Spool,
    options: PublishOptions,
    voice: Voice,
) -> tuple[PublishReport, int]:
    """What was published, and how many blocks an earlier run had left out."""
    from pitwall.cloud.feed import live_chunks
    from pitwall.cloud.publisher import publish
    from pitwall.cloud.skipped_blocks import write_skipped

    stop = threading.Event()
    watch = StallWatch(
        STALL_S,
        voice.say,
        f"{cloud.shown} has taken nothing for {STALL_S:.0f} s; what is published meanwhile waits "
        "on this disk",
        f"{cloud.shown} takes items again",
    )
    session, epoch, bucket = replay.session, replay.epoch, cloud.bucket or ""
    progress = _Progress(session.started_us, feed.seconds, spool, voice)

    def taken() -> None:
        watch.went_on()
        progress.look()

    with _stopping(stop), watch:
        report = publish(
            progress.through(live_chunks(feed, session, epoch)),
            session,
            clients,
            cloud.table,
            bucket,
            speed=options.speed,
            start_us=replay.start_us,
            bounded=True,
            stop=stop,
            on_taken=taken,
            on_notice=voice.say,
            spool=spool,
            refuse=options.refuse,
        )
    if not (replay.resumed and bucket) or report.stopped or report.unsealed:
        return report, 0
    return report, write_skipped(feed, session, epoch, clients.s3, bucket, spool.about["cuts"])


class _Progress:
    """Says now and then how far the recording is, and how much of that the table has not got."""

    def __init__(self, started_us: int, seconds: float, spool: Spool, voice: Voice) -> None:
        self._started_us, self._length_us = started_us, round(seconds * SECOND_US)
        self._spool, self._voice = spool, voice
        self._t_us = 0
        """End of the chunk that was taken from the recording last."""
        self._told_s = time.monotonic()

    def through(self, chunks: Iterable[Segment]) -> Iterator[Segment]:
        """The chunks, noted as they are taken."""
        for chunk in chunks:
            self._t_us = chunk.t_hi
            yield chunk

    def look(self) -> None:
        """The table has taken something."""
        now_s = time.monotonic()
        if now_s - self._told_s < PROGRESS_S or not self._t_us:
            return
        self._told_s = now_s
        wait = f", {counted(self._spool.waiting, 'chunk')} wait" if self._spool.waiting else ""
        done = clock_text(self._t_us - self._started_us)
        self._voice.say(f"{done} of {clock_text(self._length_us)}{wait}")


def _ended(
    report: PublishReport,
    session: str,
    cloud: CloudAddress,
    options: PublishOptions,
    voice: Voice,
) -> int:
    """The exit code. Raises KeyboardInterrupt where it was told to stop, Failure where laps could
    not be sealed."""
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
            f"`{_seal_command(session, cloud, options)}`, or the same again: the spool is kept"
        )
    return 0


def _seal_command(session: str, cloud: CloudAddress, options: PublishOptions) -> str:
    """What seals the laps of a session afterwards, from here."""
    words = ["pitwall", "cloud", "seal", "--session", session]
    for option, value in (
        ("table", cloud.table),
        ("bucket", cloud.bucket),
        ("bucket-owner", cloud.bucket_owner),
        ("profile", cloud.profile),
        ("region", cloud.region),
        ("endpoint-url", cloud.endpoint_url),
    ):
        words += [f"--{option}", value] if value else []
    for car in options.cars:
        words += ["--car", car]
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
