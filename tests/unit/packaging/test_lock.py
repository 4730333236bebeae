"""The lock: whole, hashed, of one version each, and free of any place to fetch from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[3]
LOCK = (ROOT / "packaging" / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DIRECT = [Requirement(r) for r in PROJECT["project"]["dependencies"]]
MAKERS = [Requirement(r) for r in PROJECT["dependency-groups"]["dev"]]


def entries() -> list[tuple[str, str, list[str]]]:
    """(name, version, hashes) of every locked package."""
    found = []
    for block in re.split(r"\n(?=\S)", LOCK.strip()):
        head, *rest = block.split("\\\n")
        pinned = re.fullmatch(r"([a-z0-9-]+)==(\S+?)( ; .+)?", head.strip())
        assert pinned, f"not a pinned package: {head!r}"
        found.append((pinned[1], pinned[2], [line.strip() for line in rest]))
    return found


def test_every_package_is_hashed_and_pinned_once() -> None:
    names = [name for name, _, _ in entries()]
    assert len(set(names)) == len(names)
    for name, _, hashes in entries():
        assert hashes, name
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in hashes), name


def test_no_place_to_fetch_from_is_named() -> None:
    assert "://" not in LOCK
    assert "--index-url" not in LOCK
    assert "#" not in LOCK


@pytest.mark.parametrize("wanted", [*DIRECT, *MAKERS], ids=lambda r: r.name)
def test_the_lock_satisfies_the_project(wanted: Requirement) -> None:
    versions = {name: version for name, version, _ in entries()}
    name = re.sub(r"[-_.]+", "-", wanted.name).lower()
    assert name in versions, "run: dev.py lock"
    assert Version(versions[name]) in wanted.specifier, "run: dev.py lock"


def test_every_dependency_of_the_program_is_bounded_above() -> None:
    for requirement in DIRECT:
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators & {"<", "=="}, requirement
