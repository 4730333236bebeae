"""History from the archive: objects fetched and decoded in parallel, sealed laps and raw ones."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import msgspec

from pitwall.cloud import Line, archived, bundle_name, parse_bundle, sealed_prefix
from pitwall.cloud.bundle import PREFIX
from pitwall.cloud.lines import MAX_LINE
from pitwall.store import Batch, Quarantined, Source, Unpack, open_segments
from pitwall.stream import Fault, Pace, Pool, Retryable, Sink, Throttled, Time
from pitwall.telemetry import BadInput, PitwallError, Segment, Series, Session, decode_many
from pitwall.turbo.brought import Brought
from pitwall.turbo.choose import hours, newest_laps
from pitwall.turbo.framing import Damaged, Framer
from pitwall.turbo.gather import Tail, gather
from pitwall.turbo.inflate import inflate
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.objects import Bucket, ObjectInfo

CHECKPOINT = "archive:"
"""Checkpoints of objects stand under this and the object's key, beside those of shards."""
_BATCH = 16_000
"""Chunks gathered and handed over at a time."""
_RAW_TOGETHER = 4
_SEALED_TOGETHER = 24
_TOGETHER_BYTES = 2 << 20
"""Objects (and their stored bytes) that one job loads: chunks of neighbouring objects make longer
runs, and every run and every hand-over costs the writer about the same."""
_TRIES = 4
_RAW_KEPT = 64 * 1024
_PACE = Pace(backoff=0.2)

T = TypeVar("T")
Wanted = Callable[[Series, int], bool]
"""Says by series and n which chunks to hand over."""
Fetch = Callable[[Sequence[str]], dict[str, bytes]]
"""Gives the contents of objects by key, of those that can be had quicker than from the bucket."""
_decoder = msgspec.json.Decoder(Line)


def nothing(keys: Sequence[str]) -> dict[str, bytes]:
    """No object is quicker to be had than from the bucket."""
    return {}


@dataclass(slots=True)
class Loaded:
    """What loading some objects gave. Belongs to whoever adds it up.

    Attributes:
        objects, bytes, chunks, damaged: counts; bytes as stored, chunks of this session.
        tails: by series.
        keys: objects that were read.
        failed: objects that could not be fetched, and why.
    """

    objects: int = 0
    bytes: int = 0
    chunks: int = 0
    damaged: int = 0
    tails: dict[Series, Tail] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def add(self, other: Loaded) -> None:
        """Add up."""
        self.objects += other.objects
        self.bytes += other.bytes
        self.chunks += other.chunks
        self.damaged += other.damaged
        self.keys += other.keys
        self.failed |= other.failed
        for series, tail in other.tails.items():
            known = self.tails.get(series)
            if known is None or tail.n > known.n:
                self.tails[series] = tail


class Cancelled(Exception):
    """Loading was told to stop."""


