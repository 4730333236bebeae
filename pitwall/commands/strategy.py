"""``pitwall strategy``: the window of the next stop, fuel to the end, rivals; or a race file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pitwall.commands.answers import print_json, print_lines
from pitwall.commands.options import verb
from pitwall.telemetry import BadInput


def add(verbs: Any) -> None:
    """Add ``strategy``."""
    text = "pit window, fuel to the end and rivals of a recording; or the strategies of a race file"
    strategy = verb(verbs, "strategy", _strategy, text)
    strategy.add_argument("file", type=Path, metavar="S.pitwall|RACE.toml")
    strategy.add_argument("--car", help="whose race")
    strategy.add_argument("--laps", type=int, help="the race's length, where it goes by laps")
    strategy.add_argument(
        "--cautions", default=None, help="formula, stock-car, road-cup (the default) or none"
    )
    strategy.add_argument(
        "--must-stop", action="store_true", help="the rules ask for a stop in the race"
    )
    strategy.add_argument("--races", type=int, default=2000, help="of a race file's strategies")
    strategy.add_argument("--seed", type=int, default=None)
    strategy.add_argument("--json", action="store_true")


def _strategy(args: argparse.Namespace) -> int:
    from pitwall.strategy.montecarlo import SEED

    seed = SEED if args.seed is None else args.seed
    if args.file.suffix.lower() == ".toml":
        return _race(args, seed)
    from pitwall.commands.model_common import timed
    from pitwall.strategy import caution_model, plan, plan_doc, plan_text

    if args.car is None:
        raise BadInput("--car is missing: whose race?")
    if args.laps is not None and not 1 <= args.laps <= 2000:
        raise BadInput(f"--laps {args.laps}: from 1 to 2000")
    model = caution_model(args.cautions or "road-cup")
    with timed(args.file) as (_, store, timing):
        found = plan(store, timing, args.car, model, args.laps, must_stop=args.must_stop, seed=seed)
    if args.json:
        print_json(plan_doc(found))
    else:
        print_lines(*plan_text(found))
    return 0


def _race(args: argparse.Namespace, seed: int) -> int:
    from dataclasses import replace

    from pitwall.strategy import caution_model, race_doc, race_text, read_race, run_races

    file = read_race(args.file)
    if not file.strategies:
        raise BadInput(f"{args.file}: no [[strategy]] to compare")
    if not 1 <= args.races <= 1_000_000:
        raise BadInput(f"--races {args.races}: from 1 to 1000000")
    if args.cautions is not None:
        file = replace(file, chances=replace(file.chances, cautions=caution_model(args.cautions)))
    outcomes = run_races(file.race, file.strategies, file.chances, args.races, seed)
    doc = race_doc(file, outcomes, args.races, seed)
    if args.json:
        print_json(doc)
    else:
        print_lines(*race_text(doc))
    return 0
