"""The list of known differences names tests and implementations that exist."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.contract.deviations import BY_MODULE

HERE = Path(__file__).parent
IMPLEMENTATIONS = ("simulator", "stand-in", "moto", "ministack", "kinesalite", "kinesis-local")


@pytest.mark.parametrize("module", BY_MODULE)
def test_each_entry_names_a_test_and_an_implementation(module: str) -> None:
    source = (HERE / f"{module}.py").read_text(encoding="utf-8")
    tests = {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    for name, reason in BY_MODULE[module].items():
        test, _, parameters = name.removesuffix("]").partition("[")
        assert test in tests, name
        assert parameters.startswith(IMPLEMENTATIONS), name
        assert reason, name
