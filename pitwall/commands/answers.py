"""How a command gives its answer: lines for a person or JSON for a program on stdout, or a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pitwall.telemetry import Failure


def print_json(doc: Any) -> None:
    """The whole answer as JSON."""
    sys.stdout.write(json.dumps(doc, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_lines(*lines: str) -> None:
    """Lines of an answer, seen at once."""
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


def write_whole(path: Path, text: str) -> None:
    """Put ``text`` into a file, all of it or none: what stood there stays where it cannot be
    written. Raises Failure."""
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")  # a pipe or a device is not to be replaced
            return
        part = path.with_name(path.name + ".part")
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise Failure(f"{path}: cannot be written ({error.strerror or error})") from error
