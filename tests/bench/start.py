"""Milliseconds from starting the process to the first useful picture.

Ours: ``pitwall`` to its start window, where recordings, sessions and the demo are chosen; and
``pitwall open`` to the traces of a recorded race. Baseline: what a program of the usual make does
before it shows anything: boto3 with clients for the services that we use, then a pyqtgraph window
of twelve plots. Beside it the same without boto3, and Qt with an empty widget, which nobody gets
below. Each is a process of its own, started in turn; its time ends when what is to be seen has been
painted. All keep their bytecode, as what is installed or frozen does: where Python is told to write
none, sources beside a checkout would be compiled anew by each start, and only ours.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pitwall.cloud.chunking import chunk_samples
from pitwall.cloud.local.field import make_field
from pitwall.store import Batch, Recording, Source
from pitwall.telemetry import Series, Session
from tests.bench.harness import ROOT, Result, spread

RACE_S, CARS = 330.0, 3
ROUNDS = 7
LIMIT_S = 60.0
T0 = 1_757_180_461_000_000
CHILDREN = ("recording", "start", "eager", "pyqtgraph", "empty")


def run() -> Result:
    """A race of three cars and five and a half minutes, packed as closed recordings are."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "race.pitwall"
        record(path)
        figures: dict[str, list[float]] = {child: [] for child in CHILDREN}
        # The first round warms the disk's cache for all of them; then in turn, so that whatever
        # else the machine does meets all alike.
        for lap in range(ROUNDS + 1):
            for child, found in figures.items():
                ms = started(child, path, Path(folder))
                if lap:
                    found.append(ms)
    median = {child: statistics.median(found) for child, found in figures.items()}
    return Result(
        {
            "recording open, traces painted, ms": spread(figures["recording"], 1),
            "start window painted, ms": spread(figures["start"], 1),
        },
        {
            "boto3 clients made eagerly, then pyqtgraph with 12 plots": {
                "painted, ms": spread(figures["eager"], 1)
            },
            "pyqtgraph with 12 plots alone": {"painted, ms": spread(figures["pyqtgraph"], 1)},
            "Qt with an empty widget": {"painted, ms": spread(figures["empty"], 1)},
        },
        {
            "vs_eager_pyqtgraph": median["start"] / median["eager"],
            "vs_pyqtgraph": median["start"] / median["pyqtgraph"],
            "vs_empty": median["start"] / median["empty"],
            "recording_vs_eager_pyqtgraph": median["recording"] / median["eager"],
            "recording_vs_pyqtgraph": median["recording"] / median["pyqtgraph"],
        },
    )


def record(path: Path) -> None:
    """A race driven by the demo's field, with its laps packed."""
    field = make_field(1, RACE_S, CARS)
    session = Session("2025-09-06-bench-start", "Start", field.catalog, T0, RACE_S, simulated=True)
    chunks = []
    for car in field.cars:
        for group in field.catalog.groups:
            samples = field.samples(car.number, group.name)
            chunks += chunk_samples(
                Series(session.key, car.number, group.name, "a1"),
                group,
                samples.t_us + T0,
                samples.values,
                samples.lap.astype("int64"),
                field.catalog.version,
                origin_us=T0,
            )
    chunks.sort(key=lambda one: one.t_lo)
    with Recording.create(path, session) as recording:
        recording.apply(Batch(Source.ARCHIVE, tuple(chunks), received_us=T0))
        recording.compact()


def started(child: str, path: Path, home: Path) -> float:
    """Milliseconds from the start of a process to its first useful paint."""
    env = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "DISPLAY": os.environ.get("DISPLAY", ":0"),  # the start window wants one; Qt is told not to
        "XDG_DATA_HOME": str(home),
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPYCACHEPREFIX": str(home / "bytecode"),
    }
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.start_child", child, str(path)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    for line in done.stdout.splitlines():
        if line.startswith("painted "):
            return (float(line.split()[1]) - begun) * 1000
    raise AssertionError(f"{child} painted nothing: {done.stderr.strip()[-400:]}")
