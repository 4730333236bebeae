"""A session at work: the summary that is told at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pitwall.address import CloudAddress
from pitwall.run import Run
from pitwall.telemetry import Failure
from pitwall.turbo import processes


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


@pytest.mark.parametrize(
    ("bucket", "here", "said"),
    [
        (None, False, ["start", "close"]),
        ("archive", False, ["start", "close"]),
        ("", False, []),
        (None, True, []),
    ],
    ids=["archive to be found", "archive named", "no archive", "some is here"],
)
def test_what_loads_the_archive_is_started_ahead_and_ends_with_a_failure(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    bucket: str | None,
    here: bool,
    said: list[str],
) -> None:
    told: list[str] = []

    class Processes:
        def start(self) -> None:
            told.append("start")

        def close(self) -> None:
            told.append("close")

    def refuse(self: CloudAddress) -> None:
        raise Failure("no credentials")

    monkeypatch.setattr(processes, "archive_processes", Processes)
    monkeypatch.setattr(CloudAddress, "clients", refuse)
    path = tmp_path / "race.pitwall"
    if here:
        path.touch()
    with pytest.raises(Failure, match="no credentials"):
        Run.joined("s", CloudAddress("t", bucket), path, lambda name, details: None)
    assert told == said
