"""``pitwall model fit``: what a vehicle must be like to drive the laps that were driven."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pitwall.commands.answers import print_json, print_lines
from pitwall.commands.model_common import add_day, add_laps, add_vehicle, car_of, timed
from pitwall.commands.options import verb
from pitwall.telemetry import BadInput


def add(actions: Any) -> None:
    """Add ``fit`` to the verbs of ``model``."""
    text = "what a vehicle must be like to drive the laps of a car in a recording"
    fit = verb(actions, "fit", _fit, text)
    add_laps(fit)
    add_vehicle(fit, needed=False)
    add_day(fit)
    fit.add_argument("--out", type=Path, metavar="FILE.toml", help="write the fitted vehicle")
    fit.add_argument("--json", action="store_true")


def _fit(args: argparse.Namespace) -> int:
    from pitwall.prerace import Conditions, simulate_one, write_vehicle
    from pitwall.prerace.ask import Papers, sheet_now
    from pitwall.prerace.calibrate import calibrate, gather
    from pitwall.prerace.report import calibration_doc, calibration_text

    if args.out is not None and args.out.exists():
        raise BadInput(f"{args.out} exists already: name another file")
    car = car_of(args.vehicle) if args.vehicle is not None else None
    day = Conditions(args.air)
    with timed(args.recording) as (recording, store, timing):
        papers = Papers.of(recording.all_meta(), args.car)
        if car is None and not papers.sheets:
            raise BadInput(f"car {args.car} has no setup sheet that names a vehicle: use --vehicle")
        before = sheet_now(papers, args.car).base() if car is None else car
        # A vehicle that is named may be another than the sheets': then they say nothing of it.
        sheets = [s for s in papers.sheets if s.base() == before]
        gathered = gather(store, timing, args.car, args.without)
    found = calibrate(gathered, before, day, sheets=sheets)
    if args.out is not None:
        with args.out.open("x", encoding="utf-8") as file:
            file.write(write_vehicle(found.fit.car))
    doc = {"car": args.car, **calibration_doc(found)}
    doc["before_s"] = round(float(simulate_one(before, found.track, day).time_s[0]), 3)
    doc["fitted_s"] = round(float(simulate_one(found.fit.car, found.track, day).time_s[0]), 3)
    if args.json:
        print_json(doc)
    else:
        print_lines(*calibration_text(doc))
    return 0
