"""A session at work: the summary that is told at the end."""

from __future__ import annotations

from typing import Any

import pytest

from pitwall.run import CloudAddress, Run


class Told(Run):
    """A run of which only summaries are known."""

    def __init__(self, *summaries: tuple[str, int]) -> None:
        self.left = list(summaries)

    def summary(self) -> dict[str, Any]:
        state, missing = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        return {"state": state, "ledger": {"missing": missing}}


@pytest.mark.parametrize("state", ["live", "silent", "behind"])
def test_a_chunk_on_its_way_is_waited_for(state: str) -> None:
    run = Told((state, 17), (state, 3), (state, 0))
    assert run.settled_summary()["ledger"]["missing"] == 0


def test_a_loss_is_told_all_the_same() -> None:
    assert Told(("live", 17)).settled_summary(limit_s=0.1)["ledger"]["missing"] == 17


@pytest.mark.parametrize("state", ["archive", "ended", "failed", "file"])
def test_elsewhere_there_is_nothing_to_wait_for(state: str) -> None:
    assert Told((state, 17), (state, 0)).settled_summary()["ledger"]["missing"] == 17


def test_no_password_is_shown() -> None:
    address = CloudAddress("t", "b", endpoint_url="http://u:hunter2@127.0.0.1:9", kinesis="laps")
    assert address.shown == "t + laps · http://***@127.0.0.1:9"
