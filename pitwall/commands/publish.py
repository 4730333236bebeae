"""``pitwall publish``: play a recording into a table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pitwall.commands import values
from pitwall.commands.options import add_cloud, add_owner, cloud_address, verb


def add(verbs: Any) -> None:
    """Add ``publish``."""
    publish = verb(verbs, "publish", _publish, "play a recording into a table")
    publish.add_argument("file", type=Path, help="a recording (*.pitwall)")
    publish.add_argument(
        "--session",
        type=values.session,
        required=True,
        help="as what: <date>-<event>-<name>, 2026-01-31-test-r1 say",
    )
    publish.add_argument(
        "--car", action="append", default=[], help="only this one; may be repeated"
    )
    publish.add_argument(
        "--speed",
        type=values.speed,
        default=1.0,
        metavar="X",
        help="times as fast as it was driven (1); event times begin so much earlier that none lies "
        "ahead of the clock",
    )
    publish.add_argument("--spool", type=Path, metavar="DIR", help="where chunks wait on disk")
    publish.add_argument(
        "--spool-mb",
        type=values.megabytes,
        default=0,
        metavar="N",
        help="that may wait there (512)",
    )
    publish.add_argument(
        "--when-full",
        choices=("wait", "refuse"),
        default="wait",
        help="the recording waits, or publishing ends as a car that cannot wait has to",
    )
    publish.add_argument(
        "--restart", action="store_true", help="begin again, and give up what waits from before"
    )
    publish.add_argument("--json", action="store_true", help="print the figures as JSON")
    add_cloud(publish)
    add_owner(publish)


def _publish(args: argparse.Namespace) -> int:
    from pitwall.publish import PublishOptions, run_publish

    return run_publish(
        values.existing(args.file),
        session=args.session,
        cloud=cloud_address(args),
        options=PublishOptions(
            args.speed,
            args.spool,
            args.spool_mb,
            args.when_full == "refuse",
            args.restart,
            tuple(args.car),
        ),
        json_out=args.json,
    )
