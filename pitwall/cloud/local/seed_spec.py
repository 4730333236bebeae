"""What history to make: the specification, checked, and the feed it names."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pitwall.cloud import keys
from pitwall.cloud.feed import Feed, RecordingFeed
from pitwall.cloud.local.seed_feed import FieldFeed
from pitwall.telemetry import BadInput
from pitwall.telemetry.names import check_epoch, check_session

LIVE_S = 3600.0
"""A live synthetic race goes on so long after its history."""
_FAULTS = {"duplicates": 0.03, "late_objects": 1, "table_only_holes": 1}


@dataclass(frozen=True, slots=True)
class SeedSpec:
    """See :mod:`pitwall.cloud.local.seed` for the members."""

    seed: int
    cars: int
    recording: str | None
    session: str
    race_start_us: int | None
    history_us: int
    length_s: float | None
    stream_s: float
    epoch: str
    cache: bool
    duplicates: float
    late_objects: int
    holes: int


def parse_spec(doc: dict[str, Any]) -> SeedSpec:
    """The specification in ``doc``. Raises BadInput for an unknown member or a wrong value."""
    left = dict(doc)
    faults = left.pop("faults", {})
    if not isinstance(faults, dict) or set(faults) - set(_FAULTS):
        raise BadInput(f"seed spec: faults are {', '.join(_FAULTS)}")
    faults = {**_FAULTS, **faults}
    recording = left.pop("from", None)
    start = left.pop("race_start_us", None)
    length = left.pop("length_s", None if recording is not None else 3000)
    spec = SeedSpec(
        seed=_whole("seed", left.pop("seed", 1), 0, 2**31),
        cars=_whole("cars", left.pop("cars", 8), 1, 64),
        recording=None if recording is None else str(recording),
        session=str(left.pop("session", "")),
        race_start_us=None if start is None else _whole("race_start_us", start, 0, keys.MAX_T),
        history_us=round(
            _number("seconds_history", left.pop("seconds_history", 2400), 1, 3 * 3600) * 1e6
        ),
        length_s=None if length is None else _number("length_s", length, 0, 1e6),
        stream_s=_number("stream_s", left.pop("stream_s", 600), 0, 86400),
        epoch=check_epoch(str(left.pop("epoch", "demo1"))),
        cache=bool(left.pop("cache", True)),
        duplicates=_number("duplicates", faults["duplicates"], 0, 1),
        late_objects=_whole("late_objects", faults["late_objects"], 0, 1),
        holes=_whole("table_only_holes", faults["table_only_holes"], 0, 8),
    )
    if left:
        raise BadInput(f"seed spec: unknown member {sorted(left)[0]!r}")
    if spec.session:
        check_session(spec.session)
    return spec


def open_feed(
    spec: SeedSpec, seconds: float | None = None, tick: Callable[[], None] = lambda: None
) -> Feed:
    """The race that ``spec`` names: a publisher takes all of it, seeding the first ``seconds``.

    A longer synthetic race begins exactly like a shorter one, so that both agree.
    Raises BadInput when its recording cannot be read.
    """
    tick()
    if spec.recording is not None:
        return RecordingFeed(spec.recording)
    return FieldFeed(spec.seed, seconds or spec.history_us / 1e6 + LIVE_S, spec.cars, tick)


def _number(name: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadInput(f"seed spec: {name} must be a number, not {value!r}")
    if not low <= value <= high:
        raise BadInput(f"seed spec: {name} must be {low:g} to {high:g}, not {value!r}")
    return float(value)


def _whole(name: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(f"seed spec: {name} must be a whole number, not {value!r}")
    return int(_number(name, value, low, high)) if value < 2**53 else value
