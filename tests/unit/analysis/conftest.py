from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pitwall.telemetry import Catalog, ClockKind
from tests.unit.analysis.rig import FULL, Rig


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(cat: Catalog = FULL, clock: ClockKind = ClockKind.EVENT) -> Rig:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(Rig(folder, cat, clock))
        return made[-1]

    yield make
    for rig in made:
        rig.close()
