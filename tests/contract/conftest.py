"""Every test that asks for ``backend`` runs over each implementation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract import deviations
from tests.contract.backends import NAMES, Backend, client, endpoint_of


@pytest.fixture(scope="session", params=NAMES)
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    name = request.param
    with endpoint_of(name, tmp_path_factory.mktemp(name)) as endpoint:
        yield Backend(name, client("dynamodb", endpoint), client("s3", endpoint))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        reason = deviations.ALL.get(item.name)
        if reason:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
