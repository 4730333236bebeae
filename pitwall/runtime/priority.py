"""Threads that work beside a window give way to it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

ASIDE = 10
"""Steps of niceness: a tenth of a processor that others want, all of one that nobody does."""


_PASS_ON_S = 0.001


def pass_on_sooner() -> None:
    """Have threads pass the interpreter's lock on after a millisecond of five: a frame takes it
    several times, and waited as long for each while history loads."""
    sys.setswitchinterval(_PASS_ON_S)


def give_way() -> None:
    """Let the window's thread go before the calling one.

    A frame that waits for a processor while two threads unpack history is a frame that is late: a
    third of them were. Only Linux gives threads a priority of their own; elsewhere nothing is done.
    There is no way back without privileges, so this is for threads that do nothing else. Processes
    that such a thread starts give way too.
    """
    if sys.platform == "linux":
        me = threading.get_native_id()
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + ASIDE)
