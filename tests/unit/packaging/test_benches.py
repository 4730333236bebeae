"""Every benchmark that is named is there, with what it needs of the program."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import tests.bench
from tests.bench.registry import NAMES, find

MODULES = sorted(
    module.name for module in pkgutil.iter_modules(tests.bench.__path__) if module.name[0] != "_"
)


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_is_found_and_says_what_it_measures(name: str) -> None:
    run, words = find(name)
    assert callable(run)
    assert words


@pytest.mark.parametrize("name", MODULES)
def test_its_parts_can_be_imported(name: str) -> None:
    importlib.import_module(f"tests.bench.{name}")
