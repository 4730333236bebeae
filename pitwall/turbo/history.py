"""The archive's leg: which hours, which objects, what came of them."""

from __future__ import annotations

import random
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pitwall.cloud.signed import SignedGet
from pitwall.store import Ledger
from pitwall.stream import Fault, Pool, Sink
from pitwall.telemetry import Head, Series, Session, decode_many
from pitwall.telemetry.clock import SECOND_US
from pitwall.turbo.archive import CHECKPOINT, ArchiveLoader, Cancelled, Loaded, Wanted, nothing
from pitwall.turbo.choose import arrived_since
from pitwall.turbo.desk import Desk
from pitwall.turbo.fetch_child import Ahead
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.objects import MAX_STORED, Bucket, ObjectInfo, size_of
from pitwall.turbo.patience import told
from pitwall.turbo.processes import ArchiveProcesses
from pitwall.turbo.progress import Progress
from pitwall.turbo.status import Tempo

_HOUR_US = 3600 * SECOND_US
_LONG_US = 48 * _HOUR_US
_TOP = 1 << 62
_SEALED_SHARE = 0.8
"""Of the progress: how much of the raw objects is wanted is not known before."""


class History:
    """Loads what the archive has. Belongs to the follower's thread; the loading runs in a pool.

    Args:
        bucket: the archive.
        session: whose.
        desk: status and events.
        sink: takes the batches.
        laps: told of every chunk.
        cancel: set to give up.
        saved: checkpoints; those of objects count here.
        make_pool, rng, tempo: as the follower has them.
        make_processes: what fetches and unpacks; without them, the pool's threads.
        sign: signs requests that they may send, if any.
    """

    def __init__(
        self,
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
        make_processes: Callable[[], ArchiveProcesses] | None = None,
        sign: Callable[[str], SignedGet | None] = lambda key: None,
    ) -> None:
        self._bucket = bucket
        self._session = session
        self._desk = desk
        self._sink = sink
        self._laps = laps
        self._cancel = cancel
        self._saved = dict(saved)
        self._make_pool = make_pool
        self._rng = rng
        self._tempo = tempo
        self._make_processes = make_processes
        self._sign = sign

    def load(
        self,
        heads: Sequence[Head],
        now_us: int,
        since: Callable[[], int | None],
        *,
        held: Ledger | None,
        shown: bool,
    ) -> Loaded:
        """Load what arrived while ``heads`` were written, as of server time ``now_us``: sealed laps
        first, then of the raw objects what those leave open.

        ``since`` says from which server time raw objects are wanted (None: all); it is asked when
        the sealed laps are in the store. With ``held``, only chunks that are not in it. ``shown``
        moves the progress. A bucket that cannot be read is told of and done without.
        """
        desk = self._desk
        pool: Pool[Loaded] = self._make_pool("pitwall-archive", self._tempo.archive_threads)
        processes = self._make_processes() if self._make_processes else None
        # Of a whole race; for less it is not worth starting them.
        many = processes if held is None else None
        ahead = Ahead(many.fetching, self._sign, MAX_STORED) if many else None
        loader = ArchiveLoader(
            self._bucket,
            self._session,
            self._sink,
            pool,
            desk.time,
            self._rng,
            self._laps,
            self._cancel,
            self._saved,
            unpack=processes.unpacking.decode_many if processes else decode_many,
            fetch=ahead or nothing,
            abandon=ahead.close if ahead else lambda: None,
        )
        lister: Pool[list[ObjectInfo]] = self._make_pool("pitwall-archive-list", 1)
        wanted = None if held is None else _absent_in(held)
        progress = Progress(desk, shown, self._laps)
        pool.start()
        lister.start()
        try:
            if many:
                many.start()  # they are ready when it is listed
            sealed = loader.find_sealed()
            # beside the loading: what is on screen first does not wait for it
            lister.put("raw", partial(loader.find, self._spans(heads, now_us)))
            progress.expect(len(sealed), size_of(sealed), _SEALED_SHARE if sealed else 0.0)
            loaded = loader.load(sealed, progress, wanted, lambda: desk.chosen)
            of_laps = loaded.chunks
            desk.flush()
            raw = arrived_since(_result(lister), since())
            progress.expect(len(raw), size_of(raw), 1.0)
            loaded.add(loader.load(raw, progress, wanted))
        except Cancelled:
            return Loaded()
        except Fault as fault:
            desk.tell("archive-absent", {"reason": told(fault)})
            if shown:
                desk.set(message=f"no archive ({told(fault)}): loading from stream and table")
            return Loaded()
        finally:
            if processes is not None:
                processes.close()
            pool.stop(5.0)
            lister.stop(5.0)
        self._saved |= {CHECKPOINT + key: token for key, token in loader.tokens.items()}
        for key, reason in loaded.failed.items():
            desk.tell("archive-absent", {"object": key, "reason": reason})
        desk.tell(
            "archive",
            {
                "objects": loaded.objects,
                "sealed": of_laps,
                "bytes": loaded.bytes,
                "chunks": loaded.chunks,
                "damaged": loaded.damaged,
            },
        )
        return loaded

    def _spans(self, heads: Sequence[Head], now_us: int) -> list[tuple[int, int]]:
        """Hours of arrival that can hold the session, microseconds UTC: an hour more at each end.

        Arrival is server time, which event time need not be (a rehearsal of an old race): the last
        day is listed too.
        """
        first = min([self._session.started_us, *(head.t_first for head in heads)])
        last = max([first, *(head.t for head in heads)])
        if 0 <= now_us - first < _LONG_US:
            return [(first - _HOUR_US, now_us + _HOUR_US)]
        return [
            (first - _HOUR_US, last + 2 * _HOUR_US),
            (now_us - 24 * _HOUR_US, now_us + _HOUR_US),
        ]


def _result(pool: Pool[list[ObjectInfo]]) -> list[ObjectInfo]:
    """What a pool's one job has found. Raises what the job did."""
    while not (done := pool.take()):
        pool.wait(0.25)
    if done[0].error is not None:
        raise done[0].error
    return done[0].value or []


def _absent_in(ledger: Ledger) -> Wanted:
    """Which chunks are not in ``ledger``."""

    def absent(series: Series, n: int) -> bool:
        books = ledger.series.get(series)
        if books is None:
            return True
        received = books.received
        at = bisect_right(received, (n, _TOP)) - 1
        return at < 0 or received[at][1] < n

    return absent
