"""``pitwall export``: a recording as CSV, Parquet or MoTeC .ld."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pitwall.commands.answers import print_json, print_lines
from pitwall.commands.options import verb
from pitwall.commands.values import existing


def add(verbs: Any) -> None:
    """Add the command."""
    parser = verb(verbs, "export", _export, "a recording as CSV, Parquet or MoTeC .ld")
    parser.add_argument("file", type=Path, metavar="S.pitwall")
    parser.add_argument("--format", choices=("csv", "parquet", "ld"), required=True)
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where to; beside the recording when left out"
    )
    parser.add_argument("--car", help="this one only")
    parser.add_argument("--json", action="store_true")


def _export(args: argparse.Namespace) -> int:
    from pitwall.analysis import TimingEngine
    from pitwall.formats import LapRow, export
    from pitwall.store import open_session

    recording, store = open_session(existing(args.file), read_only=True)
    with recording:
        timing = TimingEngine().update(store)
        laps = [
            LapRow(
                lap.car,
                lap.number,
                lap.t_start,
                lap.t_end,
                lap.time_us,
                lap.uncertainty_us,
                lap.kind.value,
                lap.valid,
                lap.reason,
            )
            for of_car in timing.cars.values()
            for lap in of_car.laps
        ]
        out = args.out or args.file.with_suffix(f".{args.format}")
        report = export(recording, out, args.format, laps, args.car)
    if args.json:
        print_json(report.to_json())
    else:
        print_lines(*report.text())
    return 0
