"""A stand-in with a few sessions, and dialogs over it, for the tests of connecting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pitwall.cloud import head_item, list_sessions, make_clients, read_heads, session_item
from pitwall.cloud.access import Place, policy_for
from pitwall.cloud.local.process import StandIn
from pitwall.telemetry.clock import SECOND_US, now_us

LIVE = "2026-01-31-test-r1"
ENDED = "2026-01-30-test-q1"
OTHERS = ("2026-01-29-other-p2", "2026-01-29-other-p1")


@contextmanager
def few_sessions() -> Iterator[StandIn]:
    """A running stand-in; the live session's heads are as old as it is."""
    spec = {"cars": 2, "seconds_history": 60, "stream_s": 30, "session": LIVE}
    with StandIn.start(seed_spec=spec, firehose_interval_s=5) as running:
        clients = make_clients(running.endpoint)
        client = clients.dynamodb
        base = list_sessions(client, "pitwall")[0]
        head = read_heads(client, "pitwall", LIVE)[0]
        for days, key in enumerate((ENDED, *OTHERS), start=1):
            t = now_us() - (days * 86_400 + 3600) * SECOND_US
            session = replace(base, key=key, started_us=t, title=f"Test {key[-2:]}")
            client.put_item(TableName="pitwall", Item=session_item(session))
            one = replace(head, session=key, t=t, lap=10 + days, ended=key == ENDED)
            client.put_item(TableName="pitwall", Item=head_item(one))
        clients.close()
        yield running


def beat(running: StandIn) -> None:
    """A sign of life of the live session, now."""
    clients = make_clients(running.endpoint)
    head = read_heads(clients.dynamodb, "pitwall", LIVE)[0]
    clients.dynamodb.put_item(TableName="pitwall", Item=head_item(replace(head, t=now_us())))
    clients.close()


POLICIES = {
    "ENGINEER": policy_for("engineer", Place()),
    "INSTALLER": policy_for("installer", Place()),
}
