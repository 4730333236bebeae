"""Who gives way to the window: what loads history and the writer, and nobody else."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from pitwall.address import CloudAddress
from pitwall.run import Run
from pitwall.runtime import give_way
from pitwall.runtime.priority import ASIDE
from pitwall.store import Recording, load
from pitwall.stream import ThreadPool
from tests.unit.turbo.rig import SESSION

linux = pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@linux
def test_only_the_calling_thread_gives_way() -> None:
    before, seen = niceness(), []

    def aside() -> None:
        give_way()
        seen.append(niceness())

    thread = threading.Thread(target=aside, name="aside")
    thread.start()
    thread.join(60)
    assert seen == [min(before + ASIDE, 19)]
    assert niceness() == before


@linux
@pytest.mark.parametrize("beside", [False, True])
def test_loaders_and_the_writer_give_way_beside_a_window(beside: bool, tmp_path: Path) -> None:
    recording = Recording.create(tmp_path / "s.pitwall", SESSION)
    clients: Any = type("Clients", (), {"close": lambda self: None})()
    run = Run(
        recording, load(recording), "test", clients=clients, address=CloudAddress("table", "bucket")
    )
    here, interval = niceness(), sys.getswitchinterval()
    run.start(beside_window=beside)
    try:
        assert (sys.getswitchinterval() < interval) is beside
        found: dict[str, int] = {}
        found_free: dict[str, int] = {}
        pools: list[ThreadPool[int]] = []
        for name in ("pitwall-archive", "pitwall-archive-list", "pitwall-stream-io"):
            pool: Any = run._pool(name, 4)
            pool.start()
            found_free[name] = pool.free()
            pools.append(pool)
            pool.put("x", niceness)
            while not (done := pool.take()):
                pool.wait(0.25)
            found[name] = done[0].value
        for thread in threading.enumerate():
            if thread.name == "pitwall-writer":
                assert thread.native_id is not None
                found["writer"] = os.getpriority(os.PRIO_PROCESS, thread.native_id)
    finally:
        for pool in pools:
            pool.stop(60)
        run.stop()
        sys.setswitchinterval(interval)
    few = 2 if beside else 4
    assert found_free == {
        "pitwall-archive": few, "pitwall-archive-list": few, "pitwall-stream-io": 4,
    }  # fmt: skip
    low = min(here + ASIDE, 19) if beside else here
    assert found == {
        "pitwall-archive": low, "pitwall-archive-list": low, "pitwall-stream-io": here,
        "writer": low,
    }  # fmt: skip
