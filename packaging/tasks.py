"""The developer's verbs that are more than running one program: test, freeze, lock."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import bootstrap
import emulators
from bootstrap import LOCK, ROOT, VENV, give_up, quiet, say, venv_python


def setup(arguments: list[str]) -> int:
    """Everything was made before this verb ran; say where it is."""
    if arguments:
        give_up("dev.py setup takes no arguments")
    say(f"ready: {VENV.relative_to(ROOT)}")
    return 0


def test(arguments: list[str]) -> int:
    """All checks in order, each with its duration; with arguments only pytest, given those."""
    if emulators.wanted(arguments):
        emulators.ensure()
    python = str(venv_python())
    pytest = ("pytest", [python, "-m", "pytest", *arguments])
    ruff, concise = [python, "-m", "ruff"], ["--output-format", "concise"]
    steps = [
        ("ruff check", [*ruff, "check", ".", *concise]),
        ("ruff format", [*ruff, "format", "--check", ".", *concise]),
        ("mypy", [python, "-m", "mypy", "--strict", "pitwall"]),
        ("import contracts", [script("lint-imports"), "--no-logo"]),
        pytest,
    ]
    results = [(name, *timed(name, step)) for name, step in ([pytest] if arguments else steps)]
    for name, code, seconds in results:
        print(f"{'ok  ' if code == 0 else 'FAIL'} {name:<17} {seconds:6.1f} s", flush=True)
    return 0 if all(code == 0 for _, code, _ in results) else 1


def timed(name: str, command: list[str]) -> tuple[int, float]:
    """Run one step with its output shown; its exit code and duration in seconds."""
    print(f"--- {name}", flush=True)
    started = time.monotonic()
    code = subprocess.call(command, cwd=ROOT, env=test_environment(), stdin=subprocess.DEVNULL)
    return code, time.monotonic() - started


def test_environment() -> dict[str, str]:
    """The environment of the checks: no display, no user's AWS account, no user's settings; byte
    code is kept, since hundreds of tests start the program anew."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**kept, "QT_QPA_PLATFORM": "offscreen", "QT_API": "pyside6", "PYTHONUTF8": "1"}


def script(name: str) -> str:
    """The path of a console script in `.venv`."""
    return str(venv_python().with_name(name + (".exe" if os.name == "nt" else "")))


def freeze(arguments: list[str]) -> int:
    """Build the one-folder application and let it test itself."""
    started = time.monotonic()
    command = [str(venv_python()), "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    code = subprocess.call([*command, *arguments, "pitwall.spec"], cwd=ROOT)
    if code:
        return code
    folder = ROOT / "dist" / "pitwall"
    size = sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_symlink())
    say(f"dist/pitwall: {size / 1e6:.0f} MB, built in {time.monotonic() - started:.0f} s")
    program = folder / ("pitwall.exe" if os.name == "nt" else "pitwall")
    return subprocess.call([str(program), "selftest", "--json"], env=test_environment())


def lock(arguments: list[str]) -> int:
    """Resolve pyproject's dependencies for all systems into the one lock; `--upgrade` renews all.

    The resolver is only a maker's tool: it lives in an environment of its own, and whoever
    installs from the lock needs nothing but pip.
    """
    home = ROOT / "build" / "resolver"
    resolver = home / ("Scripts/uv.exe" if os.name == "nt" else "bin/uv")
    if not resolver.exists():
        quiet([sys.executable, "-m", "venv", str(home)])
        python = resolver.with_name("python.exe" if os.name == "nt" else "python")
        quiet([str(python), "-m", "pip", "install", "--quiet", "uv"])
    command = [str(resolver), "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--python-version", ".".join(map(str, bootstrap.OLDEST_PYTHON))]
    command += ["--fork-strategy", "fewest"]  # one version of each for every Python
    command += ["--no-emit-index-url", "--no-header", "--no-annotate", *arguments]
    ours = ["--group", "dev", "pyproject.toml", "-o", str(LOCK.relative_to(ROOT))]
    theirs = emulators.LOCKS.relative_to(ROOT)
    code = subprocess.call([*command, *ours], cwd=ROOT)
    for name in ("requirements", "cloudformation"):
        others = [str(theirs / f"{name}.in"), "-o", str(theirs / f"{name}.lock")]
        code = code or subprocess.call([*command, *others], cwd=ROOT)
    code = code or emulators.lock()
    if code == 0:
        lines = LOCK.read_text(encoding="utf-8").splitlines()
        say(f"{sum('==' in line for line in lines)} packages locked; now: dev.py setup")
    return code
