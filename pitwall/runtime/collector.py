"""How often Python's garbage collector looks through a session, and when it looks at all of it.

A session is a great many small objects that live as long as it does. Looking through them again
and again took a fifth of the time to load one, so they are put aside; whoever leaves a session says
so, or a window with everything behind it would stay in memory for good.
"""

from __future__ import annotations

import gc

THRESHOLD = (50_000, 20, 50)


def ease() -> None:
    """Look less often from now on, and not at what is here already."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLD)


def let_go() -> None:
    """Give back what nobody holds any more, of what was put aside too. On the thread of the window
    that is gone: what is left of its parts ends there."""
    # Nothing is put aside again: what somebody holds for a moment longer would stay for good.
    gc.unfreeze()
    gc.collect()
