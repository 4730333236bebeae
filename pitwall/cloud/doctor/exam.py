"""One examination: clients, questions, facts found on the way, and the findings so far."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from pitwall.cloud.doctor.findings import Finding, Grade, Questions
from pitwall.cloud.faults import Kind, explain, is_barred, kind_of
from pitwall.telemetry import Failure

SIGN_IN = "sign in with `aws sso login`, set AWS_PROFILE, or give --profile"
_ABSENT = frozenset({"UnknownOperationException", "NotImplemented"})


class Answer(NamedTuple):
    """What came of one call.

    Attributes:
        doc: the answer; None when it failed.
        code: the service's error code; empty when it did not fail, or nothing came back.
        kind: why the caller was refused; empty when it was not.
        words: the error in one line; empty when it did not fail.
        reached: whether the service answered at all.
        seconds: how long it took.
        bytes: of the answer's body.
        skew_s: server's clock minus ours; None when it did not tell.
        barred: refused by a statement that denies it.
    """

    doc: dict[str, Any] | None
    code: str = ""
    words: str = ""
    reached: bool = True
    seconds: float = 0.0
    bytes: int = 0
    skew_s: float | None = None
    kind: Kind = ""
    barred: bool = False

    @property
    def denied(self) -> bool:
        """Refused for want of a permission."""
        return self.kind == "denied"

    @property
    def stranger(self) -> bool:
        """Refused because the credentials are unknown or have expired."""
        return self.kind in ("unknown", "stale")

    @property
    def skewed(self) -> bool:
        """Refused because the signature's time is too far from the service's."""
        return self.kind == "skew"

    @property
    def fault(self) -> str:
        """The error without the advice that :data:`SIGN_IN` gives."""
        return self.words.partition(": sign in")[0]

    @property
    def absent(self) -> bool:
        """What answered does not offer this call: a stand-in."""
        return self.code in _ABSENT


@dataclass(slots=True)
class Facts:
    """What was found on the way, for later checks.

    Attributes:
        head_s: event time of the session's newest head, seconds; None when there is none, or it is
            ahead of the clock.
        began_s: of the first sample of whoever wrote a head lately, seconds.
    """

    account: str = ""
    table: dict[str, Any] = field(default_factory=dict)
    stream_arn: str = ""
    shards: list[dict[str, Any]] = field(default_factory=list)
    kinesis_shards: list[str] = field(default_factory=list)
    session: str = ""
    head_s: float | None = None
    began_s: float = 0.0
    ended: bool = False
    bucket: str = ""
    objects: list[tuple[str, int]] = field(default_factory=list)
    skew_s: float = 0.0
    given_up: dict[str, str] = field(default_factory=dict)


class Exam:
    """What every check is given. Used by one thread.

    Args:
        clients: of the account and region to look at.
        questions: what to look at.
        say: is told each finding as it comes.
        now: local time, seconds.
    """

    def __init__(
        self,
        clients: Any,
        questions: Questions,
        say: Callable[[Finding], object],
        now: Callable[[], float] = time.time,
    ) -> None:
        self.clients = clients
        self.questions = questions
        self.facts = Facts(bucket=questions.place.bucket)
        self.findings: list[Finding] = []
        self.now = now
        self.timer = time.perf_counter
        self._say = say

    def add(self, grade: Grade, what: str, told: str, todo: str = "", **figures: Any) -> None:
        """Note a finding."""
        finding = Finding(grade, what, told, todo, figures)
        self.findings.append(finding)
        self._say(finding)

    def call(self, service: str, operation: str, **request: Any) -> Answer:
        """One call, whatever comes of it. A service that could not be reached is not asked again.

        Args:
            service: botocore's name of it.
            operation: the client's method.
            request: its parameters.
        """
        if service in self.facts.given_up:
            return Answer(None, words=self.facts.given_up[service], reached=False)
        started, wall = self.timer(), self.now()
        try:
            doc = getattr(self.clients.service(service), operation)(**request)
        except Failure as failure:
            self.facts.given_up[service] = str(failure)
            return Answer(None, words=str(failure), reached=False)
        except Exception as error:  # noqa: BLE001 - botocore's errors, told in one line
            response = getattr(error, "response", None)
            seconds = self.timer() - started
            if not isinstance(response, dict):
                self.facts.given_up[service] = words = explain(error)
                return Answer(None, words=words, reached=False, seconds=seconds)
            meta = response.get("ResponseMetadata", {})
            told = response.get("Error") or {}
            code = str(told.get("Code", ""))
            if meta.get("HTTPStatusCode") == 501:
                code = "NotImplemented"
            skew = _skew(meta, wall, self.now())
            words, kind, barred = explain(error), kind_of(told), is_barred(told)
            return Answer(None, code, words, True, seconds, 0, skew, kind, barred)
        seconds = self.timer() - started
        meta = doc.get("ResponseMetadata", {})
        size = str(meta.get("HTTPHeaders", {}).get("content-length", "0"))
        skew = _skew(meta, wall, self.now())
        return Answer(doc, "", "", True, seconds, int(size) if size.isdigit() else 0, skew)

    def policy_command(self) -> str:
        """The command that prints the policy of who is asked about, with the names as they are."""
        ask, place = self.questions, self.questions.place
        words = ["pitwall cloud policy", ask.role]
        words += [f"--car {shlex.quote(car)}" for car in ask.cars]
        words += [f"--group {shlex.quote(group)}" for group in ask.groups]
        if self.facts.account:
            words.append(f"--account {self.facts.account}")
        words += [f"--region {self.clients.region}", f"--table {place.table}"]
        words += [f"--bucket {self.facts.bucket}", f"--stack {place.stack}"]
        if place.kinesis and ask.role == "engineer":
            words.append(f"--kinesis {place.kinesis}")
        return " ".join([*words, "--json"])

    def unknown(self, what: str, answer: Answer, why: str) -> None:
        """Note that something could not be looked at; that alone breaks nothing."""
        if answer.absent:
            self.add("skipped", what, "this endpoint does not offer it")
        else:
            self.add("warning", what, f"not looked at: {answer.words}", why)


def _skew(meta: dict[str, Any], before: float, after: float) -> float | None:
    text = meta.get("HTTPHeaders", {}).get("date")
    try:
        server = parsedate_to_datetime(str(text)).timestamp()
    except ValueError:
        return None
    # the header is whole seconds, rounded down
    return server + 0.5 - (before + after) / 2
