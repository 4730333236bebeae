"""How often Python's garbage collector looks through a session, and when it looks at all of it.

A session is a great many small objects that live as long as it does. Looking through them again
and again took a fifth of the time to load one, so they are put aside; whoever leaves a session says
so, or a window with everything behind it would stay in memory for good.
"""

from __future__ import annotations

import gc

THRESHOLD = (50_000, 20, 50)


def rarely() -> None:
    """Look less often from now on. First of all: what is imported and built for a window stays as
    long as the window does, and looking through it again and again made its start longer."""
    gc.set_threshold(*THRESHOLD)


def ease() -> None:
    """Look less often from now on, and not at what is here already. What of it nobody holds stays
    with it until :func:`let_go`: looking for that here would keep the window from its picture."""
    gc.freeze()
    rarely()


def let_go() -> None:
    """Give back what nobody holds any more, of what was put aside too. On the thread of the window
    that is gone: what is left of its parts ends there."""
    # Nothing is put aside again: what somebody holds for a moment longer would stay for good.
    gc.unfreeze()
    gc.collect()
