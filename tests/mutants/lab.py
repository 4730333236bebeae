"""Making a mutant in a folder of its own, and seeing which test notices it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.breaks import Break

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 300.0
"""For the tests of one mutant."""
CLUMSY = (
    "ImportError",
    "ModuleNotFoundError",
    "TypeError",
    "SyntaxError",
    "NameError",
    "AttributeError",
)
"""Errors that show a patch that does not work, not a mistake that was noticed."""
_LEADING = re.compile(r"[\w.]+")


class Stale(Exception):
    """A patch does not fit the source any more."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A test that failed, and the kind of error it failed with."""

    test: str
    error: str

    @property
    def counts(self) -> bool:
        """True when it shows that the mistake was noticed."""
        return self.error not in CLUMSY


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mutant.

    Attributes:
        name: its name.
        killed_by: the tests that noticed it; none means that it is alive.
        clumsy: tests that failed for the patch's own sake.
        note: why it is alive, when it is.
    """

    name: str
    killed_by: tuple[str, ...]
    clumsy: tuple[str, ...] = ()
    note: str = ""

    @property
    def killed(self) -> bool:
        """True when some test noticed it."""
        return bool(self.killed_by)


def patched(source: dict[str, str], broken: Break) -> dict[str, str]:
    """The files that ``broken`` changes, changed; ``source`` is by path in the package.

    Raises Stale when a text does not stand where it should, exactly once, or what comes out is no
    Python.
    """
    out: dict[str, str] = {}
    for edit in broken.edits:
        text = out.get(edit.file, source.get(edit.file))
        if text is None:
            raise Stale(f"{broken.name}: there is no {edit.file}")
        if text.count(edit.old) != 1:
            raise Stale(
                f"{broken.name}: {edit.file} has {edit.old!r} "
                f"{text.count(edit.old)} times, not once"
            )
        out[edit.file] = text.replace(edit.old, edit.new)
    for file, text in out.items():
        try:
            compile(text, file, "exec")
        except SyntaxError as error:
            raise Stale(f"{broken.name}: {file} is no Python any more: {error}") from error
    return out


def package_source() -> dict[str, str]:
    """The package's files as they are in the checkout."""
    package = ROOT / "pitwall"
    return {
        file.relative_to(package).as_posix(): file.read_text(encoding="utf-8")
        for file in package.rglob("*.py")
    }


@contextmanager
def workshop() -> Iterator[Path]:
    """A folder with copies of the package and its tests; the checkout is left as it is."""
    with TemporaryDirectory(prefix="pitwall-mutants-") as name:
        folder = Path(name)
        ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
        for part in ("pitwall", "tests", "resources"):
            shutil.copytree(ROOT / part, folder / part, ignore=ignore)
        shutil.copy(ROOT / "pyproject.toml", folder)
        seen = _python(folder, "-c", "import pitwall.stream; print(pitwall.stream.__file__)")
        if not Path(seen.stdout.strip()).is_relative_to(folder.resolve()):
            raise RuntimeError(f"the copy is not what is tested: {seen.stdout}{seen.stderr}")
        yield folder


def try_out(folder: Path, broken: Break, source: dict[str, str]) -> Fate:
    """Break the copy in ``folder``, run the tests that ought to notice, mend it again."""
    files = patched(source, broken)
    try:
        for file, text in files.items():
            (folder / "pitwall" / file).write_text(text, encoding="utf-8")
        failures, note = run_tests(folder, broken.tests)
    finally:
        for file in files:
            (folder / "pitwall" / file).write_text(source[file], encoding="utf-8")
    killers = tuple(f.test for f in failures if f.counts)
    clumsy = tuple(f"{f.test} ({f.error})" for f in failures if not f.counts)
    if not killers and clumsy:
        note = "it does not run: the patch is at fault"
    return Fate(broken.name, killers, clumsy, "" if killers else note or "no test noticed it")


def run_tests(folder: Path, tests: Iterable[str]) -> tuple[list[Failed], str]:
    """Run tests in ``folder``; those that failed, and what else is to be said."""
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    try:
        ran = _python(
            folder, "-m", "pytest", "-q", "--tb=line", "-p", "no:cacheprovider",
            f"--junitxml={report}", *tests,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return [Failed("all of them", "took too long")], ""
    if not report.exists() or ran.returncode not in (0, 1):
        return [], f"the tests did not run: {ran.stdout[-2000:]}{ran.stderr[-2000:]}"
    return list(_failures(report)), ""


def _failures(report: Path) -> Iterator[Failed]:
    # Our own pytest wrote the file: it is trusted.
    for case in ET.parse(report).getroot().iter("testcase"):
        for kind in ("failure", "error"):
            for found in case.iter(kind):
                name = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name')}"
                yield Failed(name, _error_of(found.get("message") or "", kind))


def _error_of(message: str, kind: str) -> str:
    """The kind of error that a report's message begins with."""
    if kind == "error":
        return "ImportError"  # outside of any test: nothing was tested
    found = _LEADING.match(message)
    word = found.group(0).rpartition(".")[2] if found else ""
    return "AssertionError" if word in ("", "assert") else word


def _python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"}
    env["PITWALL_SHARED_DATA"] = "none"
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
