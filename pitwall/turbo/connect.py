"""A follower over AWS clients that were made elsewhere."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from pitwall.cloud import TableAndBucket
from pitwall.cloud.image import Image
from pitwall.cloud.mapping import PlainMapping
from pitwall.cloud.signed import SignedGet
from pitwall.store import SessionStore
from pitwall.stream import (
    Denied,
    DynamoSource,
    Fault,
    KinesisSource,
    NotFound,
    OnEvent,
    Pool,
    Retryable,
    ServerClock,
    StreamSource,
    SystemTime,
    ThreadPool,
    Throttled,
    Time,
    call,
    features_of,
)
from pitwall.stream.envelope import Form, as_it_is
from pitwall.telemetry import BadInput, Failure, Session
from pitwall.turbo.desk import Recorder
from pitwall.turbo.follower import Follower
from pitwall.turbo.history import History
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.objects import S3Bucket
from pitwall.turbo.patience import told
from pitwall.turbo.permitted import Permitted, PermittedTable
from pitwall.turbo.plain import NoTable, PlainDecoder
from pitwall.turbo.plain_history import PlainHistory, read_in_processes
from pitwall.turbo.processes import ArchiveProcesses, archive_processes
from pitwall.turbo.rows import Rows
from pitwall.turbo.sources import ByTable, Sources
from pitwall.turbo.status import Tempo
from pitwall.turbo.table import CloudTable
from pitwall.turbo.table_source import PACE, SLACK_US, TableSource


class UsesClients(TableAndBucket, Protocol):
    """What of the clients a follower uses; each is made when it is first asked for."""

    on_notice: Callable[[str], None]
    """Told of what the clients find out about the way to the service."""

    @property
    def streams(self) -> Any:
        """A DynamoDB Streams client."""
        ...

    @property
    def kinesis(self) -> Any:
        """A Kinesis Data Streams client."""
        ...

    def signed_get(self, bucket: str, key: str) -> SignedGet | None:
        """A signed request for an object; None where only the S3 client can send one."""
        ...


class Checkpoints(Protocol):
    """A recording, as far as a follower needs it."""

    def checkpoints(self) -> Mapping[str, str]:
        """Checkpoints by shard."""
        ...


def make_follower(
    clients: UsesClients,
    table: str,
    bucket: str,
    session: Session,
    recording: Checkpoints,
    store: SessionStore,
    recorder: Recorder,
    on_event: OnEvent,
    *,
    kinesis: str = "",
    mapping: PlainMapping | None = None,
    table_only: bool = False,
    tempo: Tempo | None = None,
    time: Time | None = None,
    make_pool: Callable[[str, int], Pool[Any]] = ThreadPool,
    processes: ArchiveProcesses | None = None,
) -> Follower:
    """A follower of ``session`` in ``table``, with ``bucket`` as its archive (none when empty).

    Changes come from the table's own stream, or from the Kinesis stream named (or given by ARN) in
    ``kinesis``; roster, archive and repairs are the same with both.

    With ``table_only``, and where the stream is refused for want of permission, the table itself is
    followed by keyed reads, as far as its rows may be read.

    With a ``mapping`` the items are somebody else's: they are read as it says, from the stream, and
    from the bucket where it describes an archive.

    Call it before the recording's writer is started: the checkpoints are read here. Nothing is
    sent and no client is made before the follower's own thread runs.

    ``processes`` are what the first load works with, started ahead; the caller closes them when the
    follower has ended.
    """
    time = time or SystemTime()
    server = ServerClock(time)
    clients.on_notice = lambda text: on_event("endpoint", {"reason": text})
    form = as_it_is if mapping is not None and mapping.bare else Image
    archived = mapping is None or mapping.archive is not None

    started = [] if processes is None else [processes]

    def make_processes() -> ArchiveProcesses:
        return started.pop() if started else archive_processes()

    def sign(key: str) -> SignedGet | None:
        return clients.signed_get(bucket, key)

    def by_table() -> Sources:
        return table_sources(clients, table, session.key, store, server, time)

    sources = Sources(
        NoTable() if mapping else CloudTable(lambda: clients.dynamodb, table, session.key),
        S3Bucket(lambda: clients.s3, bucket, server, time) if bucket and archived else None,
        lambda: (
            connect_kinesis(clients, kinesis, table, server, time, form)
            if kinesis
            else connect_stream(clients, table, server, time)
        ),
        server,
        None if mapping is None else lambda: PlainDecoder(mapping, store),
        None,
        None if mapping else by_table,
        (
            partial(History, make_processes=make_processes, sign=sign)
            if mapping is None
            else partial(PlainHistory, mapping, read_in_processes)
        ),
    )
    return Follower(
        by_table() if table_only else sources,
        session,
        recording.checkpoints(),
        store,
        recorder,
        time=time,
        rng=random.Random(),
        on_event=on_event,
        make_pool=make_pool,
        tempo=tempo,
    )


def table_sources(
    clients: TableAndBucket,
    table: str,
    session: str,
    store: SessionStore,
    server: ServerClock,
    time: Time,
) -> Sources:
    """The table of ``session``, followed by keyed reads. Nothing is sent yet."""
    rows = Rows(lambda: clients.dynamodb, table, session, server, time)
    permitted = Permitted(rows)
    reader = PermittedTable(CloudTable(lambda: clients.dynamodb, table, session), permitted)
    laps = LapIndex()
    return Sources(
        reader,
        None,
        lambda: TableSource(rows, permitted, store, laps, server, time),
        server,
        by_table=ByTable(reader, laps, PACE, SLACK_US, lambda: permitted.words, lambda: rows.reads),
    )


def connect_stream(
    clients: UsesClients, table: str, server: ServerClock, time: Time
) -> StreamSource:
    """The table's stream. Raises Fault; NotFound when the table has none that is switched on."""
    arn = _stream_arn(clients, table, server, time)
    client = clients.streams
    return DynamoSource(client, arn, features=features_of(client), server=server, time=time)


