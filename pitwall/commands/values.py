"""Kinds of values on the command line: what is taken, and what is said of anything else.

All but :func:`existing` are for ``type=`` and raise argparse.ArgumentTypeError.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from pitwall.telemetry import BadInput
from pitwall.telemetry.names import check_session


def speed(text: str) -> float:
    """Event seconds per second."""
    return number(text, 0, 1000)


def megabytes(text: str) -> int:
    """Megabytes, as bytes."""
    return round(number(text, 0, 1_000_000) * 1024 * 1024)


def memory(text: str) -> int:
    """Megabytes of memory for a session."""
    return round(number(text, 63, 1_000_000))


def seconds(text: str) -> float:
    """A span of up to a day."""
    return number(text, 0, 86_400)


def number(text: str, low: float, high: float) -> float:
    """A number above ``low`` and up to ``high``."""
    try:
        value = float(text)
    except ValueError:
        value = low
    if not low < value <= high:
        raise argparse.ArgumentTypeError(f"a number above {low:g} and up to {high:g}, not {text!r}")
    return value


def url(text: str) -> str:
    """A service's address, without a user's name in it."""
    from pitwall.cloud.clients import NO_USER

    scheme, _, rest = text.partition("://")
    if "@" in text:
        # not repeated: what is said ends in logs
        raise argparse.ArgumentTypeError(NO_USER)
    if scheme not in ("http", "https") or not rest:
        raise argparse.ArgumentTypeError(f"a URL such as http://127.0.0.1:8000, not {text!r}")
    return text


def stream(text: str) -> str:
    """Name or ARN of a Kinesis stream."""
    if not re.fullmatch(
        r"[a-zA-Z0-9_.-]{1,128}|arn:aws[^:]*:kinesis:[^:]*:\d{12}:stream/\S+", text
    ):
        raise argparse.ArgumentTypeError(f"name or ARN of a Kinesis stream, not {text!r}")
    return text


def session(text: str) -> str:
    """A session's key."""
    try:
        return check_session(text)
    except BadInput as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def account(text: str) -> str:
    """An AWS account's number."""
    if not re.fullmatch(r"\d{12}", text):
        raise argparse.ArgumentTypeError(f"an AWS account, 12 digits, not {text!r}")
    return text


def size(text: str) -> tuple[int, int]:
    """A window's width and height in pixels."""
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"as in 1920x1080, not {text!r}")
    pixels = int(width), int(height)
    if not (640 <= pixels[0] <= 7680 and 400 <= pixels[1] <= 4320):
        raise argparse.ArgumentTypeError(f"between 640x400 and 7680x4320, not {text!r}")
    return pixels


def existing(path: Path) -> Path:
    """``path``, which is a file. Raises BadInput where it is not."""
    if path.is_dir():
        raise BadInput(f"{path}: a folder; give the path of a file in it")
    if not path.is_file():
        raise BadInput(f"{path}: no such file; give the path of an existing one")
    return path
