"""The rows of a history: what a publisher would have written, as the table stores it."""

from __future__ import annotations

import zlib
from binascii import b2a_base64
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from pitwall.cloud import keys
from pitwall.cloud.items import Item, LapEntry, catalog_item, head_item, sealed_item
from pitwall.cloud.local.seed_log import ChunkLog, SeriesLog
from pitwall.cloud.sealed import seal_lap
from pitwall.telemetry import Head, Segment, Series, Session
from pitwall.telemetry.names import check_series

LoadRow = tuple[str, str, bytes, int, int]
"""Partition key, sort key, the item's JSON, its counted size, when it was written."""

_quoted = msgspec.json.Encoder().encode


class LapDone(NamedTuple):
    """A series' lap that is over at ``t_us`` since the start: its items, and what they hold."""

    t_us: int
    car: str
    lap: int
    items: list[Item]
    segments: list[Segment]


class SeriesRows:
    """One series' log as it is written for one start of the race.

    Args:
        log: what is written.
        session: key, catalog and start.
        epoch: the producer's boot id.
    """

    def __init__(self, log: SeriesLog, session: Session, epoch: str) -> None:
        self.log = log
        self.session = session
        self.series = Series(session.key, log.car, log.group, epoch)
        check_series(self.series)
        start = session.started_us
        stamps = (log.t_lo + start).astype("<i8").tobytes()
        crc32 = zlib.crc32
        self.crcs = [
            crc32(payload, crc32(stamps[at : at + 8]))
            for at, payload in zip(range(0, len(stamps), 8), log.payloads, strict=True)
        ]

    def rows(self, lag_us: int) -> list[LoadRow]:
        """The chunk items in order of n, exactly as :func:`pitwall.cloud.chunk_item` forms them;
        written ``lag_us`` after their last sample."""
        log, series = self.log, self.series
        t_lo = (log.t_lo + self.session.started_us).tolist()
        if t_lo:
            keys.chunk_sk(t_lo[-1], len(t_lo))  # both within their digits: all are
        spans = (log.t_hi - log.t_lo).tolist()
        written = (log.t_hi + (self.session.started_us + lag_us)).tolist()
        epoch = series.epoch
        out: list[LoadRow] = []
        for first, past in log.runs():
            pk = keys.chunk_pk(series.session, series.group, int(log.lap[first]), series.car)
            opening = f'{{"pk":{{"S":{_quoted(pk).decode()}}},"sk":{{"S":"'
            middle = f'"}},"k":{{"S":"c"}},"e":{{"S":"{epoch}"}},"n":{{"N":"'
            # names, and the values whose size does not vary: sk, k, e; each N adds 2
            fixed = 10 + len(pk.encode()) + 25 + 1 + len(epoch) + 6
            for i in range(first, past):
                n, crc, span, payload = (
                    str(i + 1),
                    str(self.crcs[i]),
                    str(spans[i]),
                    log.payloads[i],
                )
                sk = f"{t_lo[i]:016d}#{i + 1:08d}"
                body = b2a_base64(payload, newline=False).decode()
                image = (
                    f'{opening}{sk}{middle}{n}"}},"c":{{"N":"{crc}"}},"d":{{"N":"{span}"}},'
                    f'"p":{{"B":"{body}"}}}}'
                )
                size = fixed + len(n) // 2 + len(crc) // 2 + len(span) // 2 + len(payload)
                out.append((pk, sk, image.encode(), size, written[i]))
        return out

    def laps(self) -> Iterator[LapDone]:
        """Laps that the next chunk has closed, with their sealed items and objects."""
        log = self.log
        for first, past in log.runs()[:-1]:
            segments = self._sealed(first, past)
            yield LapDone(
                int(log.t_hi[past]),
                log.car,
                int(log.lap[first]),
                [sealed_item(segment, text=True) for segment in segments],
                segments,
            )

    def segments(self, first: int, past: int) -> list[Segment]:
        """Chunks ``first`` to ``past`` - 1 one by one."""
        log, start = self.log, self.session.started_us
        return [
            Segment(
                self.series,
                i + 1,
                i + 1,
                int(log.lap[i]),
                int(log.t_lo[i]) + start,
                int(log.t_hi[i]) + start,
                (int(log.counts[i]),),
                (self.crcs[i],),
                log.payloads[i],
            )
            for i in range(first, past)
        ]

    def _sealed(self, first: int, past: int) -> list[Segment]:
        log, start = self.log, self.session.started_us
        payload = log.sealed.get(first)
        if payload is None:
            catalog = self.session.catalog
            group = catalog.group(log.group)
            return seal_lap(self.segments(first, past), group, catalog.version)
        return [
            Segment(
                self.series,
                first + 1,
                past,
                int(log.lap[first]),
                int(log.t_lo[first]) + start,
                int(log.t_hi[past - 1]) + start,
                tuple(log.counts[first:past].tolist()),
                tuple(self.crcs[first:past]),
                payload,
            )
        ]


