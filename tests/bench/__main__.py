"""``python -m tests.bench NAME... [--json]``: measure us and named baselines side by side."""

from __future__ import annotations

import argparse
import compileall
import json
import sys
from pathlib import Path
from typing import Any

import pitwall
from tests.bench.harness import NotHere
from tests.bench.registry import NAMES, find


def main(arguments: list[str] | None = None) -> int:
    """Run the named benchmarks. Exit code 0; 1 when one's input is not here; 2 for a wrong name."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="see below; none lists them")
    parser.add_argument("--json", action="store_true", help="one JSON object per benchmark")
    options = parser.parse_args(arguments)
    if not options.names:
        for name in NAMES:
            print(f"{name:<12}{find(name)[1]}")
        return 0
    as_installed()
    for name in options.names:
        try:
            run, _ = find(name)
        except KeyError:
            print(f"no benchmark {name!r}: choose from {', '.join(NAMES)}", file=sys.stderr)
            return 2
        try:
            document = run().document(name)
        except NotHere as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        if options.json:
            print(json.dumps(document, ensure_ascii=False))
        else:
            show(document)
    return 0


def as_installed() -> None:
    """Make byte code of the program, as whatever installs it does and as the libraries have it: a
    checkout that never writes any would be compiled anew at each start."""
    compileall.compile_dir(Path(pitwall.__file__).parent, quiet=2)


def show(document: dict[str, Any]) -> None:
    """The same for people."""
    machine = document["machine"]
    print(f"{document['name']}: {machine['cpu']}, {machine['cores']} cores")
    for title, figures in [("ours", document["ours"]), *document["baselines"].items()]:
        print(f"  {title}")
        for label, figure in figures.items():
            print(f"    {label:<44}{_text(figure)}")
    print("  ratios")
    for label, ratio in document["ratios"].items():
        print(f"    {label:<60}{ratio:.3f}")


def _text(figure: Any) -> str:
    if isinstance(figure, dict) and "median" in figure:
        return f"{figure['median']:<10} ({figure['min']} .. {figure['max']}, n {figure['n']})"
    return str(figure)


if __name__ == "__main__":
    sys.exit(main())
