"""``pitwall cloud seal``: the sealed laps that a session's producers did not make."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from pitwall.commands import values
from pitwall.commands.answers import print_json, print_lines
from pitwall.commands.cloud.parts import clients_of, cloud_verb
from pitwall.commands.options import add_owner
from pitwall.telemetry import Failure
from pitwall.telemetry.plural import counted


def add(actions: Any) -> None:
    """Add ``seal``."""
    seal = cloud_verb(
        actions, "seal", _seal, "make the sealed laps that a session's producers did not"
    )
    seal.set_defaults(table="pitwall")
    add_owner(seal)
    seal.add_argument(
        "--session",
        type=values.session,
        required=True,
        help="session key, e.g. 2025-09-06-barber-r1",
    )
    seal.add_argument("--car", action="append", default=[], help="only this one; may be repeated")
    seal.add_argument("--dry-run", action="store_true", help="say what would be done")


def _seal(args: argparse.Namespace) -> int:
    from pitwall.cloud.browse import archive_to_write
    from pitwall.cloud.faults import is_denied
    from pitwall.cloud.seal_session import SessionSealer
    from pitwall.stream import ServerClock, SystemTime
    from pitwall.turbo import RawChunks, S3Bucket

    clients = clients_of(args)
    try:
        bucket = args.bucket or archive_to_write(clients, args.table)
        time = SystemTime()
        raw = S3Bucket(lambda: clients.s3, bucket, ServerClock(time), time)
        sealer = SessionSealer(
            clients,
            args.table,
            bucket,
            args.session,
            dry_run=args.dry_run,
            say=(lambda line: None) if args.json else print_lines,
            archive=RawChunks(raw) if bucket else None,
        )
        done = sealer.run(args.car)
    except Failure as failure:
        if not is_denied(failure.__cause__):
            raise
        raise Failure(
            f"{failure}. Sealing needs what `pitwall cloud policy sealer` prints"
        ) from failure
    finally:
        clients.close()
    if args.json:
        left = [{"car": car, "lap": lap, "why": why} for car, lap, why in done.left]
        doc = {"session": args.session, "dry_run": args.dry_run, **asdict(done), "left": left}
        print_json(doc)
        return 0
    would = "would be " if args.dry_run else ""
    print_lines(*(f"left: car {car} lap {lap}: {why}" for car, lap, why in done.left))
    print_lines(
        f"{args.session}: {counted(done.laps, 'lap')} of {counted(done.cars, 'car')}: "
        f"{done.complete} were sealed, {done.sealed} {would}sealed now ({done.again} of them "
        f"again), {len(done.left)} left",
        f"{would}written: {counted(done.items, 'item')}, {counted(done.objects, 'object')} of "
        f"laps, {done.blocks} of blocks, {done.bytes / 1e6:.1f} MB",
    )
    if done.table:
        print_lines(f"the table's chunks were not read: {done.table}")
    if done.from_archive or done.damaged:
        print_lines(
            f"from the raw archive: {counted(done.from_archive, 'chunk')} that the table did not "
            f"give; {counted(done.damaged, 'place')} there could not be read"
        )
    return 0
