"""The demo's history, made in the stand-in before it serves.

Everything takes the way that live data takes: chunk items into the table, from there into the
stream log, by the event source mapping to the archiver's handler, from it through the delivery
stream into objects. Only the hours are made to pass faster.

The specification is a JSON object:

    seed, cars          of the synthetic field (1, 8)
    from                path of a recording to take instead of the field
    session             session key; by default made of the date, or the recording's own
    race_start_us       when the race began; by default so that the history ends now
    seconds_history     how much of the race is history (2400)
    length_s            planned length of the session (3000; a recording's own)
    stream_s            how much of the history the stream still holds (600)
    epoch               boot id of the producers (``demo1``)
    cache               keep the packed race on disk (true)
    faults              {"duplicates": 0.03, "late_objects": 1, "table_only_holes": 1}
"""

from __future__ import annotations

import bisect
import datetime
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pitwall.cloud.bundle import Bundler
from pitwall.cloud.items import Item, session_item
from pitwall.cloud.local.faults import ArchiveFaults
from pitwall.cloud.local.seed_cache import cache_folder, cache_name, load_log, save_log
from pitwall.cloud.local.seed_log import ChunkLog
from pitwall.cloud.local.seed_rows import LapDone, LoadRow, Producers, SeriesRows
from pitwall.cloud.local.seed_spec import SeedSpec, open_feed, parse_spec
from pitwall.cloud.local.service import Service
from pitwall.telemetry import BadInput, Session

Progress = Callable[[float, str], None]

SLICE_US = 10_000_000
"""History is written in slices of so much event time; the archive catches up after each."""
HEAD_US = 1_000_000
WRITE_LAG_US = 60_000
"""A write reaches the table so long after its newest sample."""
HOLE_US = 6_000_000
LATE_AFTER_US = 20_000_000
"""The late object appears so long after the history has ended."""
_SAY_S = 0.05


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was made.

    Attributes:
        session: as listed in the table.
        chunks: written to the table.
        laps: sealed, series by series.
        lost: chunks that never reached the archive.
        cached: True when the packed race was found on disk.
        seconds: how long it took.
    """

    session: Session
    chunks: int
    laps: int
    lost: int
    cached: bool
    seconds: float


def seed(service: Service, spec: dict[str, Any], progress: Progress) -> Seeded:
    """Give ``service``, which must be empty, the history that ``spec`` describes.

    Args:
        service: with the archiver attached.
        spec: see the module.
        progress: called with (share, what) at least ten times a second; may raise to give up.

    Raises:
        BadInput: the specification makes no sense, or its recording cannot be read.
    """
    began = time.perf_counter()
    if service.mapping is None:
        raise BadInput("seeding: the stand-in has no archiver attached")
    wanted = parse_spec(spec)
    say = _Spoken(progress)
    log, cached = _log(wanted, say)
    start_us = wanted.race_start_us
    if start_us is None:
        start_us = service.now_us() - log.history_us
    session = Session(
        wanted.session or log.key or f"{_day(start_us)}-demo-r1",
        log.title,
        log.catalog,
        start_us,
        log.feed_s if wanted.length_s is None else wanted.length_s,
        log.clock,
        log.simulated,
        log.driven_us,
    )
    history = _History(service, log, session, wanted, say)
    history.write()
    say(1.0, "history complete", now=True)
    return Seeded(
        session, log.chunks, history.laps, service.mapping.lost, cached,
        time.perf_counter() - began,
    )  # fmt: skip


def prepare(spec: dict[str, Any]) -> bool:
    """Pack the race that ``spec`` names and keep it on disk, so that seeding only writes it.

    Returns True when it was there already. Raises BadInput as :func:`seed`.
    """
    return _log(parse_spec(spec), _Spoken(lambda share, what: None))[1]


def _day(us: int) -> str:
    return f"{datetime.datetime.fromtimestamp(us / 1e6, datetime.UTC):%Y-%m-%d}"


class _Spoken:
    """Progress, not more often than anyone can see."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._next = 0.0

    def __call__(self, share: float, what: str, now: bool = False) -> None:
        if now or time.monotonic() >= self._next:
            self._progress(min(max(share, 0.0), 1.0), what)
            self._next = time.monotonic() + _SAY_S


