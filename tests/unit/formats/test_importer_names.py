"""What an import calls a session and its car where the files name neither."""

from __future__ import annotations

import pytest

from pitwall.formats.importer import _title


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("25IR05 RdAm_FP1_Run04_KO", "25IR05 RdAm FP1 Run04 KO"),
        ("barber race-1", "Barber Race 1"),
        ("Dutch Grand Prix - Race", "Dutch Grand Prix Race"),
    ],
)
def test_a_title_keeps_the_letters_that_somebody_chose(words: str, title: str) -> None:
    assert _title(words) == title
