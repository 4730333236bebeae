"""Partition and sort keys of the table, built and parsed as ``docs/wire.md`` has them.

Parsing is strict: a key is exactly what :func:`chunk_pk` and its like would build, or BadInput says
what is wrong with it. Nothing here touches the network.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pitwall.telemetry import BadInput, Series

MAX_T = 10**16 - 1
"""Largest event time that sixteen digits hold, microseconds UTC."""
MAX_N = 10**8 - 1
"""Largest chunk counter that eight digits hold."""
MAX_LAP = 999
SESSIONS_PK = "sessions"

_SESSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[a-z0-9]+(-[a-z0-9]+)*")
_EPOCH = re.compile(r"[a-z0-9]{1,16}")
_MAX_SESSION = 80
_MAX_CAR = 16
_MAX_GROUP = 48
_SHOWN = 120


def shown(value: object) -> str:
    """``value`` as an error message quotes it: short whatever it is."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def check_session(session: str) -> str:
    """``session`` when it is a session key. Raises BadInput."""
    if len(session) > _MAX_SESSION or not _SESSION.fullmatch(session):
        raise BadInput(f"session key {shown(session)}: use <date>-<event>-<name> in lower case")
    return session


def check_car(car: str) -> str:
    """``car`` when it is a car id: 1 to 16 printable characters without ``#``. Raises BadInput."""
    if not 0 < len(car) <= _MAX_CAR or "#" in car or not car.isprintable():
        raise BadInput(f"car {shown(car)}: use 1 to {_MAX_CAR} printable characters without #")
    return car


def check_group(group: str) -> str:
    """``group`` when it can be part of a key. Raises BadInput."""
    if not 0 < len(group) <= _MAX_GROUP or "#" in group or not group.isprintable():
        raise BadInput(f"group {shown(group)}: 1 to {_MAX_GROUP} printable characters without #")
    return group


def check_epoch(epoch: str) -> str:
    """``epoch`` when it is a boot id: 1 to 16 of ``a-z0-9``. Raises BadInput."""
    if not _EPOCH.fullmatch(epoch):
        raise BadInput(f"epoch {shown(epoch)}: use 1 to 16 characters of a-z and 0-9")
    return epoch


def check_series(series: Series) -> Series:
    """``series`` when every part of it can stand in a key. Raises BadInput."""
    check_session(series.session)
    check_car(series.car)
    check_group(series.group)
    check_epoch(series.epoch)
    return series


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

    Remembered, because thousands of chunks share one key: they share one Series too.
    """
    parts = pk.split("#")
    if len(parts) != 4:
        raise BadInput(f"key {shown(pk)}: not <session>#<group>#<LLL>#<car>")
    session, group, lap, car = parts
    return check_series(Series(session, car, group, epoch)), parse_lap(lap)


@lru_cache(maxsize=8192)
def sealed_series_of(pk: str, epoch: str) -> tuple[Series, int]:
    """``(series, lap)`` of a sealed lap's partition key and its epoch. Raises BadInput."""
    if not pk.endswith("#sealed"):
        raise BadInput(f"key {shown(pk)}: not <session>#<group>#<LLL>#<car>#sealed")
    return series_of(pk[: -len("#sealed")], epoch)


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
