from __future__ import annotations

from typing import Any

import pytest

from pitwall.cloud.archiver import make_handler
from pitwall.cloud.local.faults import ArchiveFaults
from pitwall.cloud.local.mapping import EventSourceMapping
from pitwall.cloud.local.service import Service, StandInConfig
from tests.unit.cloud.local.helpers import SECOND_US, START_US, Clock, item


class Function:
    """Remembers what it was given; answers or raises as told."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.answers: list[Any] = []

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any] | None:
        rows = [record["dynamodb"]["Keys"]["sk"]["S"] for record in event["Records"]]
        self.batches.append(rows)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            number = event["Records"][answer]["dynamodb"]["SequenceNumber"]
            return {"batchItemFailures": [{"itemIdentifier": number}]}
        return answer


class Rig:
    def __init__(self, **config: Any) -> None:
        self.clock = Clock()
        self.service = Service(StandInConfig(**{"shards": 1, **config}), self.clock)
        self.function = Function()
        self.mapping: EventSourceMapping = self.service.attach(self.function)

    def put(self, *sks: str) -> None:
        self.service.table.put_many([item("a", sk) for sk in sks])

    def poll(self) -> int:
        return self.service.feed()


def test_batches_fill_or_wait_for_their_window() -> None:
    rig = Rig(batch_size=3, window_s=2)
    rig.put("0", "1", "2", "3")
    assert rig.poll() == 3
    assert rig.poll() == 0
    rig.clock.us += 2 * SECOND_US
    assert rig.poll() == 1
    assert rig.function.batches == [["0", "1", "2"], ["3"]]
    assert rig.mapping.behind() == 0


def test_a_failed_batch_is_given_again_later_and_first() -> None:
    rig = Rig(batch_size=2, window_s=0)
    rig.function.answers = [RuntimeError("no"), RuntimeError("no")]
    rig.put("0", "1", "2")
    assert rig.poll() == 0
    assert rig.poll() == 0, "not before its time"
    rig.clock.us += SECOND_US
    assert rig.poll() == 0
    rig.clock.us += SECOND_US
    assert rig.poll() == 2
    assert rig.poll() == 1
    assert rig.function.batches == [["0", "1"]] * 3 + [["2"]]
    assert (rig.mapping.failures, rig.mapping.handled) == (2, 3)


def test_what_passed_before_the_failed_record_is_not_given_again() -> None:
    rig = Rig(batch_size=5, window_s=0)
    rig.function.answers = [2]
    rig.put(*"01234")
    assert rig.poll() == 2
    rig.clock.us += SECOND_US
    assert rig.poll() == 3
    assert rig.function.batches == [list("01234"), list("234")]


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{}]},
        {"batchItemFailures": [{"itemIdentifier": "123"}]},
    ],
)
def test_an_answer_without_sense_fails_the_batch(answer: dict[str, Any]) -> None:
    rig = Rig(batch_size=5, window_s=0)
    rig.function.answers = [answer]
    rig.put("0", "1")
    assert rig.poll() == 0
    rig.clock.us += SECOND_US
    assert rig.poll() == 2


def test_children_wait_for_their_parent() -> None:
    rig = Rig(batch_size=2, window_s=0)
    rig.put("0", "1", "2")
    rig.service.rotate()
    rig.put("3")
    rig.service.split()
    rig.put("4")
    while rig.mapping.behind():
        rig.poll()
    assert [sk for batch in rig.function.batches for sk in batch] == list("01234")


def test_retention_overtakes_a_function_that_fails() -> None:
    rig = Rig(retention_s=600, window_s=0)
    rig.put("0")
    assert rig.poll() == 1
    rig.put("1")
    rig.function.answers = [RuntimeError("no")]
    assert rig.poll() == 0
    rig.clock.us += 700 * SECOND_US
    rig.service.tick()
    rig.put("2")
    assert rig.poll() == 1
    assert rig.function.batches == [["0"], ["1"], ["2"]]
    assert rig.mapping.expired


def test_records_lost_on_purpose() -> None:
    rig = Rig(window_s=0)
    rig.service.set_archive_faults(ArchiveFaults(lose=lambda pk, sk: sk in ("1", "2")))
    rig.function.answers = [1]
    rig.put(*"0123")
    assert rig.poll() == 3, "the first, and the two that are dropped"
    rig.clock.us += SECOND_US
    assert rig.poll() == 1
    assert rig.function.batches == [["0", "3"], ["3"]]
    assert rig.mapping.lost == 2
    rig.put("5")
    rig.service.set_archive_faults(ArchiveFaults(lose=lambda pk, sk: True))
    assert rig.poll() == 1
    assert len(rig.function.batches) == 2


def chunk(n: int) -> dict[str, dict[str, Any]]:
    return {
        **item("2026-09-21-oval-r1#pos#001#11", f"{START_US + n:016d}#{n:08d}", k="c", e="a1"),
        "n": {"N": str(n)},
        "c": {"N": "7"},
        "d": {"N": "250000"},
        "p": {"B": "AAEC"},
    }


def test_history_goes_through_function_and_delivery_in_its_own_time() -> None:
    clock = Clock()
    service = Service(StandInConfig(batch_size=10, firehose_interval_s=60), clock)
    service.attach(make_handler(service.firehose, service.config.delivery))
    began_us = START_US - 7200 * SECOND_US
    service.begin_at(began_us)
    for minute in range(120):
        now_us = began_us + minute * 60 * SECOND_US
        service.table.put_many([chunk(minute * 10 + i) for i in range(10)], now_us)
        service.settle(now_us)
    service.settle(clock.us)
    assert service.mapping is not None
    assert service.mapping.handled == 1200
    assert service.mapping.behind() == 0
    keys = [key for key, _ in service.objects.list("pitwall-archive").objects]
    assert len(keys) == 120
    hours = {key[: len("raw/2026/09/21/12")] for key in keys}
    assert hours == {f"raw/2026/09/21/{hour}" for hour in (12, 13, 14)}
    assert service.now_us() == clock.us
    with pytest.raises(ValueError, match="already holds"):
        service.begin_at(began_us)


def test_the_archiver_meets_a_delivery_stream_that_fails() -> None:
    rig = Rig(window_s=0)
    waits: list[float] = []
    service = rig.service
    service.attach(make_handler(service.firehose, "pitwall-archive", wait=waits.append))
    service.faults.add({"service": "firehose", "type": "ServiceUnavailableException", "count": 2})
    service.table.put_many([chunk(i) for i in range(5)])
    assert service.feed() == 5
    assert len(waits) == 2
    service.faults.outage(10)
    service.table.put_many([chunk(9)])
    assert service.feed() == 0, "an outage reaches the function too"
    rig.clock.us += 11 * SECOND_US
    assert service.feed() == 1