def _log(spec: SeedSpec, say: _Spoken) -> tuple[ChunkLog, bool]:
    from pitwall.cloud.local.seed_log import build_log

    say(0.0, "looking for the packed race", now=True)
    path = None
    if spec.cache and spec.recording is None:
        path = cache_folder() / cache_name(spec.seed, spec.cars, spec.history_us)
        log = load_log(path)
        if log is not None and log.history_us == spec.history_us:
            return log, True
    say(0.01, "driving the race", now=True)
    feed = open_feed(spec, spec.history_us / 1e6 + 5.0, lambda: say(0.05, "driving the race"))
    history_us = spec.history_us
    if spec.recording is not None:
        # something must be left to happen live
        history_us = min(history_us, round(feed.seconds * 0.8e6))
    log = build_log(feed, history_us, lambda share: say(0.1 + 0.25 * share, "packing the race"))
    if not log.chunks:
        raise BadInput("seeding: the history has no samples; ask for more seconds_history")
    if path is not None:
        save_log(path, log)
    return log, False


class _History:
    def __init__(
        self, service: Service, log: ChunkLog, session: Session, spec: SeedSpec, say: _Spoken
    ) -> None:
        self.laps = 0
        self._service = service
        self._log = log
        self._session = session
        self._spec = spec
        self._say = say
        self._end_us = log.history_us
        # a short history keeps some of itself out of the stream too
        self._kept_us = min(round(spec.stream_s * 1e6), self._end_us)
        holes = spec.holes
        if spec.recording is not None:
            # a recording is as long as it is: what does not fit is made smaller or left out
            self._kept_us = min(self._kept_us, self._end_us // 2)
            holes = holes if self._end_us - self._kept_us >= HOLE_US * 5 // 2 else 0
        self._bundler = Bundler()
        self._open = Counter(
            (series.car, int(series.lap[first]))
            for series in log.series
            for first, _ in series.runs()
        )
        """By car and lap: groups whose lap is not over yet."""
        self._holes = _holes(holes, log, self._end_us - self._kept_us)

    def write(self) -> None:
        """Write everything, slice by slice."""
        service, session = self._service, self._session
        start = session.started_us
        service.begin_at(start)
        self._set_faults()
        rows, t_us, laps = self._prepared()
        producers = Producers(self._log, session, self._spec.epoch)
        catalog = sorted(producers.catalog(), key=lambda entry: entry[0])
        self._put([session_item(session)], 0)
        # the first head is there before the first chunk
        for item in producers.first_heads():
            self._put([item], 0)
        at = lap_at = entry_at = now = 0
        while now < self._end_us:
            before, now = now, min(now + SLICE_US, self._end_us)
            self._lose(now)
            # heads leave a trace only where the stream still holds them
            lately = now > self._end_us - self._kept_us - SLICE_US
            moments = [*range(before + HEAD_US, now, HEAD_US), now] if lately else [now]
            for moment, heads in zip(moments, producers.heads(moments), strict=True):
                past = bisect.bisect_right(t_us, moment, at)
                service.table.load(rows[at:past])
                at = past
                self._put(heads, moment)
            while lap_at < len(laps) and laps[lap_at].t_us <= now:
                self._seal(laps[lap_at], now)
                lap_at += 1
            done = bisect.bisect_right(catalog, now, entry_at, key=lambda entry: entry[0])
            self._put([item for _, item in catalog[entry_at:done]], now)
            entry_at = done
            service.settle(start + now)
            service.trim(start + now - self._kept_us)
            self._say(0.45 + 0.55 * now / self._end_us, "writing table and archive")

    def _prepared(self) -> tuple[list[LoadRow], list[int], list[LapDone]]:
        """All rows in order of their time, those times, and the laps that close."""
        rows: list[LoadRow] = []
        times = []
        laps: list[LapDone] = []
        for i, log in enumerate(self._log.series):
            self._say(0.35 + 0.1 * i / len(self._log.series), "preparing the history")
            series = SeriesRows(log, self._session, self._spec.epoch)
            rows += series.rows(WRITE_LAG_US)
            times.append(log.t_hi)
            laps += series.laps()
        t_us = np.concatenate(times)
        order = np.argsort(t_us, kind="stable")
        laps.sort(key=lambda lap: lap.t_us)
        return [rows[i] for i in order.tolist()], t_us[order].tolist(), laps

    def _put(self, items: list[Item], t_us: int) -> None:
        self._service.table.put_many(items, self._session.started_us + t_us + WRITE_LAG_US)

    def _seal(self, lap: LapDone, now: int) -> None:
        self.laps += 1
        # not before what the slice wrote already: a log's times rise
        self._put(lap.items, now)
        self._open[lap.car, lap.lap] -= 1
        over = not self._open[lap.car, lap.lap]
        # what the archive lost, it lost in every form
        lost = any(hole.touches(lap) for hole in self._holes)
        objects = self._bundler.add(lap.car, lap.lap, [] if lost else lap.segments, over)
        moment = self._session.started_us + now + WRITE_LAG_US
        for key, body in objects:
            self._service.objects.put(self._service.config.bucket, key, body, moment)

    def _set_faults(self) -> None:
        spec, config = self._spec, self._service.config
        late_object = None
        late_by_us = 0
        if spec.late_objects:
            # an object is closed at the first slice that finds it old enough
            spacing_us = -(-round(config.firehose_interval_s * 1e6) // SLICE_US) * SLICE_US
            late_object = max(1, round(0.4 * (self._end_us - self._kept_us) / spacing_us))
            opened_us = SLICE_US + (late_object - 1) * spacing_us
            late_by_us = max(self._end_us + LATE_AFTER_US - opened_us, spacing_us)
        self._service.set_archive_faults(
            ArchiveFaults(
                duplicate_fraction=spec.duplicates,
                late_object=late_object,
                late_by_us=late_by_us,
                seed=spec.seed,
            )
        )

    def _lose(self, now: int) -> None:
        """Let the function give up on what lies in a hole, while one is near."""
        mapping = self._service.mapping
        assert mapping is not None
        near = [h for h in self._holes if h.lo_us < now + SLICE_US and now - 2 * SLICE_US < h.hi_us]
        start, session = self._session.started_us, self._session.key

        def lose(pk: str, sk: str) -> bool:
            # only chunks: heads, catalog and sealed laps never reach the archive this way
            return (
                sk[16:17] == "#"
                and pk.startswith(session)
                and any(
                    hole.lo_us <= int(sk[:16]) - start < hole.hi_us and pk.endswith(f"#{hole.car}")
                    for hole in near
                )
            )

        mapping.set_faults(ArchiveFaults(lose=lose if near else None))


@dataclass(frozen=True, slots=True)
class _Hole:
    """Chunks of one car that begin in ``lo_us`` to ``hi_us`` never reach the archive; ``laps``
    are the laps they are of."""

    car: str
    lo_us: int
    hi_us: int
    laps: frozenset[int]

    def touches(self, lap: LapDone) -> bool:
        return lap.car == self.car and lap.lap in self.laps


def _holes(count: int, log: ChunkLog, before_us: int) -> list[_Hole]:
    """Holes that are older than anything the stream holds."""
    cars = list(dict.fromkeys(series.car for series in log.series))
    holes = []
    for i in range(count):
        lo = round(before_us * (0.35 + 0.5 * i / count))
        hi = lo + HOLE_US
        if hi > before_us:
            raise BadInput(
                "seeding: no room for a hole that only the table can fill; make seconds_history "
                "longer or stream_s shorter"
            )
        car = cars[(2 + 3 * i) % len(cars)]
        laps = frozenset(
            int(lap)
            for s in log.series
            if s.car == car
            for lap in s.lap[(s.t_lo >= lo) & (s.t_lo < hi)]
        )
        holes.append(_Hole(car, lo, hi, laps))
    return holes
