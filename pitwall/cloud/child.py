"""What a child process of ours needs to find this program."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def environment() -> dict[str, str]:
    """This process's environment, in which a child finds the same package whatever directory this
    process was started in."""
    out = dict(os.environ)
    if not getattr(sys, "frozen", False):
        root = str(Path(__file__).resolve().parents[2])
        paths = [root, *filter(None, [out.get("PYTHONPATH")])]
        out["PYTHONPATH"] = os.pathsep.join(paths)
    return out
