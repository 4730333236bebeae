"""The doctor: the way from this machine to the data, checked step by step.

Each finding is ok, a warning or a fault, with what to do. Nothing is changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pitwall.cloud.doctor.account import check_clock, check_credentials, check_region
from pitwall.cloud.doctor.archive import (
    check_archiver,
    check_delivery,
    check_freshness,
    check_stack,
    name_bucket,
)
from pitwall.cloud.doctor.exam import Exam
from pitwall.cloud.doctor.findings import Finding, Questions, report_json, report_text
from pitwall.cloud.doctor.permissions import check_permissions
from pitwall.cloud.doctor.speed import check_bandwidth, check_latency, check_limits
from pitwall.cloud.doctor.table import (
    check_kinesis,
    check_session,
    check_stream,
    check_table,
)

__all__ = ["Finding", "Questions", "examine", "report_json", "report_text"]


def examine(
    clients: Any,
    questions: Questions,
    say: Callable[[Finding], object] = lambda finding: None,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    now: Callable[[], float] = time.time,
) -> list[Finding]:
    """All findings, in order; what makes the rest pointless ends it.

    Args:
        clients: :class:`pitwall.cloud.Clients`.
        questions: what to look at.
        say: is told each finding as it comes, on the calling thread.
        cancelled: asked between checks; True ends it with what was found so far.
        now: local time, seconds.
    """
    exam = Exam(clients, questions, say, now)
    reader = questions.role in ("engineer", "driver", "partner", "sealer")
    gates: list[Callable[[Exam], bool]] = [
        check_region,
        check_credentials,
        check_clock,
        check_table,
    ]
    for gate in gates:
        if cancelled() or not gate(exam):
            return exam.findings
    name_bucket(exam)
    checks: list[Callable[[Exam], None]] = [check_stream]
    if questions.role == "engineer":
        checks.append(check_kinesis)
    if reader:
        checks.append(check_session)
    if questions.role in ("engineer", "installer"):
        checks += [check_stack, check_archiver, check_delivery]
    if questions.role == "engineer":
        checks.append(check_freshness)
    checks += [check_permissions, check_latency]
    if reader:
        checks.append(check_bandwidth)
    checks.append(check_limits)
    for check in checks:
        if cancelled():
            break
        check(exam)
    return exam.findings
