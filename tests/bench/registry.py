"""The benchmarks by name: a module each, with ``run() -> Result`` and a docstring."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from tests.bench.harness import Result

NAMES = (
    "advice",
    "append",
    "coach",
    "cursor",
    "keyed-read",
    "laps",
    "lapsim",
    "packing",
    "paging",
    "reopen",
    "start",
    "strategy",
    "stream",
    "traces",
    "turbo",
)


def find(name: str) -> tuple[Callable[[], Result], str]:
    """The benchmark's function and its first line of documentation. Raises KeyError."""
    if name not in NAMES:
        raise KeyError(name)
    module = importlib.import_module(f"tests.bench.{name.replace('-', '_')}")
    return module.run, (module.__doc__ or "").strip().splitlines()[0]
