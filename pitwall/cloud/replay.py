"""What `pitwall publish` publishes a recording as: a session of its own, one that other cars are in
already, or what an earlier run that did not come to its end had begun."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pitwall.cloud.faults import explain
from pitwall.cloud.feed import Feed, feed_session
from pitwall.cloud.items import parse_session, session_item
from pitwall.cloud.query import read_heads, read_session
from pitwall.cloud.spool import Spool
from pitwall.telemetry import BadInput, Failure, PitwallError, Session
from pitwall.telemetry.clock import SECOND_US

_AFTER_US = 600 * SECOND_US
"""A session is joined until so long after its planned end."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What is published.

    Attributes:
        session, epoch: as whose chunks.
        start_us: event time that is due now; None when it is gone on with where it was left.
        resumed: an earlier run's work is gone on with.
        joined: other cars are in the session.
    """

    session: Session
    epoch: str
    start_us: int | None
    resumed: bool = False
    joined: bool = False


def spool_file(folder: Path, session: str, recording: Path, *place: str | None) -> Path:
    """Where chunks of ``recording`` wait on their way to ``place``: one file for each, so that many
    may be published at once."""
    words = json.dumps([str(recording.resolve()), *place])
    return folder / f"{session}-{hashlib.sha256(words.encode()).hexdigest()[:10]}.spool"


def begin(
    feed: Feed,
    recording: Path,
    key: str,
    dynamodb: Any,
    table: str,
    spool: Spool,
    speed: float,
    now_us: int,
) -> Replay:
    """Decide what ``recording`` is published as, and state it in ``spool``.

    Raises:
        BadInput: the spool holds another recording's chunks, or the session is under way with other
            channels.
    """
    at = recording.stat()
    about = {"size": at.st_size, "modified": at.st_mtime_ns, "speed": speed}
    known = spool.about
    if known:
        if any(known.get(name) != about[name] for name in ("size", "modified")):
            raise BadInput(
                f"{recording}: has changed since its publishing was interrupted; give --restart to "
                f"begin again ({spool.waiting} chunks that wait in {spool.path} are then given up)"
            )
        session = parse_session(known["session"])
        # At another speed than it began with it goes on from where it was.
        due = session.event_us(now_us) if speed == known.get("speed") == session.pace else None
        return Replay(session, known["epoch"], due, True)
    # two that start in the same second must not be one
    epoch = f"p{now_us // SECOND_US:x}{secrets.token_hex(2)}"
    own = feed_session(feed, key, _start_us(feed, speed, now_us), feed.seconds, speed)
    others = _under_way(feed, own, dynamodb, table, now_us)
    session, joined = others or own, others is not None
    spool.describe({**about, "epoch": epoch, "session": session_item(session)})
    return Replay(session, epoch, session.event_us(now_us) if joined else None, joined=joined)


def _start_us(feed: Feed, speed: float, now_us: int) -> int:
    """When a session is said to have started whose first sample is due now, whenever in the
    recording that is: see :meth:`pitwall.telemetry.Session.due_us`."""
    first = _first_us(feed)
    if speed <= 1.0:
        return now_us - round(first / speed)
    length = round(feed.seconds * SECOND_US)
    return now_us - length + round((length - first) / speed)


def _first_us(feed: Feed) -> int:
    """The first sample's time in the feed."""
    tracks = [feed.samples(car, g.name) for car in feed.cars for g in feed.catalog.groups]
    return min(int(track.t_us[0]) for track in tracks if track is not None and len(track.t_us))


def _under_way(feed: Feed, own: Session, dynamodb: Any, table: str, now_us: int) -> Session | None:
    """The session as others have begun it, when these cars are to take part in it."""
    try:
        if _claimed(dynamodb, table, own):
            return None
        session = read_session(dynamodb, table, own.key)
        heads = read_heads(dynamodb, table, own.key, [])
    except PitwallError:
        return None  # who may not read it cannot join; whoever cannot reach it will be told
    end = session.started_us + round(session.length_s * SECOND_US)
    over = max(end, session.due_us(end)) + _AFTER_US
    if over < now_us or {head.car for head in heads} & set(feed.cars):
        return None  # it is published once more
    if session.catalog != feed.catalog:
        raise BadInput(
            f"{own.key}: is under way in table {table} with other channels: give another --session"
        )
    if session.pace != own.pace:
        raise BadInput(
            f"{own.key}: is under way in table {table} at --speed {session.pace:g}: give the same, "
            "or another --session"
        )
    return session


def _claimed(dynamodb: Any, table: str, session: Session) -> bool:
    """Whether the session was not there and is now: of several that begin at once, one is first."""
    try:
        dynamodb.put_item(
            TableName=table,
            Item=session_item(session),
            ConditionExpression="attribute_not_exists(pk)",
        )
    except Exception as error:
        response = getattr(error, "response", None) or {}
        if response.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
            return False
        raise Failure(f"table {table}: {explain(error)}") from error
    return True
