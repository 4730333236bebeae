"""The rows of the list of sessions."""

from __future__ import annotations

import pytest

from pitwall.cloud.browse import SessionLine
from pitwall.ui.dialogs.session_list import session_rows


@pytest.mark.parametrize(
    ("title", "simulated", "replay", "shown"),
    [
        ("Race 1", False, False, "Race 1"),
        ("Race 1", True, False, "Race 1 · simulated"),
        ("Race 1", False, True, "Race 1 · replay"),
        ("Race 1", True, True, "Race 1 · simulated · replay"),
        ("Simulated race", True, True, "Simulated race · replay"),
        ("A simulated replay", True, True, "A simulated replay"),
    ],
)
def test_what_a_session_is_stands_beside_its_title(
    title: str, simulated: bool, replay: bool, shown: str
) -> None:
    key = "2026-01-31-test-r1"
    one = SessionLine(key, title, "2026-01-31", "test", "r1", 0, simulated, replay)
    (line,) = session_rows([one], "")
    assert line.cells[1].text == shown
    assert bool(session_rows([one], "replay")) == ("replay" in shown)
