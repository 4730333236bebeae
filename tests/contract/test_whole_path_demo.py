"""`pitwall demo` as a newcomer runs it without a display, with a shorter history."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QImage

from tests.soak.race import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SECONDS = 20
KEYS: dict[str, dict[str, type] | type | tuple[type, ...]] = {
    "cars": int,
    "laps": int,
    "time_to_history_s": float,
    "chunks": {"archive": int, "stream": int, "repair": int},
    "ledger": {
        "expected": int,
        "applied": int,
        "duplicates": int,
        "repaired": int,
        "quarantined": int,
        "missing": int,
    },
    "shards": int,
    "rotations": int,
    "frame_ms": {"p50": float, "p95": float},
    "latency_ms": {"p50": float, "p95": float},
    "screenshot": str,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    temporary = folder / "tmp"
    temporary.mkdir()
    env |= {"XDG_CACHE_HOME": str(folder / "cache"), "TMPDIR": str(temporary)}
    words = ["--seconds", str(SECONDS), "--json", "--screenshot", str(folder / "demo.png")]
    return subprocess.run(
        [sys.executable, "-m", "tests.soak.small_demo", *words],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.fixture
def summary(demo: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert demo.returncode == 0, demo.stderr
    doc: dict[str, Any] = json.loads(demo.stdout)
    return doc


def test_the_summary_has_its_keys_and_types(summary: dict[str, Any]) -> None:
    for key, wanted in KEYS.items():
        if isinstance(wanted, dict):
            for name, kind in wanted.items():
                assert type(summary[key][name]) is kind, (key, name, summary[key])
        else:
            assert type(summary[key]) is wanted, (key, summary[key])


def test_nothing_is_missing_and_every_leg_carried(summary: dict[str, Any]) -> None:
    ledger, chunks = summary["ledger"], summary["chunks"]
    assert ledger["missing"] == 0
    assert ledger["quarantined"] == 0
    assert ledger["expected"] == ledger["applied"] == sum(chunks.values())
    assert min(chunks[leg] for leg in ("archive", "stream", "repair")) > 0
    assert ledger["repaired"] >= 1
    assert ledger["duplicates"] >= 1
    assert summary["rotations"] >= 1
    assert summary["shards"] >= 8
    assert summary["cars"] == 8
    assert summary["laps"] >= 8
    assert summary["state"] == "live"
    assert 0 < summary["time_to_history_s"] <= summary["time_to_live_s"] < SECONDS
    for name in ("frame_ms", "latency_ms"):
        assert 0 < summary[name]["p50"] <= summary[name]["p95"]


def test_the_moment_of_the_picture_is_told(summary: dict[str, Any]) -> None:
    moment = summary["moment"]
    assert moment["car"] in {car["car"] for car in moment["order"]}
    assert len(moment["order"]) == summary["cars"]
    assert [car["position"] for car in moment["order"]] == list(range(1, 9))
    assert moment["laps"][-1]["time_s"] is None
    speed = next(one for one in moment["channels"] if one["channel"] == "speed")
    assert speed["unit"] == "m/s"
    assert 0 <= speed["value"] < 100
    ledger = moment["ledger"]
    assert ledger["applied"] + ledger["missing"] <= ledger["expected"]
    assert ledger["expected"] <= summary["ledger"]["expected"]


def test_the_picture_shows_a_race(summary: dict[str, Any], folder: Path) -> None:
    assert summary["screenshot"] == str(folder / "demo.png")
    image = QImage(summary["screenshot"]).convertToFormat(QImage.Format.Format_RGB32)
    assert image.width() >= 1200
    assert image.height() >= 700
    raw = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    colours, counts = np.unique(raw[:, : image.width()], return_counts=True)
    # cars, traces, text and map: many colours, and no single one everywhere
    assert len(colours) > 200
    assert counts.max() < 0.9 * counts.sum()
    # every part of the window shows something
    parts = [
        part[:, : image.width()]
        for band in np.array_split(raw, 3)
        for part in np.array_split(band, 3, axis=1)
    ]
    assert all(len(np.unique(part)) > 10 for part in parts)


def test_a_line_for_each_thing_that_happens(demo: subprocess.CompletedProcess[str]) -> None:
    expected: list[str] = [
        "no display",
        r"stops after 20 s",
        "building the demo race",
        "goes on live",
        "joined .*: 8 cars, ",
        r"archive read: [\d,]+ chunks with repeats, \d+ objects",
        r"history complete in [\d.]+ s",
        r"live after [\d.]+ s, 0 chunks missing",
    ]
    lines = demo.stderr.splitlines()

    def found(wanted: str) -> list[str]:
        return [line for line in lines if re.search(wanted, line)]

    for wanted in (*expected, "rotation survived", "repaired"):
        assert found(wanted), (wanted, demo.stderr)
    order = [lines.index(found(wanted)[0]) for wanted in expected]
    assert order == sorted(order)
    assert all(re.match(r" *\d+\.\d s  \S", line) for line in lines), demo.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="looks where Linux keeps things")
def test_nothing_is_left_behind(demo: subprocess.CompletedProcess[str], folder: Path) -> None:
    assert demo.returncode == 0
    assert list((folder / "tmp").iterdir()) == []
    # the packed race, for a quicker start next time
    assert len(list((folder / "cache").rglob("race-*.log"))) == 1
    running = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ends while we look
            running.append(line.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    assert running
    assert not any(str(folder) in line for line in running)
