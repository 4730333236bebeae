"""What the doctor is asked, and what it finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from pitwall.cloud.access import Place
from pitwall.telemetry import BadInput
from pitwall.telemetry.names import check_car, check_group, check_session

Grade = Literal["ok", "skipped", "warning", "fault"]

ROLES = ("engineer", "driver", "partner", "producer", "sealer", "installer")
"""Whose permissions can be tried from a laptop; the archiver's show in what it does."""

_WIDTH = 37
"""Of the column that says what was looked at; the longest permission has as many."""


@dataclass(frozen=True, slots=True)
class Questions:
    """What to look at.

    Attributes:
        place: names of the stack's parts.
        role: whose permissions these credentials should have.
        cars, groups: of driver, producer and partner.
        session: session key; empty for the newest.
        bucket_given: False when the bucket is to be read from the stack, where there is one.

    Raises:
        BadInput: no such role, one without the car or group that it is narrowed to, or one with
            such that is not; a name that is none.
    """

    place: Place = field(default_factory=Place)
    role: str = "engineer"
    cars: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    session: str = ""
    bucket_given: bool = True

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise BadInput(f"--role {self.role!r}: one of {', '.join(ROLES)}")
        by_car, by_group = self.role in ("driver", "producer"), self.role == "partner"
        if by_car and not self.cars:
            raise BadInput(f"--role {self.role}: name the car with --car")
        if by_group and not self.groups:
            raise BadInput("--role partner: name the channel groups with --group")
        for option, given in (("--car", self.cars and not by_car),
                              ("--group", self.groups and not by_group)):  # fmt: skip
            if given:
                raise BadInput(f"--role {self.role}: is not narrowed by {option}; leave it out")
        for car in self.cars:
            check_car(car)
        for group in self.groups:
            check_group(group)
        if self.session:
            check_session(self.session)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line.

    Attributes:
        grade: ``ok``; ``skipped``, there is no such thing here to look at; ``warning``, slower or
            unknown; ``fault``, it will not work.
        what: what was looked at.
        told: what was found.
        todo: what to do about it; empty when nothing is to be done.
        figures: numbers behind it, by name with unit.
    """

    grade: Grade
    what: str
    told: str
    todo: str = ""
    figures: dict[str, Any] = field(default_factory=dict)

    def text(self) -> list[str]:
        """One line, and one more when there is something to do."""
        lines = [f"{self.grade:<8} {self.what:<{_WIDTH}} {self.told}"]
        return [*lines, f"{'':<9}{'':<{_WIDTH}} -> {self.todo}"] if self.todo else lines

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "grade": self.grade,
            "what": self.what,
            "told": self.told,
            "todo": self.todo,
            "figures": self.figures,
        }


def report_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """All of it, for ``--json``."""
    rows = list(findings)
    return {
        "healthy": not any(row.grade == "fault" for row in rows),
        "counts": _counts(rows),
        "findings": [row.to_json() for row in rows],
    }


def report_text(findings: Iterable[Finding]) -> str:
    """The last line."""
    counts = _counts(list(findings))
    return ", ".join(f"{n} {grade}" for grade, n in counts.items() if n or grade != "skipped")


def _counts(rows: list[Finding]) -> dict[str, int]:
    grades: tuple[Grade, ...] = ("ok", "skipped", "warning", "fault")
    return {grade: sum(row.grade == grade for row in rows) for grade in grades}
