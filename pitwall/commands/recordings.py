"""``pitwall import``, ``info`` and ``laps``: files made a recording, and what is in one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pitwall.commands.answers import print_json, print_lines
from pitwall.commands.options import verb
from pitwall.commands.values import existing


def add(verbs: Any) -> None:
    """Add the commands about recordings."""
    importing = verb(verbs, "import", _import, "make a recording from logger files")
    importing.add_argument("files", type=Path, nargs="+", metavar="FILE")
    importing.add_argument("--out", type=Path, required=True, metavar="S.pitwall")
    importing.add_argument("--session", help="session key, if not from the data")
    importing.add_argument("--title", help="title to show")
    importing.add_argument("--car", help="what to call the car of files that hold one")
    importing.add_argument("--part", help="the one session to take from files that hold several")
    importing.add_argument(
        "--start", metavar="TIME", help="when the session began (ISO), for files without a date"
    )
    importing.add_argument("--json", action="store_true")

    info = verb(verbs, "info", _info, "what a recording holds")
    info.add_argument("file", type=Path)
    info.add_argument("--json", action="store_true")

    laps = verb(verbs, "laps", _laps, "laps of a recording")
    laps.add_argument("file", type=Path)
    laps.add_argument("--car")
    laps.add_argument(
        "--by",
        choices=("gate", "distance", "position", "beacon", "lap_number"),
        help="let this alone tell of laps, not the most trusted that there is",
    )
    laps.add_argument("--json", action="store_true")


def _import(args: argparse.Namespace) -> int:
    from pitwall.formats import Wanted, import_files
    from pitwall.telemetry.clock import from_iso

    for path in args.files:
        existing(path)
    report = import_files(
        args.files,
        args.out,
        key=args.session,
        title=args.title,
        car=args.car,
        wanted=Wanted(args.part or "", from_iso(args.start) if args.start else None),
    )
    if args.json:
        print_json(report.to_json())
    else:
        print_lines(*report.text())
    return 0


def _info(args: argparse.Namespace) -> int:
    from pitwall.analysis import info_report, info_text
    from pitwall.store import open_session

    recording, store = open_session(existing(args.file), read_only=True)
    with recording:
        doc = info_report(store)
    if args.json:
        print_json(doc)
    else:
        print_lines(*info_text(doc))
    return 0


def _laps(args: argparse.Namespace) -> int:
    from pitwall.analysis import LapSource, laps_report, laps_text
    from pitwall.store import open_session

    recording, store = open_session(existing(args.file), read_only=True)
    with recording:
        doc = laps_report(store, args.car, LapSource(args.by) if args.by else None)
    if args.json:
        print_json(doc)
    else:
        print_lines(*laps_text(doc))
    return 0
