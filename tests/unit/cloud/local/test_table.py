from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitwall.cloud.local.errors import AwsError
from pitwall.cloud.local.expressions import Expression, KeyRange, condition, key_condition
from pitwall.cloud.local.items import DEFAULT_KEYS, decode_json
from pitwall.cloud.local.service import Service, StandInConfig
from pitwall.cloud.local.table import Table
from tests.unit.cloud.local.helpers import START_US, Clock, item


@pytest.fixture
def service() -> Service:
    return Service(StandInConfig(shards=1), Clock())


def created(service: Service) -> list[int]:
    return [record.created_us for shard in service.stream.shards() for record in shard.records]


def test_bulk_writes_take_their_times(service: Service) -> None:
    rows = [item("a", str(i)) for i in range(3)]
    times = [START_US - 9, START_US - 5, START_US - 1]
    assert service.table.put_many(rows, times) == 3
    assert service.table.put_many([item("a", "3")], START_US - 2) == 1
    assert service.table.put_many([item("a", "4")]) == 1
    assert created(service) == [*times, START_US - 2, START_US]
    assert service.table.count == 5


def test_bulk_writes_that_change_nothing_are_not_counted(service: Service) -> None:
    service.table.put_many([item("a", "1", v="x")])
    assert service.table.put_many([item("a", "1", v="x"), item("a", "1", v="y")]) == 1
    swapped = {"v": {"S": "y"}, "sk": {"S": "1"}, "pk": {"S": "a"}}
    assert service.table.put_many([swapped]) == 0, "the order of attributes is no change"


def test_as_many_times_as_items(service: Service) -> None:
    with pytest.raises(ValueError, match="argument"):
        service.table.put_many([item("a", "1"), item("a", "2")], [START_US])


@given(
    keys=st.lists(st.text("ab", max_size=3).map(lambda t: "k" + t), max_size=20),
    gone=st.integers(0, 5),
    prefix=st.text("ab", max_size=2).map(lambda t: "k" + t),
    forward=st.booleans(),
    limit=st.none() | st.integers(1, 4),
)
def test_query_is_a_sorted_dict(
    keys: list[str], gone: int, prefix: str, forward: bool, limit: int | None
) -> None:
    table = Table("t", DEFAULT_KEYS, None, Clock())
    for key in keys:
        table.put(item("a", key))
    for key in keys[:gone]:
        table.delete("a", key)
    found: list[str] = []
    after = None
    while True:
        page = table.query("a", KeyRange(prefix=prefix), forward, limit, after)
        found += [decode_json(image)["sk"]["S"] for image in page.images]
        after = page.last_sk
        if after is None:
            break
    left = {key for key in keys if key.startswith(prefix)} - set(keys[:gone])
    assert found == sorted(left, reverse=not forward)


def holds(text: str, have: dict[str, dict[str, str]], **values: dict[str, str]) -> bool:
    named = {f":{name}": value for name, value in values.items()}
    return condition(Expression(text, {"#n": "n"}, named))(have)


def test_conditions() -> None:
    have = {"pk": {"S": "a"}, "n": {"N": "9"}}
    ten = {"N": "10"}
    assert holds("attribute_exists(pk) AND #n < :v", have, v=ten)
    assert not holds("NOT attribute_exists(pk) OR n >= :v", have, v=ten)
    assert holds("attribute_not_exists(x) and (n = :v or n <> :v)", have, v=ten)
    assert not holds("n < :v", have, v={"S": "9"}), "types do not compare"
    assert holds("x <> :v", have, v=ten)


@pytest.mark.parametrize(
    "text",
    ["", "n", "n =", "n = :v extra", "size(n) > :v", "n.x = :v", "#m = :v", "(n = :v", "n ! :v"],
)
def test_bad_conditions_are_refused(text: str) -> None:
    with pytest.raises(AwsError) as refused:
        condition(Expression(text, {}, {":v": {"N": "1"}}))
    assert refused.value.type == "ValidationException"


def test_a_key_condition_names_each_key_once() -> None:
    with pytest.raises(AwsError):
        key_condition(
            Expression("pk = :p AND pk = :p", {}, {":p": {"S": "a"}}),
            DEFAULT_KEYS,
        )
