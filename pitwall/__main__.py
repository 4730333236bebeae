"""`python -m pitwall` is the `pitwall` command."""

from __future__ import annotations

import sys

from pitwall.cli import main

if __name__ == "__main__":
    if getattr(sys, "frozen", False):
        # Processes of a pool begin here as well, and go no further.
        from multiprocessing import freeze_support

        freeze_support()
    sys.exit(main())
