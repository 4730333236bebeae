"""The locks: whole, hashed, of one version each, and free of any place to fetch from."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[3]
LOCK = (ROOT / "packaging" / "requirements.lock").read_text(encoding="utf-8")
EMULATORS = ROOT / "packaging" / "emulators-lock"
EMULATORS_LOCK = (EMULATORS / "requirements.lock").read_text(encoding="utf-8")
PACKAGE_LOCK = (EMULATORS / "package-lock.json").read_text(encoding="utf-8")
LOCKS = {"ours": LOCK, "emulators": EMULATORS_LOCK}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DIRECT = [Requirement(r) for r in PROJECT["project"]["dependencies"]]
MAKERS = [Requirement(r) for r in PROJECT["dependency-groups"]["dev"]]


def entries(lock: str) -> list[tuple[str, str, list[str]]]:
    """(name, version, hashes) of every locked package."""
    found = []
    for block in re.split(r"\n(?=\S)", lock.strip()):
        head, *rest = block.split("\\\n")
        pinned = re.fullmatch(r"([a-z0-9-]+)==(\S+?)( ; .+)?", head.strip())
        assert pinned, f"not a pinned package: {head!r}"
        found.append((pinned[1], pinned[2], [line.strip() for line in rest]))
    return found


@pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)
def test_every_package_is_hashed_and_pinned_once(lock: str) -> None:
    names = [name for name, _, _ in entries(lock)]
    assert len(set(names)) == len(names)
    for name, _, hashes in entries(lock):
        assert hashes, name
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in hashes), name


@pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)
def test_no_place_to_fetch_from_is_named(lock: str) -> None:
    assert "://" not in lock
    assert "--index-url" not in lock
    assert "#" not in lock


def test_the_emulators_are_what_is_asked_for() -> None:
    asked = (EMULATORS / "requirements.in").read_text(encoding="utf-8").split()
    locked = {f"{name}=={version}" for name, version, _ in entries(EMULATORS_LOCK)}
    assert locked.issuperset(asked), "run: dev.py lock"
    package = json.loads((EMULATORS / "package.json").read_text(encoding="utf-8"))
    packages = json.loads(PACKAGE_LOCK)["packages"]
    root = packages.pop("")
    assert root["dependencies"] == package["dependencies"], "run: dev.py lock"
    for name, version in package["dependencies"].items():
        assert packages[f"node_modules/{name}"]["version"] == version


def test_every_javascript_package_is_hashed_and_no_registry_is_named() -> None:
    packages = json.loads(PACKAGE_LOCK)["packages"]
    for name, entry in packages.items():
        assert "resolved" not in entry, name
        assert not name or entry["integrity"].startswith("sha512-"), name


@pytest.mark.parametrize("wanted", [*DIRECT, *MAKERS], ids=lambda r: r.name)
def test_the_lock_satisfies_the_project(wanted: Requirement) -> None:
    versions = {name: version for name, version, _ in entries(LOCK)}
    name = re.sub(r"[-_.]+", "-", wanted.name).lower()
    assert name in versions, "run: dev.py lock"
    assert Version(versions[name]) in wanted.specifier, "run: dev.py lock"


def test_every_dependency_of_the_program_is_bounded_above() -> None:
    for requirement in DIRECT:
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators & {"<", "=="}, requirement
