"""The stack: template, deployment by change sets, what a race costs."""

from pitwall.cloud.stack.changes import DATA_TYPES, Change
from pitwall.cloud.stack.cost import Race, cost_json, cost_text
from pitwall.cloud.stack.deploy import Deployer, Plan, Stack
from pitwall.cloud.stack.pipeline import archiver_source
from pitwall.cloud.stack.settings import (
    BUCKET_START,
    StackSettings,
    bucket_of,
    remembered,
    settled,
)
from pitwall.cloud.stack.template import template, template_body

__all__ = [
    "BUCKET_START",
    "DATA_TYPES",
    "Change",
    "Deployer",
    "Plan",
    "Race",
    "Stack",
    "StackSettings",
    "archiver_source",
    "bucket_of",
    "cost_json",
    "cost_text",
    "remembered",
    "settled",
    "template",
    "template_body",
]
