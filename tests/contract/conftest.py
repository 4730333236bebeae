"""Tests that ask for ``backend`` or ``stream`` run over each implementation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pitwall.turbo import children
from tests.contract import deviations, kinesis
from tests.contract.backends import NAMES, Backend, Servers


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Every implementation that runs as a server, until the end of the session."""
    with Servers(tmp_path_factory.mktemp("servers")) as started:
        yield started


@pytest.fixture(scope="session", params=NAMES)
def backend(request: pytest.FixtureRequest, servers: Servers) -> Backend:
    return servers.backend(request.param)


@pytest.fixture(params=[True, False], ids=["memory", "pipe"])
def memory_or_pipe(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Children hand over what they have as memory without a name, or within their answers."""
    if request.param and not children.SHARES:
        pytest.skip("this system has no memory without a name")
    monkeypatch.setattr(children, "SHARES", request.param)


@pytest.fixture(params=kinesis.NAMES)
def new_stream(request: pytest.FixtureRequest, servers: Servers) -> Callable[..., kinesis.Kinesis]:
    """What makes a new Kinesis stream, of so many shards."""
    return kinesis.each(servers, request.param)


@pytest.fixture
def stream(new_stream: Callable[..., kinesis.Kinesis]) -> kinesis.Kinesis:
    """A new Kinesis stream of a single shard."""
    return new_stream()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        reason = deviations.BY_MODULE.get(item.path.stem, {}).get(item.name)
        if reason:
            run = reason != deviations.NEVER_ANSWERS
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True, run=run))