class Producers:
    """Heads and the catalog of all cars, as they stand at any moment of the history."""

    def __init__(self, log: ChunkLog, session: Session, epoch: str) -> None:
        self._session = session
        self._epoch = epoch
        self._groups = [group.name for group in log.catalog.groups]
        self._cars: dict[str, list[SeriesLog]] = {}
        for series in log.series:
            self._cars.setdefault(series.car, []).append(series)
        self._first = {car: min(int(s.t_lo[0]) for s in each) for car, each in self._cars.items()}

    def first_heads(self) -> list[Item]:
        """Every car's head from before its first chunk."""
        start = self._session.started_us
        out = []
        for car, each in self._cars.items():
            t_us = self._first[car] + start
            lap = int(min(each, key=lambda s: int(s.t_hi[0])).lap[0])
            n = dict.fromkeys(self._groups, 0)
            out.append(head_item(Head(self._session.key, car, self._epoch, t_us, t_us, lap, n)))
        return out

    def heads(self, moments: Sequence[int]) -> list[list[Item]]:
        """Every car's head at each moment (rising, since the start); none before it has begun."""
        out: list[list[Item]] = [[] for _ in moments]
        start = self._session.started_us
        for car, each in self._cars.items():
            done = [np.searchsorted(s.t_hi, moments, side="right").tolist() for s in each]
            lap = int(min(each, key=lambda s: int(s.t_lo[0])).lap[0])
            for k, moment in enumerate(moments):
                if self._first[car] > moment:
                    continue
                n = dict.fromkeys(self._groups, 0)
                newest = -1
                for series, count in zip(each, done, strict=True):
                    n[series.group] = count[k]
                    if count[k] and series.t_hi[count[k] - 1] >= newest:
                        newest = int(series.t_hi[count[k] - 1])
                        lap = int(series.lap[count[k] - 1])
                head = Head(
                    self._session.key, car, self._epoch, self._first[car] + start,
                    moment + start, lap, n,
                )  # fmt: skip
                out[k].append(head_item(head))
        return out

    def catalog(self) -> list[tuple[int, Item]]:
        """``(t_us, item)`` of every lap of every car: its entry as it was left, and when."""
        out = []
        for car, each in self._cars.items():
            laps: dict[int, list[tuple[SeriesLog, int, int]]] = {}
            for series in each:
                for first, past in series.runs():
                    laps.setdefault(int(series.lap[first]), []).append((series, first, past))
            for lap, runs in laps.items():
                ranges: dict[tuple[str, str], tuple[tuple[int, int], ...]] = {}
                for series, first, past in runs:
                    name = (series.group, self._epoch)
                    ranges[name] = (*ranges.get(name, ()), (first + 1, past))
                closed = all(past < len(s.lap) for s, _, past in runs)
                start = self._session.started_us
                entry = LapEntry(
                    self._session.key,
                    car,
                    lap,
                    min(int(s.t_lo[first]) for s, first, _ in runs) + start,
                    max(int(s.t_hi[past - 1]) for s, _, past in runs) + start,
                    ranges,
                    closed,
                )
                last = max(int(s.t_hi[min(past, len(s.lap) - 1)]) for s, _, past in runs)
                out.append((last, catalog_item(entry)))
        return out
