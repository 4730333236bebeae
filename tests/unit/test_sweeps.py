"""Where sweeps run: this process, local ones, a cluster that the team owns."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from pitwall.prerace import shipped_vehicle, with_values
from pitwall.prerace.sweep import PORTION, Here, sweep
from pitwall.sweeps import sweep_executor
from pitwall.telemetry import BadInput, Failure
from tests.unit.prerace.makes import road_course

TRACK = road_course(1)


class FakeCluster:
    """A scheduler's client as far as it is used."""

    made: list[FakeCluster]

    def __init__(self, address, timeout):
        if "gone" in address:
            raise OSError("nobody there")
        self.address, self.timeout, self.closed = address, timeout, False
        self.made.append(self)

    def get_executor(self):
        return Here()

    def close(self):
        self.closed = True


@pytest.fixture
def cluster(monkeypatch):
    FakeCluster.made = []
    module = ModuleType("distributed")
    module.Client = FakeCluster
    monkeypatch.setitem(sys.modules, "distributed", module)
    return FakeCluster.made


def test_a_cluster_is_asked_by_its_address_and_let_go(cluster):
    with sweep_executor(dask="tcp://pit:8786") as executor:
        assert list(executor.map(abs, [-1, 2])) == [1, 2]
        assert not cluster[0].closed
    assert cluster[0].address == "tcp://pit:8786"
    assert cluster[0].timeout > 0, "waits with a limit"
    assert cluster[0].closed


def test_a_cluster_is_let_go_after_a_mistake_too(cluster):
    with pytest.raises(BadInput), sweep_executor(dask="tcp://pit:8786") as executor:
        sweep([], TRACK, None, executor)
    assert cluster[0].closed


def test_no_scheduler_and_no_library_are_one_line_each(cluster, monkeypatch):
    with (
        pytest.raises(Failure, match="no scheduler answers .nobody there"),
        sweep_executor(dask="tcp://gone:1"),
    ):
        pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(Failure, match="install pitwall with its extra 'dask'"),
        sweep_executor(dask="tcp://pit:8786"),
    ):
        pass


@pytest.mark.parametrize(("processes", "dask"), [(2, "tcp://pit:8786"), (-1, None), (999, None)])
def test_what_cannot_be(processes, dask):
    with pytest.raises(BadInput, match="--processes"), sweep_executor(processes, dask):
        pass


def test_a_real_cluster_gives_the_same_numbers_bit_for_bit():
    distributed = pytest.importorskip("distributed", reason="the extra 'dask' is not installed")
    base = shipped_vehicle("road-cup")
    cars = [with_values(base, {"mass_kg": base.mass_kg + k}) for k in range(PORTION + 3)]
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        sweep_executor(dask=cluster.scheduler_address) as executor,
    ):
        there = sweep(cars, TRACK, None, executor)
    here = sweep(cars, TRACK)
    assert np.array_equal(there.time_s, here.time_s)
    assert np.array_equal(there.speed_ms, here.speed_ms)
