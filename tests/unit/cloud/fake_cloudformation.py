"""CloudFormation as its API reference tells it, scripted: stacks, change sets, events."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

NO_CHANGE = "The submitted information didn't contain changes. Submit different information."


def refusal(operation: str, code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def resolved(template: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    """The template with parameters and conditions worked out."""

    def test(node: Any) -> bool:
        if "Fn::Not" in node:
            return not test(node["Fn::Not"][0])
        left, right = map(walk, node["Fn::Equals"])
        return bool(left == right)

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(each) for each in node]
        if not isinstance(node, dict):
            return node
        if node.get("Ref") in parameters:
            return parameters[node["Ref"]]
        if "Fn::If" in node:
            name, yes, no = node["Fn::If"]
            return walk(yes if conditions[name] else no)
        nothing = {"Ref": "AWS::NoValue"}
        out = {key: walk(value) for key, value in node.items()}
        return {key: value for key, value in out.items() if value != nothing}

    conditions = {name: test(node) for name, node in template["Conditions"].items()}
    parts = {
        name: walk(part)
        for name, part in template["Resources"].items()
        if conditions.get(part.get("Condition"), True)
    }
    return {"Resources": parts}


NAMES = {"Table": "TableName", "Bucket": "BucketName", "Kinesis": "Name"}


def named(part: str, made: dict[str, Any]) -> str:
    """Physical name of a part."""
    key = NAMES.get(part)
    return made["Properties"][key] if key else f"the-{part.lower()}"


class CloudFormation:
    """One stack.

    Attributes:
        fails: logical name of the part that cannot be made, and why.
        slow: descriptions that pass before anything comes to rest.
        left: names of parts that lie about from a former stack.
        calls: operations called, in order.
    """

    def __init__(self) -> None:
        self.stack: dict[str, Any] | None = None
        self.gone: dict[str, Any] | None = None
        self.template: dict[str, Any] = {}
        self.parameters: dict[str, str] = {}
        self.sets: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.fails: tuple[str, str] | None = None
        self.left: set[str] = set()
        self.slow = 1
        self.calls: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self._left = 0
        self._number = itertools.count(1)
        self._end = ""

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls.append(operation)
            self.requests.append(request)
            return getattr(self, f"_{operation}")(**request)

        return call

    def event(self, part: str, status: str, reason: str = "") -> None:
        event = {
            "EventId": str(next(self._number)),
            "LogicalResourceId": part,
            "ResourceStatus": status,
            "Timestamp": datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC),
        }
        self.events.append(event | ({"ResourceStatusReason": reason} if reason else {}))

    def _describe_stacks(self, StackName: str) -> dict[str, Any]:
        if self._left:
            self._left -= 1
            if not self._left:
                self._rest()
        for stack in (self.stack, self.gone):
            if stack is not None and (
                StackName == stack["StackId"]
                or (StackName == stack["StackName"] and stack is self.stack)
            ):
                return {"Stacks": [dict(stack)]}
        raise refusal(
            "DescribeStacks", "ValidationError", f"Stack with id {StackName} does not exist"
        )

    def _rest(self) -> None:
        assert self.stack is not None
        if self.fails is not None and self._end != "DELETE_COMPLETE":
            self.event("Other", "CREATE_FAILED", "Resource creation cancelled")
            self.event(self.fails[0], "CREATE_FAILED", self.fails[1])
            self.stack["StackStatus"] = "ROLLBACK_COMPLETE"
        else:
            self.stack["StackStatus"] = self._end
            self.event(self.stack["StackName"], self._end)
        if self._end == "DELETE_COMPLETE":
            self.gone, self.stack = self.stack, None

    def _begin(self, status: str, end: str) -> None:
        assert self.stack is not None
        self.stack["StackStatus"] = status
        self.event(self.stack["StackName"], status, "User Initiated")
        self._left, self._end = self.slow, end

    def _create_change_set(self, **request: Any) -> dict[str, Any]:
        name = request["StackName"]
        whole = json.loads(request["TemplateBody"])
        parameters = self._parameters(whole, request["Parameters"])
        body = resolved(whole, parameters)
        if request["ChangeSetType"] == "CREATE":
            assert self.stack is None or self.stack["StackStatus"] == "REVIEW_IN_PROGRESS"
            self.stack = {
                "StackId": f"arn:aws:cloudformation:us-east-1:1:stack/{name}/1",
                "StackName": name,
                "StackStatus": "REVIEW_IN_PROGRESS",
            }
        before = self.template.get("Resources", {})
        changes = [
            self._change("Remove", part, before[part]) for part in before.keys() - body["Resources"]
        ]
        for part, made in body["Resources"].items():
            if part not in before:
                action = "Import" if part in self.left else "Add"
                changes.append(self._change(action, part, made))
            elif before[part] != made:
                old, new = before[part]["Properties"], made["Properties"]
                of = [key for key in old.keys() | new.keys() if old.get(key) != new.get(key)]
                change = self._change("Modify", part, made)
                renamed = any(key.endswith("Name") and key != "FunctionName" for key in of)
                change["Replacement"] = "True" if renamed else "False"
                change["Details"] = [{"Target": {"Name": key}} for key in of]
                changes.append(change)
        self.sets[request["ChangeSetName"]] = {
            "body": body, "parameters": parameters, "changes": changes, "seen": 0,
        }  # fmt: skip
        return {"Id": "x"}

    def _parameters(self, template: dict[str, Any], given: list[dict[str, Any]]) -> dict[str, str]:
        out = {key: str(of["Default"]) for key, of in template["Parameters"].items()}
        for each in given:
            key = each["ParameterKey"]
            assert key in out, key
            if each.get("UsePreviousValue"):
                if key not in self.parameters:
                    raise refusal(
                        "CreateChangeSet",
                        "ValidationError",
                        f"Invalid input for parameter key {key}. Cannot specify usePreviousValue "
                        "as true for a parameter key not in the previous template",
                    )
                out[key] = self.parameters[key]
            else:
                out[key] = each["ParameterValue"]
        return out

    def _change(self, action: str, part: str, made: dict[str, Any]) -> dict[str, Any]:
        change = {"Action": action, "LogicalResourceId": part, "ResourceType": made["Type"]}
        return change if action in ("Add", "Import") else change | {"PhysicalResourceId": part}

    def _describe_change_set(
        self, StackName: str, ChangeSetName: str, NextToken: str = "0"
    ) -> dict[str, Any]:
        found = self.sets[ChangeSetName]
        found["seen"] += 1
        if found["seen"] <= self.slow:
            return {"Status": "CREATE_IN_PROGRESS", "Changes": []}
        if not found["changes"]:
            return {"Status": "FAILED", "StatusReason": NO_CHANGE, "Changes": []}
        at = int(NextToken)
        page = [{"ResourceChange": change} for change in found["changes"][at : at + 5]]
        answer: dict[str, Any] = {"Status": "CREATE_COMPLETE", "Changes": page}
        return answer | ({"NextToken": str(at + 5)} if at + 5 < len(found["changes"]) else {})

    def _delete_change_set(self, StackName: str, ChangeSetName: str) -> dict[str, Any]:
        del self.sets[ChangeSetName]
        return {}

    def _execute_change_set(self, StackName: str, ChangeSetName: str) -> dict[str, Any]:
        assert self.stack is not None
        new = self.stack["StackStatus"] == "REVIEW_IN_PROGRESS"
        made = self.sets.pop(ChangeSetName)
        self.template, self.parameters = made["body"], made["parameters"]
        parts = self.template["Resources"]
        self.stack["Outputs"] = [
            {"OutputKey": part, "OutputValue": named(part, parts[part])}
            for part in NAMES
            if part in parts
        ]
        self.stack["Parameters"] = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()
        ]
        verb = "CREATE" if new else "UPDATE"
        self._begin(f"{verb}_IN_PROGRESS", f"{verb}_COMPLETE")
        return {}

    def _describe_stack_events(self, StackName: str, NextToken: str = "0") -> dict[str, Any]:
        at = int(NextToken)
        newest = self.events[::-1]
        answer: dict[str, Any] = {"StackEvents": newest[at : at + 3]}
        return answer | ({"NextToken": str(at + 3)} if at + 3 < len(newest) else {})

    def _list_stack_resources(self, StackName: str, NextToken: str = "0") -> dict[str, Any]:
        parts = list(self.template.get("Resources", {}).items())
        at = int(NextToken)
        rows = [
            {
                "LogicalResourceId": part,
                "ResourceType": made["Type"],
                "PhysicalResourceId": named(part, made),
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for part, made in parts[at : at + 4]
        ]
        answer: dict[str, Any] = {"StackResourceSummaries": rows}
        return answer | ({"NextToken": str(at + 4)} if at + 4 < len(parts) else {})

    def _delete_stack(self, StackName: str) -> dict[str, Any]:
        assert self.stack is not None
        if self.stack["StackStatus"] == "REVIEW_IN_PROGRESS":
            self.stack = None
        else:
            self._begin("DELETE_IN_PROGRESS", "DELETE_COMPLETE")
        return {}
