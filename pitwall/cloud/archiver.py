"""The archiver: the Lambda between the table's stream and Firehose.

Deployed as this one file, so it needs nothing but the Lambda runtime: no other module of ours,
boto3 only when it makes its own client. In: a DynamoDB stream event, or a Kinesis event whose
records are the table's changes or bare items. Out: the archive lines of ``docs/wire.md``, through
PutRecordBatch.

Several lines share one Firehose record, up to about 900 KiB, because Firehose bills each record in
steps of 5 KB. Lines end with a newline and readers decode a stream of objects, so where one record
ends does not matter to them. What Firehose rejects is sent again with growing waits; when it still
rejects, either the invocation fails (Lambda sends the whole batch again) or, with
``REPORT_BATCH_ITEM_FAILURES=1`` and an event source mapping with ``ReportBatchItemFailures``, the
first record not taken is reported. Either way records can arrive twice and none is dropped.

A record that cannot be read as a chunk is left out, counted and logged by its sequence number: one
such record must not stop its shard.
"""

from __future__ import annotations

import json
import logging
import math
import os
import random
import time
from binascii import a2b_base64
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, NamedTuple, Protocol

MAX_RECORD = 900 * 1024
"""Bytes of lines in one Firehose record; the service takes 1,000 KiB."""
MAX_PAYLOAD = 560_000
"""Characters of a chunk's payload in base64: more than an item of the table can hold, which is all
that readers take. A producer's own record in Kinesis may be longer, and with a line beyond what
Firehose takes its shard would stand still."""
MAX_KEYS = 2048
"""Characters of both keys and the epoch together; names as we write them come to a tenth."""
MAX_CALL = 3 * 1024 * 1024
"""Bytes in one call; the service takes 4 MiB, which these are once in base64."""
MAX_RECORDS = 500
MAX_TRIES = 6
_FIRST_WAIT_S = 0.1
_LAST_WAIT_S = 3.0
_SPARE_MS = 3000
"""Time that must be left to the invocation for another try."""
_LOGGED = 20

_log = logging.getLogger("pitwall.archiver")

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class Firehose(Protocol):
    """What of the Firehose client is used."""

    def put_record_batch(
        self, *, DeliveryStreamName: str, Records: list[dict[str, bytes]]
    ) -> dict[str, Any]:
        """Send records; the answer says which were not taken."""
        ...


class NotTaken(Exception):
    """Firehose did not take everything after all tries.

    Attributes:
        sequence: sequence number of the first stream record that was not taken.
    """

    def __init__(self, sequence: str, reason: str) -> None:
        super().__init__(f"not taken from stream record {sequence} on: {reason}")
        self.sequence = sequence


class Pack(NamedTuple):
    """Some lines as one Firehose record, and the stream record the first of them came from."""

    data: bytes
    sequence: str


class Lines(NamedTuple):
    """What an event holds: the packs to send, and how many records were what."""

    packs: list[Pack]
    chunks: int
    skipped: int
    poison: int


def make_handler(
    firehose_client: Firehose,
    stream_name: str,
    *,
    report_failures: bool = False,
    table: str = "",
    wait: Callable[[float], None] = time.sleep,
) -> Handler:
    """A Lambda handler that sends to ``stream_name`` through ``firehose_client``.

    ``report_failures`` answers with ``batchItemFailures`` instead of raising NotTaken; use it only
    with an event source mapping that reads that answer. ``table`` leaves out what a Kinesis stream
    carries of other tables. ``wait`` takes seconds.
    """

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        read = read_event(event, table)
        try:
            for packs in _calls(read.packs):
                _send(firehose_client, stream_name, packs, context, wait)
        except NotTaken as error:
            if not report_failures:
                raise
            _log.warning("%s", error)
            return {"batchItemFailures": [{"itemIdentifier": error.sequence}]}
        return {"batchItemFailures": []}

    return handle


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The entry point on AWS: the delivery stream's name is in ``FIREHOSE_STREAM``."""
    global _own  # one client for the life of the runtime, made at the first event
    if _own is None:
        import boto3  # type: ignore[import-untyped, unused-ignore]

        _own = make_handler(
            boto3.client("firehose"),
            os.environ["FIREHOSE_STREAM"],
            report_failures=os.environ.get("REPORT_BATCH_ITEM_FAILURES") == "1",
            table=os.environ.get("TABLE", ""),
        )
    return _own(event, context)


_own: Handler | None = None


def read_event(event: dict[str, Any], table: str = "") -> Lines:
    """The archive lines of a stream event, packed; of a Kinesis event only ``table``'s when one is
    named. Raises ValueError when it is no such event."""
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list):
        raise ValueError("not a DynamoDB stream or Kinesis event: no list of Records")  # noqa: TRY004
    packs: list[Pack] = []
    some: list[bytes] = []
    size = chunks = skipped = poison = 0
    first = ""
    for record in records:
        try:
            row = line(record, table)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            poison += 1
            if poison <= _LOGGED:
                _log.warning("left out stream record %s: %r", _sequence(record), error)
            continue
        if row is None:
            skipped += 1
            continue
        if some and size + len(row) > MAX_RECORD:
            packs.append(Pack(b"".join(some), first))
            some, size = [], 0
        if not some:
            first = _sequence(record)
        some.append(row)
        size += len(row)
        chunks += 1
    if some:
        packs.append(Pack(b"".join(some), first))
    _log.info("records %d chunks %d skipped %d poison %d", len(records), chunks, skipped, poison)
    return Lines(packs, chunks, skipped, poison)


