"""Which cars these credentials may publish, found out before anything of them is written.

A producer's policy is for its own cars only, and a batch is refused as a whole when one row of it
is another's: the service then does not say whose. So one row of each car is tried, with a condition
that never holds: the service says so only to who may write.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from pitwall.cloud import keys
from pitwall.cloud.faults import explain, is_denied
from pitwall.telemetry import Failure
from pitwall.telemetry.plural import counted

NEVER = "attribute_exists(pk) AND attribute_not_exists(pk)"
"""A condition that no item meets."""
_THREADS = 8


def check_cars(client: Any, table: str, session: str, group: str, cars: Sequence[str]) -> None:
    """Raises Failure, which names the cars, when chunks of ``group`` of some may not be written.

    A call that fails otherwise says nothing of permissions, and is left to whoever writes.
    """
    with ThreadPoolExecutor(_THREADS, "pitwall-own-cars") as pool:
        answers = list(pool.map(partial(_refusal, client, table, session, group), cars))
    refused = [(car, error) for car, error in zip(cars, answers, strict=True) if error]
    if not refused:
        return
    others = [car for car, error in zip(cars, answers, strict=True) if error is None]
    names = ", ".join(car for car, _ in refused)
    own = _options(others)
    policy = f"pitwall cloud policy producer {_options(car for car, _ in refused)}"
    todo = f"publish your own with `{own}`, or ask for" if others else "ask for"
    raise Failure(
        f"table {table}: these credentials may not write {counted(len(refused), 'car')} of "
        f"{len(cars)} ({names}), nothing was published: {todo} what `{policy}` prints; "
        f"{explain(refused[0][1])}"
    ) from refused[0][1]


def _options(cars: Iterable[str]) -> str:
    return " ".join(f"--car {shlex.quote(car)}" for car in cars)


def _refusal(client: Any, table: str, session: str, group: str, car: str) -> Exception | None:
    item = {"pk": {"S": keys.chunk_pk(session, group, 0, car)}, "sk": {"S": "probe"}}
    try:
        client.put_item(TableName=table, Item=item, ConditionExpression=NEVER)
    except Exception as error:  # noqa: BLE001 - only a refusal is told here
        return error if is_denied(error) else None
    return None
