"""Credentials, region and clock."""

from __future__ import annotations

from datetime import UTC, datetime

from pitwall.cloud.doctor.exam import SIGN_IN, Exam
from pitwall.telemetry import Failure

_SOON_S = 3600.0
_METHODS = {
    "env": "the environment",
    "explicit": "nowhere: dummy ones, for an endpoint on this machine",
    "sso": "the SSO login",
    "shared-credentials-file": "the credentials file",
    "config-file": "the configuration file",
    "custom-process": "a program of the profile's",
    "iam-role": "this instance",
    "container-role": "this container",
}
"""Where credentials come from, by botocore's word for it."""
SKEW_WARNING_S = 5.0
SKEW_FAULT_S = 240.0
"""Signatures are refused from five minutes on."""


def check_credentials(exam: Exam) -> bool:
    """Whether there are any that AWS knows; False ends the examination."""
    what = "credentials"
    try:
        found = exam.clients.credentials()
    except Failure as failure:
        exam.add("fault", what, str(failure).partition(": sign in")[0], SIGN_IN)
        return False
    if found is None:
        exam.add("fault", what, "none found in environment, files, SSO or instance", SIGN_IN)
        return False
    method, expires = found
    answer = exam.call("sts", "get_caller_identity")
    if answer.stranger:
        exam.add("fault", what, answer.fault, SIGN_IN)
        return False
    who = f"from {_METHODS.get(method, method.replace('-', ' '))}"
    if answer.skewed:
        told = f"{who}; whose they are could not be asked: {answer.words}"
        exam.add("warning", what, told, "mend the clock first, see the next line")
        return True
    if answer.doc is not None:
        exam.facts.account = str(answer.doc.get("Account", ""))
        who = f"{answer.doc.get('Arn', '?')}, {who}"
    elif not answer.reached:
        exam.add(
            "warning",
            what,
            f"{who}; whose they are could not be asked: {answer.words}",
            "check network, proxy and --endpoint-url",
        )
        return True
    if expires is not None:
        left_s = (expires - datetime.now(UTC)).total_seconds()
        until = f"{who}, until {expires.astimezone(UTC):%H:%M} UTC"
        if left_s <= 0:
            exam.add("fault", what, f"{until}: expired", SIGN_IN, expires_in_s=round(left_s))
            return False
        if left_s < _SOON_S:
            todo = f"renew them before the race: {SIGN_IN}"
            exam.add("warning", what, until, todo, expires_in_s=round(left_s))
            return True
        who = until
    exam.add("ok", what, who)
    return True


def check_region(exam: Exam) -> bool:
    """Whether one is set."""
    region = exam.clients.region
    if not region:
        exam.add("fault", "region", "none", "set AWS_REGION or give --region")
        return False
    exam.add("ok", "region", region)
    return True


def check_clock(exam: Exam) -> bool:
    """This machine's clock against the service's; False, which ends the examination, when calls are
    refused for it."""
    skews = []
    refused = False
    for _ in range(3):
        answer = exam.call("dynamodb", "describe_endpoints")
        refused = refused or answer.skewed
        # a refusal tells the time as well
        if answer.skew_s is not None:
            skews.append(answer.skew_s)
    if not skews:
        exam.add(
            "warning",
            "clock",
            "the service did not tell its time",
            "the line of the table says why",
        )
        return True
    skew = sorted(skews)[len(skews) // 2]
    exam.facts.skew_s = skew
    side = "behind" if skew > 0 else "ahead"
    told = (
        f"within {SKEW_WARNING_S:g} s"
        if abs(skew) < SKEW_WARNING_S
        else f"{abs(skew):.0f} s {side}"
    )
    todo = "set this machine's clock to network time"
    if refused or abs(skew) >= SKEW_FAULT_S:
        refusal = "AWS refuses what is signed with such a time"
        exam.add("fault", "clock", f"{told}: {refusal}", todo, skew_s=round(skew, 1))
    elif abs(skew) >= SKEW_WARNING_S:
        exam.add(
            "warning", "clock", f"{told}: ages on screen are corrected", todo, skew_s=round(skew, 1)
        )
    else:
        exam.add("ok", "clock", told, skew_s=round(skew, 1))
    return not refused
