"""What can be connected to: profiles, regions, tables, and the sessions of a table.

Everything here blocks; a window asks it on a thread of its own and is told as answers come in.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Literal

from pitwall.cloud.access import Place
from pitwall.cloud.clients import LOCAL_REGION, Clients, TableAndBucket, is_aws
from pitwall.cloud.faults import explain
from pitwall.cloud.query import list_sessions, read_heads
from pitwall.cloud.stack import bucket_of
from pitwall.cloud.trouble import Trouble, Where, trouble_of
from pitwall.store import Quarantined
from pitwall.telemetry import BadInput, Failure, Head, PitwallError, Session
from pitwall.telemetry.clock import SECOND_US
from pitwall.telemetry.plural import counted

LIVE_US = 10 * SECOND_US
"""A session is live while its newest head, written once a second, is younger than this."""
AHEAD_US = 5 * SECOND_US
"""A head that is further ahead of the service's clock is no proof of life: it stays young when its
producer, whose clock is wrong, is long dead."""
PREFERRED = "pitwall"
"""The table that is taken when none is asked for and there are several."""
NO_ARCHIVE = "there is no bucket of the stack's name in the table's account: give --bucket"
"""Said where :func:`archive_of` finds none."""
_UNLISTED = "these credentials may not list tables"
_MAX_TABLES = 1000
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov")

SessionState = Literal["", "live", "silent", "ended", "empty"]


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile of the AWS configuration: its name, its region (empty when it has none), and
    whether it signs in by SSO."""

    name: str
    region: str = ""
    sso: bool = False


@dataclass(frozen=True, slots=True)
class Configuration:
    """What this machine is configured for.

    Attributes:
        profiles: in the order of the files.
        profile: the one in force without a choice; empty for credentials from elsewhere.
        region: of the environment, which goes before the profiles'; empty without one.
        regions: those that have DynamoDB, as far as is known.
    """

    profiles: tuple[Profile, ...] = ()
    profile: str = ""
    region: str = ""
    regions: tuple[str, ...] = ()

    def find(self, name: str) -> Profile:
        """The profile called ``name``; the one in force when that is empty."""
        wanted = name or self.profile
        return next((one for one in self.profiles if one.name == wanted), Profile(name))


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session as it is listed.

    Attributes:
        key, title: as in its item.
        date, event, name: the parts of the key.
        started_us: when it began; for a replay when it is driven again; microseconds UTC.
        simulated, replay: as in its item.
        cars: how many have a head; None while not asked.
        laps: the highest lap of any car; None while not asked.
        state: ``live``; ``silent``, begun and not ended; ``ended``; ``empty``, no car yet; empty
            while not asked.
        age_us: of the newest head, by the service's clock; None without one.
    """

    key: str
    title: str
    date: str
    event: str
    name: str
    started_us: int
    simulated: bool = False
    replay: bool = False
    cars: int | None = None
    laps: int | None = None
    state: SessionState = ""
    age_us: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What is known so far.

    Attributes:
        step: what is being asked for now; empty when all is told.
        share: of the sessions looked at, 0..1; None when not known.
        tables: of the account and region; None when they could not be listed.
        table: the one whose sessions these are; empty when there is none to take.
        sessions: live ones first, then by start, newest first; None while not read.
        note: what is left out, in a line; empty for nothing.
        trouble: what keeps it from going on; None while nothing does.
    """

    step: str = ""
    share: float | None = None
    tables: tuple[str, ...] | None = None
    table: str = ""
    sessions: tuple[SessionLine, ...] | None = None
    note: str = ""
    trouble: Trouble | None = None


def read_configuration() -> Configuration:
    """Profiles and regions of this machine. Raises Failure when the files cannot be read."""
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session as BotocoreSession

    session = BotocoreSession()
    try:
        found = session.full_config.get("profiles", {})
        profiles = tuple(_profile(name, found.get(name, {})) for name in session.available_profiles)
        in_force = session.profile or ("default" if "default" in found else "")
    except BotoCoreError as error:
        raise Failure(explain(error)) from error
    region = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or ""
    return Configuration(profiles, in_force, region, _regions())


@cache
def _regions() -> tuple[str, ...]:
    """Those that botocore knows; they take a while to be read and never change."""
    from botocore.session import Session as BotocoreSession

    session = BotocoreSession()
    found: list[str] = []
    for partition in _PARTITIONS:
        found += session.get_available_regions("dynamodb", partition_name=partition)
    return tuple(found)


