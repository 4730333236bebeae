"""`pitwall demo` with a short history, for tests: every other word is the command's own.

python -m tests.soak.small_demo --seconds 20 --json --screenshot x.png
"""

from __future__ import annotations

import sys

from pitwall import cli, demo

HISTORY_S = 100.0
RETENTION_S = 40.0
ROTATE_EVERY_S = 3.0
FIREHOSE_S = 5.0

if __name__ == "__main__":
    demo.RACE = {"seconds_history": HISTORY_S, "stream_s": RETENTION_S}
    demo.RETENTION_S = RETENTION_S
    demo.ROTATE_EVERY_S = ROTATE_EVERY_S
    demo.FIREHOSE_S = FIREHOSE_S
    sys.argv = ["pitwall", "demo", *sys.argv[1:]]
    sys.exit(cli.main())
