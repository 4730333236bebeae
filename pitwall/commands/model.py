"""``pitwall model ...``: the model of car and lap on the command line."""

from __future__ import annotations

from typing import Any

from pitwall.commands import model_advise, model_fit, model_lap, model_sheet


def add(verbs: Any) -> None:
    """Add ``model`` and its own verbs to ``verbs``."""
    words = "the model of car and lap, and what it advises"
    model = verbs.add_parser("model", help=words, description=words)
    actions = model.add_subparsers(title="commands", metavar="COMMAND", required=True)
    model_lap.add(actions)
    model_fit.add(actions)
    model_sheet.add(actions)
    model_advise.add(actions)
