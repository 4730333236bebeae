"""Every test that asks for ``backend`` runs over each implementation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract import deviations
from tests.contract.backends import NAMES, Backend, Servers


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Every implementation that runs as a server, until the end of the session."""
    with Servers(tmp_path_factory.mktemp("servers")) as started:
        yield started


@pytest.fixture(scope="session", params=NAMES)
def backend(request: pytest.FixtureRequest, servers: Servers) -> Backend:
    return servers.backend(request.param)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        reason = deviations.BY_MODULE.get(item.path.stem, {}).get(item.name)
        if reason:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
