"""Seeded schedules of the stream reader and of joining a session, over simulated services.

``python -m tests.simulation --seeds 10000 --json`` runs the full set: so many of the reader, and
as many of joining; ``--replay SEED`` and ``--replay-join SEED`` tell one.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from tests.simulation import kinds
from tests.simulation.join_plan import JoinPlan, make_join
from tests.simulation.joins import JoinReport, run_join, run_joins, shrink_join
from tests.simulation.joins import only as only_of_join
from tests.simulation.joins import replay_line as replay_join_line
from tests.simulation.plan import Plan, make_plan
from tests.simulation.runner import Report, run_plan, run_seeds, workshop
from tests.simulation.shrink import only, replay_line, shrink

SHRUNK = 3
"""Failing seeds that are made small."""


def main(words: list[str] | None = None) -> int:
    """The command; 1 when a seed failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many (200)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--source", choices=kinds.SOURCES, default="", help="not each seed's own")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--replay", type=int, metavar="SEED", help="run one seed and tell it")
    parser.add_argument("--only", default="", help="with --replay: these steps and setups alone")
    parser.add_argument(
        "--joins", type=int, metavar="N", help="N seeds of joining a session and no others"
    )
    parser.add_argument("--replay-join", type=int, metavar="SEED", help="the same of joining")
    args = parser.parse_args(words)
    left = [int(p) if p.isdecimal() else p for p in args.only.split(",") if p not in ("", "-")]
    if args.replay_join is not None:
        joining = make_join(args.replay_join, args.source)
        return replay_join(only_of_join(joining, left) if args.only else joining)
    if args.replay is not None:
        plan = make_plan(args.replay, args.source)
        return replay(only(plan, left) if args.only else plan)
    lines: list[str] = []
    docs: list[dict[str, Any]] = []
    told: list[str] = []
    good = True
    if args.joins is None:
        report = run_seeds(args.first, args.seeds, args.processes, args.source)
        lines += _shrunk(report, args.source)
        docs.append(report.as_dict())
        told.append(_summary(report))
        good = report.good
    joins = args.seeds if args.joins is None else args.joins
    joined = run_joins(args.first, joins, args.processes, args.source)
    lines += _shrunk_joins(joined, args.source)
    docs.append(joined.as_dict())
    told.append(_summary_of_joins(joined))
    if args.json:
        print(json.dumps(docs[0] if len(docs) == 1 else docs[0] | {"joining": docs[1]}))
    else:
        print("\n".join(told))
    for line in lines:
        print(line, file=sys.stderr)
    return 0 if good and joined.good else 1


def replay(plan: Plan) -> int:
    """Run one schedule and say what happened in it."""
    with workshop() as folder:
        verdict, schedule = run_plan(plan, folder)
    for step in plan.steps:
        print(f"step {step.number}: {step.kind} at {step.at_s:.2f} s")
    print(f"setup: {', '.join(sorted(plan.setup)) or 'none'}")
    for line in schedule.trace:
        print(line)
    for gap in schedule.gaps:
        print(gap)
    print(f"met: {dict(sorted(verdict.met.items()))}")
    print(verdict.text())
    return 0 if verdict.good else 1


def replay_join(plan: JoinPlan) -> int:
    """The same of joining."""
    with workshop() as folder:
        verdict, schedule = run_join(plan, folder)
    for step in plan.steps:
        print(f"step {step.number}: {step.kind} in run {step.start}, {step.share:.2f}")
    print(f"setup: {', '.join(sorted(plan.setup)) or 'none'}")
    for line in schedule.trace:
        print(line)
    print(f"met: {dict(sorted(verdict.met.items()))}")
    print(verdict.text())
    return 0 if verdict.good else 1


def _shrunk(report: Report, source: str) -> list[str]:
    lines = []
    with workshop() as folder:
        for red in report.red[:SHRUNK]:
            small = shrink(make_plan(red["seed"], source), folder)
            red["replay"] = replay_line(small)
            lines += [red["wrong"], f"  {red['replay']}"]
    return lines


def _shrunk_joins(report: JoinReport, source: str) -> list[str]:
    lines = []
    with workshop() as folder:
        for red in report.red[:SHRUNK]:
            red["replay"] = replay_join_line(shrink_join(make_join(red["seed"], source), folder))
            lines += [red["wrong"], f"  {red['replay']}"]
    return lines


def _summary_of_joins(report: JoinReport) -> str:
    rarest = sorted(report.faults.items(), key=lambda item: item[1])[:5]
    return "\n".join(
        [
            f"{report.joins} joins from {report.first}: {len(report.red)} failed",
            f"lost {report.lost}, repeated {report.repeated}, damaged {report.damaged}, "
            f"misnamed {report.misnamed}, untrue {report.lies}; {report.named} chunks named",
            f"rarest faults: {', '.join(f'{kind} {count}' for kind, count in rarest)}",
            f"{report.wall_s} s, {report.cpu_s} s of CPU",
        ]
    )


def _summary(report: Report) -> str:
    rarest = sorted(report.faults.items(), key=lambda item: item[1])[:5]
    return "\n".join(
        [
            f"{report.seeds} seeds from {report.first}: {len(report.red)} failed",
            f"lost {report.lost}, repeated {report.repeated}, out of order {report.out_of_order}, "
            f"gaps {report.gaps} of {report.named} chunks",
            f"{report.records} chunks, {report.rotations} rotations, least per seed {report.least}",
            f"rarest faults: {', '.join(f'{kind} {count}' for kind, count in rarest)}",
            f"{report.wall_s} s, {report.cpu_s} s of CPU, {report.processes} processes",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
