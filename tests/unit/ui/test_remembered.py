"""What the window remembers, whatever has become of the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pitwall.ui.address import Address
from pitwall.ui.remembered import MOST_RECORDINGS, Memory, Remembered

ADDRESS = Address("team", "eu-west-1", "", "pitwall", "", "changes")


def test_what_is_kept_is_there_the_next_time(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "window.json"
    memory = Memory(file)
    memory.connected(ADDRESS, "2026-01-31-test-r1")
    memory.examined("driver")
    memory.opened(tmp_path / "a.pitwall")
    memory.opened(tmp_path / "b.pitwall")
    memory.opened(tmp_path / "a.pitwall")
    again = Memory(file).now
    assert again == memory.now
    assert again.address == ADDRESS
    assert [Path(one).name for one in again.recordings] == ["a.pitwall", "b.pitwall"]
    assert [path.name for path in file.parent.iterdir()] == ["window.json"]


def test_only_so_many_recordings(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "window.json")
    for n in range(MOST_RECORDINGS + 5):
        memory.opened(tmp_path / f"{n}.pitwall")
    assert len(memory.now.recordings) == MOST_RECORDINGS
    assert memory.now.recordings[0].endswith(f"{MOST_RECORDINGS + 4}.pitwall")


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    memory = Memory()
    memory.connected(ADDRESS, "s")
    assert memory.now.session == "s"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "[" * 100_000, '{"version": 2, "session": "s"}',
        '{"version": 1, "address": 7, "session": [], "role": null, "recordings": {"a": 1}}',
        '{"version": 1, "address": {"endpoint": "http://me:secret@host"}, "recordings": [1, ""]}',
    ],
)  # fmt: skip
def test_a_damaged_file_is_as_if_it_had_never_been(tmp_path: Path, text: str) -> None:
    file = tmp_path / "window.json"
    file.write_text(text)
    memory = Memory(file)
    assert memory.now == Remembered()
    memory.examined("driver")
    assert json.loads(file.read_text())["role"] == "driver"


def test_a_disk_that_takes_nothing_keeps_nobody_from_a_race(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    memory = Memory(blocked / "window.json")
    memory.connected(ADDRESS, "s")
    assert memory.now.address == ADDRESS


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (Address(), ""),
        (ADDRESS, ""),
        (Address(kinesis="arn:aws:kinesis:eu-west-1:123456789012:stream/changes"), ""),
        (Address(endpoint="https://[::1]:8000"), ""),
        (Address(endpoint="ftp://host"), "endpoint: a URL"),
        (Address(endpoint="http://[::1"), "endpoint: a URL"),
        (Address(endpoint="http://key@host"), "without name and password"),
        (Address(region="Ireland"), "region: written as"),
        (Address(table="a b"), "table:"),
        (Address(bucket="A"), "archive bucket:"),
        (Address(kinesis="arn:aws:s3:::x"), "Kinesis stream:"),
    ],
)
def test_an_address_says_what_is_written_wrong(address: Address, words: str) -> None:
    fault = address.fault()
    assert words in fault
    assert bool(fault) == bool(words)