class ArchiveLoader:
    """Loads a session's chunks from one bucket.

    Args:
        bucket: where from.
        session: whose chunks; objects hold those of others too.
        sink: takes the batches, from several threads.
        pool: where objects are fetched and decoded. Started and stopped by the owner.
        time, rng: clocks and jitter.
        laps: told of every chunk.
        cancel: set to give up; what was handed over stays.
        known: checkpoints of objects loaded before: they are not fetched again.
        prefix: of Firehose's objects.
        unpack: unpacks sealed laps, asked by several threads.
        fetch: asked for each job's objects by several threads; those it does not give are fetched
            from the bucket.
        abandon: called, more than once maybe, when told to stop: ``fetch`` is to come to an end.
    """

    def __init__(
        self,
        bucket: Bucket,
        session: Session,
        sink: Sink,
        pool: Pool[Loaded],
        time: Time,
        rng: random.Random,
        laps: LapIndex,
        cancel: threading.Event,
        known: Mapping[str, str],
        prefix: str = "raw/",
        unpack: Unpack = decode_many,
        fetch: Fetch = nothing,
        abandon: Callable[[], None] = lambda: None,
    ) -> None:
        self._bucket = bucket
        self._session = session
        self._sink = sink
        self._pool = pool
        self._time = time
        self._rng = rng
        self._laps = laps
        self._cancel = cancel
        self._prefix = prefix
        self._unpack = unpack
        self._fetch = fetch
        self._abandon = abandon
        self._brought = Brought()
        self._done = {
            name[len(CHECKPOINT) :]: text
            for name, text in known.items()
            if name.startswith(CHECKPOINT)
        }
        """Tag by key, of objects loaded; the owner's thread only."""

    @property
    def tokens(self) -> Mapping[str, str]:
        """Objects loaded so far, by key, with what tells their versions apart."""
        return self._done

    def find(self, spans: Sequence[tuple[int, int]]) -> list[ObjectInfo]:
        """Raw objects that arrived within ``spans`` and are not loaded yet, oldest first.

        Raises Fault when the bucket cannot be listed.
        """
        out: list[ObjectInfo] = []
        for hour in hours(spans):
            out += self._patient(partial(self._bucket.list, self._prefix + hour))
        return self._new(out)

    def find_sealed(self) -> list[ObjectInfo]:
        """The session's sealed laps that are not loaded yet, newest laps first.

        Raises Fault when the bucket cannot be listed.
        """
        prefix = sealed_prefix(self._session.key)
        listed = self._patient(partial(self._bucket.list, prefix))
        return self._new(newest_laps(self._session.key, listed))

    def _new(self, objects: Sequence[ObjectInfo]) -> list[ObjectInfo]:
        return [info for info in objects if self._done.get(info.key) != token_of(info)]

    def load(
        self,
        objects: Sequence[ObjectInfo],
        on_progress: Callable[[Loaded], None],
        wanted: Wanted | None = None,
        chosen: Callable[[], frozenset[str]] = frozenset,
    ) -> Loaded:
        """Load ``objects``, several at a time; ``on_progress`` gets the sum after each.

        In their order, but for this: when something of each car is under way, the sealed laps of
        ``chosen`` cars, as they are then, go before those of others. Objects that cannot be fetched
        are in the result's ``failed``: their chunks come by another way. ``wanted`` says which
        chunks to hand over (all without it). Ends early, without error, when cancelled. Raises the
        writer's failure.
        """
        total = Loaded()
        jobs = _Jobs(_jobs(objects, self._pool.free()), self._session.key)
        tokens = {info.key: token_of(info) for info in objects}
        under_way = 0
        while (jobs or under_way) and not (self._cancel.is_set() and not under_way):
            while jobs and self._pool.free() and not self._cancel.is_set():
                job = _Load(self, jobs.take(chosen()), wanted)
                under_way += 1
                self._pool.put(job.infos[0].key, job)
            self._pool.wait(0.25)
            if self._cancel.is_set():
                self._abandon()
            for done in self._pool.take():
                under_way -= 1
                if done.error is None and done.value is not None:
                    total.add(done.value)
                    self._done |= {key: tokens[key] for key in done.value.keys}
                elif isinstance(done.error, Cancelled):
                    continue
                elif done.error is not None:
                    raise done.error
                on_progress(total)
        return total

    # ------------------------------------------------------------------ in the pool

    def load_objects(self, infos: Sequence[ObjectInfo], wanted: Wanted | None) -> Loaded:
        """Fetch, decode and hand over objects. Runs in the pool; shares only what locks."""
        out = Loaded()
        lines: list[Line] = []
        sealed: list[Segment] = []
        bad: list[Quarantined] = []
        ahead = self._fetch([info.key for info in infos])
        for info in infos:
            data = ahead.pop(info.key, None)
            try:
                if data is None:
                    data = self._patient(partial(self._bucket.get, info.key))
            except Fault as fault:
                out.add(Loaded(objects=1, bytes=info.size, failed={info.key: str(fault)}))
                continue
            if info.key.startswith(PREFIX):
                bundle = parse_bundle(data)
                sealed += [s for s in bundle.segments if self._is_wanted(s, wanted)]
                if bundle.fault:
                    rest = data[bundle.offset : bundle.offset + _RAW_KEPT]
                    bad.append(self._poison(info, Damaged(bundle.offset, bundle.fault, rest)))
                out.add(Loaded(objects=1, bytes=info.size, keys=[info.key]))
                continue
            for found in self._read(data):
                if isinstance(found, Damaged):
                    bad.append(self._poison(info, found))
                    continue
                lines.append(found)
                if len(lines) >= _BATCH:
                    self._hand_over(info, lines, bad, wanted, out)
                    lines, bad = [], []
            out.add(Loaded(objects=1, bytes=info.size, keys=[info.key]))
        tokens = {CHECKPOINT + i.key: token_of(i) for i in infos if i.key in out.keys}
        self._hand_over(infos[-1], lines, bad, wanted, out, tokens, sealed)
        return out

    def _is_wanted(self, segment: Segment, wanted: Wanted | None) -> bool:
        """False for other sessions' laps, and for those that are here."""
        series = segment.series
        return series.session == self._session.key and (
            wanted is None or any(wanted(series, n) for n in range(segment.n_lo, segment.n_hi + 1))
        )

    def _read(self, data: bytes) -> Iterator[Line | Damaged]:
        """The session's lines in an object, and what is damaged."""
        ours = self._session.key + "#"
        framer: Framer[Line] = Framer(_parse_line, _parse_lines)
        reason = ""
        try:
            for block in inflate(data):
                yield from (f for f in framer.feed(block) if _mine(f, ours))
        except BadInput as error:
            reason = str(error)
        rest = framer.end(reason or "ends within an object")
        yield from (f for f in rest if _mine(f, ours))
        if reason:
            yield Damaged(framer.offset, reason, b"")

    def _poison(self, info: ObjectInfo, found: Damaged) -> Quarantined:
        return Quarantined(
            Source.ARCHIVE,
            f"{info.key} byte {found.offset}",
            found.reason,
            found.raw[:_RAW_KEPT],
        )

    def _hand_over(
        self,
        info: ObjectInfo,
        lines: list[Line],
        bad: list[Quarantined],
        wanted: Wanted | None,
        out: Loaded,
        checkpoints: Mapping[str, str] | None = None,
        sealed: Sequence[Segment] = (),
    ) -> None:
        gathered = gather(lines, self._session.catalog, wanted, self._brought.has)
        segments = [*sealed]
        for line in gathered.left:
            try:
                segments.append(archived(line).segment)
            except BadInput as error:
                raw = msgspec.json.encode(line)[:_RAW_KEPT]
                bad.append(
                    Quarantined(Source.ARCHIVE, f"{info.key} {line.sk[:40]}", str(error), raw)
                )
        # Here, where there is time: the writer has one thread for everything.
        opened, samples = open_segments(segments, self._session, self._unpack)
        if sealed:
            self._brought.note(zip(opened, samples, strict=True))
        opened += tuple(gathered.segments)
        samples += tuple(gathered.samples)
        self._laps.note_all(opened)
        out.damaged += len(bad)
        out.add(Loaded(chunks=sum(s.chunks for s in opened), tails=gathered.tails))
        batch = Batch(
            Source.ARCHIVE,
            opened,
            received_us=self._time.now_us(),
            quarantined=tuple(bad),
            checkpoints=checkpoints or {},
            samples=samples,
            repeats=gathered.repeats,
        )
        while True:
            if self._cancel.is_set():
                raise Cancelled
            try:
                self._sink.submit(batch, timeout_s=1.0)
            except PitwallError:
                if self._sink.failure is not None:
                    raise
                continue
            return

    def _patient(self, read: Callable[[], T]) -> T:
        return patient(read, self._cancel, self._time, self._rng)


