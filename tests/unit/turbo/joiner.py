"""A program that joins a session and says a line for everything that happens, until it is killed.

Given URLs and a path, nothing else: ``python -m tests.unit.turbo.joiner ENDPOINT TABLE BUCKET PATH``.
"""  # noqa: E501

from __future__ import annotations

import sys
import threading
from pathlib import Path

from pitwall.cloud.clients import make_clients
from pitwall.cloud.query import list_sessions
from pitwall.store import Writer, open_session
from pitwall.turbo import make_follower


def main() -> None:
    endpoint, table, bucket, path = sys.argv[1:5]
    clients = make_clients(endpoint)
    [session] = list_sessions(clients.dynamodb, table)
    recording, store = open_session(Path(path), session)

    def say(*words: object) -> None:
        sys.stdout.write(" ".join(map(str, words)) + "\n")
        sys.stdout.flush()

    writer = Writer(
        recording, store, commit_every_s=0.05, on_commit=lambda version: say("commit", version)
    )
    follower = make_follower(
        clients,
        table,
        bucket,
        session,
        recording,
        store,
        writer,
        lambda name, details: say("event", name),
    )
    writer.start()
    follower.start()
    threading.Event().wait(60)


if __name__ == "__main__":
    main()
