"""How a command gives its answer: lines for a person, or JSON for a program, on stdout."""

from __future__ import annotations

import json
import sys
from typing import Any


def print_json(doc: Any) -> None:
    """The whole answer as JSON."""
    sys.stdout.write(json.dumps(doc, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_lines(*lines: str) -> None:
    """Lines of an answer, seen at once."""
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()