def patient(read: Callable[[], T], cancel: threading.Event, time: Time, rng: random.Random) -> T:
    """Call ``read`` again after failures that may pass. Raises the last Fault, or Cancelled."""
    attempt = 1
    while not cancel.is_set():
        try:
            return read()
        except (Retryable, Throttled):
            if attempt == _TRIES:
                raise
            time.wait(cancel, _PACE.after_fault(attempt, rng))
            attempt += 1
    raise Cancelled


@dataclass(frozen=True, slots=True)
class _Load:
    """The loading of neighbouring objects, as a job."""

    loader: ArchiveLoader
    infos: tuple[ObjectInfo, ...]
    wanted: Wanted | None

    def __call__(self) -> Loaded:
        return self.loader.load_objects(self.infos, self.wanted)


class _Jobs:
    """What is to be loaded, and what of it comes next."""

    def __init__(self, jobs: list[tuple[ObjectInfo, ...]], session: str) -> None:
        names = [[bundle_name(session, info.key) for info in job] for job in jobs]
        self._left = [
            (job, frozenset(name.car for name in mine if name is not None))
            for job, mine in zip(jobs, names, strict=True)
        ][::-1]
        """Objects and their cars; the next one last."""
        self._unseen = {car for _, cars in self._left for car in cars}
        """Cars of which nothing was taken yet: their newest laps come before anything else."""

    def __len__(self) -> int:
        return len(self._left)

    def take(self, chosen: frozenset[str]) -> tuple[ObjectInfo, ...]:
        """The next one."""
        at = len(self._left) - 1
        if chosen and not self._unseen:
            at = next((i for i in range(at, -1, -1) if self._left[i][1] & chosen), at)
        job, cars = self._left.pop(at)
        self._unseen -= cars
        return job


def _jobs(objects: Sequence[ObjectInfo], workers: int) -> list[tuple[ObjectInfo, ...]]:
    """Neighbours together, but not so many that workers stand idle; few at first, so that there is
    soon something to unpack."""
    workers = max(workers, 1)
    idle = max(1, len(objects) // (2 * workers))
    jobs: list[tuple[ObjectInfo, ...]] = []
    job: tuple[ObjectInfo, ...] = ()
    for info in objects:
        sealed = info.key.startswith(PREFIX)
        most = min(_SEALED_TOGETHER if sealed else _RAW_TOGETHER, idle, 3 << len(jobs) // workers)
        if job and (len(job) >= most or sum(i.size for i in job) + info.size > _TOGETHER_BYTES):
            jobs.append(job)
            job = ()
        job += (info,)
    return [*jobs, job] if job else jobs


def _mine(found: Line | Damaged, ours: str) -> bool:
    """False for other sessions' lines, and for damage that names another session."""
    if isinstance(found, Damaged):
        return b'"pk"' not in found.raw or ours.encode() in found.raw
    return found.pk.startswith(ours)


def _parse_line(piece: bytes) -> Line:
    if len(piece) > MAX_LINE:
        raise BadInput(f"line of {len(piece)} bytes: at most {MAX_LINE}")
    try:
        return _decoder.decode(piece)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadInput(f"no archive line: {error}") from error


def _parse_lines(data: bytes) -> list[Line]:
    try:
        return _decoder.decode_lines(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadInput(f"no archive lines: {error}") from error


def token_of(info: ObjectInfo) -> str:
    """What tells the versions of an object apart."""
    return json.dumps({"size": info.size, "tag": info.tag}, separators=(",", ":"))
