"""Second implementations of the services, which the contract tests run over.

ministack pins another botocore than ours, so it has a virtual environment to itself; so has moto's
CloudFormation, which needs packages that nothing else here does; kinesalite and
kinesis-local are JavaScript. All are made in `build/emulators` from hashed locks. What cannot be
made on this machine is said, with the reason, and kept for the tests, which skip with it; in CI
they fail with it instead.

Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import bootstrap
from bootstrap import ROOT, say

LOCKS = ROOT / "packaging" / "emulators-lock"
HOME = ROOT / "build" / "emulators"
CONTRACT = ROOT / "tests" / "contract"
REASONS = HOME / "absent.json"
STAMP = "pitwall-setup.json"
LIMIT_S = 600.0


class Absent(Exception):
    """A component that this machine cannot have; the message is the reason."""


def wanted(arguments: list[str]) -> bool:
    """Whether a test run with these pytest arguments may come to the contract tests."""
    paths = [
        (ROOT / argument.split("::")[0]).resolve()
        for argument in arguments
        if not argument.startswith("-") and (ROOT / argument.split("::")[0]).exists()
    ]
    return not paths or any(
        path == CONTRACT or CONTRACT in path.parents or path in CONTRACT.parents for path in paths
    )


def ensure() -> None:
    """Make what is missing or out of date; write down what could not be made, and why."""
    absent = {}
    with bootstrap.one_setup_at_a_time():
        for name, (made_from, make) in COMPONENTS.items():
            if is_current(name, made_from):
                continue
            try:
                build(name, made_from, make)
            except Absent as reason:
                say(f"{name}: not here: {reason}")
                absent[name] = str(reason)
        HOME.mkdir(parents=True, exist_ok=True)
        REASONS.write_text(json.dumps(absent, indent=1), encoding="utf-8")


def build(name: str, made_from: tuple[str, ...], make: Callable[[Path], None]) -> None:
    """Make one component in its folder from nothing, and stamp it when it is whole."""
    started = time.monotonic()
    folder = HOME / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make(folder)
    stamp = {"made_from": fingerprint(made_from), "root": str(ROOT)}
    (folder / STAMP).write_text(json.dumps(stamp), encoding="utf-8")
    say(f"{name} ready in {time.monotonic() - started:.0f} s")


def fingerprint(made_from: tuple[str, ...]) -> str:
    """What a component is made from, the same on every system."""
    texts = [(LOCKS / file).read_bytes().replace(b"\r\n", b"\n") for file in made_from]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def is_current(name: str, made_from: tuple[str, ...]) -> bool:
    """Whether a component is finished, here, and made from the present lock."""
    try:
        stamp = json.loads((HOME / name / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(stamp == {"made_from": fingerprint(made_from), "root": str(ROOT)})


def python_of(folder: Path) -> Path:
    """The interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make_ministack(folder: Path) -> None:
    """A virtual environment with ministack and the botocore that it pins."""
    make_environment(folder, "requirements.lock")


def make_cloudformation(folder: Path) -> None:
    """A virtual environment with moto and all that its CloudFormation is made of."""
    make_environment(folder, "cloudformation.lock")


def make_environment(folder: Path, lock: str) -> None:
    """A virtual environment with what a lock pins."""
    attempt([sys.executable, "-m", "venv", str(folder)])
    pip = [
        str(python_of(folder)),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "install",
    ]
    pip += ["--quiet", "--no-warn-script-location", "--require-hashes", "--only-binary", ":all:"]
    attempt([*pip, "-r", str(LOCKS / lock)])


def make_kinesis(folder: Path) -> None:
    """kinesalite and kinesis-local: what is optional is left out, no package's scripts are run."""
    npm = node_and_npm()
    for file in ("package.json", "package-lock.json"):
        shutil.copyfile(LOCKS / file, folder / file)
    quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel", "error"]
    attempt([npm, "ci", "--ignore-scripts", "--omit", "optional", *quiet], folder)


def node_and_npm() -> str:
    """The path of npm; on Debian as root it is installed, elsewhere its absence is the reason."""
    lacking = [name for name in ("node", "npm") if not shutil.which(name)]
    packages = [{"node": "nodejs", "npm": "npm"}[name] for name in lacking]
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if lacking and not shutil.which("apt-get"):
        raise Absent(f"{' and '.join(lacking)} not found; install Node.js 18 or newer")
    if lacking and not bootstrap.is_root():
        raise Absent(f"{' and '.join(lacking)} not found; run once: sudo {line}")
    if lacking:
        say(f"installing {' and '.join(packages)} for the contract tests")
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        attempt(["apt-get", "-qq", "update"], environment=environment)
        attempt(["apt-get", "-qq", *line.split()[1:]], environment=environment)
    npm = shutil.which("npm")
    if not npm:
        raise Absent("npm not found after its package was installed")
    return npm


def lock() -> int:
    """Resolve the JavaScript packages anew; returns npm's exit code."""
    npm = shutil.which("npm")
    if not npm:
        bootstrap.give_up("npm is not installed, and only npm can resolve package-lock.json")
    command = [npm, "install", "--package-lock-only", "--ignore-scripts", "--no-audit"]
    # no registry is named in the lock: whoever installs from it uses their own
    return subprocess.call([*command, "--no-fund", "--omit-lockfile-registry-resolved"], cwd=LOCKS)


def attempt(
    command: list[str], folder: Path = ROOT, environment: dict[str, str] | None = None
) -> None:
    """Run a command without its output; Absent with the last line of it when it fails."""
    shown = Path(command[0]).name + " " + " ".join(command[1:4])
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=LIMIT_S,
        )
    except subprocess.TimeoutExpired as late:
        raise Absent(f"'{shown} ...' took longer than {LIMIT_S:.0f} s") from late
    if done.returncode:
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        end = lines[-1] if lines else "no output"
        raise Absent(f"'{shown} ...' failed with exit code {done.returncode}: {end}")


COMPONENTS: dict[str, tuple[tuple[str, ...], Callable[[Path], None]]] = {
    "ministack": (("requirements.lock",), make_ministack),
    "cloudformation": (("cloudformation.lock",), make_cloudformation),
    "kinesis": (("package.json", "package-lock.json"), make_kinesis),
}
