"""What can be chosen about a stack, and what of it a stack that exists remembers.

Numbers and address are parameters of the stack, so CloudFormation keeps them. Names stand in the
template as they are, because only what is named so can be taken up again; they are read from the
stack's parts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pitwall.cloud.access import Place
from pitwall.telemetry import BadInput
from pitwall.telemetry.names import shown

BUCKET_START = "pitwall-archive"
PARAMETERS = {
    "keep_days": "KeepDays",
    "buffer_s": "BufferSeconds",
    "buffer_mb": "BufferMegabytes",
    "email": "AlarmEmail",
}
"""Parameter of the stack by the setting's name."""
LIMITS = {"keep_days": (1, 36_500), "buffer_s": (0, 900), "buffer_mb": (1, 128)}
"""Least and most, as the services take them."""
_NAMED = {"table": "Table", "bucket": "Bucket", "kinesis": "Kinesis"}


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
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                option = "--" + name.replace("_", "-")
                raise BadInput(f"{option} {value}: from {low} to {high}")
        if self.email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", self.email):
            raise BadInput(f"--email {shown(self.email)}: not an e-mail address")


def bucket_of(account: str, region: str) -> str:
    """Name of the archive's bucket when none is given: bucket names are the whole world's."""
    return f"{BUCKET_START}-{account}-{region}"


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a stack was deployed with.

    Attributes:
        names: ``table``, ``bucket`` and ``kinesis``, as far as the stack has them.
        values: parameters by setting's name, as text.
    """

    names: Mapping[str, str]
    values: Mapping[str, str]


def remembered(parts: Mapping[str, str], parameters: Mapping[str, str]) -> Remembered:
    """What parts (physical by logical name) and parameters tell of a stack's last deployment."""
    return Remembered(
        {name: parts[part] for name, part in _NAMED.items() if parts.get(part)},
        {name: parameters[key] for name, key in PARAMETERS.items() if key in parameters},
    )


def settled(
    given: Mapping[str, Any], former: Remembered | None, place: Place
) -> tuple[StackSettings, dict[str, str]]:
    """The settings of the next deployment: what is given, else what the stack was deployed with,
    else the default.

    Args:
        given: by setting's name, and ``table``, ``bucket``, ``kinesis``; None where nothing was
            given. An empty text is given: it takes the thing away.
        former: of the stack as it is; None when there is none.
        place: the default names, with account and region.

    Returns:
        The settings, and what of them was remembered, by name.

    Raises:
        BadInput: a number, name or address that AWS would not take.
    """
    names = dict(former.names) if former else {}
    values = dict(former.values) if former else {}
    kept: dict[str, str] = {}
    told: dict[str, str] = {}
    for name in _NAMED:
        chosen = given.get(name)
        if chosen is None and name in names:
            chosen = kept[name] = names[name]
        if chosen is not None:
            told[name] = chosen
    numbers: dict[str, Any] = {}
    for name in PARAMETERS:
        chosen = given.get(name)
        if chosen is None and name in values:
            kept[name] = values[name]
            chosen = values[name] if name == "email" else _whole(name, values[name])
        if chosen is not None:
            numbers[name] = chosen
    return StackSettings(replace(place, **told), **numbers), kept


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadInput(
            f"parameter {PARAMETERS[name]} of the stack is {shown(text)}: give "
            f"--{name.replace('_', '-')}"
        ) from None
