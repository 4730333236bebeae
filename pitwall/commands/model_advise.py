"""``pitwall model advise``: ranked changes to the setup sheet, with intervals."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pitwall.commands.answers import print_json, print_lines
from pitwall.commands.model_common import add_day, add_laps, timed
from pitwall.commands.model_sheet import keep
from pitwall.commands.options import verb
from pitwall.telemetry import BadInput

if TYPE_CHECKING:
    from pitwall.prerace.advice import Advice

_JOINT = "together"


def add(actions: Any) -> None:
    """Add ``advise`` to the verbs of ``model``."""
    text = "what to change on a car, by how much, what it gains and how sure that is"
    advise = verb(actions, "advise", _advise, text)
    add_laps(advise)
    add_day(advise)
    advise.add_argument("--for", dest="variant", choices=("race", "qualifying"), default="race")
    advise.add_argument("--draws", type=int, default=200, help="draws of what is believed")
    advise.add_argument("--seed", type=int, default=None)
    advise.add_argument(
        "--processes", type=int, default=None, help="local processes; 0 stays in this one"
    )
    advise.add_argument("--dask", metavar="ADDRESS", help="a distributed cluster's scheduler")
    advise.add_argument(
        "--apply",
        metavar=f"SETTING|{_JOINT}",
        help="make the advice the car's new sheet and log it, to be checked after its laps",
    )
    advise.add_argument("--from-lap", type=int, help="first lap with the new sheet")
    advise.add_argument("--json", action="store_true")


def _advise(args: argparse.Namespace) -> int:
    from pitwall.prerace import Conditions
    from pitwall.prerace.advise import advise
    from pitwall.prerace.ask import Papers, question, scored, sheet_now
    from pitwall.prerace.calibrate import calibrate, gather
    from pitwall.prerace.log import reliability
    from pitwall.prerace.posterior import SEED
    from pitwall.prerace.report import advice_doc, advice_text, log_doc
    from pitwall.sweeps import sweep_executor

    if not 2 <= args.draws <= 10_000:
        raise BadInput(f"--draws {args.draws}: from 2 to 10000")
    if (args.apply is None) != (args.from_lap is None):
        raise BadInput("--apply and --from-lap belong together")
    day = Conditions(args.air)
    seed = SEED if args.seed is None else args.seed
    with timed(args.recording) as (recording, store, timing):
        papers = Papers.of(recording.all_meta(), args.car)
        sheet = sheet_now(papers, args.car)
        gathered = gather(store, timing, args.car, args.without)
    found = calibrate(gathered, sheet.base(), day, sheets=papers.sheets)
    asked = question(found, papers, args.car, args.variant, day)
    with sweep_executor(args.processes, args.dask) as executor:
        advice = advise(asked, executor, args.draws, seed)
    log = scored(papers, args.car, found.lap_model)
    if args.apply is not None:
        _apply(args, advice, seed)
    if args.json:
        doc = {
            **advice_doc(advice),
            "sheet": dict(sheet.values),
            "from_lap": sheet.from_lap,
            "reliability": reliability(log),
            "log": log_doc(log),
            "seed": seed,
            "draws": args.draws,
        }
        print_json(doc)
    else:
        print_lines(*advice_text(advice), reliability(log))
    return 0


def _apply(args: argparse.Namespace, advice: Advice, seed: int) -> None:
    from pitwall.prerace.apply import applied
    from pitwall.prerace.ask import Papers, sheet_now
    from pitwall.telemetry.clock import now_us

    rows = {row.key: row for row in advice.rows}
    if args.apply == _JOINT:
        if advice.joint is None:
            raise BadInput("nothing is advised together: look at the rows")
        values = dict(advice.joint.values)
    else:
        row = rows.get(args.apply)
        if row is None or row.proposed is None:
            raise BadInput(f"--apply {args.apply}: nothing is proposed for it")
        values = {row.key: row.proposed}
    with timed(args.recording) as (recording, _, _):
        papers = Papers.of(recording.all_meta(), args.car)
    before = sheet_now(papers, args.car)
    keep(
        args.recording,
        applied(advice, values, before, args.from_lap, now_us(), seed, args.draws),
    )
