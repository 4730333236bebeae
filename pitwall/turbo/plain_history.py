"""The archive's leg where the archive is somebody else's: plain records, no counters, no heads.

Objects are read in processes, newest first, and handed over in that order, so that the counters
that they are given here count without a gap: down in time within the archive, up from there in what
the stream brings. A sample that is here already is left out, whichever way it came.
"""

from __future__ import annotations

import os
import random
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitwall.cloud.mapping import PlainMapping
from pitwall.store import Batch, Columns, Ledger, Quarantined, SessionStore, Source, open_segments
from pitwall.stream import Fault, Pool, Sink
from pitwall.telemetry import Failure, Head, Segment, Series, Session, chunk, decode, encode
from pitwall.telemetry.names import UNCOUNTED
from pitwall.turbo.archive import CHECKPOINT, Cancelled, Loaded, patient, token_of
from pitwall.turbo.desk import Desk
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.objects import Bucket, ObjectInfo, size_of
from pitwall.turbo.patience import told
from pitwall.turbo.plain_child import PlainChildren, PlainReading
from pitwall.turbo.plain_parts import Odd, Part, Parts
from pitwall.turbo.progress import Progress
from pitwall.turbo.status import Tempo

Ints = NDArray[np.int64]

_ALONE = 4
_TOGETHER = 8
_TOGETHER_BYTES = 8 << 20
"""Objects, and their stored bytes, that are read at a time: laps that are whole make fewer parts.
The first ones go alone, for a picture soon."""
_MOST_CHILDREN = 4


class PlainHistory:
    """As :class:`~pitwall.turbo.history.History`, for objects that ``mapping`` describes.

    Args:
        mapping: with an archive.
        make_reading: what reads the objects.
        others: as History has them.
    """

    def __init__(
        self,
        mapping: PlainMapping,
        make_reading: Callable[[PlainMapping, int], PlainReading],
        bucket: Bucket,
        session: Session,
        desk: Desk,
        sink: Sink,
        laps: LapIndex,
        cancel: threading.Event,
        saved: Mapping[str, str],
        make_pool: Callable[[str, int], Pool[Any]],
        rng: random.Random,
        tempo: Tempo,
    ) -> None:
        assert mapping.archive is not None
        self._mapping = mapping
        self._prefix = mapping.archive.prefix
        self._make_reading = make_reading
        self._bucket = bucket
        self._session = session
        self._desk = desk
        self._laps = laps
        self._cancel = cancel
        self._saved = dict(saved)
        self._make_pool = make_pool
        self._rng = rng

    def load(
        self,
        heads: Sequence[Head],
        now_us: int,
        since: Callable[[], int | None],
        *,
        held: Ledger | None,
        shown: bool,
    ) -> Loaded:
        """Load the objects that were not loaded before. Producers' heads, times of arrival and
        books say nothing about such an archive: only ``shown`` matters. Ends early, without error,
        when cancelled; a bucket that cannot be read is told of and done without."""
        desk = self._desk
        count = min(os.cpu_count() or 1, _MOST_CHILDREN)
        pool: Pool[_Read] = self._make_pool("pitwall-archive", count + 1)
        reading = self._make_reading(self._mapping, count)
        total = Loaded()
        pool.start()
        try:
            listed = patient(
                partial(self._bucket.list, self._prefix), self._cancel, desk.time, self._rng
            )
            wanted = [i for i in listed if self._saved.get(CHECKPOINT + i.key) != token_of(i)]
            progress = Progress(desk, shown, self._laps)
            progress.expect(len(wanted), size_of(wanted), 1.0)
            self._load(wanted[::-1], pool, reading, total, progress)
        except Cancelled:
            pass
        except Fault as fault:
            desk.tell("archive-absent", {"reason": told(fault)})
            if shown:
                desk.set(message=f"no archive ({told(fault)}): loading from the stream")
        finally:
            reading.close()
            pool.stop(5.0)
        for key, reason in total.failed.items():
            desk.tell("archive-absent", {"object": key, "reason": reason})
        desk.tell(
            "archive",
            {
                "objects": total.objects,
                "sealed": 0,
                "bytes": total.bytes,
                "chunks": total.chunks,
                "damaged": total.damaged,
            },
        )
        return total

    def _load(
        self,
        objects: Sequence[ObjectInfo],
        pool: Pool[_Read],
        reading: PlainReading,
        total: Loaded,
        progress: Progress,
    ) -> None:
        jobs = _jobs(objects)
        booking = _Booking(self._desk.store, self._mapping)
        ahead = 2 * pool.free()
        put = booked = 0
        done: dict[int, _Read] = {}
        while booked < len(jobs):
            # What is read out of turn waits here: not more than a few jobs.
            while put < len(jobs) and pool.free() and put < booked + ahead:
                if self._cancel.is_set():
                    raise Cancelled
                pool.put(jobs[put][0].key, _Job(self, put, jobs[put], reading))
                put += 1
            pool.wait(0.25)
            for one in pool.take():
                if one.error is not None:
                    raise one.error
                assert one.value is not None
                done[one.value.place] = one.value
            while booked in done:
                if self._cancel.is_set():
                    raise Cancelled
                total.add(self._book(done.pop(booked), booking))
                booked += 1
                progress(total)

    def _book(self, read: _Read, booking: _Booking) -> Loaded:
        """Hand over what a job has read, counted."""
        segments = booking.count(read.parts.parts)
        opened, samples = open_segments(segments, self._session)
        self._laps.note_all(opened)
        fetched = [info for info in read.infos if info.key not in read.failed]
        self._desk.submit(
            Batch(
                Source.ARCHIVE,
                opened,
                received_us=self._desk.time.now_us(),
                quarantined=tuple(_poison(fetched[odd.object], odd) for odd in read.parts.odd),
                checkpoints={CHECKPOINT + info.key: token_of(info) for info in fetched},
                samples=samples,
            )
        )
        return Loaded(
            len(read.infos),
            sum(info.size for info in read.infos),
            len(segments),
            len(read.parts.odd),
            keys=[info.key for info in fetched],
            failed=dict(read.failed),
        )

    # ------------------------------------------------------------------ in the pool

    def read(self, infos: Sequence[ObjectInfo], reading: PlainReading, place: int) -> _Read:
        """Fetch and read objects. Objects that cannot be are in ``failed``."""
        bodies: list[bytes] = []
        failed: dict[str, str] = {}
        for info in infos:
            get = partial(self._bucket.get, info.key)
            try:
                bodies.append(patient(get, self._cancel, self._desk.time, self._rng))
            except Fault as fault:
                failed[info.key] = str(fault)
        try:
            parts = reading.read(bodies)
        except Failure as failure:
            if self._cancel.is_set():
                raise Cancelled from failure
            parts = Parts([], [])
            failed = {info.key: str(failure) for info in infos}
        return _Read(place, infos, parts, failed)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a job has read: its place in the order, its objects, and those that could not be."""

    place: int
    infos: Sequence[ObjectInfo]
    parts: Parts
    failed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Job:
    history: PlainHistory
    place: int
    infos: Sequence[ObjectInfo]
    reading: PlainReading

    def __call__(self) -> _Read:
        return self.history.read(self.infos, self.reading, self.place)


class _Booking:
    """Gives parts their counters, and leaves out samples that are here. One thread's."""

    def __init__(self, store: SessionStore, mapping: PlainMapping) -> None:
        self._store = store
        (self._group,) = mapping.catalog.groups
        self._version = mapping.catalog.version
        self._known: dict[str, _Times] = {}
        self._n: dict[str, int] = {}

    def count(self, parts: Sequence[Part]) -> list[Segment]:
        """The parts as chunks; in a car the newest gets the lowest counter."""
        out: list[Segment] = []
        for part in reversed(parts):
            t, payload = self._new(part)
            if not len(t):
                continue
            series = Series(self._store.session.key, part.car, self._group.name, UNCOUNTED)
            n = self._n.get(part.car)
            if n is None:
                books = self._store.ledger().series.get(series)
                n = books.tail if books is not None else 0
            self._n[part.car] = n = n + 1
            first, last = int(t[0]), int(t[-1])
            out.append(chunk(series, n, part.lap, first, last, len(t), payload))
        return out

    def _new(self, part: Part) -> tuple[Ints, bytes]:
        known = self._known.get(part.car)
        if known is None:
            columns = self._store.columns(part.car, self._group.name)
            known = self._known[part.car] = _Times(columns)
        t, payload = part.times, part.payload
        again = known.among(t)
        if again is not None and again.any():
            values = decode(payload, self._group, self._version).values[:, ~again]
            t = t[~again]
            payload = encode(t, values, self._group, self._version) if len(t) else b""
        if len(t):
            known.add(t)
        return t, payload


