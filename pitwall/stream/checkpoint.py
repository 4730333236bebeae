"""A shard's state as the recording keeps it: one small JSON object, committed with the data."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from pitwall.stream.source import HORIZON, Anchor, Position, at_time
from pitwall.telemetry import BadInput

VERSION = 1
MAX_TOKEN = 4096
_MAX_US = 10**16
_SEQUENCE = re.compile(r"[!-~]{1,128}")
_NAME = re.compile(r"[!-~]{1,512}")
_MAX_PARENTS = 2


@dataclass(frozen=True, slots=True)
class Token:
    """What must survive a restart.

    Attributes:
        stream: the stream the shard belongs to.
        shard: its name.
        parents: names of the shards it continues.
        state: ``open``, ``finished`` or ``gap``.
        start: where it was opened; used again while nothing has been read.
        sequence: of the last record applied; empty while there is none.
        opened_us, verified_us, last_us: server time when it was opened, when it last answered,
            and creation time of the last record; 0 when that has not happened.
    """

    stream: str
    shard: str
    parents: tuple[str, ...]
    state: str
    start: Position
    sequence: str
    opened_us: int
    verified_us: int
    last_us: int


def dump(token: Token) -> str:
    """The JSON form."""
    start: int | str = token.start.at_us if token.start.anchor is Anchor.TIME else "horizon"
    doc = {
        "v": VERSION,
        "stream": token.stream,
        "shard": token.shard,
        "parents": list(token.parents),
        "state": token.state,
        "start": start,
        "seq": token.sequence,
        "opened": token.opened_us,
        "verified": token.verified_us,
        "last": token.last_us,
    }
    return json.dumps(doc, sort_keys=True, separators=(",", ":"))


def load(shard: str, text: str) -> Token:
    """Parse :func:`dump`'s form of ``shard``'s token. Raises BadInput, and nothing else, on
    anything that is not exactly that: the shard is then opened by time."""
    if len(text) > MAX_TOKEN:
        raise BadInput(f"checkpoint of {shard[:80]}: longer than {MAX_TOKEN}")
    try:
        doc: Any = json.loads(text)
        if not isinstance(doc, dict) or set(doc) != _FIELDS or doc["v"] != VERSION:
            raise BadInput(f"checkpoint of {shard[:80]}: not of version {VERSION}")
        if doc["shard"] != shard:
            raise BadInput(f"checkpoint of {shard[:80]}: names another shard")
        parents = doc["parents"]
        if not isinstance(parents, list) or len(parents) > _MAX_PARENTS:
            raise BadInput(f"checkpoint of {shard[:80]}: parents")
        state = doc["state"]
        if state not in ("open", "finished", "gap"):
            raise BadInput(f"checkpoint of {shard[:80]}: state")
        start = doc["start"]
        return Token(
            _text(doc["stream"], _NAME, shard),
            shard,
            tuple(_text(p, _NAME, shard) for p in parents),
            state,
            HORIZON if start == "horizon" else at_time(_time(start, shard)),
            "" if doc["seq"] == "" else _text(doc["seq"], _SEQUENCE, shard),
            _time(doc["opened"], shard),
            _time(doc["verified"], shard),
            _time(doc["last"], shard),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadInput(f"checkpoint of {shard[:80]}: not readable ({error})") from error


_FIELDS = {
    "v", "stream", "shard", "parents", "state", "start", "seq", "opened", "verified", "last",
}  # fmt: skip


def _text(value: object, pattern: re.Pattern[str], shard: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadInput(f"checkpoint of {shard[:80]}: {str(value)[:40]!r}")
    return value


def _time(value: object, shard: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MAX_US:
        raise BadInput(f"checkpoint of {shard[:80]}: time {str(value)[:40]!r}")
    return value


def newer(sequence: str, than: str) -> bool:
    """True unless ``sequence`` is known to be at or before ``than``.

    Sequence numbers are decimal and of varying length, so they are compared as numbers; those
    that are no numbers are opaque, and only equality says anything.
    """
    if not than:
        return True
    if sequence.isdecimal() and than.isdecimal():
        return int(sequence) > int(than)
    return sequence != than
