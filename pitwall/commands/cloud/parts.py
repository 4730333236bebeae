"""What the cloud's commands have in common: the connection, and the names that are meant."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pitwall.commands.options import Handler, add_cloud, verb

if TYPE_CHECKING:
    from pitwall.cloud import Clients
    from pitwall.cloud.access import Place


def cloud_verb(actions: Any, name: str, handler: Handler, text: str) -> argparse.ArgumentParser:
    """Add one of the cloud's commands, with connection, stack and ``--json``."""
    parser = verb(actions, name, handler, text)
    add_cloud(parser)
    parser.set_defaults(table=None, bucket=None)
    parser.add_argument("--stack", default="pitwall", help="name of the stack")
    parser.add_argument("--json", action="store_true")
    return parser


def clients_of(args: argparse.Namespace) -> Clients:
    """Clients of profile, region and endpoint as given, which know whose the bucket has to be."""
    from pitwall.cloud import make_clients
    from pitwall.cloud.access import Place

    clients = make_clients(args.endpoint_url, args.profile, args.region)
    if args.bucket:
        owner = getattr(args, "bucket_owner", None) or ""
        clients.expect_owner(args.bucket, owner, args.table or Place().table)
    return clients


def place_of(args: argparse.Namespace, account: str, region: str) -> Place:
    """Names as given, the stack's defaults where nothing is."""
    from pitwall.cloud.access import Place, partition_of
    from pitwall.cloud.stack import BUCKET_START, bucket_of

    known = account not in ("", "*") and region not in ("", "*")
    return Place(
        args.table or "pitwall",
        args.bucket or (bucket_of(account, region) if known else BUCKET_START),
        args.kinesis or "",
        args.stack,
        account or "*",
        region or "*",
        partition_of(region),
    )
