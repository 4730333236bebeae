"""``pitwall model sheet`` and ``pitwall model say``: what people write down of a car."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pitwall.commands.answers import print_json, print_lines
from pitwall.commands.options import verb
from pitwall.commands.values import existing
from pitwall.telemetry import BadInput

if TYPE_CHECKING:
    from pitwall.prerace.log import Logged, Score
    from pitwall.prerace.sheet import Sheet

_PHASES = ("braking", "entry", "mid", "exit", "kerb")


def add(actions: Any) -> None:
    """Add ``sheet`` and ``say`` to the verbs of ``model``."""
    text = "the setup sheets of a recording: history, differences, import and export"
    sheet = verb(actions, "sheet", _sheet, text)
    sheet.add_argument("recording", type=Path, metavar="S.pitwall")
    sheet.add_argument("--car", help="only this car's")
    sheet.add_argument("--import", dest="source", type=Path, metavar="FILE.toml|FILE.csv")
    sheet.add_argument("--export", dest="target", type=Path, metavar="FILE.toml|FILE.csv")
    sheet.add_argument("--json", action="store_true")

    say = verb(actions, "say", _say, "write down what the driver says of a corner")
    say.add_argument("recording", type=Path, metavar="S.pitwall")
    say.add_argument("--car", required=True)
    say.add_argument("--lap", required=True, type=int, help="after which lap")
    say.add_argument("--corner", required=True, help="such as T5; or all, slow, fast")
    say.add_argument("--phase", required=True, choices=_PHASES)
    say.add_argument("--symptom", required=True, help="understeer, oversteer, front locks, ...")
    say.add_argument("--strength", type=int, default=2, choices=(1, 2, 3))


def _sheet(args: argparse.Namespace) -> int:
    from pitwall.prerace.log import log_in
    from pitwall.prerace.log_file import read_log
    from pitwall.prerace.report import sheet_doc
    from pitwall.prerace.sheet import changes, sheet_text, sheets_in
    from pitwall.prerace.sheet_file import read_sheets
    from pitwall.store import Recording
    from pitwall.telemetry.clock import now_us

    existing(args.recording)
    if args.target is not None and args.target.exists():
        raise BadInput(f"{args.target} exists already: name another file")
    if args.source is not None:
        new = read_sheets(args.source, now_us())
        judged = read_log(args.source)
        keep(args.recording, {sheet.key: sheet_text(sheet) for sheet in new} | judged)
    with Recording.open(args.recording, read_only=True) as recording:
        meta = recording.all_meta()
    sheets = sheets_in(meta, args.car)
    if args.target is not None:
        _export(sheets, log_in(meta, args.car), args.target)
    docs, before = [], None
    for sheet in sheets:
        same = before is not None and before.car == sheet.car and before.vehicle == sheet.vehicle
        docs.append(sheet_doc(sheet, changes(before if same else None, sheet)))
        before = sheet
    if args.json:
        print_json({"sheets": docs})
    else:
        print_lines(*(_line(doc) for doc in docs) if docs else ("no setup sheet",))
    return 0


def keep(path: Path, entries: dict[str, str]) -> None:
    """Put entries into a recording's table. Raises Failure when somebody else is writing it."""
    from pitwall.store import Batch, Recording, Source

    with Recording.open(path) as recording:
        recording.apply(Batch(Source.IMPORT, meta=entries))


def _export(
    sheets: tuple[Sheet, ...], log: tuple[tuple[Logged, Score | None], ...], target: Path
) -> None:
    from pitwall.prerace.log_file import log_toml
    from pitwall.prerace.sheet_file import write_csv, write_toml

    if not sheets:
        raise BadInput("there is no setup sheet to export")
    as_csv = target.suffix.lower() == ".csv"
    text = write_csv(sheets) if as_csv else write_toml(sheets) + log_toml(log)
    with target.open("x", encoding="utf-8") as file:
        file.write(text)
    for sheet in sheets:
        beside = target.parent / sheet.vehicle
        if sheet.vehicle_toml and not beside.exists():
            beside.write_text(sheet.vehicle_toml, encoding="utf-8")


def _line(doc: dict[str, Any]) -> str:
    made = ", ".join(
        f"{c['setting']} {'-' if c['before'] is None else format(c['before'], 'g')} -> "
        f"{'-' if c['after'] is None else format(c['after'], 'g')} {c['unit']}"
        for c in doc["changes"]
    )
    note = f" ({doc['note']})" if doc["note"] else ""
    return f"car {doc['car']} from lap {doc['from_lap']}, {doc['vehicle']}{note}: {made}"


def _say(args: argparse.Namespace) -> int:
    from pitwall.prerace.words import Symptom, Word, word_text
    from pitwall.telemetry.clock import now_us

    existing(args.recording)
    try:
        symptom = Symptom(args.symptom)
    except ValueError:
        known = ", ".join(s.value for s in Symptom)
        raise BadInput(f"--symptom {args.symptom!r}: known are {known}") from None
    word = Word(args.car, args.lap, args.corner, args.phase, symptom, args.strength, now_us())
    keep(args.recording, {word.key: word_text(word)})
    print_lines(f"car {word.car} after lap {word.lap}: {word.says()}")
    return 0
