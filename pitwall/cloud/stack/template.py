"""The stack's template: everything between the cars and the pit wall, as one document."""

from __future__ import annotations

import json
from typing import Any

from pitwall import __version__
from pitwall.cloud.stack.alarms import HAS_EMAIL, alarm_parts
from pitwall.cloud.stack.data import data_parts
from pitwall.cloud.stack.pipeline import pipeline_parts
from pitwall.cloud.stack.settings import LIMITS, PARAMETERS, StackSettings
from pitwall.telemetry import Failure

MAX_BODY = 51_200
"""Bytes of a template that is sent with the call, without a bucket to put it in first."""


def template(settings: StackSettings) -> dict[str, Any]:
    """The CloudFormation template."""
    place = settings.place
    outputs: dict[str, Any] = {
        "Table": {"Value": {"Ref": "Table"}, "Description": "Name of the table (--table)"},
        "TableStream": {
            "Value": {"Fn::GetAtt": ["Table", "StreamArn"]},
            "Description": "The table's stream",
        },
        "Bucket": {"Value": {"Ref": "Bucket"}, "Description": "Archive's bucket (--bucket)"},
        "Delivery": {"Value": {"Ref": "Delivery"}, "Description": "Firehose delivery stream"},
        "Archiver": {"Value": {"Ref": "Archiver"}, "Description": "Archiver function"},
        "NotArchived": {
            "Value": {"Ref": "NotArchived"},
            "Description": "Queue of batches that the archiver gave up",
        },
    }
    if place.kinesis:
        outputs["Kinesis"] = {
            "Value": {"Ref": "Kinesis"},
            "Description": "Kinesis stream (--kinesis)",
        }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Pitwall {__version__}: race telemetry table, stream and archive",
        "Parameters": _parameters(settings),
        "Conditions": {
            HAS_EMAIL: {"Fn::Not": [{"Fn::Equals": [{"Ref": PARAMETERS["email"]}, ""]}]}
        },
        "Resources": {
            **data_parts(settings),
            **pipeline_parts(settings),
            **alarm_parts(settings),
        },
        "Outputs": outputs,
    }


def _parameters(settings: StackSettings) -> dict[str, Any]:
    """What CloudFormation keeps from one deployment to the next; the settings are the defaults."""

    def number(name: str, words: str) -> dict[str, Any]:
        low, high = LIMITS[name]
        return {
            "Type": "Number",
            "Default": getattr(settings, name),
            "MinValue": low,
            "MaxValue": high,
            "Description": words,
        }

    return {
        PARAMETERS["keep_days"]: number("keep_days", "Days that raw archive objects are kept"),
        PARAMETERS["buffer_s"]: number("buffer_s", "Seconds that the archive may lag"),
        PARAMETERS["buffer_mb"]: number(
            "buffer_mb", "Megabytes at which an archive object is written sooner"
        ),
        PARAMETERS["email"]: {
            "Type": "String",
            "Default": settings.email,
            "Description": "Who is told of alarms; empty for nobody",
        },
    }


def template_body(settings: StackSettings) -> str:
    """The template as it is sent. Raises Failure when it is larger than a call may carry."""
    body = json.dumps(template(settings), separators=(",", ":"))
    if len(body.encode()) > MAX_BODY:
        raise Failure(f"the stack's template has {len(body)} bytes; a call carries {MAX_BODY}")
    return body
