"""Leading-key patterns: which rows of the table are whose.

A pattern's ``*`` also spans ``#``, so each of these is anchored by what a key must have: chunks
have three ``#``, sealed laps four, and the lap is three characters. Names with which two kinds of
key could be mistaken for each other are refused.
"""

from __future__ import annotations

from collections.abc import Iterable

from pitwall.cloud.access.conditions import escape
from pitwall.cloud.keys import SESSIONS_PK
from pitwall.telemetry import BadInput
from pitwall.telemetry.names import check_car, check_group, check_session, shown

_ANY = "*"
_LAP = "???"
_KINDS = ("head", "catalog")
ALIKE = tuple(f"*#*#*#{kind}" for kind in _KINDS)
"""Chunks of a car that is called like a kind of shared row: ``*#head`` matches them too, so that
whoever is given shared rows must be denied these."""


def car_rows(cars: Iterable[str], sessions: Iterable[str] = ()) -> list[str]:
    """Chunks and sealed laps of these cars, of every session unless some are named. Raises
    BadInput."""
    out: list[str] = []
    for car in cars:
        name = _in_policy(check_car(car), "car")
        if car in ("sealed", *_KINDS):
            # <session>#<group>#<lap>#sealed would match every car's sealed laps, and so on
            raise BadInput(f"car {car!r}: a policy cannot tell its rows from others' of that name")
        for session in _sessions(sessions):
            out += [f"{session}#*#{_LAP}#{name}", f"{session}#*#{_LAP}#{name}#sealed"]
    return out


def group_rows(groups: Iterable[str], sessions: Iterable[str] = ()) -> list[str]:
    """Chunks and sealed laps of these channel groups, of every session unless some are named.
    Raises BadInput."""
    named = list(sessions)
    out: list[str] = []
    for group in groups:
        name = _in_policy(check_group(group), "group")
        if not named and len(group) == 3 and group.isdigit():
            # without the session in front, a lap's number could be taken for the group
            raise BadInput(f"group {shown(group)}: looks like a lap; name the sessions too")
        out += [f"{session}#{name}#{_LAP}#*" for session in _sessions(named)]
    return out


def sealed_rows(sessions: Iterable[str] = ()) -> list[str]:
    """What sealing writes: sealed laps of every car, and the lap catalog. Raises BadInput when a
    session is none."""
    return [
        row
        for session in _sessions(sessions)
        for row in (f"{session}#*#{_LAP}#*#sealed", f"{session}#catalog")
    ]


def session_rows(sessions: Iterable[str]) -> list[str]:
    """Session list, and all rows of these sessions. Raises BadInput when a session is none."""
    return [SESSIONS_PK, *(f"{session}#*" for session in _sessions(sessions))]


def shared_rows(sessions: Iterable[str] = ()) -> list[str]:
    """Session list, heads and lap catalog: every car's, without any measurement. Raises BadInput
    when a session is none."""
    return [SESSIONS_PK, *(f"{s}#{kind}" for s in _sessions(sessions) for kind in _KINDS)]


def _sessions(sessions: Iterable[str]) -> list[str]:
    return [check_session(session) for session in sessions] or [_ANY]


def _in_policy(text: str, what: str) -> str:
    if any(ord(letter) > 0xFF for letter in text):
        raise BadInput(f"{what} {shown(text)}: a policy can only hold characters up to U+00FF")
    return escape(text)
