"""The Kinesis stream beside the table: found, refused in words, counted on as far as it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pitwall.cloud import chunk_item
from pitwall.stream import Denied, KinesisSource, Listing, ServerClock, SystemTime
from pitwall.telemetry import BadInput, Failure, Segment
from pitwall.turbo import Tempo, check_kinesis
from pitwall.turbo.connect import connect_kinesis
from pitwall.turbo.decode import Decoder
from pitwall.turbo.patience import told
from tests.unit.cloud import strategies as race
from tests.unit.stream.envelopes import enveloped
from tests.unit.stream.scripted import Client, ClientError
from tests.unit.stream.taking import take
from tests.unit.turbo.rig import SECOND, START, Joined, Race

SUMMARY = {
    "StreamDescriptionSummary": {
        "StreamARN": "arn:aws:kinesis:eu-west-1:000000000000:stream/laps",
        "StreamCreationTimestamp": datetime(2026, 9, 1, tzinfo=UTC),
        "StreamStatus": "ACTIVE",
        "RetentionPeriodHours": 24,
    }
}


class Clients:
    """Of which only the one for Kinesis may be asked for."""

    def __init__(self, *answers: Any) -> None:
        self.kinesis = Client(*answers)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def test_a_stream_that_is_there_is_well() -> None:
    clients = Clients(SUMMARY)
    check_kinesis(clients, "laps", "pitwall")
    assert clients.kinesis.asked == [{"StreamName": "laps"}]


def test_a_name_that_nobody_has_is_bad_input() -> None:
    with pytest.raises(BadInput, match="no Kinesis stream 'laps' in this account and region"):
        check_kinesis(Clients(ClientError("ResourceNotFoundException")), "laps", "pitwall")


def test_a_refusal_is_a_failure_and_what_passes_is_left_to_the_follower() -> None:
    with pytest.raises(Failure, match="DescribeStreamSummary"):
        check_kinesis(Clients(denied("AccessDeniedException")), "laps", "pitwall")
    for passing in (ClientError("LimitExceededException"), ClientError("InternalFailure", 500)):
        check_kinesis(Clients(passing), "laps", "pitwall")


def test_a_table_given_by_its_arn_is_known_by_its_name() -> None:
    records = [
        {"SequenceNumber": "1", "Data": enveloped({"pk": {"S": "a"}}, name)}
        for name in ("laps", "pitwall")
    ]
    clients = Clients(SUMMARY, {"Records": records})
    arn = "arn:aws:dynamodb:eu-west-1:000000000000:table/pitwall"
    time = SystemTime()
    source = connect_kinesis(clients, "laps", arn, ServerClock(time), time)
    assert [record.body for record in source.read("it", 10).records] == [None, {"pk": {"S": "a"}}]


@pytest.mark.parametrize(
    ("poison", "together"), [(b"{", True), (enveloped({"pk": 5}, "laps"), False)]
)
def test_a_page_of_chunks_is_read_together_and_poison_in_it_is_kept(
    poison: bytes, together: bool
) -> None:
    chunks, _ = race.field(1, 20.0, 6.0)
    good = [chunk for chunk in chunks if chunk.series.group == "driver"]
    data = [enveloped(chunk_item(chunk), "laps") for chunk in good]
    data[20:20] = [poison, enveloped({"k": {"S": "c"}}, "other")]
    records = [{"SequenceNumber": str(n), "Data": each} for n, each in enumerate(data)]
    clients = Clients(SUMMARY, {"Records": records, "NextShardIterator": "more"})
    time = SystemTime()
    page = connect_kinesis(clients, "s", "laps", ServerClock(time), time).read("it", 1000)
    seen: list[Segment] = []
    decoder = Decoder(race.SESSION.key, race.CATALOG, seen.append)
    taken = take(page, decoder)
    assert sorted(n for s in taken.segments for n in range(s.n_lo, s.n_hi + 1)) == list(
        range(1, len(good) + 1)
    )
    assert (len(taken.segments) < len(good) / 2) == together
    assert [q.raw for q in taken.quarantined] == [poison]
    assert (taken.records, page.skipped) == (len(data), 1)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("KMSAccessDeniedException", "allow kms:Decrypt on it"),
        ("KMSDisabledException", "it is disabled"),
        ("KMSInvalidStateException", "its state does not allow use"),
        ("KMSNotFoundException", "it does not exist any more"),
        ("KMSOptInRequired", "no subscription to KMS"),
    ],
)
def test_a_key_that_fails_is_told_in_words(code: str, words: str) -> None:
    clients = Clients(SUMMARY, denied(code))
    time = SystemTime()
    source = KinesisSource.connect(clients.kinesis, "laps", "pitwall", ServerClock(time), time)
    with pytest.raises(Denied) as fault:
        source.read("it", 10)
    line = told(fault.value)
    assert "the stream is encrypted and its key fails" in line
    assert words in line
    assert "\n" not in line


def denied(code: str) -> ClientError:
    error = ClientError(code)
    error.response["Error"] = {"Code": code, "Message": "no"}
    error.operation_name = "DescribeStreamSummary"  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize("hours", [0, 24])
def test_a_stream_is_counted_on_as_far_as_it_says(tmp_path: Path, hours: int) -> None:
    field = Race()
    field.advance(600)
    describe = field.world.describe

    def described() -> Listing:
        return replace(describe(), retention_us=hours * 3600 * SECOND)

    field.world.describe = described  # type: ignore[method-assign]
    joined = Joined(
        field, tmp_path / "race.pitwall", bucket=False, tempo=Tempo(reach_us=60 * SECOND)
    )
    joined.follow(30, joined.live)
    assert joined.status.anchor_us is not None
    assert (joined.status.anchor_us < START) == (hours == 24)
    joined.close()
