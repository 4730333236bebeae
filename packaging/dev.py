"""The developer's door: one file to set up, run, test, measure and freeze Pitwall.

    python3 packaging/dev.py setup            make .venv from the lock
    python3 packaging/dev.py demo ...         set up, then pitwall demo ...
    python3 packaging/dev.py run ...          set up, then pitwall ...
    python3 packaging/dev.py test             lint, types, import contracts, tests
    python3 packaging/dev.py test ARGS        only pytest, with these arguments
    python3 packaging/dev.py bench NAME ...   a benchmark, side by side with its baselines
    python3 packaging/dev.py freeze           build dist/pitwall and run its self-test
    python3 packaging/dev.py lock             resolve the dependencies anew into the locks

Standard library only; Linux, macOS and Windows. Each verb first makes what it needs.
"""

from __future__ import annotations

import os
import subprocess
import sys

import bootstrap
import tasks


def main(arguments: list[str]) -> int:
    """Carry out one verb; returns the exit code."""
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    if verb in ("help", "-h", "--help"):
        print((__doc__ or "").strip())
        return 0
    python = str(bootstrap.venv_python())
    hand_over = {
        "run": [python, "-m", "pitwall", *rest],
        "demo": [python, "-m", "pitwall", "demo", *rest],
        "bench": [python, "-m", "tests.bench", *rest],
    }
    verbs = {"setup": tasks.setup, "test": tasks.test, "freeze": tasks.freeze, "lock": tasks.lock}
    if verb not in hand_over and verb not in verbs:
        known = ", ".join([*verbs, *hand_over])
        bootstrap.say(f"dev.py: no verb '{verb}'; the verbs are {known}")
        return 2
    bootstrap.ensure()
    if verb in hand_over:
        return become(hand_over[verb])
    return verbs[verb](rest)


def become(command: list[str]) -> int:
    """Run the program in this process's place, so that signals and exit codes are its own."""
    environment = dict(os.environ, PYTHONPATH=str(bootstrap.ROOT))
    if os.name != "nt":  # there execve would return to the shell at once
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(command[0], command, environment)
    return subprocess.call(command, env=environment)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
