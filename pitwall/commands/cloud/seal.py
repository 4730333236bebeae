"""``pitwall cloud seal``: the sealed laps that a session's producers did not make."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from pitwall.commands.answers import print_json, print_lines
from pitwall.commands.cloud.parts import clients_of, cloud_verb


def add(actions: Any) -> None:
    """Add ``seal``."""
    seal = cloud_verb(
        actions, "seal", _seal, "make the sealed laps that a session's producers did not"
    )
    seal.set_defaults(table="pitwall")
    seal.add_argument("--session", required=True)
    seal.add_argument("--car", action="append", default=[], help="only this one; may be repeated")
    seal.add_argument("--dry-run", action="store_true", help="say what would be done")


def _seal(args: argparse.Namespace) -> int:
    from pitwall.cloud.browse import archive_to_write
    from pitwall.cloud.seal_session import SessionSealer

    clients = clients_of(args)
    try:
        sealer = SessionSealer(
            clients,
            args.table,
            args.bucket or archive_to_write(clients, args.table),
            args.session,
            dry_run=args.dry_run,
            say=(lambda line: None) if args.json else print_lines,
        )
        done = sealer.run(args.car)
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
        f"{args.session}: {done.laps} laps of {done.cars} cars: {done.complete} were sealed, "
        f"{done.sealed} {would}sealed now ({done.again} of them again), {len(done.left)} left",
        f"{would}written: {done.items} items, {done.objects} objects of laps, {done.blocks} of "
        f"blocks, {done.bytes / 1e6:.1f} MB",
    )
    return 0
