"""Making, changing and deleting the stack: always by a change set that is shown first.

Every wait is polled and limited. Events are told as they come; a failure says which part failed and
why, as CloudFormation gives it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pitwall.cloud.faults import explain
from pitwall.cloud.stack.changes import Change, changes_of
from pitwall.cloud.stack.settings import PARAMETERS, StackSettings
from pitwall.cloud.stack.template import template_body
from pitwall.telemetry import BadInput, Failure

POLL_S = 2.0
CHANGE_SET_S = 300.0
STACK_S = 1800.0
_NO_CHANGE = ("didn't contain changes", "No updates are to be performed")

Wait = Callable[[float], object]
Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Plan:
    """A change set, made and not yet carried out.

    Attributes:
        stack, change_set: names; the change set's is empty when there is nothing to change.
        new: whether the stack does not exist yet.
        changes: what would happen.
    """

    stack: str
    change_set: str
    new: bool
    changes: tuple[Change, ...]

    @property
    def risky(self) -> list[Change]:
        """Changes by which data could be lost from sight."""
        return [change for change in self.changes if change.risks_data]


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as it is.

    Attributes:
        id, name, status, reason: as CloudFormation has them.
        outputs, parameters: by name.
        parts: logical name, type, physical name and status of each.
    """

    id: str
    name: str
    status: str
    reason: str
    outputs: dict[str, str]
    parameters: dict[str, str] = field(default_factory=dict)
    parts: tuple[tuple[str, str, str, str], ...] = ()


