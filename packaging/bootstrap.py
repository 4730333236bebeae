"""What a checkout needs before it can run: a new enough Python, `.venv`, Qt's shared libraries.

Standard library only, and no syntax newer than Python 3.8, so that an old interpreter gets as far
as the line that tells its user what to do.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "packaging" / "requirements.lock"
STAMP = VENV / "pitwall-setup.json"
OLDEST_PYTHON = (3, 11)

# soname -> Debian package. Qt loads the first table even when it draws offscreen; the second only
# for a window on X11, where a missing one gives a misleading message about libxcb-cursor0.
OFFSCREEN_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
}
DISPLAY_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}


def say(line: str) -> None:
    """Print one line of the door itself; stdout is left to the program that is run."""
    print(line, file=sys.stderr, flush=True)


def give_up(line: str) -> NoReturn:
    """Say what is wrong and what to do, and leave with exit code 1."""
    say(line)
    raise SystemExit(1)


def venv_python() -> Path:
    """The interpreter inside `.venv`."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ensure() -> None:
    """Make `.venv` from the lock and install what Qt needs, if that is not done already."""
    require_python()
    install_system_packages(missing_system_packages())
    if is_current():
        return
    with one_setup_at_a_time():
        if not is_current():
            build_environment()


def require_python() -> None:
    """Go on only under a new enough Python; hand over to one on the PATH if there is one."""
    if sys.version_info >= OLDEST_PYTHON:
        return
    for minor in (13, 12, 11):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            say(f"python {sys.version.split()[0]} is too old; going on with {newer}")
            raise SystemExit(subprocess.call([newer, *sys.argv]))
    give_up(
        f"Pitwall needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}."
        " Install a newer Python and run this file with it."
    )


# ------------------------------------------------------------------------------- system packages


def missing_system_packages() -> list[str]:
    """Debian names of what this machine lacks; empty where nothing is missing or not Linux."""
    if not sys.platform.startswith("linux"):
        return []
    wanted = dict(OFFSCREEN_LIBRARIES)
    if os.environ.get("DISPLAY") or is_root():
        wanted.update(DISPLAY_LIBRARIES)
    packages = [] if VENV.exists() else missing_venv_package()
    packages += [name for soname, name in wanted.items() if not can_load(soname)]
    return [modern_name(name) for name in packages]


def missing_venv_package() -> list[str]:
    """Debian cuts venv's pip installer out of its Python into a package of its own."""
    if all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
        return []
    default = os.path.realpath("/usr/bin/python3") == os.path.realpath(sys.executable)
    return ["python3-venv" if default else f"python3.{sys.version_info[1]}-venv"]


def can_load(soname: str) -> bool:
    """Whether the dynamic linker finds this library."""
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def modern_name(package: str) -> str:
    """The name of a package in this release: the 64-bit time change renamed some."""
    if package != "libglib2.0-0":
        return package
    release = os_release()
    version = release.get("VERSION_ID", "99").split(".")[0]
    first = {"debian": 13, "ubuntu": 24}.get(release.get("ID", ""))
    renamed = first is not None and version.isdigit() and int(version) >= first
    return "libglib2.0-0t64" if renamed else package


def os_release() -> dict[str, str]:
    """The fields of /etc/os-release, empty where there is none."""
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line)
    return {key: value.strip().strip('"') for key, value in pairs}


def is_root() -> bool:
    """Whether this process may install system packages."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def install_system_packages(packages: list[str]) -> None:
    """Install by apt as root; otherwise print the exact line to run and leave."""
    if not packages:
        return
    line = "apt-get install -y --no-install-recommends " + " ".join(packages)
    if not shutil.which("apt-get"):
        give_up(
            "shared libraries or modules are missing; on Debian they are in: "
            + " ".join(packages)
            + ". Install your system's equivalents and run this again."
        )
    if not is_root():
        give_up(f"system packages are missing. Run this once, then try again:\n    sudo {line}")
    say(f"installing {len(packages)} system packages: {' '.join(packages)}")
    started = time.monotonic()
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    quiet(["apt-get", "-qq", "update"], environment)
    quiet(["apt-get", "-qq", *line.split()[1:]], environment)
    say(f"system packages ready in {time.monotonic() - started:.0f} s")


# ------------------------------------------------------------------------------- the environment


def fingerprint() -> dict[str, str]:
    """What `.venv` was made from: a change of any of it means that it is out of date."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    scripts = project.partition("[project.scripts]")[2].partition("\n[")[0]
    made_from = LOCK.read_bytes().replace(b"\r\n", b"\n") + scripts.encode()
    return {
        "lock": hashlib.sha256(made_from).hexdigest(),
        "root": str(ROOT),
        "version": project.partition('\nversion = "')[2].partition('"')[0],
    }


def stamped() -> dict[str, str]:
    """The fingerprint of the finished environment, empty when it was never finished."""
    try:
        return dict(json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def is_current() -> bool:
    """Whether `.venv` is finished and made from the present lock."""
    return venv_python().exists() and stamped() == fingerprint()


def build_environment() -> None:
    """Create `.venv`, or bring the present one to the lock."""
    started = time.monotonic()
    if stamped().get("root") != str(ROOT) or not venv_python().exists():
        # never finished, or moved here from elsewhere: its scripts point to the wrong place
        if VENV.exists():
            shutil.rmtree(VENV)
        say(f"making .venv with Python {sys.version.split()[0]}")
        quiet([sys.executable, "-m", "venv", str(VENV)])
    STAMP.unlink(missing_ok=True)
    say("installing the locked packages (about 600 MB on disk, once)")
    pip = [str(venv_python()), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    pip += ["--quiet", "--no-warn-script-location"]
    quiet([*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)])
    quiet([*pip, "--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT)])
    STAMP.write_text(json.dumps(fingerprint(), indent=1), encoding="utf-8")
    say(f"environment ready in {time.monotonic() - started:.0f} s")
    # The demo would do it at its first start; it is no reason to fail here.
    subprocess.run(
        [str(venv_python()), "-m", "pitwall", "demo-prepare"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def quiet(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run a command without its output, unless it fails: then show the end of it and leave."""
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        say("\n".join(done.stdout.splitlines()[-30:]))
        give_up(f"failed with exit code {done.returncode}: {' '.join(command)}")


@contextlib.contextmanager
def one_setup_at_a_time() -> Iterator[None]:
    """Hold a lock on the checkout, so that two terminals do not build `.venv` at once."""
    with open(ROOT / ".venv-setup.lock", "a+", encoding="ascii") as guard:
        if os.name == "nt":
            import msvcrt

            guard.seek(0)
            msvcrt.locking(guard.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(guard, fcntl.LOCK_EX)
        yield  # closing the file lets go of the lock