class _Times:
    """The times of a car's samples."""

    def __init__(self, columns: Columns | None) -> None:
        self._runs: list[tuple[int, int, Ints]] = []
        """First, last and all times of each run, by first."""
        self._widest = 0
        for block in columns.blocks if columns is not None else ():
            self.add(block.t)

    def add(self, t: Ints) -> None:
        """Take a run of rising times."""
        first, last = int(t[0]), int(t[-1])
        self._runs.insert(bisect_right(self._runs, first, key=_first), (first, last, t))
        self._widest = max(self._widest, last - first)

    def among(self, t: Ints) -> NDArray[np.bool_] | None:
        """Which of ``t`` are known; None when none can be."""
        first, last = int(t[0]), int(t[-1])
        lo = bisect_left(self._runs, first - self._widest, key=_first)
        hi = bisect_right(self._runs, last, key=_first)
        near = [run[2] for run in self._runs[lo:hi] if run[1] >= first]
        return np.isin(t, np.concatenate(near)) if near else None


def _first(run: tuple[int, int, Ints]) -> int:
    return run[0]


def _jobs(objects: Sequence[ObjectInfo]) -> list[list[ObjectInfo]]:
    jobs: list[list[ObjectInfo]] = []
    for info in objects:
        most = 1 if len(jobs) <= _ALONE else _TOGETHER
        last = jobs[-1] if jobs else None
        if last is None or len(last) >= most or sum(i.size for i in last) >= _TOGETHER_BYTES:
            jobs.append([info])
        else:
            last.append(info)
    return jobs


def _poison(info: ObjectInfo, odd: Odd) -> Quarantined:
    return Quarantined(Source.ARCHIVE, f"{info.key} {odd.where}", odd.reason, odd.raw)


def read_in_processes(mapping: PlainMapping, count: int) -> PlainReading:
    """Objects are read in ``count`` processes."""
    return PlainChildren(mapping, count)
