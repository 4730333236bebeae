"""The developer's door on machines that lack something."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import bootstrap
import pytest

ROOT = Path(__file__).resolve().parents[3]
DOOR = ROOT / "packaging" / "dev.py"


def door(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the door as a user does."""
    return subprocess.run(
        [sys.executable, str(DOOR), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_names_every_verb() -> None:
    shown = door("--help")
    assert shown.returncode == 0
    for verb in ("setup", "demo", "run", "test", "bench", "freeze", "lock"):
        assert f"dev.py {verb}" in shown.stdout


def test_unknown_verb_is_one_line_and_exit_2() -> None:
    wrong = door("polish")
    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert wrong.stderr.count("\n") == 1
    assert "no verb 'polish'" in wrong.stderr


def test_without_root_the_exact_line_to_run_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "is_root", lambda: False)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(SystemExit) as left:
        bootstrap.install_system_packages(["libegl1", "python3-venv"])
    assert left.value.code == 1
    line = "sudo apt-get install -y --no-install-recommends libegl1 python3-venv\n"
    assert line in capsys.readouterr().err


def test_without_apt_the_missing_names_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit):
        bootstrap.install_system_packages(["libegl1"])
    assert "libegl1" in capsys.readouterr().err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux has the shared libraries")
def test_a_missing_library_is_named_by_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "can_load", lambda soname: soname != "libEGL.so.1")
    monkeypatch.setattr(bootstrap, "missing_venv_package", lambda: [])
    assert bootstrap.missing_system_packages() == ["libegl1"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux has the shared libraries")
def test_display_libraries_are_not_asked_of_a_user_without_a_display(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bootstrap, "can_load", lambda soname: False)
    monkeypatch.setattr(bootstrap, "is_root", lambda: False)
    monkeypatch.setattr(bootstrap, "missing_venv_package", lambda: [])
    monkeypatch.delenv("DISPLAY", raising=False)
    assert "libxcb-cursor0" not in bootstrap.missing_system_packages()
    monkeypatch.setenv("DISPLAY", ":0")
    assert "libxcb-cursor0" in bootstrap.missing_system_packages()


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ({"ID": "debian", "VERSION_ID": "12"}, "libglib2.0-0"),
        ({"ID": "debian", "VERSION_ID": "13"}, "libglib2.0-0t64"),
        ({"ID": "debian"}, "libglib2.0-0t64"),
        ({"ID": "ubuntu", "VERSION_ID": "22.04"}, "libglib2.0-0"),
        ({"ID": "ubuntu", "VERSION_ID": "24.04"}, "libglib2.0-0t64"),
        ({"ID": "mint", "VERSION_ID": "21"}, "libglib2.0-0"),
        ({}, "libglib2.0-0"),
    ],
)
def test_renamed_packages(
    monkeypatch: pytest.MonkeyPatch, release: dict[str, str], name: str
) -> None:
    monkeypatch.setattr(bootstrap, "os_release", lambda: release)
    assert bootstrap.modern_name("libglib2.0-0") == name
    assert bootstrap.modern_name("libegl1") == "libegl1"


def test_python_cut_into_packages_needs_the_venv_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    (package,) = bootstrap.missing_venv_package()
    assert package in ("python3-venv", f"python3.{sys.version_info[1]}-venv")


def test_too_old_a_python_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "OLDEST_PYTHON", (99, 0))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit) as left:
        bootstrap.require_python()
    assert left.value.code == 1
    assert "Python 3.11 or newer" in capsys.readouterr().err


def test_a_changed_lock_makes_the_environment_stale(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.touch()
    lock = tmp_path / "requirements.lock"
    lock.write_text("one==1\n", encoding="utf-8")
    monkeypatch.setattr(bootstrap, "LOCK", lock)
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp.json")
    monkeypatch.setattr(bootstrap, "venv_python", lambda: python)
    assert not bootstrap.is_current()
    bootstrap.STAMP.write_text(bootstrap.json.dumps(bootstrap.fingerprint()), encoding="utf-8")
    assert bootstrap.is_current()
    lock.write_bytes(b"one==1\r\n")  # a checkout on Windows changes nothing
    assert bootstrap.is_current()
    lock.write_text("one==2\n", encoding="utf-8")
    assert not bootstrap.is_current()


def test_a_failing_command_shows_its_last_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        bootstrap.quiet([sys.executable, "-c", "print('no such package'); raise SystemExit(3)"])
    assert left.value.code == 1
    shown = capsys.readouterr().err
    assert "no such package" in shown
    assert "failed with exit code 3" in shown
