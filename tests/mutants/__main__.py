"""``python -m tests.mutants [--json] [NAME...]``: break the consumer on purpose, mutant by mutant.

Each is made in a copy of the package, never in the checkout, and the tests that ought to notice it
are run there. One that fails only with an import or type error counts as alive. Exit code 0 when
all were killed, 1 when one is alive, 2 for a wrong name or a patch that does not fit any more.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict

from tests.mutants.breaks import BREAKS
from tests.mutants.lab import Fate, Stale, package_source, patched, run_tests, try_out, workshop


def main(words: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="mutants; all without one")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--list", action="store_true", help="say what each does, and end")
    options = parser.parse_args(words)
    known = {each.name: each for each in BREAKS}
    wrong = [name for name in options.names if name not in known]
    if wrong:
        print(f"no mutant {wrong[0]!r}: choose from {', '.join(known)}", file=sys.stderr)
        return 2
    chosen = [known[name] for name in options.names or known]
    if options.list:
        for each in chosen:
            print(f"{each.name:<34}{each.says}")
        return 0
    began = time.monotonic()
    source = package_source()
    try:
        for each in chosen:
            patched(source, each)
    except Stale as stale:
        print(stale, file=sys.stderr)
        return 2
    fates: list[Fate] = []
    with workshop() as folder:
        every = dict.fromkeys(test for each in chosen for test in each.tests)
        failed, note = run_tests(folder, every)
        if failed or note:
            for one in failed:
                print(f"fails without any break: {one.test} ({one.error})", file=sys.stderr)
            print(note, file=sys.stderr)
            return 1
        for each in chosen:
            fates.append(try_out(folder, each, source))
            if not options.json:
                tell(fates[-1])
    alive = [fate.name for fate in fates if not fate.killed]
    if options.json:
        says = {each.name: each.says for each in chosen}
        mutants = [asdict(fate) | {"says": says[fate.name]} for fate in fates]
        document = {
            "mutants": len(fates),
            "killed": len(fates) - len(alive),
            "alive": alive,
            "seconds": round(time.monotonic() - began, 1),
            "fates": mutants,
        }
        print(json.dumps(document, ensure_ascii=False))
    else:
        print(f"{len(fates) - len(alive)} of {len(fates)} killed")
    return 1 if alive else 0


def tell(fate: Fate) -> None:
    """One line for a mutant."""
    if fate.killed:
        more = f" and {len(fate.killed_by) - 1} more" if len(fate.killed_by) > 1 else ""
        print(f"killed  {fate.name:<34}{fate.killed_by[0]}{more}", flush=True)
    else:
        print(f"ALIVE   {fate.name:<34}{fate.note}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
