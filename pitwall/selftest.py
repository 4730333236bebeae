"""`pitwall selftest`: whether this copy of the program works on this machine.

Meant for a frozen build on a stranger's laptop as much as for a developer: each check uses the
part for real (paints, packs, commits) and takes milliseconds. No network, no account, no display.
"""

from __future__ import annotations

import gzip
import importlib
import json
import os
import pkgutil
import platform
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import pitwall
from pitwall.telemetry import Channel, Failure, Group, decode, encode
from pitwall.telemetry.plural import counted
from pitwall.telemetry.resources import resource_path

READER_S = 20.0
"""A child process that has not answered by then does not."""


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check.

    Attributes:
        name: what was checked, one word.
        ok: whether it works.
        detail: what was found, or what is wrong.
        ms: how long it took, milliseconds.
    """

    name: str
    ok: bool
    detail: str
    ms: float


def run(json_out: bool) -> int:
    """Carry out every check and report; returns 0 when all is well, else 1."""
    # A check of the installation needs no display, and must not fail for a broken one.
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    checks = []
    for name, body in CHECKS.items():
        check = carry_out(name, body)
        checks.append(check)
        if not json_out:
            verdict = "ok   " if check.ok else "fault"
            sys.stdout.write(f"{verdict} {name:<13} {check.detail} ({check.ms:.0f} ms)\n")
            sys.stdout.flush()
    ok = all(check.ok for check in checks)
    if json_out:
        report = {
            "ok": ok,
            "version": pitwall.__version__,
            "frozen": bool(getattr(sys, "frozen", False)),
            "python": platform.python_version(),
            "system": platform.platform(),
            "checks": [asdict(check) for check in checks],
        }
        sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    else:
        faults = sum(not check.ok for check in checks)
        sys.stdout.write(f"{len(checks)} checks, {faults or 'no'} fault{'s' * (faults != 1)}\n")
    return 0 if ok else 1


def carry_out(name: str, body: Callable[[], str]) -> Check:
    """Run one check; whatever it raises is its fault, never the end of the self-test."""
    started = time.perf_counter()
    try:
        detail, ok = body(), True
    except Exception as error:  # noqa: BLE001 - a check finds out what breaks, of any kind
        detail, ok = f"{type(error).__name__}: {error}", False
    return Check(name, ok, detail, round((time.perf_counter() - started) * 1e3, 1))


def expect(condition: object, fault: str) -> None:
    """Raise a Failure that says ``fault`` unless the condition holds."""
    if not condition:
        raise Failure(fault)


# ---------------------------------------------------------------------------------- the checks


def check_resources() -> str:
    """The files that ship with the program are found."""
    # A licence beside a font, or the table that belongs to a track, is none itself.
    kinds = {"fonts": (".otf", ".ttf"), "themes": (".toml",), "tracks": (".toml",)}
    parts = []
    for folder, endings in kinds.items():
        files = list(resource_path(folder).iterdir())
        count = sum(file.suffix.lower() in endings for file in files)
        expect(count, f"resources/{folder} has none: install this copy anew")
        parts.append(counted(count, folder.removesuffix("s")))
    return ", ".join(parts)


def check_modules() -> str:
    """Every module of the program imports: a frozen build may have left one out."""
    skipped = {"pitwall.__main__"}
    found = pkgutil.walk_packages(pitwall.__path__, "pitwall.")
    names = [module.name for module in found if module.name not in skipped]
    expect(names, "no modules are found in this build")
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever a module raises, its name is what helps
            raise Failure(f"{name} does not import: {type(error).__name__}: {error}") from error
    return f"{len(names)} modules import"


def check_numbers() -> str:
    """The number library's compiled parts load and add up."""
    product = np.eye(3) @ np.arange(9.0).reshape(3, 3)
    expect(float(product.sum()) == 36.0, f"numpy {np.__version__} gives a wrong product")
    return f"numpy {np.__version__}"


def check_payload() -> str:
    """A packed payload (steps, deltas, zstd) comes back as it went in."""
    group = Group("pos", 100.0, 250_000, (Channel("speed", "m/s", 0.01, 0.0, 120.0),))
    t = np.arange(1000, dtype=np.int64) * 10_000
    values = np.round(40 + 20 * np.sin(t / 1e6), 2)[None, :]
    packed = encode(t, values, group, 1)
    back = decode(packed, group, 1)
    expect(np.array_equal(back.t, t), "sample times do not survive packing")
    expect(np.allclose(back.values, values, atol=0.005), "values do not survive packing")
    return f"{len(packed) / len(t):.2f} bytes a sample"


def check_gzip() -> str:
    """Archive objects can be inflated, and by the fast library."""
    from isal import isal_zlib

    original = b'{"n":1}\n' * 4096
    inflated = isal_zlib.decompress(gzip.compress(original), wbits=31)
    expect(inflated == original, "gzip data does not survive inflating")
    return "isal"


def check_sqlite() -> str:
    """SQLite has what a recording needs: write-ahead log and strict tables."""
    with (
        tempfile.TemporaryDirectory(prefix="pitwall-") as folder,
        closing(sqlite3.connect(Path(folder) / "check.pitwall")) as db,
    ):
        mode = db.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        expect(mode == "wal", f"the temporary folder's file system allows only journal '{mode}'")
        db.execute("CREATE TABLE one (n INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT")
        with db:
            db.execute("INSERT INTO one VALUES (?, ?)", (1, b"\x00\xff"))
        expect(db.execute("SELECT body FROM one").fetchone()[0] == b"\x00\xff", "a row is lost")
    return f"sqlite {sqlite3.sqlite_version}, wal, strict"


