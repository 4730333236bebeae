"""The command line: one verb, one job; errors are one line on stderr.

Exit codes: 0 done, 1 a failure (network, disk, permission), 2 bad input.

A command is a module in :mod:`pitwall.commands`. Its ``add(verbs)`` makes the parser with
:func:`pitwall.commands.options.verb`, which takes the handler too, and stands in ``COMMANDS`` here:
that line is all that this page has to know of it. A handler takes what was parsed and returns the
exit code, prints with :mod:`pitwall.commands.answers` and raises a
:class:`pitwall.telemetry.PitwallError` for what is wrong. It imports the rooms that it needs in
its body, so that ``pitwall --help`` waits for none of them.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from pitwall import __version__
from pitwall.commands import (
    cloud,
    coach,
    compare,
    export,
    model,
    publish,
    recordings,
    selftest,
    strategy,
    window,
)
from pitwall.commands.children import CHILDREN
from pitwall.commands.options import Handler
from pitwall.crash import one_line, report_logged_errors
from pitwall.telemetry import BadInput, PitwallError

COMMANDS: tuple[Callable[[Any], None], ...] = (
    window.add,
    recordings.add,
    compare.add,
    export.add,
    coach.add,
    publish.add,
    model.add,
    strategy.add,
    cloud.add,
    selftest.add,
)
"""In the order of ``pitwall --help``."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the process exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    child = CHILDREN.get(words[0]) if words else None
    try:
        if child is not None:
            return child(words[1:])
        if argv is None:
            # A whole process of ours: asked to end it ends as with Ctrl-C, nothing half done.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        report_logged_errors()
        args = _parser().parse_args(words)
        handler: Handler = args.handler
        return handler(args)
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except Exception as error:  # noqa: BLE001 - the last net: a user never sees a traceback
        _say(one_line(error))
        return error.exit_code if isinstance(error, PitwallError) else 1


def _say(text: str) -> None:
    sys.stderr.write(f"pitwall: {text.splitlines()[0] if text else 'failed'}\n")


class _Parser(argparse.ArgumentParser):
    """One that is as brief about what is wrong as everything else here."""

    def error(self, message: str) -> NoReturn:
        """Raises BadInput in place of printing the usage."""
        raise BadInput(f"{message}; see '{self.prog} --help'")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="pitwall", description="Race telemetry from AWS: history in seconds, then live."
    )
    parser.add_argument("--version", action="version", version=f"pitwall {__version__}")
    parser.set_defaults(handler=window.start)
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in COMMANDS:
        add(verbs)
    return parser
