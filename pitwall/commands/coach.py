"""``pitwall coach`` and ``track``: what to say to a driver, and the corners it is said of."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from pitwall.commands.answers import print_json, print_lines, write_whole
from pitwall.commands.options import verb
from pitwall.commands.values import existing
from pitwall.telemetry import BadInput


def add(verbs: Any) -> None:
    """Add the commands."""
    text = "where a driver gains most, how sure that is, and what is good already"
    coach = verb(verbs, "coach", _coach, text)
    coach.add_argument("file", type=Path, metavar="S.pitwall")
    coach.add_argument("--car", help="whose driver; all are told of without it")
    coach.add_argument("--ref", metavar="CAR", help="beside this car, not the quickest other one")
    coach.add_argument("--json", action="store_true")

    track = verb(verbs, "track", _track, "a recording's track: its line, sectors and corners")
    track.add_argument("file", type=Path, metavar="S.pitwall")
    track.add_argument(
        "--name",
        dest="names",
        action="append",
        default=[],
        metavar="N=NAME",
        help="name a corner, and keep it in the recording; may be repeated",
    )
    track.add_argument(
        "--from", dest="source", type=Path, metavar="T.json", help="take and keep another's track"
    )
    track.add_argument("--out", type=Path, metavar="T.json", help="write it for the next session")
    track.add_argument("--json", action="store_true")


def _coach(args: argparse.Namespace) -> int:
    from pitwall.analysis import coach_report, coach_text
    from pitwall.store import open_session

    recording, store = open_session(existing(args.file), read_only=True)
    with recording:
        doc = coach_report(store, args.car, args.ref)
    if args.json:
        print_json(doc)
    else:
        print_lines(*coach_text(doc))
    return 0


def _track(args: argparse.Namespace) -> int:
    from pitwall.analysis import renamed, track_of, track_text
    from pitwall.analysis.track_report import TrackDoc
    from pitwall.store import Batch, Source, open_session
    from pitwall.telemetry.clock import now_us

    names = _names(args.names)
    given = _read(args.source) if args.source is not None else None
    changes = bool(names) or given is not None
    recording, store = open_session(existing(args.file), read_only=not changes)
    with recording:
        doc = given if given is not None else track_of(store)
        if names:
            doc = TrackDoc(doc.line, renamed(doc.corners, names))
        if changes:
            recording.apply(Batch(Source.TABLE, received_us=now_us(), meta=doc.meta()))
    if args.out is not None:
        write_whole(args.out, json.dumps(doc.to_json(), ensure_ascii=False) + "\n")
    if args.json:
        print_json(doc.to_json())
    else:
        print_lines(*track_text(doc))
    return 0


def _names(texts: list[str]) -> dict[int, str]:
    names = {}
    for text in texts:
        number, _, name = text.partition("=")
        if not number.isdigit() or not name:
            raise BadInput(f"--name {text}: as in 5=Foundry")
        names[int(number)] = name
    return names


def _read(path: Path) -> Any:
    from pitwall.analysis.track_report import TrackDoc

    try:
        text = existing(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read as a track file ({error})") from error
    try:
        return TrackDoc.from_json(text)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