def check_temporary_folder() -> str:
    """The temporary folder can be written."""
    with tempfile.NamedTemporaryFile(prefix="pitwall-") as file:
        file.write(b"pitwall")
        file.flush()
        expect(os.stat(file.name).st_size == 7, "a written file is not as long as it should be")
    return tempfile.gettempdir()


def check_clock() -> str:
    """The monotonic clock never goes back, is fine enough, and the wall clock is plausible."""
    readings = [time.monotonic_ns() for _ in range(2000)]
    steps = [later - earlier for earlier, later in zip(readings, readings[1:], strict=False)]
    expect(min(steps) >= 0, "the monotonic clock goes back")
    # Windows counts it in ticks of 15.6 ms: no ages, only durations, are taken from it there.
    resolution = time.get_clock_info("monotonic").resolution
    expect(resolution <= 0.02, f"the monotonic clock moves in steps of {resolution} s")
    expect(time.gmtime().tm_year >= 2025, "this machine's date is wrong: set the clock")
    return f"monotonic, resolution {resolution * 1e9:.0f} ns"


def check_cloud() -> str:
    """The cloud's service descriptions and certificate authorities are in this copy."""
    from pitwall.cloud.service_models import service_api_versions, trusted_certificates

    services = service_api_versions()
    authorities = trusted_certificates()
    expect(authorities, "no certificate authorities: secure connections would all fail")
    return f"{', '.join(services)}; {authorities} certificate authorities"


def check_readers() -> str:
    """Processes that fetch an archive, read its plain records and unpack its sealed laps start,
    answer and end: in a frozen build they are this program again, by verbs of their own."""
    from pitwall.cloud.mapping import PlainMapping
    from pitwall.cloud.signed import SignedGet
    from pitwall.telemetry import Catalog
    from pitwall.turbo.fetch_child import FetchChildren
    from pitwall.turbo.plain_child import PlainChildren
    from pitwall.turbo.unpack_child import UnpackChildren

    group = Group("car", 1.0, 1_000_000, (Channel("v", "m/s", 0.01, 0.0, 120.0),))
    names = ("time", "car", "")
    catalog = Catalog((group,))
    plain = PlainChildren(PlainMapping("", *names, 1e6, {}, catalog, ("v",), True), 1)
    unpacking = UnpackChildren(1)
    fetching = FetchChildren(1)

    def end() -> None:
        plain.close()
        unpacking.close()
        fetching.close()

    limit = threading.Timer(READER_S, end)
    limit.name, limit.daemon = "pitwall-selftest-limit", True
    limit.start()
    records = b"".join(b'{"time": %d, "car": "7", "v": 1.5}\n' % t for t in (1_757_000_000,) * 2)
    payload = encode(np.arange(3) * 1_000_000, np.array([[1.0, 2.0, 3.0]]), group, catalog.version)
    # Nobody is there: that nothing can be fetched is the process's own answer.
    nowhere = SignedGet("http://127.0.0.1:1/", {}, "")
    try:
        bodies, reason = fetching.fetch([nowhere], 1)
        parts = plain.read([gzip.compress(records)])
        _, samples, _ = unpacking.decode_many(
            [payload], group, catalog.version, np.dtype(np.float32)
        )
    finally:
        limit.cancel()
        end()
    expect([len(part.times) for part in parts.parts] == [1], "a reader gives something else")
    expect(samples.values.tolist() == [[1.0, 2.0, 3.0]], "unpacking gives something else")
    expect(not unpacking.failed, "an unpacking process did not answer")
    expect(bodies == [None] and bool(reason), "a fetching process answers something else")
    return "child processes fetch, read and unpack"


def check_stack() -> str:
    """The stack's template can be made: it carries the archiver's own text."""
    from pitwall.cloud.stack import StackSettings, template_body

    return f"{len(template_body(StackSettings()))} bytes"


def check_stream_start() -> str:
    """How a stream can be joined. Both ways work; the second costs de-duplication."""
    from pitwall.cloud.service_models import stream_starts_at_timestamp

    return "AT_TIMESTAMP" if stream_starts_at_timestamp() else "TRIM_HORIZON only"


def check_qt() -> str:
    """A window can be painted, as seen in its pixels."""
    from pitwall.ui.qt import QtCore, QtGui, QtWidgets, make_application

    application = make_application()
    widget = QtWidgets.QLabel()
    widget.setStyleSheet("background: #12ab34")
    widget.resize(32, 32)
    seen = widget.grab().toImage().pixelColor(16, 16)
    widget.deleteLater()
    expect(seen == QtGui.QColor("#12ab34"), f"a green widget is painted {seen.name()}")
    return f"Qt {QtCore.qVersion()}, drawn {application.platformName()}"


def check_fonts() -> str:
    """The program's own fonts load."""
    from pitwall.ui.fonts import MONO, SANS, load_fonts
    from pitwall.ui.qt import make_application

    make_application()
    loaded = load_fonts()
    for family in (SANS, MONO):
        expect(family in loaded, f"the font {family} does not load")
    return ", ".join(loaded)


CHECKS: dict[str, Callable[[], str]] = {
    "resources": check_resources,
    "modules": check_modules,
    "numbers": check_numbers,
    "payload": check_payload,
    "gzip": check_gzip,
    "sqlite": check_sqlite,
    "temp": check_temporary_folder,
    "clock": check_clock,
    "cloud": check_cloud,
    "readers": check_readers,
    "stack": check_stack,
    "stream-start": check_stream_start,
    "qt": check_qt,
    "fonts": check_fonts,
}
