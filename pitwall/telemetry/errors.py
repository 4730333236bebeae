"""The errors that a user sees as one line: what, where, what to do."""

from __future__ import annotations


class PitwallError(Exception):
    """Base of every error that the command line prints as one line instead of a traceback.

    Attributes:
        exit_code: the process exit code the command line uses for it.
    """

    exit_code = 1


class Failure(PitwallError):
    """Something outside the input failed: network, disk, permission. Exit code 1."""


class BadInput(PitwallError):
    """The input (file, argument, record) is not what it should be. Exit code 2."""

    exit_code = 2


class BadPayload(BadInput):
    """A packed payload or segment is damaged, truncated or beyond the stated bounds."""
