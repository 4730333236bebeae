"""What may be called what: the rules of ``docs/wire.md`` for the parts of an identity.

Both rooms that let data in go by them: the table's keys, which raise, and the recording, which
sets aside.
"""

from __future__ import annotations

import re

from pitwall.telemetry.chunk import Series
from pitwall.telemetry.errors import BadInput

MAX_N = 10**8 - 1
"""Largest chunk counter: eight digits in the table's keys."""
MAX_LAP = 999
"""Largest lap: three digits there."""
UNCOUNTED = "plain"
"""Epoch of chunks that we numbered ourselves, out of items without counters: their numbers say
nothing about what is missing, and no producer of counted chunks may call its epoch so."""
MAX_SESSION = 80
MAX_CAR = 16
MAX_GROUP = 48

_SESSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[a-z0-9]+(-[a-z0-9]+)*")
_EPOCH = re.compile(r"[a-z0-9]{1,16}")
_SHOWN = 120


def shown(value: object) -> str:
    """``value`` as an error message quotes it: short whatever it is."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def is_car(text: str) -> bool:
    """Whether ``text`` is a car id: 1 to 16 printable characters without ``#``."""
    return _is_part(text, MAX_CAR)


def is_epoch(text: str) -> bool:
    """Whether ``text`` is a producer's boot id: 1 to 16 of ``a-z0-9``."""
    return _EPOCH.fullmatch(text) is not None


def check_session(session: str) -> str:
    """``session`` when it is a session key. Raises BadInput."""
    if len(session) > MAX_SESSION or not _SESSION.fullmatch(session):
        raise BadInput(
            f"session key {shown(session)}: use <date>-<event>-<name>, lower case letters, "
            "digits and dashes, e.g. 2025-09-06-barber-r1"
        )
    return session


def check_car(car: str) -> str:
    """``car`` when it is a car id (:func:`is_car`). Raises BadInput."""
    if not is_car(car):
        raise BadInput(f"car {shown(car)}: use 1 to {MAX_CAR} printable characters without #")
    return car


def check_group(group: str) -> str:
    """``group`` when it can be part of a key: as a car id, but up to 48. Raises BadInput."""
    if not _is_part(group, MAX_GROUP):
        raise BadInput(f"group {shown(group)}: 1 to {MAX_GROUP} printable characters without #")
    return group


def check_epoch(epoch: str) -> str:
    """``epoch`` when it is a boot id (:func:`is_epoch`). Raises BadInput."""
    if not is_epoch(epoch):
        raise BadInput(f"epoch {shown(epoch)}: use 1 to 16 characters of a-z and 0-9")
    return epoch


def check_series(series: Series) -> Series:
    """``series`` when every part of it can stand in a key. Raises BadInput."""
    check_session(series.session)
    check_car(series.car)
    check_group(series.group)
    check_epoch(series.epoch)
    return series


def _is_part(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and "#" not in text and text.isprintable()
