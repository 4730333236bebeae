"""Which lap a chunk is in: what a keyed read of it must know."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from pitwall.cloud import LapEntry
from pitwall.telemetry import Segment, Series

_FIRST_LAP = 0


class LapIndex:
    """First and last n seen of each lap of each series. Any thread may call any method.

    Laps rise with n in a series, so the laps of a chunk's neighbours bound its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._laps: dict[Series, dict[int, list[int]]] = {}
        """By series and lap: ``[n_lo, n_hi]``; under the lock."""
        self._seen: set[tuple[str, int]] = set()
        """Cars' laps of which something has come by; under the lock."""

    @property
    def count(self) -> int:
        """Laps, of all cars, of which something has come by."""
        return len(self._seen)

    def note(self, segment: Segment) -> None:
        """A segment came by."""
        self.note_all((segment,))

    def note_all(self, segments: Iterable[Segment]) -> None:
        """Several."""
        with self._lock:
            for segment in segments:
                self._seen.add((segment.series.car, segment.lap))
                self._add(segment.series, segment.lap, segment.n_lo, segment.n_hi)

    def learn(self, entries: Iterable[LapEntry]) -> None:
        """Take the catalog's word."""
        with self._lock:
            for entry in entries:
                for (group, epoch), runs in entry.ranges.items():
                    series = Series(entry.session, entry.car, group, epoch)
                    for lo, hi in runs:
                        self._add(series, entry.lap, lo, hi)

    def around(self, series: Series, n_lo: int, n_hi: int, newest: int) -> range:
        """Laps that can hold chunks of ``n_lo..n_hi``; ``newest`` is the producer's lap now."""
        with self._lock:
            laps = self._laps.get(series, {})
            before = max((lap for lap, (lo, _) in laps.items() if lo <= n_lo), default=_FIRST_LAP)
            last = max(newest, before)
            after = min((lap for lap, (_, hi) in laps.items() if hi >= n_hi), default=last)
        return range(before, max(after, before) + 1)

    def knows(self, series: Series, n: int) -> bool:
        """True when a chunk before ``n`` has come by, or ``n`` is the first."""
        with self._lock:
            return n == 1 or any(lo < n for lo, _ in self._laps.get(series, {}).values())

    def _add(self, series: Series, lap: int, lo: int, hi: int) -> None:
        """Under the lock."""
        laps = self._laps.setdefault(series, {})
        known = laps.get(lap)
        if known is None:
            laps[lap] = [lo, hi]
        elif lo < known[0] or hi > known[1]:
            known[0] = min(lo, known[0])
            known[1] = max(hi, known[1])
