"""Where sessions are, as a person gives it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_STREAM = re.compile(r"[a-zA-Z0-9_.-]{1,128}|arn:aws[^:]*:kinesis:[^:]*:\d{12}:stream/\S+")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")


@dataclass(frozen=True, slots=True)
class Address:
    """Where sessions are. An empty field is as the AWS configuration has it.

    Attributes:
        profile, region, endpoint: of the account; the endpoint goes before AWS's own.
        table: empty for the one that is there.
        bucket: of the archive; empty for the stack's, or the usual one.
        kinesis: stream that is followed in place of the table's own; empty for that.
    """

    profile: str = ""
    region: str = ""
    endpoint: str = ""
    table: str = ""
    bucket: str = ""
    kinesis: str = ""

    def fault(self) -> str:
        """What is written wrong, in a line; empty when nothing is."""
        if self.endpoint:
            try:
                parts = urlsplit(self.endpoint)
                host = parts.hostname
            except ValueError:
                host = None
            if host is None or parts.scheme not in ("http", "https"):
                return "endpoint: a URL such as http://127.0.0.1:8000"
            if parts.username is not None or parts.password is not None:
                return "endpoint: without name and password; credentials come from the profile"
        if self.region and not _REGION.fullmatch(self.region):
            return "region: written as in us-east-1"
        if self.table and not _NAME.fullmatch(self.table):
            return "table: 3 to 255 letters, digits, and _ . -"
        if self.bucket and not _BUCKET.fullmatch(self.bucket):
            return "archive bucket: 3 to 63 small letters, digits, and . -"
        if self.kinesis and not _STREAM.fullmatch(self.kinesis):
            return "Kinesis stream: its name or its ARN"
        return ""
