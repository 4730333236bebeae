"""``pitwall compare``: where one lap is quicker than another."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pitwall.commands.answers import print_json, print_lines
from pitwall.commands.options import verb
from pitwall.commands.values import existing


def add(verbs: Any) -> None:
    """Add the command."""
    text = "one lap beside another: of any two cars, of one recording or two"
    parser = verb(verbs, "compare", _compare, text)
    parser.add_argument("file", type=Path, metavar="S.pitwall")
    parser.add_argument(
        "--lap", type=_lap, required=True, metavar="CAR:LAP", help="LAP: number, best or last"
    )
    parser.add_argument("--ref", type=_lap, required=True, metavar="CAR:LAP")
    parser.add_argument(
        "--ref-file", type=Path, metavar="S.pitwall", help="where the reference is, if elsewhere"
    )
    parser.add_argument("--json", action="store_true")


def _lap(text: str) -> tuple[str, str]:
    car, colon, lap = text.rpartition(":")
    if not colon or not car or not (lap.isdigit() or lap in ("best", "last")):
        raise argparse.ArgumentTypeError(f"CAR:LAP such as 22:8 or 22:best, not {text!r}")
    return car, str(int(lap)) if lap.isdigit() else lap


def _compare(args: argparse.Namespace) -> int:
    from pitwall.analysis import compare_report, compare_text
    from pitwall.store import open_session

    with ExitStack() as held:
        recording, store = open_session(existing(args.file), read_only=True)
        held.enter_context(recording)
        other = None
        if args.ref_file is not None:
            elsewhere, other = open_session(existing(args.ref_file), read_only=True)
            held.enter_context(elsewhere)
        doc = compare_report(store, args.lap, args.ref, other)
    if args.json:
        print_json(doc)
    else:
        print_lines(*compare_text(doc))
    return 0