def _profile(name: str, values: dict[str, Any]) -> Profile:
    sso = "sso_session" in values or "sso_start_url" in values
    return Profile(name, str(values.get("region", "")), sso)


def browse(
    clients: Clients,
    where: Where,
    say: Callable[[Listing], object],
    cancelled: Callable[[], bool] = lambda: False,
    now: Callable[[], float] = time.time,
) -> Listing:
    """List tables, then the sessions of one of them, then each session's cars and laps.

    Args:
        clients: of the account and region.
        where: what was chosen; without a table the only one is taken, or :data:`PREFERRED`, also
            where they may not be listed.
        say: told what is known each time there is more, on the calling thread.
        cancelled: asked between calls; True ends it with what is known.
        now: local time, seconds.

    Returns what was said last. Never raises: what goes wrong is in :attr:`Listing.trouble`.
    """
    known = Listing("asking for the tables", table=where.table)
    say(known)
    try:
        client = clients.dynamodb
        clock = _Clock(now)
        client.meta.events.register("after-call.dynamodb", clock.answered)
        known = _tables(client, where, known)
        if known.trouble is None and not cancelled():
            table = known.table or PREFERRED
            say(replace(known, step=f"asking {table} for its sessions"))
            if known.table:
                known = _sessions(client, known, say, cancelled, clock)
            else:
                known = _usual(client, known, say, cancelled, clock)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told in one line
        where = replace(where, table=known.table, region=where.region or clients.region)
        known = replace(known, trouble=trouble_of(error, where))
    known = replace(known, step="", share=None)
    say(known)
    return known


def _tables(client: Any, where: Where, known: Listing) -> Listing:
    try:
        names = _table_names(client)
    except Exception as error:
        found = trouble_of(error, where)
        if not found.denied and not _absent(error):
            raise
        which = "another's" if where.table else "the table's"
        return replace(known, note=f"{_UNLISTED}: type {which} name")
    known = replace(known, tables=names)
    if where.table:
        return known
    table = PREFERRED if PREFERRED in names else names[0] if len(names) == 1 else ""
    if table:
        return replace(known, table=table)
    region = where.region or "this region"
    text = (
        f"choose a table: there are {len(names)}"
        if names
        else f"there are no tables in {region} of this account: is it the right region and profile?"
    )
    return replace(known, trouble=Trouble(text))


def _table_names(client: Any) -> tuple[str, ...]:
    names: list[str] = []
    request: dict[str, Any] = {}
    while len(names) < _MAX_TABLES:
        page = client.list_tables(**request)
        names += page.get("TableNames", ())
        after = page.get("LastEvaluatedTableName")
        if not after:
            break
        request = {"ExclusiveStartTableName": after}
    return tuple(names)


def _absent(error: BaseException) -> bool:
    return _code(error) in ("UnknownOperationException", "NotImplemented")


