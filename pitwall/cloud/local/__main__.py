"""``python -m pitwall.cloud.local``."""

import sys

from pitwall.cloud.local import main
from pitwall.telemetry.errors import PitwallError

if __name__ == "__main__":
    try:
        code = main()
    except PitwallError as error:
        sys.stderr.write(f"pitwall: {error}\n")
        code = error.exit_code
    sys.exit(code)