def line(record: dict[str, Any], table: str = "") -> bytes | None:
    """The archive line of one stream record with its newline; None when it is not a chunk, or of
    another table than the one named.

    Raises KeyError, TypeError, ValueError, AttributeError or RecursionError when it claims to be
    one and is not.
    """
    change = _of_kinesis(record["kinesis"], table) if "kinesis" in record else record["dynamodb"]
    image = change.get("NewImage")
    if image is None or image.get("k", _NONE).get("S") != "c":
        return None
    payload = image["p"]["B"]
    if isinstance(payload, bytes):
        raise TypeError("payload is not base64 text")
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"payload of {len(payload)} characters: no item holds as much")
    if not a2b_base64(payload, strict_mode=True):
        raise ValueError("payload is empty")
    created = change["ApproximateCreationDateTime"]
    if isinstance(created, bool) or not math.isfinite(created):
        raise ValueError(f"creation time is {created!r}")
    n, crc, span = image["n"]["N"], image["c"]["N"], image["d"]["N"]
    sequence = change["SequenceNumber"]
    # all at once, as they nearly always are fine; which is not is looked for only when one is not
    if not (n and crc and span and sequence) or not _plain(n + crc + span + sequence):
        n, crc, span = _digits(n), _digits(crc), _digits(span)
        sequence = _sequence_number(change)
    elif "0" in (n[0], crc[0], span[0]):
        n, crc, span = _digits(n), _digits(crc), _digits(span)
    pk, sk, epoch = image["pk"]["S"], image["sk"]["S"], image["e"]["S"]
    if len(pk) + len(sk) + len(epoch) > MAX_KEYS:
        raise ValueError(f"keys of {len(pk)}, {len(sk)} and {len(epoch)} characters")
    text = (
        f'{{"pk":{_quoted(pk)},"sk":{_quoted(sk)}'
        f',"e":{_quoted(epoch)},"n":{n},"c":{crc},"d":{span},"p":"{payload}"'
        f',"a":{created!r},"q":"{sequence}"}}\n'
    )
    return text.encode("ascii")


_NONE: dict[str, Any] = {}


def _of_kinesis(record: dict[str, Any], table: str) -> dict[str, Any]:
    """A Kinesis record as the change that it carries. Its place and time are Kinesis's own: the
    envelope's are of the table, and a bare item has none."""
    data = json.loads(a2b_base64(record["data"], strict_mode=True))
    image: Any = data if "pk" in data else None
    if image is None and (not table or data["tableName"] == table):
        image = data["dynamodb"].get("NewImage")
    return {
        "NewImage": image,
        "ApproximateCreationDateTime": record["approximateArrivalTimestamp"],
        "SequenceNumber": record["sequenceNumber"],
    }


def _plain(text: str) -> bool:
    """Whether ``text``, all numbers of a record, is digits and no longer than any one may be."""
    return len(text) <= 64 and text.isascii() and text.isdigit()


def _digits(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 64):
        raise ValueError(f"{text[:40]!r} is not a whole number")
    return text.lstrip("0") or "0"  # as JSON wants numbers


def _sequence_number(change: dict[str, Any]) -> str:
    text: str = change["SequenceNumber"]
    if not (text.isascii() and text.isdigit() and len(text) <= 64):
        raise ValueError(f"sequence number {text[:40]!r}")
    return text


def _sequence(record: object) -> str:
    try:
        if "kinesis" in record:  # type: ignore[operator]
            return str(record["kinesis"]["sequenceNumber"])[:64]  # type: ignore[index]
        return str(record["dynamodb"]["SequenceNumber"])[:64]  # type: ignore[index]
    except (KeyError, TypeError):
        return "without number"


def _calls(packs: Iterable[Pack]) -> Iterable[list[Pack]]:
    """Packs in groups that one call may carry."""
    some: list[Pack] = []
    size = 0
    for pack in packs:
        if some and (size + len(pack.data) > MAX_CALL or len(some) == MAX_RECORDS):
            yield some
            some, size = [], 0
        some.append(pack)
        size += len(pack.data)
    if some:
        yield some


def _send(
    client: Firehose, stream: str, packs: list[Pack], context: Any, wait: Callable[[float], None]
) -> None:
    """Send until all packs are taken. Raises NotTaken with the first that is not."""
    pause = _FIRST_WAIT_S
    for left in range(MAX_TRIES - 1, -1, -1):
        try:
            answer = client.put_record_batch(
                DeliveryStreamName=stream, Records=[{"Data": pack.data} for pack in packs]
            )
            rejected, reason = _rejected(packs, answer)
        except Exception as error:  # noqa: BLE001 - any client error: retried, then reported
            rejected, reason = packs, f"{type(error).__name__}: {error}"
        if not rejected:
            return
        packs = rejected
        if not left or not _time_left(context, pause):
            break
        # between half and the whole pause, so that many invocations do not come back together
        wait(pause * (0.5 + random.random() / 2))
        pause = min(pause * 2, _LAST_WAIT_S)
    raise NotTaken(packs[0].sequence, reason)


def _rejected(packs: list[Pack], answer: dict[str, Any]) -> tuple[list[Pack], str]:
    if not answer.get("FailedPutCount"):
        return [], ""
    each = answer.get("RequestResponses") or []
    failed = [i for i, response in enumerate(each) if "ErrorCode" in response]
    if len(each) != len(packs) or not failed:
        return packs, "the answer does not say which records were not taken"
    return [packs[i] for i in failed], str(each[failed[0]]["ErrorCode"])


def _time_left(context: Any, pause: float) -> bool:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining is None or remaining() > pause * 1000 + _SPARE_MS
