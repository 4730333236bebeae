"""What a deployment would change, as CloudFormation tells it before anything is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DATA_TYPES = frozenset({"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Kinesis::Stream"})
_VERBS = {"Add": "make", "Modify": "change", "Remove": "delete", "Import": "adopt"}


@dataclass(frozen=True, slots=True)
class Change:
    """One part of the stack.

    Attributes:
        action: ``Add``, ``Modify``, ``Remove``, ``Import`` or ``Dynamic``.
        part: its logical name.
        type: ``AWS::DynamoDB::Table``.
        name: what it is called, once it is; empty before.
        replaced: ``True``, ``False`` or ``Conditional``; empty when it is not there yet.
        of: the properties that change.
    """

    action: str
    part: str
    type: str
    name: str = ""
    replaced: str = ""
    of: tuple[str, ...] = ()

    @property
    def risks_data(self) -> bool:
        """Whether a part that holds data would be removed or made anew."""
        return self.type in DATA_TYPES and (
            self.action == "Remove" or self.replaced in ("True", "Conditional")
        )

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "action": self.action,
            "part": self.part,
            "type": self.type,
            "name": self.name,
            "replaced": self.replaced,
            "of": list(self.of),
            "risks_data": self.risks_data,
        }

    def text(self) -> str:
        """One line."""
        verb = _VERBS.get(self.action, self.action.lower())
        of = f" ({', '.join(self.of)})" if self.of else ""
        anew = {"True": " BY MAKING IT ANEW", "Conditional": " PERHAPS BY MAKING IT ANEW"}
        name = f" {self.name}" if self.name else ""
        how = anew.get(self.replaced, "")
        return f"{verb:<7} {self.part:<24} {self.type}{name}{of}{how}"


def changes_of(pages: list[dict[str, Any]]) -> list[Change]:
    """The changes in DescribeChangeSet's answers."""
    out: list[Change] = []
    for page in pages:
        for row in page.get("Changes") or ():
            change = row.get("ResourceChange")
            if change is None:
                continue
            details = change.get("Details") or ()
            targets = (str((detail.get("Target") or {}).get("Name") or "") for detail in details)
            out.append(
                Change(
                    str(change.get("Action", "")),
                    str(change.get("LogicalResourceId", "")),
                    str(change.get("ResourceType", "")),
                    str(change.get("PhysicalResourceId") or ""),
                    str(change.get("Replacement") or ""),
                    tuple(dict.fromkeys(target for target in targets if target)),
                )
            )
    return out
