"""`python -m pitwall` is the `pitwall` command."""

from __future__ import annotations

import sys

from pitwall.cli import main

if __name__ == "__main__":
    sys.exit(main())
