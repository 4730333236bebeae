"""What can be chosen about a stack."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pitwall.cloud.access import Place
from pitwall.telemetry import BadInput
from pitwall.telemetry.names import shown

BUCKET_START = "pitwall-archive"


@dataclass(frozen=True, slots=True)
class StackSettings:
    """A stack as it is to be.

    Attributes:
        place: names; with a Kinesis stream when its name is there.
        keep_days: days that raw archive objects and objects that could not be delivered are kept;
            sealed laps and the table's items stay.
        buffer_s, buffer_mb: what Firehose collects before it writes an object, whichever is first.
        email: who is told of alarms; empty for nobody.

    Raises:
        BadInput: a number or address that AWS would not take.
    """

    place: Place = field(default_factory=Place)
    keep_days: int = 400
    buffer_s: int = 60
    buffer_mb: int = 32
    email: str = ""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("keep_days", 1, 36_500),
            ("buffer_s", 0, 900),
            ("buffer_mb", 1, 128),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                option = "--" + name.replace("_", "-")
                raise BadInput(f"{option} {value}: from {low} to {high}")
        if self.email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", self.email):
            raise BadInput(f"--email {shown(self.email)}: not an e-mail address")


def bucket_of(account: str, region: str) -> str:
    """Name of the archive's bucket when none is given: bucket names are the whole world's."""
    return f"{BUCKET_START}-{account}-{region}"
