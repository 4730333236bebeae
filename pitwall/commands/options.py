"""How a command is put among the others, and the options that several have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pitwall.commands import values
from pitwall.telemetry import BadInput

if TYPE_CHECKING:
    from pitwall.address import CloudAddress
    from pitwall.display import RunOptions

Handler = Callable[[argparse.Namespace], int]
"""Does a command's job; returns the exit code."""


def verb(verbs: Any, name: str, handler: Handler, text: str) -> argparse.ArgumentParser:
    """Add the command ``name``; the parser that takes its options."""
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.set_defaults(handler=handler)
    return parser


def add_run(parser: argparse.ArgumentParser) -> None:
    """Options of a command that shows the window."""
    add = parser.add_argument
    add("--seconds", type=values.seconds, help="stop by itself after so many seconds")
    add("--headless", action="store_true", help="no window")
    add("--screenshot", type=Path, metavar="PNG", help="save what the window shows")
    add("--size", type=values.size, metavar="WxH", help="window size, e.g. 1920x1080")
    add(
        "--theme",
        choices=("dark", "sunlight", "contrast"),
        help="default: the one chosen last; dark at first, and where nobody watches",
    )
    add(
        "--workspace",
        choices=("engineer", "driver", "strategy", "debrief"),
        help="which to show first (default: the one shown last)",
    )
    add(
        "--memory",
        type=values.memory,
        metavar="MB",
        help="memory that the session may take; beyond it cars that nobody looks at are read back "
        "from the recording when they are wanted (default: a third of the machine's)",
    )


def run_options(args: argparse.Namespace) -> RunOptions:
    """What :func:`add_run` asked for. Raises BadInput where a picture has no place."""
    from pitwall.display import RunOptions

    picture: Path | None = args.screenshot
    # Now, not when the time is up.
    if picture is not None and (picture.is_dir() or not picture.absolute().parent.is_dir()):
        raise BadInput(f"{picture}: no place for a picture; name a file in an existing folder")
    return RunOptions(
        seconds=args.seconds,
        headless=args.headless,
        screenshot=args.screenshot,
        size=args.size,
        theme=args.theme,
        workspace=args.workspace,
        memory_mb=args.memory,
    )


def add_cloud(parser: argparse.ArgumentParser) -> None:
    """Options of a command that speaks with a table."""
    add = parser.add_argument
    add("--table", default="pitwall", help="name of the table (pitwall)")
    add("--bucket", help="of the archive; the stack's own when left out")
    add("--profile", help="of the AWS configuration; AWS_PROFILE or the default one when left out")
    add("--region", help="e.g. us-east-1; as configured when left out")
    add("--endpoint-url", type=values.url, help="one address for every service (a stand-in)")


def add_owner(parser: argparse.ArgumentParser) -> None:
    """The option of a command that reads or writes a bucket."""
    parser.add_argument(
        "--bucket-owner",
        type=values.account,
        metavar="ACCOUNT",
        help="whose --bucket is, 12 digits; the table's account when left out",
    )


def cloud_address(args: argparse.Namespace) -> CloudAddress:
    """What :func:`add_cloud` and :func:`add_owner` asked for."""
    from pitwall.address import CloudAddress

    return CloudAddress(
        args.table,
        args.bucket,
        args.profile,
        args.region,
        args.endpoint_url,
        bucket_owner=args.bucket_owner or "",
    )
