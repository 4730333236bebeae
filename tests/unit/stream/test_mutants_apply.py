"""The deliberate breaks still fit the source, and what they name exists."""

from __future__ import annotations

import ast
from functools import cache

import pytest

from tests.mutants.breaks import BREAKS, Break, Edit
from tests.mutants.lab import ROOT, Stale, package_source, patched

SOURCE = package_source()


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.name)
def test_it_applies_and_names_tests_that_are_there(broken: Break) -> None:
    changed = patched(SOURCE, broken)
    assert all(SOURCE[file] != text for file, text in changed.items())
    assert broken.tests
    for test in broken.tests:
        file, _, name = test.partition("::")
        assert name in names_in(file)


def test_names_are_told_apart() -> None:
    assert len({broken.name for broken in BREAKS}) == len(BREAKS) >= 22


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (Edit("stream/nowhere.py", "a", "b"), "there is no"),
        (Edit("stream/pace.py", "no such text", "b"), "0 times"),
        (Edit("stream/pace.py", "float", "int"), "times, not once"),
        (Edit("stream/pace.py", "class Pace:", "class Pace"), "no Python"),
    ],
)
def test_a_patch_that_does_not_fit_says_so(edit: Edit, says: str) -> None:
    with pytest.raises(Stale, match=says):
        patched(SOURCE, Break("x", "y", (edit,), ("z",)))
