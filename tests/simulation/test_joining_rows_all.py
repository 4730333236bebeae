"""Every row of the list of what can go wrong with a hand-over has a test of its number."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROWS = {
    1: "the archive is late by fifteen minutes",
    2: "the archive is out of order and has repeats",
    3: "the delivery stream rejected single records",
    4: "the archiver wrote a batch twice",
    5: "the archiver gave a batch up",
    6: "a record cannot be read",
    7: "an object is truncated, or no gzip",
    8: "an object was deleted",
    9: "a car is absent from the archive",
    10: "there is no archive",
    11: "access to the archive is denied",
    12: "a hole of the archive is nowhere else either",
    13: "shards turn over during the load",
    14: "shards split during the load",
    15: "the stream is disabled and enabled again",
    16: "the table is deleted",
    17: "iterators expire during the load",
    18: "the laptop sleeps for 20 minutes, 9 hours, 26 hours, at each step",
    19: "the laptop's clock is wrong",
    20: "killed in the middle of a batch",
    21: "killed or stopped between batches",
    22: "the disk is full",
    23: "others read the stream",
    24: "a producer starts anew",
    25: "a counter was used twice, with different content",
    26: "heads stall",
    27: "positions by time are refused",
    28: "JSON is concatenated without delimiters",
    29: "killed at each step",
    30: "producers do not keep the contract",
    31: "a hole of the archive is older than the stream keeps",
}
NAME = re.compile(r"test_row_(\d\d)_\w+")


def test_every_row_has_a_test() -> None:
    found: dict[int, list[str]] = defaultdict(list)
    for file in Path(__file__).parent.glob("test_*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (match := NAME.fullmatch(node.name)):
                found[int(match.group(1))].append(node.name)
    assert sorted(found) == sorted(ROWS)
