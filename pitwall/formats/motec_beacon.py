"""Passes of timing beacons in a logger's "Beacon" channel.

Loggers of that time put each pass into a channel that is too slow for it: three words, sent one
after the other, carry the low and the high part of a clock of whole milliseconds (14 bits each,
marked by the two highest bits), then the code of the beacon. Found by us in a file and borne out
by its lap and split times (to 0.02 s on 16 passes). Codes from 100 on stand at the line, lower
ones at splits. Where the words are not there, each rise from zero is a pass at that sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LINE_CODE = 100
"""Codes from here on are beacons at the start line."""
_LOW, _HIGH, _END = 3, 2, 1
_PAYLOAD = 0x3FFF
_DOUBT_S = 0.006
"""90 % half width of a pass against the others: their clock counts whole milliseconds."""
_AHEAD = 6
"""Changes of the channel within which the words of one pass follow each other."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: ``seconds`` since the log began, its 90 % half width ``doubt_s``, and the code."""

    seconds: float
    doubt_s: float
    code: int


def passes(
    raw: NDArray[np.int64],
    rate_hz: float,
    running: NDArray[np.float64] | None,
    running_hz: float,
) -> list[Pass]:
    """Beacon passes in order of time.

    Args:
        raw: samples of the channel as stored.
        rate_hz: their rate.
        running: time since the last pass of the line, seconds, where the logger has it: it ties
            the beacons' clock to the log's.
        running_hz: its rate.
    """
    change = np.flatnonzero(np.diff(raw)) + 1
    words = raw[change].astype(np.int64) & 0xFFFF
    kinds = words >> 14
    found: list[tuple[int, float, int]] = []
    for i in range(len(change) - 2):
        if (int(kinds[i]), int(kinds[i + 1])) != (_LOW, _HIGH):
            continue
        clock = (int(words[i + 1] & _PAYLOAD) << 14 | int(words[i] & _PAYLOAD)) / 1000
        code = next((int(w) for w in words[i + 2 : i + _AHEAD] if 0 < w < 0x4000), 0)
        found.append((int(change[i]), clock, code))
    if not found:
        rises = np.flatnonzero((raw[1:] > 0) & (raw[:-1] == 0)) + 1
        half = 0.45 / rate_hz
        return [Pass((int(i) - 0.5) / rate_hz, half, int(raw[i])) for i in rises]
    offset = _offset(found, rate_hz, running, running_hz)
    return [Pass(clock + offset, _DOUBT_S, code) for _, clock, code in found]


def _offset(
    found: list[tuple[int, float, int]],
    rate_hz: float,
    running: NDArray[np.float64] | None,
    running_hz: float,
) -> float:
    """What to add to the beacons' clock to get the log's."""
    # A word is logged after its pass: none may lie behind its sample.
    latest = min(at / rate_hz - clock for at, clock, _ in found)
    if running is not None and len(running) > 1:
        falls = np.flatnonzero(np.diff(running) < -1.0) + 1
        starts = falls / running_hz - running[falls]
        line = np.array([clock for _, clock, code in found if code >= LINE_CODE])
        offsets = [
            float(s - line[np.argmin(np.abs(line + latest - s))]) for s in starts if len(line)
        ]
        near = [o for o in offsets if abs(o - latest) < 10.0]
        if near:
            return float(np.median(near))
    return latest - 0.5 / rate_hz
