"""What every test of the project gets: no display, no left-over threads, the shared recordings."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Before anything imports Qt: a test never opens a window on somebody's screen.
os.environ["QT_QPA_PLATFORM"] = os.environ.get("PITWALL_TEST_PLATFORM", "offscreen")
os.environ["QT_API"] = "pyside6"
# Before anything imports boto3: a test never uses somebody's account, profile or role.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
# A shell's background job is started deaf to Ctrl-C, and so are its children: ours must hear it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest  # noqa: E402 - the environment above comes first
from hypothesis import settings  # noqa: E402
from pytestqt.qtbot import QtBot  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() == "true"

EXAMPLES = 50
"""Of a property that does not say how many; fresh ones with every run of a developer's."""

# A shared machine makes deadlines lie. In CI the examples are the same in every run; elsewhere
# they are fresh, which is how new failures are found.
settings.register_profile(
    "pitwall", deadline=None, derandomize=IN_CI, print_blob=True, max_examples=EXAMPLES
)
settings.load_profile("pitwall")

THREAD_GRACE_S = 20.0
QT_WAIT_MS = 60_000
"""The library's five seconds are a long time for a person, not for a machine that is shared."""
THREADS_OF_OTHERS = (
    "pytest_timeout",  # the watchdog of the test that is running
)


GC_THRESHOLD = (20_000, 20, 20)


def pytest_collection_finish() -> None:
    """What was imported and collected stays until the end: to look through it for garbage again
    and again takes a fifth of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLD)


class PatientBot(QtBot):
    """Waits longer than the library does where a test does not say how long."""

    def waitUntil(self, callback: Any, *, timeout: int = QT_WAIT_MS) -> None:  # noqa: D102, N802
        super().waitUntil(callback, timeout=timeout)

    def waitExposed(self, widget: Any, *, timeout: int = QT_WAIT_MS) -> Any:  # noqa: D102, N802
        return super().waitExposed(widget, timeout=timeout)

    def waitActive(self, widget: Any, *, timeout: int = QT_WAIT_MS) -> Any:  # noqa: D102, N802
        return super().waitActive(widget, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = QT_WAIT_MS, **options: Any) -> Any:  # noqa: D102, N802
        return super().waitSignal(signal, timeout=timeout, **options)


@pytest.fixture
def qtbot(qapp: Any, request: pytest.FixtureRequest) -> QtBot:
    """As the library's, more patient."""
    return PatientBot(request)


@pytest.fixture(autouse=True)
def no_stray_threads() -> Iterator[None]:
    """Fail a test that leaves a thread behind which would keep the program from ending."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + THREAD_GRACE_S
    strays = []
    for thread in set(threading.enumerate()) - before:
        if thread.daemon or thread.name.startswith(THREADS_OF_OTHERS):
            continue
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            strays.append(thread.name)
    if strays:
        pytest.fail(f"threads left running: {', '.join(sorted(strays))}", pytrace=False)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings beside the checkout.

    PITWALL_SHARED_DATA names another place, or `none` where there are none on purpose. In CI a
    missing folder is a failure, so that these tests cannot fall silent.
    """
    given = os.environ.get("PITWALL_SHARED_DATA", "")
    if given == "none":
        pytest.skip("no recordings here: PITWALL_SHARED_DATA is 'none'")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        fault = f"the recordings are not in {folder}; PITWALL_SHARED_DATA can name their folder"
        if IN_CI:
            pytest.fail(fault, pytrace=False)
        pytest.skip(fault)
    return folder
