"""Every test that asks for ``backend`` runs over each implementation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.backends import MOTO_DEVIATIONS, NAMES, Backend, running


@pytest.fixture(scope="session", params=NAMES)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    with running(request.param) as made:
        yield made


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        reason = MOTO_DEVIATIONS.get(item.name)
        if reason:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