def _code(error: BaseException) -> str:
    """The service's name for a refusal; empty where it is none."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _sessions(
    client: Any,
    known: Listing,
    say: Callable[[Listing], object],
    cancelled: Callable[[], bool],
    clock: _Clock,
) -> Listing:
    bad: list[Quarantined] = []
    found = list_sessions(client, known.table, bad)
    notes = [known.note] if known.note else []
    if bad:
        notes.append(f"{counted(len(bad), 'session item')} could not be read: {bad[0].reason}")
    lines = {one.key: _line(one) for one in found}
    sessions = {one.key: one for one in found}
    order = sorted(lines, key=lambda key: -lines[key].started_us)
    for done, key in enumerate(order):
        known = replace(
            known,
            step=f"asking for cars and laps, {done} of {len(order)}",
            share=done / len(order),
            sessions=_sorted(lines),
        )
        say(known)
        if cancelled():
            break
        try:
            heads = read_heads(client, known.table, key, [])
        except PitwallError as error:
            notes.append(f"cars and laps could not be read: {trouble_of(error, Where()).text}")
            break
        lines[key] = _counted(lines[key], heads, clock.now_us(), sessions[key])
    return replace(known, sessions=_sorted(lines), note="; ".join(notes))


def _usual(
    client: Any,
    known: Listing,
    say: Callable[[Listing], object],
    cancelled: Callable[[], bool],
    clock: _Clock,
) -> Listing:
    """The sessions of the usual table where none can be listed and none was named, as no role may
    list them; ``known`` as it is where that one is not there or not for these credentials."""
    usual = replace(known, table=PREFERRED, note=f"{_UNLISTED}: type another's name")
    try:
        return _sessions(client, usual, say, cancelled, clock)
    except Exception as error:
        gone = _code(error.__cause__ or error) == "ResourceNotFoundException"
        if not gone and not trouble_of(error, Where()).denied:
            raise
        return known


def _sorted(lines: dict[str, SessionLine]) -> tuple[SessionLine, ...]:
    return tuple(sorted(lines.values(), key=lambda s: (s.state != "live", -s.started_us, s.key)))


def _line(session: Session) -> SessionLine:
    date, event, name = session.key[:10], session.key[11:], ""
    if "-" in event:
        event, _, name = event.rpartition("-")
    return SessionLine(
        session.key,
        session.title,
        date,
        event,
        name,
        session.started_us,
        session.simulated,
        session.replay,
    )


def _counted(line: SessionLine, heads: list[Head], now_us: int, session: Session) -> SessionLine:
    if not heads:
        return replace(line, cars=0, laps=0, state="empty")
    newest: dict[str, Head] = {}
    for head in heads:
        # A car that was switched off and on again has one for each boot.
        if head.car not in newest or head.t > newest[head.car].t:
            newest[head.car] = head
    age_us = now_us - max(session.due_us(head.t) for head in newest.values())
    state: SessionState = "silent"
    if all(head.ended for head in newest.values()):
        state = "ended"
    elif is_live(age_us):
        state = "live"
    return replace(
        line,
        cars=len(newest),
        laps=max(head.lap for head in heads),
        state=state,
        age_us=max(age_us, 0),
    )


def is_live(age_us: int) -> bool:
    """Whether a newest head of that age, by the service's clock, says that its producer is alive;
    negative for one that is ahead of the clock."""
    return -AHEAD_US <= age_us < LIVE_US


def archive_of(clients: TableAndBucket, table: str) -> str:
    """The bucket that holds the table's archive: the one that the stack makes in the table's
    account and region, where there is one. Where there is none, the name without account and region
    at an endpoint of one's own, and nothing at AWS, where that name is anybody's to take.

    Raises Failure when nothing can be asked: no credentials, no region, no network.
    """
    client = clients.dynamodb
    usual = "" if is_aws(clients.s3.meta.endpoint_url) else Place().bucket
    try:
        answer = client.describe_table(TableName=table)
        region, account = str(answer["Table"]["TableArn"]).split(":")[3:5]
    except Exception as error:
        if usual or hasattr(error, "response"):
            return usual  # what is wrong with the table shows when it is read
        raise Failure(f"table {table}: {explain(error)}") from error
    for bucket in filter(None, (usual, bucket_of(account, region))):
        try:
            # with a prefix: a role may list what it may read, and nothing else
            clients.s3.list_objects_v2(Bucket=bucket, Prefix="raw/", MaxKeys=1)
        except Exception as error:  # noqa: BLE001 - no archive is no fault: history comes from elsewhere
            # Who is refused is told so when the archive is read; the bucket is there all the same.
            if not trouble_of(error, Where()).denied:
                continue
        return bucket
    return usual


def archive_to_write(clients: TableAndBucket, table: str) -> str:
    """As :func:`archive_of`; raises BadInput where it finds none."""
    bucket = archive_of(clients, table)
    if not bucket:
        raise BadInput(f"the archive of table {table} is not known: {NO_ARCHIVE}")
    return bucket


class _Clock:
    """The service's clock, as the newest answer has told it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ahead_s = 0.0

    def answered(self, http_response: Any, **_: Any) -> None:
        """botocore's event after a call."""
        try:
            # whole seconds, rounded down
            server = parsedate_to_datetime(str(http_response.headers.get("date"))).timestamp() + 0.5
        except (AttributeError, TypeError, ValueError):
            return
        self._ahead_s = server - self._now()

    def now_us(self) -> int:
        """The service's time, microseconds UTC."""
        return round((self._now() + self._ahead_s) * SECOND_US)


def where_of(
    configuration: Configuration, profile: str, region: str, table: str, endpoint: str
) -> Where:
    """What was chosen, with what the configuration adds to it."""
    found = configuration.find(profile)
    region = region or found.region or configuration.region or (LOCAL_REGION if endpoint else "")
    return Where(profile, region, table, endpoint, configuration.regions, found.sso)
