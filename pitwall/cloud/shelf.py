"""Chunks of the raw archive, set aside by car and lap: the archive holds them by time of arrival,
and a race of them is more than memory should hold."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from pitwall.cloud.seal_survey import Car, open_laps
from pitwall.telemetry import Failure, Segment, Series, Session
from pitwall.telemetry.clock import SECOND_US, now_us

_HOUR_US = 3600 * SECOND_US


class RawArchive(Protocol):
    """The raw objects of a bucket.

    Attributes:
        damaged: places in them that could not be read so far.
    """

    damaged: int

    def chunks(
        self, session: str, spans: Sequence[tuple[int, int]], wanted: Callable[[str, int], bool]
    ) -> Iterator[list[Segment]]:
        """The session's chunks of cars and laps that are ``wanted``, in portions, of what arrived
        within ``spans`` (microseconds UTC). Raises Failure."""
        ...


class Shelf:
    """Keeps chunks in a file of this disk that goes with it. Used by one thread."""

    def __init__(self, session: str) -> None:
        self._session = session
        # a name of none: SQLite's own temporary file
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE chunk (car, lap, grp, epoch, n, crc, t_lo, t_hi, count, payload,"
            " PRIMARY KEY (car, lap, grp, epoch, n, crc)) WITHOUT ROWID"
        )

    def put(self, chunks: Iterable[Segment]) -> None:
        """Set single chunks aside; the same one twice is one."""
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR IGNORE INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    *(c.series.car, c.lap, c.series.group, c.series.epoch, c.n_lo, c.crcs[0]),
                    *(c.t_lo, c.t_hi, c.counts[0], c.payload),
                )
                for c in chunks
            ),
        )
        self._db.execute("COMMIT")

    def take(self, car: str, lap: int) -> Iterator[Segment]:
        """The chunks of one lap, each series in order of n; two of one n where their content
        differs."""
        rows = self._db.execute(
            "SELECT grp, epoch, n, crc, t_lo, t_hi, count, payload FROM chunk"
            " WHERE car = ? AND lap = ? ORDER BY grp, epoch, n",
            (car, lap),
        )
        for group, epoch, n, crc, t_lo, t_hi, count, payload in rows:
            series = Series(self._session, car, group, epoch)
            yield Segment(series, n, n, lap, t_lo, t_hi, (count,), (crc,), payload)

    def close(self) -> None:
        """Give the disk back."""
        self._db.close()


class ArchiveShelf:
    """What the raw archive has of the laps that are not sealed; read when something of it is first
    asked for. Used by one thread.

    Args:
        archive: the raw objects.
        session: whose.
        cars: all of them, with their heads and catalog.
        say: told in one line that it is read, and why it cannot be.

    Attributes:
        fault: why not all of it could be read; empty otherwise.
    """

    def __init__(
        self,
        archive: RawArchive,
        session: Session,
        cars: Sequence[Car],
        say: Callable[[str], None],
    ) -> None:
        self.fault = ""
        self._archive = archive
        self._session = session
        self._cars = cars
        self._say = say
        self._shelf: Shelf | None = None

    @property
    def damaged(self) -> int:
        """Places in the archive that could not be read."""
        return self._archive.damaged

    def take(self, car: str, lap: int) -> Iterator[Segment]:
        """As :meth:`Shelf.take`."""
        if self._shelf is None:
            self._shelf = Shelf(self._session.key)
            self._fill(self._shelf)
        return self._shelf.take(car, lap)

    def close(self) -> None:
        """Give the disk back."""
        if self._shelf is not None:
            self._shelf.close()

    def _fill(self, shelf: Shelf) -> None:
        laps = {car.name: open_laps(car) for car in self._cars}
        heads = [head for car in self._cars for head in car.heads.values()]
        first = min([self._session.started_us, *(head.t_first for head in heads)])
        last = max([first, *(head.t for head in heads)])
        self._say("the table does not give all: reading the raw archive")
        try:
            for chunks in self._archive.chunks(
                self._session.key,
                arrivals(first, last, now_us()),
                lambda car, lap: lap in laps.get(car, ()),
            ):
                shelf.put(chunks)
        except Failure as failure:
            self.fault = str(failure)
            self._say(f"raw archive: {failure}")


def arrivals(first_us: int, last_us: int, now_us: int) -> list[tuple[int, int]]:
    """When what was driven from ``first_us`` to ``last_us`` can have come to the archive,
    microseconds UTC: up to two days later, and today, since event time may be another clock's."""
    return [
        (first_us - _HOUR_US, min(last_us + 48 * _HOUR_US, max(now_us, last_us) + _HOUR_US)),
        (now_us - 24 * _HOUR_US, now_us + _HOUR_US),
    ]
