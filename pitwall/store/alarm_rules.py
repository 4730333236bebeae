"""What an alarm watches for: limits with hysteresis and delay, as plain values."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from pitwall.telemetry import BadInput, Channel

LONGEST_DELAY_S = 600.0
MOST_RULES = 64
_NAME = 80


class Kind(StrEnum):
    """On which side of the limits something is wrong."""

    ABOVE = "above"
    BELOW = "below"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Rule:
    """One alarm.

    Attributes:
        name: as shown; the channel and its limits where it is empty.
        channel: name of the channel, computed ones included.
        kind: see :class:`Kind`.
        low, high: limits in the channel's unit; ``above`` has no low one, ``below`` no high one.
        hysteresis: how far inside the limit a value must be before the alarm is over.
        delay_s: how long values must have been beyond without a break, event time.
        cars: whose; of all when empty.
        on: whether it is watched.
        sound: whether a new one is heard as well.
    """

    name: str
    channel: str
    kind: Kind
    low: float
    high: float
    hysteresis: float = 0.0
    delay_s: float = 0.0
    cars: tuple[str, ...] = ()
    on: bool = True
    sound: bool = False

    @property
    def delay_us(self) -> int:
        """:attr:`delay_s` in microseconds."""
        return round(self.delay_s * 1_000_000)

    @property
    def condition(self) -> tuple[object, ...]:
        """Equal for two rules that go off alike, whatever they are called."""
        return (self.channel, self.kind, self.low, self.high, self.hysteresis, self.delay_s)

    @property
    def limits(self) -> str:
        """``> 120``, ``< 2.5``, ``outside 2.5 … 6``."""
        if self.kind is Kind.ABOVE:
            return f"> {self.high:g}"
        if self.kind is Kind.BELOW:
            return f"< {self.low:g}"
        return f"outside {self.low:g} … {self.high:g}"

    @property
    def title(self) -> str:
        """As shown."""
        return self.name or f"{self.channel} {self.limits}"

    def fault(self) -> str:
        """What is wrong with it in one line; empty when nothing is."""
        used = {"low": self.kind is not Kind.ABOVE, "high": self.kind is not Kind.BELOW}
        for name, wanted in used.items():
            if wanted and not math.isfinite(getattr(self, name)):
                return f"the {name} limit is not a number"
        if not self.channel:
            return "no channel is named"
        if self.kind is Kind.OUTSIDE and not self.low < self.high:
            return "the low limit must be below the high one"
        if not (math.isfinite(self.hysteresis) and self.hysteresis >= 0):
            return "the hysteresis must be 0 or more"
        if self.kind is Kind.OUTSIDE and 2 * self.hysteresis >= self.high - self.low:
            return "the hysteresis must be less than half of what lies between the limits"
        if not (math.isfinite(self.delay_s) and 0 <= self.delay_s <= LONGEST_DELAY_S):
            return f"the delay must be 0 to {LONGEST_DELAY_S:g} s"
        if len(self.name) > _NAME:
            return f"the name is longer than {_NAME} characters"
        return ""

    def to_text(self) -> str:
        """Canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @staticmethod
    def from_text(text: str) -> Rule:
        """Inverse of :meth:`to_text`. Raises BadInput for anything else."""
        try:
            return Rule.from_plain(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise BadInput(f"not an alarm: {error}") from error

    @staticmethod
    def from_plain(doc: Any) -> Rule:
        """A rule of plain values, as settings and layouts keep it. Raises BadInput."""
        try:
            rule = Rule(
                str(doc.get("name", "")),
                str(doc["channel"]),
                Kind(doc["kind"]),
                float(doc["low"]),
                float(doc["high"]),
                float(doc.get("hysteresis", 0.0)),
                float(doc.get("delay_s", 0.0)),
                tuple(str(car) for car in doc.get("cars", ())),
                bool(doc.get("on", True)),
                bool(doc.get("sound", False)),
            )
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadInput(f"not an alarm: {error!r}") from error
        if rule.fault():
            raise BadInput(f"alarm {rule.title}: {rule.fault()}")
        return rule

    def plain(self) -> dict[str, Any]:
        """As :meth:`from_plain` takes it."""
        return {**asdict(self), "kind": self.kind.value, "cars": list(self.cars)}

    def watches(self, car: str) -> bool:
        """Whether it is about this car."""
        return self.on and (not self.cars or car in self.cars)


def usual_rule(channel: Channel) -> Rule:
    """The rule that a channel's own limits suggest: outside of them, with a fiftieth of their
    width as hysteresis, for half a second."""
    width = channel.high - channel.low
    rule = Rule("", channel.name, Kind.OUTSIDE, channel.low, channel.high, width / 50, 0.5)
    return rule if not rule.fault() else replace(rule, kind=Kind.ABOVE, hysteresis=0.0)