def connect_kinesis(
    clients: UsesClients,
    stream: str,
    table: str,
    server: ServerClock,
    time: Time,
    form: Form = Image,
) -> StreamSource:
    """The Kinesis stream that carries the table's changes. Raises Fault; NotFound when there is no
    stream of that name or ARN. Items are held as JSON until looked at, as the table's own stream
    gives them, unless ``form`` says otherwise."""
    # Records name their table as such, also where it is given by its ARN.
    name = table.rpartition("/")[2]
    return KinesisSource.connect(clients.kinesis, stream, name, server, time, form)


def check_kinesis(clients: UsesClients, stream: str, table: str) -> None:
    """Ask for the stream once, so that a wrong name is told before anything is opened.

    Raises:
        BadInput: there is no stream of that name.
        Failure: the service refuses to say, for good. What may pass is left to the follower.
    """
    time = SystemTime()
    try:
        connect_kinesis(clients, stream, table, ServerClock(time), time)
    except NotFound as fault:
        raise BadInput(
            f"no Kinesis stream {stream!r} in this account and region: check --kinesis, --region "
            "and --profile"
        ) from fault
    except (Retryable, Throttled):
        return
    except Fault as fault:
        raise Failure(told(fault)) from fault


def _stream_arn(clients: UsesClients, table: str, server: ServerClock, time: Time) -> str:
    client = clients.dynamodb
    try:
        doc = call(client, client.describe_table, {"TableName": table}, server, time)
        arn = (doc.get("Table") or {}).get("LatestStreamArn")
    except Denied:
        # Roles that may read the stream need not be allowed to describe the table.
        streams = clients.streams
        doc = call(streams, streams.list_streams, {"TableName": table}, server, time)
        arns = [str(each.get("StreamArn")) for each in doc.get("Streams") or ()]
        # Stream ARNs end with their creation time.
        arn = max(arns, default=None)
    if not arn:
        raise NotFound(f"table {table} has no stream: switch it on with view NEW_IMAGE")
    return str(arn)
