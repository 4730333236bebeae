"""``pitwall selftest``: whether this installation works."""

from __future__ import annotations

import argparse
from typing import Any

from pitwall.commands.options import verb


def add(verbs: Any) -> None:
    """Add ``selftest``."""
    selftest = verb(verbs, "selftest", _selftest, "check that this installation works")
    selftest.add_argument("--json", action="store_true")


def _selftest(args: argparse.Namespace) -> int:
    from pitwall import selftest

    return selftest.run(json_out=args.json)
