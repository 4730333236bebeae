"""Partition and sort keys of the table, built and parsed as ``docs/wire.md`` has them.

Parsing is strict: a key is exactly what :func:`chunk_pk` and its like would build, or BadInput says
what is wrong with it. Nothing here touches the network.
"""

from __future__ import annotations

from functools import lru_cache

from pitwall.telemetry import BadInput, Series
from pitwall.telemetry.names import MAX_LAP, MAX_N, check_series, shown

MAX_T = 10**16 - 1
"""Largest event time that sixteen digits hold, microseconds UTC."""
SESSIONS_PK = "sessions"


def lap_text(lap: int) -> str:
    """``LLL``. Raises BadInput when ``lap`` does not fit three digits."""
    if not 0 <= lap <= MAX_LAP:
        raise BadInput(f"lap {lap}: keys hold 0 to {MAX_LAP}")
    return f"{lap:03d}"


def chunk_pk(session: str, group: str, lap: int, car: str) -> str:
    """``<session>#<group>#<LLL>#<car>``."""
    return f"{session}#{group}#{lap_text(lap)}#{car}"


def sealed_pk(session: str, group: str, lap: int, car: str) -> str:
    """``<session>#<group>#<LLL>#<car>#sealed``."""
    return f"{session}#{group}#{lap_text(lap)}#{car}#sealed"


def chunk_sk(t_lo: int, n: int) -> str:
    """``TTTTTTTTTTTTTTTT#NNNNNNNN``. Raises BadInput when either does not fit its digits."""
    if not 0 <= t_lo <= MAX_T or not 0 < n <= MAX_N:
        raise BadInput(f"chunk at {t_lo} µs with n = {n}: keys hold 0..{MAX_T} and 1..{MAX_N}")
    return f"{t_lo:016d}#{n:08d}"


def sealed_sk(epoch: str, n_lo: int) -> str:
    """``<epoch>#<n_lo>``."""
    return f"{epoch}#{n_lo}"


def head_pk(session: str) -> str:
    """``<session>#head``."""
    return f"{session}#head"


def head_sk(car: str, epoch: str) -> str:
    """``<car>#<epoch>``."""
    return f"{car}#{epoch}"


def catalog_pk(session: str) -> str:
    """``<session>#catalog``."""
    return f"{session}#catalog"


def catalog_sk(car: str, lap: int) -> str:
    """``<car>#<LLL>``."""
    return f"{car}#{lap_text(lap)}"


@lru_cache(maxsize=8192)
def series_of(pk: str, epoch: str) -> tuple[Series, int]:
    """``(series, lap)`` of a chunk's partition key and its epoch. Raises BadInput.

    Remembered, because thousands of chunks share one key.
    """
    return _taken_apart(pk, epoch)


def sealed_series_of(pk: str, epoch: str) -> tuple[Series, int]:
    """``(series, lap)`` of a sealed lap's partition key and its epoch. Raises BadInput."""
    if not pk.endswith("#sealed"):
        raise BadInput(f"key {shown(pk)}: not <session>#<group>#<LLL>#<car>#sealed")
    return _taken_apart(pk[: -len("#sealed")], epoch)


def _taken_apart(pk: str, epoch: str) -> tuple[Series, int]:
    parts = pk.split("#")
    if len(parts) != 4:
        raise BadInput(f"key {shown(pk)}: not <session>#<group>#<LLL>#<car>")
    session, group, lap, car = parts
    return _series(session, car, group, epoch), parse_lap(lap)


@lru_cache(maxsize=8192)
def _series(session: str, car: str, group: str, epoch: str) -> Series:
    """Remembered, because all laps share it: they share one object too."""
    return check_series(Series(session, car, group, epoch))


def parse_chunk_sk(sk: str) -> tuple[int, int]:
    """``(t_lo, n)``. Raises BadInput."""
    t, n = sk[:16], sk[17:]
    if len(sk) != 25 or sk[16] != "#" or not (sk.isascii() and t.isdigit() and n.isdigit()):
        raise BadInput(f"sort key {shown(sk)}: not 16 digits of time, #, 8 digits of n")
    return int(t), int(n)


def parse_lap(text: str) -> int:
    """Three digits. Raises BadInput."""
    if len(text) != 3 or not (text.isascii() and text.isdigit()):
        raise BadInput(f"lap {shown(text)}: not three digits")
    return int(text)


def parse_count(text: str, largest: int, name: str) -> int:
    """A whole number 0..``largest`` written as plain digits. Raises BadInput."""
    if not 0 < len(text) <= 20 or not (text.isascii() and text.isdigit()):
        raise BadInput(f"{name} {shown(text)}: not a whole number")
    value = int(text)
    if value > largest:
        raise BadInput(f"{name} {text}: at most {largest}")
    return value
