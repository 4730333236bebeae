"""``pitwall``, ``demo``, ``live`` and ``open``: the commands that show the window."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from pitwall.commands import values
from pitwall.commands.options import add_cloud, add_owner, add_run, cloud_address, run_options, verb
from pitwall.telemetry import BadInput


def add(verbs: Any) -> None:
    """Add the commands that show the window."""
    demo = verb(verbs, "demo", _demo, "a simulated race through the whole path, on this machine")
    demo.add_argument("--from", dest="source", type=Path, metavar="FILE", help="replay a recording")
    demo.add_argument("--speed", type=values.speed, default=1.0, help="live pace, 1 = real time")
    add_run(demo)
    demo.add_argument("--json", action="store_true", help="print the summary as JSON")

    live = verb(verbs, "live", _live, "join a session in the table: history first, then live")
    live.add_argument(
        "--session",
        type=values.session,
        required=True,
        help="session key, e.g. 2025-09-06-barber-r1",
    )
    add_cloud(live)
    add_owner(live)
    live.add_argument(
        "--kinesis",
        type=values.stream,
        metavar="NAME",
        help="follow this Kinesis stream (name or ARN) in place of the table's own",
    )
    live.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE",
        help="follow plain items of another producer, as this file says how to read them",
    )
    live.add_argument(
        "--table-only",
        action="store_true",
        help="follow by reading the table, without stream and archive, as restricted roles do",
    )
    live.add_argument("--recording", type=Path, metavar="FILE", help="where to keep the session")
    add_run(live)
    live.add_argument("--json", action="store_true", help="print status lines and summary as JSON")

    opening = verb(verbs, "open", _open, "open a recording in the window")
    opening.add_argument("file", type=Path)
    add_run(opening)


def start(args: argparse.Namespace) -> int:
    """`pitwall` alone."""
    from pitwall import app

    return app.run_window()


def _demo(args: argparse.Namespace) -> int:
    from pitwall import demo

    return demo.run(
        demo.DemoOptions(
            source=values.existing(args.source) if args.source else None,
            speed=args.speed,
            run=run_options(args),
            json_out=args.json,
        )
    )


def _live(args: argparse.Namespace) -> int:
    from pitwall import app
    from pitwall.cloud.mapping import load_mapping

    return app.run_live(
        session=args.session,
        cloud=replace(
            cloud_address(args),
            kinesis=args.kinesis or "",
            mapping=None if args.mapping is None else load_mapping(args.mapping),
            table_only=_table_only(args),
        ),
        recording=args.recording,
        options=run_options(args),
        json_out=args.json,
    )


def _table_only(args: argparse.Namespace) -> bool:
    for other in ("kinesis", "mapping"):
        if args.table_only and getattr(args, other) is not None:
            raise BadInput(f"--table-only and --{other}: the one leaves out what the other needs")
    return bool(args.table_only)


def _open(args: argparse.Namespace) -> int:
    from pitwall import app

    return app.run_file(values.existing(args.file), run_options(args))
