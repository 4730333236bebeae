"""The demo's cars: goes on publishing where the seeded history ends.

A process of its own that is given URLs and the name of the race, and nothing else: what the
table already holds it reads from the table's heads.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import threading
from collections.abc import Sequence

from pitwall.cloud.clients import make_clients
from pitwall.cloud.feed import live_chunks
from pitwall.cloud.local.seed_spec import open_feed, parse_spec
from pitwall.cloud.publisher import publish
from pitwall.cloud.query import read_heads, read_session
from pitwall.telemetry import BadInput
from pitwall.telemetry.clock import now_us


def main(argv: Sequence[str] | None = None) -> int:
    """Publish until the race is over, stdin closes or SIGTERM; returns the exit code.

    Raises BadInput or Failure in one line.
    """
    args = _parser().parse_args(argv)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    if not args.stay:
        threading.Thread(
            target=_end_with_parent, args=(stop,), name="demo-publisher-parent", daemon=True
        ).start()
    spec = parse_spec(
        {"seed": args.seed, "cars": args.cars, "from": args.source, "session": args.session}
    )
    feed = open_feed(spec)
    clients = make_clients(args.endpoint_url)
    session = read_session(clients.dynamodb, args.table, args.session)
    if session.catalog != feed.catalog:
        raise BadInput(f"{args.session}: the table holds this session with other channels")
    heads = read_heads(clients.dynamodb, args.table, args.session)
    publish(
        live_chunks(feed, session, args.epoch, heads),
        session,
        clients,
        args.table,
        args.bucket,
        speed=args.speed,
        # Event time is wall time, so that lag means something; what passed meanwhile is caught up.
        start_us=now_us() if args.speed == 1.0 else max((h.t for h in heads), default=None),
        resume=heads,
        stop=stop,
        # Nobody drives on when the demo is over.
        stop_ends=True,
    )
    clients.close()
    return 0


def _end_with_parent(stop: threading.Event) -> None:
    # The descriptor, not sys.stdin: its lock, held here, would abort an end by SIGTERM.
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    stop.set()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pitwall demo-publisher")
    parser.add_argument("--endpoint-url", required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--bucket", default="")
    parser.add_argument("--session", required=True)
    parser.add_argument("--epoch", default="demo1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cars", type=int, default=8)
    parser.add_argument("--from", dest="source")
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--stay", action="store_true", help="do not end when stdin closes")
    return parser
