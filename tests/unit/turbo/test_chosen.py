"""Whose laps are loaded first: everybody's newest, then those of the cars that are looked at."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pitwall.cloud import BundleName
from pitwall.turbo.archive import _Jobs
from pitwall.turbo.choose import newest_laps
from pitwall.turbo.objects import ObjectInfo

KEY = "2026-09-20-test-r1"


def sealed(car: str, lap: int) -> ObjectInfo:
    return ObjectInfo(BundleName(KEY, car, lap, lap, "e1").key, 1, "t")


def place(info: ObjectInfo) -> tuple[str, int]:
    _, _, car, name = info.key.split("/")
    return car, int(name[:3])


@given(
    st.lists(st.tuples(st.sampled_from("1234"), st.integers(0, 30)), unique=True, max_size=60),
    st.frozensets(st.sampled_from("12345")),
    st.integers(1, 4),
)
def test_newest_laps_then_chosen_cars_then_the_rest(
    laps: list[tuple[str, int]], chosen: frozenset[str], together: int
) -> None:
    order = newest_laps(KEY, [sealed(*lap) for lap in laps])
    jobs = [tuple(order[i : i + together]) for i in range(0, len(order), together)]
    queue = _Jobs(jobs, KEY)
    taken = [queue.take(chosen) for _ in range(len(queue))]
    assert not queue
    assert sorted(map(repr, taken)) == sorted(map(repr, jobs))
    cars = {car for car, _ in laps}
    lead = next((i + 1 for i in range(len(jobs)) if _cars(jobs[: i + 1]) == cars), 0)
    assert taken[:lead] == jobs[:lead]
    looked_at = [bool(_cars([job]) & chosen) for job in taken[lead:]]
    assert looked_at == sorted(looked_at, reverse=True)
    for kind in (True, False):  # newest first among their own
        mine = [job for job, seen in zip(taken[lead:], looked_at, strict=True) if seen is kind]
        assert mine == [job for job in jobs[lead:] if job in mine]


def _cars(jobs: list[tuple[ObjectInfo, ...]]) -> set[str]:
    return {place(info)[0] for job in jobs for info in job}
