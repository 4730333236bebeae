"""A failing schedule made as small as it gets while it still fails in the same way."""

from __future__ import annotations

from pathlib import Path

from tests.simulation.plan import Plan
from tests.simulation.runner import run_plan, wrongs

RUNS = 120
"""Attempts at most."""


def shrink(plan: Plan, folder: Path) -> Plan:
    """Leave out steps and setups, half of them at a time, then fewer."""
    before = set(wrongs(run_plan(plan, folder)[0]))
    left: list[int | str] = [*(step.number for step in plan.steps), *sorted(plan.setup)]
    runs = 0
    size = max(len(left) // 2, 1)
    while runs < RUNS:
        at = 0
        dropped = False
        while at < len(left) and runs < RUNS:
            fewer = left[:at] + left[at + size :]
            runs += 1
            if before & set(wrongs(run_plan(only(plan, fewer), folder)[0])):
                left = fewer
                dropped = True
            else:
                at += size
        if size == 1 and not dropped:
            break
        size = max(size // 2, 1)
    return only(plan, left)


def only(plan: Plan, left: list[int | str]) -> Plan:
    """The plan with these of its steps and setups alone."""
    numbers = frozenset(part for part in left if isinstance(part, int))
    setup = frozenset(part for part in left if isinstance(part, str))
    return plan.only(numbers, setup & plan.setup)


def replay_line(plan: Plan) -> str:
    """The command that runs this very schedule again."""
    parts = [*(str(step.number) for step in plan.steps), *sorted(plan.setup)]
    return (
        f"python -m tests.simulation --replay {plan.seed} --source {plan.source} "
        f"--only {','.join(parts) or '-'}"
    )
