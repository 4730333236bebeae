"""``python -m tests.pictures FOLDER``: pictures of the running demo, checked against the session.

Writes ``<workspace>-<size>-<theme>.png`` and ``.json`` (what was painted, pane by pane, and what
the session said at that moment) and prints where they differ. ``--check`` judges what is there.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from pitwall.ui.roles import Role


def main() -> int:
    """1 when something shown is not what the session says, or is cut or written over."""
    parser = argparse.ArgumentParser(prog="tests.pictures", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true", help="take no pictures")
    parser.add_argument("--workspace", type=Role, action="append", help="only these")
    parser.add_argument("--size", action="append", help="only these, e.g. 1920x1080")
    parser.add_argument("--theme", action="append", help="only these")
    parser.add_argument("--stream", type=float, metavar="S", help="seconds through the stream")
    parser.add_argument("--publish", type=Path, metavar="FOLDER", help="put the best ones there")
    args = parser.parse_args()
    if not args.check:
        if not os.environ.get("DISPLAY"):
            os.environ["QT_QPA_PLATFORM"] = "offscreen"
        from tests.pictures.walk import SIZES, STREAM_S, THEMES, shots, walk

        args.folder.mkdir(parents=True, exist_ok=True)
        sizes = tuple((int(a), int(b)) for a, b in (s.split("x") for s in args.size or ())) or SIZES
        wanted = shots(
            tuple(args.workspace or Role), sizes, tuple(args.theme) if args.theme else THEMES
        )
        summary = walk(args.folder, wanted, STREAM_S if args.stream is None else args.stream)
        text = json.dumps(summary, indent=1, ensure_ascii=False)
        (args.folder / "summary.json").write_text(text + "\n", encoding="utf-8")
    from tests.pictures.compare import report

    code = report(args.folder, sys.stdout)
    if args.publish is not None:
        from tests.pictures.publish import publish

        for path in publish(args.folder, args.publish):
            print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")
    return code


if __name__ == "__main__":
    sys.exit(main())
