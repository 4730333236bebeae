from __future__ import annotations

import gzip
import re
from collections import Counter
from typing import Any

import pytest

from pitwall.cloud.local.errors import AwsError
from pitwall.cloud.local.faults import ArchiveFaults
from pitwall.cloud.local.service import Service, StandInConfig
from tests.unit.cloud.local.helpers import SECOND_US, START_US, Clock

# 2026-09-21 14:13:20 UTC


def make(**config: Any) -> tuple[Clock, Service]:
    clock = Clock()
    settings = StandInConfig(firehose_interval_s=60, firehose_bytes=1 << 20, **config)
    return clock, Service(settings, clock)


def put(service: Service, *records: bytes) -> dict[str, Any]:
    return service.firehose.put_record_batch(
        DeliveryStreamName="pitwall-archive", Records=[{"Data": data} for data in records]
    )


def objects(service: Service) -> dict[str, bytes]:
    listing = service.objects.list("pitwall-archive")
    return {key: gzip.decompress(stored.data) for key, stored in listing.objects}


def test_an_object_when_its_time_has_come() -> None:
    clock, service = make()
    clock.us += 5 * SECOND_US
    put(service, b"one", b"two")
    clock.us += 59 * SECOND_US
    service.tick()
    assert objects(service) == {}
    put(service, b"three")
    clock.us += SECOND_US
    service.tick()
    ((key, data),) = objects(service).items()
    assert data == b"onetwothree", "nothing between the records"
    assert re.fullmatch(
        r"raw/2026/09/21/14/pitwall-archive-1-2026-09-21-14-13-25-[0-9a-f-]{36}\.gz", key
    )
    modified = service.objects.get("pitwall-archive", key).modified_us
    assert modified == START_US + 65 * SECOND_US


def test_an_object_when_it_is_full() -> None:
    _, service = make()
    put(service, *[b"x" * 400_000] * 4)
    assert [len(data) for data in objects(service).values()] == [1_200_000]
    service.delivery.flush(service.now_us())
    assert sorted(len(data) for data in objects(service).values()) == [400_000, 1_200_000]


def test_records_after_the_interval_begin_another_object() -> None:
    clock, service = make()
    put(service, b"a")
    clock.us += 3600 * SECOND_US
    put(service, b"b")
    service.delivery.flush(clock.us)
    assert list(objects(service).values()) == [b"a", b"b"]
    first, second = objects(service)
    assert first.startswith("raw/2026/09/21/14/")
    assert second.startswith("raw/2026/09/21/15/")


@pytest.mark.parametrize(
    ("records", "kind"),
    [
        ([], "ValidationException"),
        ([b"x"] * 501, "ValidationException"),
        ([b"x" * (1000 * 1024 + 1)], "InvalidArgumentException"),
        ([b"x" * (900 << 10)] * 5, "InvalidArgumentException"),
    ],
    ids=["none", "too many", "one too large", "together too large"],
)
def test_limits(records: list[bytes], kind: str) -> None:
    _, service = make()
    with pytest.raises(AwsError) as refused:
        put(service, *records)
    assert refused.value.type == kind


def test_unknown_stream() -> None:
    _, service = make()
    with pytest.raises(AwsError) as refused:
        service.firehose.put_record_batch(DeliveryStreamName="other", Records=[{"Data": b"x"}])
    assert refused.value.type == "ResourceNotFoundException"


def test_a_batch_taken_in_part() -> None:
    _, service = make()
    service.faults.add({"service": "firehose", "type": "Unprocessed"})
    answer = put(service, b"a", b"b", b"c")
    assert answer["FailedPutCount"] == 2
    assert ["ErrorCode" in row for row in answer["RequestResponses"]] == [False, True, True]
    service.delivery.flush(service.now_us())
    assert list(objects(service).values()) == [b"a"]


def test_duplicates_in_the_same_and_in_other_objects() -> None:
    clock, service = make()
    service.set_archive_faults(ArchiveFaults(duplicate_fraction=0.2, seed=3))
    names = [f"{i:04};".encode() for i in range(1000)]
    for at in range(0, 1000, 100):
        put(service, *names[at : at + 100])
        clock.us += 61 * SECOND_US
        service.tick()
    service.delivery.flush(clock.us)
    places: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    for key, data in objects(service).items():
        for name in data.decode().split(";")[:-1]:
            counts[name] += 1
            places.setdefault(name, set()).add(key)
    assert set(counts) == {f"{i:04}" for i in range(1000)}, "nothing is lost"
    twice = [name for name, count in counts.items() if count == 2]
    assert 150 < len(twice) < 250
    assert len(twice) == service.delivery.duplicated == sum(counts.values()) - 1000
    apart = sum(len(places[name]) == 2 for name in twice)
    assert 0.4 * len(twice) < apart < 0.6 * len(twice)


def test_an_object_that_comes_late() -> None:
    clock, service = make()
    service.set_archive_faults(ArchiveFaults(late_object=2, late_by_us=1200 * SECOND_US))
    for name in (b"a", b"b", b"c"):
        put(service, name)
        clock.us += 60 * SECOND_US
        service.tick()
    assert sorted(objects(service).values()) == [b"a", b"c"]
    assert service.delivery.status()["held_objects"] == 1
    service.delivery.flush(clock.us)
    assert len(objects(service)) == 2, "a flush does not hurry it"
    clock.us = START_US + 60 * SECOND_US + 1200 * SECOND_US
    service.tick()
    (late,) = (key for key, data in objects(service).items() if data == b"b")
    assert "14-34-20" in late, "under a key of the time when it came"


def test_an_object_is_one_that_gzip_reads_when_empty_records_come() -> None:
    _, service = make()
    put(service, b"", b"a")
    service.delivery.flush(service.now_us())
    assert list(objects(service).values()) == [b"a"]
