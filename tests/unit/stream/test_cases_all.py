"""Every case of the list of what went wrong in other consumers has a test of its number."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
NAME = re.compile(r"test_case_(\d\d)_\w+")


@cache
def named() -> dict[int, list[tuple[str, str]]]:
    """Tests by the number of their case, with what they say."""
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for file in TESTS.rglob("test_*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (match := NAME.fullmatch(node.name)):
                found[int(match.group(1))].append((node.name, ast.get_docstring(node) or ""))
    return found


def test_all_87_cases_have_a_test() -> None:
    found = named()
    assert sorted(found) == list(range(1, 88))


def test_every_case_says_what_went_wrong() -> None:
    silent = [n for n, tests in named().items() if not any(says for _, says in tests)]
    assert silent == []


def test_no_name_stands_for_two_cases() -> None:
    names = [name for tests in named().values() for name, _ in tests]
    assert [name for name in names if re.match(r"test_case_\d\d_\d\d_", name)] == []
