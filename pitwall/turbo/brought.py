"""Which chunks sealed laps have brought, so that the raw objects of the same time need not be
unpacked and packed again for them."""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_right
from collections.abc import Iterable

from pitwall.cloud import Line, keys
from pitwall.telemetry import BadInput, Samples, Segment, Series, chunk_crc


class Brought:
    """Crcs of the chunks in sealed laps that could be unpacked. Any thread may call any method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[Series, dict[int, array[int]]] = {}
        """Crcs by series and first n of the run; under the lock, as is what follows."""
        self._firsts: dict[Series, list[int]] = {}
        """The same runs' first n in order, of series that were asked for since they grew."""

    def note(self, opened: Iterable[tuple[Segment, Samples | None]]) -> None:
        """Sealed laps with what was unpacked of them: those with nothing bring nothing."""
        with self._lock:
            for segment, samples in opened:
                if samples is not None:
                    runs = self._runs.setdefault(segment.series, {})
                    runs[segment.n_lo] = array("I", segment.crcs)
                    self._firsts.pop(segment.series, None)

    def has(self, series: Series, line: Line) -> bool:
        """True when a sealed lap has brought this very chunk: the same number, time and payload."""
        crc = self._crc(series, line.n)
        if crc is None or crc != line.c:
            return False
        try:
            t_lo, n = keys.parse_chunk_sk(line.sk)
        except BadInput:
            return False
        return n == line.n and chunk_crc(t_lo, line.p) == crc

    def _crc(self, series: Series, n: int) -> int | None:
        with self._lock:
            runs = self._runs.get(series)
            if not runs:
                return None
            firsts = self._firsts.get(series)
            if firsts is None:
                firsts = self._firsts[series] = sorted(runs)
            at = bisect_right(firsts, n) - 1
            if at < 0:
                return None
            crcs = runs[firsts[at]]
            place = n - firsts[at]
            return crcs[place] if place < len(crcs) else None
