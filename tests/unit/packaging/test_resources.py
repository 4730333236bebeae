"""Shipped files are found in a checkout, in an installed package and in a frozen build."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pitwall.telemetry import Failure, resources


@pytest.fixture(autouse=True)
def forget_the_place() -> Iterator[None]:
    """The root is looked up once per process; these tests move it."""
    resources.resource_root.cache_clear()
    yield
    resources.resource_root.cache_clear()


def test_in_the_checkout() -> None:
    root = Path(__file__).resolve().parents[3]
    assert resources.resource_path("fonts") == root / "resources" / "fonts"


def test_in_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "pitwall" / "resources"
    inside.mkdir(parents=True)
    (tmp_path / "resources").mkdir()  # somebody else's
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "pitwall/telemetry/resources.py"))
    assert resources.resource_path() == inside


def test_somebody_elses_folder_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "resources").mkdir()
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "pitwall/telemetry/resources.py"))
    with pytest.raises(Failure, match="no resources folder"):
        resources.resource_path("fonts")


def test_in_a_frozen_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "resources" / "help").mkdir(parents=True)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resources.resource_path("help") == tmp_path / "resources" / "help"


def test_a_missing_file_is_one_clear_line() -> None:
    with pytest.raises(Failure, match="no-such-file") as caught:
        resources.resource_path("fonts", "no-such-file.ttf")
    assert caught.value.exit_code == 1