class Deployer:
    """One stack of one account and region.

    Args:
        client: a CloudFormation client.
        name: of the stack.
        say: is told each event, one line.
        wait: waits so many seconds.
    """

    def __init__(
        self, client: Any, name: str, say: Say = lambda line: None, wait: Wait = time.sleep
    ) -> None:
        self._client = client
        self._name = name
        self._say = say
        self._wait = wait

    def find(self, parts: bool = False) -> Stack | None:
        """The stack, its parts too when asked; None when there is none. Raises Failure."""
        found = self._describe(self._name)
        if found is None or not parts:
            return found
        rows: list[tuple[str, str, str, str]] = []
        token: dict[str, str] = {}
        while True:
            page = self._call("list_stack_resources", StackName=self._name, **token)
            rows += [
                (
                    str(row["LogicalResourceId"]),
                    str(row["ResourceType"]),
                    str(row.get("PhysicalResourceId") or ""),
                    str(row["ResourceStatus"]),
                )
                for row in page["StackResourceSummaries"]
            ]
            if not page.get("NextToken"):
                break
            token = {"NextToken": page["NextToken"]}
        return replace(found, parts=tuple(rows))

    def plan(self, settings: StackSettings, keep: Collection[str] = ()) -> Plan:
        """Have a change set made; nothing else happens.

        Args:
            settings: the stack as it is to be.
            keep: settings whose parameter stays what it is in the stack.

        Raises:
            BadInput: the stack is in no state to be changed.
            Failure: CloudFormation refuses, or takes too long.
        """
        found = self.find()
        new = found is None or found.status == "REVIEW_IN_PROGRESS"
        if found is not None and not new:
            self._check_state(found)
        change_set = f"pitwall-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
        request = {
            "StackName": self._name,
            "ChangeSetName": change_set,
            "ChangeSetType": "CREATE" if new else "UPDATE",
            "TemplateBody": template_body(settings),
            "Parameters": [
                {"ParameterKey": key, "UsePreviousValue": True}
                if name in keep
                else {"ParameterKey": key, "ParameterValue": str(getattr(settings, name))}
                for name, key in PARAMETERS.items()
            ],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            # table and bucket that a former stack left behind are taken up again
            "ImportExistingResources": True,
            "Description": "made by pitwall cloud deploy",
        }
        try:
            self._call("create_change_set", **request)
        except Failure as failure:
            # AWS tells it in the change set, other implementations right here
            if _nothing(str(failure)):
                return Plan(self._name, "", new, ())
            raise
        pages = self._change_set(change_set)
        if pages[0]["Status"] == "FAILED":
            reason = str(pages[0].get("StatusReason", ""))
            self._discard(change_set, new)
            if _nothing(reason):
                return Plan(self._name, "", new, ())
            raise Failure(f"stack {self._name}: CloudFormation refuses the change: {reason}")
        return Plan(self._name, change_set, new, tuple(changes_of(pages)))

    def discard(self, plan: Plan) -> None:
        """Delete a change set that is not wanted; with it the empty stack it was for."""
        if plan.change_set:
            self._discard(plan.change_set, plan.new)

    def carry_out(self, plan: Plan) -> Stack:
        """Do what the plan says, and wait for it. Raises Failure: which part failed, and why."""
        before = {event["EventId"] for event in self._events(set())}
        self._call("execute_change_set", StackName=self._name, ChangeSetName=plan.change_set)
        done = self._follow(self._name, set(before))
        if done is None or done.status not in (
            "CREATE_COMPLETE",
            "UPDATE_COMPLETE",
            "IMPORT_COMPLETE",
        ):
            raise Failure(self._why(done, "was not " + ("made" if plan.new else "changed"), before))
        return done

    def destroy(self) -> None:
        """Delete the stack and wait for it; parts that hold data stay. Raises Failure, BadInput
        when there is none."""
        found = self.find()
        if found is None:
            raise BadInput(f"stack {self._name}: there is none in this account and region")
        before = {event["EventId"] for event in self._events(set())}
        self._call("delete_stack", StackName=self._name)
        # by its id: a deleted stack is not found by name
        gone = self._follow(found.id, set(before))
        if gone is not None and gone.status != "DELETE_COMPLETE":
            raise Failure(self._why(gone, "was not deleted", before))

    # -- waiting

    def _change_set(self, name: str) -> list[dict[str, Any]]:
        waited = 0.0
        while True:
            request = {"StackName": self._name, "ChangeSetName": name}
            page = self._call("describe_change_set", **request)
            if page["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                break
            if waited >= CHANGE_SET_S:
                raise Failure(f"stack {self._name}: no change set after {CHANGE_SET_S:.0f} s")
            self._wait(POLL_S)
            waited += POLL_S
        pages = [page]
        while pages[-1].get("NextToken"):
            token = pages[-1]["NextToken"]
            pages.append(self._call("describe_change_set", **request, NextToken=token))
        return pages

    def _follow(self, stack: str, seen: set[str]) -> Stack | None:
        """Tell events until the stack is at rest; None when it is gone."""
        waited = 0.0
        while True:
            found = self._describe(stack)
            if found is not None:
                for event in self._events(seen, stack):
                    seen.add(event["EventId"])
                    self._say(_line(event))
            if found is None or not found.status.endswith("_IN_PROGRESS"):
                return found
            if waited >= STACK_S:
                raise Failure(
                    f"stack {self._name}: still {found.status} after {STACK_S / 60:.0f} minutes; "
                    "it goes on by itself, see `pitwall cloud status`"
                )
            self._wait(POLL_S)
            waited += POLL_S

    def _events(self, seen: set[str], stack: str = "") -> list[dict[str, Any]]:
        """Events not seen, oldest first."""
        out: list[dict[str, Any]] = []
        request = {"StackName": stack or self._name}
        while True:
            page = self._call("describe_stack_events", **request)
            fresh = [event for event in page["StackEvents"] if event["EventId"] not in seen]
            out += fresh
            if not page.get("NextToken") or len(fresh) < len(page["StackEvents"]):
                return out[::-1]
            request["NextToken"] = page["NextToken"]

    # -- calls

    def _describe(self, stack: str) -> Stack | None:
        try:
            rows = self._client.describe_stacks(StackName=stack)["Stacks"]
        except Exception as error:  # noqa: BLE001 - botocore's errors, told in one line
            if "does not exist" in str(error):
                return None
            raise Failure(f"stack {self._name}: {_told(error)}") from error
        if not rows:
            return None
        row = rows[0]
        outputs = {str(o["OutputKey"]): str(o["OutputValue"]) for o in row.get("Outputs") or ()}
        return Stack(
            str(row["StackId"]),
            str(row["StackName"]),
            str(row["StackStatus"]),
            str(row.get("StackStatusReason") or ""),
            outputs,
            {
                str(p["ParameterKey"]): str(p.get("ParameterValue") or "")
                for p in row.get("Parameters") or ()
            },
        )

    def _discard(self, change_set: str, new: bool) -> None:
        self._call("delete_change_set", StackName=self._name, ChangeSetName=change_set)
        if new:
            self._call("delete_stack", StackName=self._name)

    def _check_state(self, found: Stack) -> None:
        if found.status.endswith("_IN_PROGRESS"):
            raise BadInput(
                f"stack {self._name}: {found.status}: wait until it is done (`pitwall cloud "
                "status`), then deploy"
            )
        if found.status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"):
            raise BadInput(
                f"stack {self._name}: left over from a creation that failed; "
                f"`pitwall cloud destroy --stack {self._name}`, then deploy again"
            )
        if found.status in ("DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"):
            raise BadInput(f"stack {self._name}: {found.status}: {found.reason}; mend it first")

    def _why(self, stack: Stack | None, what: str, before: set[str]) -> str:
        if stack is None:
            return f"stack {self._name}: {what}: it is gone"
        reasons = [
            f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
            for event in self._events(before, stack.id)
            if str(event.get("ResourceStatus", "")).endswith("_FAILED")
            and "cancelled" not in str(event.get("ResourceStatusReason", "")).lower()
            and event.get("ResourceStatusReason")
        ]
        return (
            f"stack {self._name}: {what} ({stack.status}): {'; '.join(reasons[:2]) or stack.reason}"
        )

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**request)
        except Exception as error:  # noqa: BLE001 - botocore's errors, told in one line
            raise Failure(f"stack {self._name}: {_told(error)}") from error
        return answer


def _told(error: BaseException) -> str:
    response = getattr(error, "response", None) or {}
    if response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 501:
        return "this endpoint has no CloudFormation; `pitwall cloud template` prints the template"
    return explain(error)


def _nothing(reason: str) -> bool:
    return any(text in reason for text in _NO_CHANGE)


def _line(event: dict[str, Any]) -> str:
    moment = event.get("Timestamp")
    clock = f"{moment:%H:%M:%S}" if isinstance(moment, datetime) else ""
    reason = event.get("ResourceStatusReason")
    words = str(event.get("ResourceStatus", "")).lower().replace("_", " ")
    return f"{clock} {event.get('LogicalResourceId', ''):<24} {words}" + (
        f": {reason}" if reason else ""
    )
