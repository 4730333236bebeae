"""A change of a setup sheet in words, as a crew says it: ``wing 5``."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from pitwall.prerace.sheet import MAX_LAP, Sheet
from pitwall.prerace.vehicle_file import shipped_vehicles
from pitwall.telemetry import BadInput

VEHICLE = "vehicle"
HOW = "such as `wing 5`, `wing 5, brake bias 61` or `wing 5 lap 12`"
_LAP = re.compile(r"\s+lap\s+(\d{1,5})\s*$", re.IGNORECASE)


def edited(text: str, before: Sheet | None, car: str, lap: int, now_us: int) -> Sheet:
    """The sheet that ``text`` makes of the one ``before``, from ``lap`` on (or the lap that the
    text names). The first sheet of a car names its vehicle: ``vehicle road-cup, wing 5``; it counts
    from the start. Raises BadInput with what may be said."""
    found = _LAP.search(text)
    if found is not None:
        lap, text = int(found[1]), text[: found.start()]
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise BadInput(f"say what is changed, {HOW}")
    if parts[0].lower().startswith(f"{VEHICLE} "):
        before = Sheet(car, 0 if found is None else lap, parts.pop(0).split(None, 1)[1], {}, now_us)
        lap = before.from_lap
    if before is None:
        known = ", ".join(shipped_vehicles())
        raise BadInput(
            f"car {car} has no sheet yet: say which vehicle it is first, `vehicle NAME` ({known})"
        )
    values = dict(before.values)
    for part in parts:
        key, value = _setting(part, before)
        values[key] = value
    if not 0 <= lap <= MAX_LAP:
        raise BadInput(f"lap {lap} is none")
    return replace(before, from_lap=lap, values=values, written_us=now_us, note="", advice="")


def _setting(part: str, sheet: Sheet) -> tuple[str, float]:
    """``brake bias 61`` as key and value."""
    name, _, number = part.rpartition(" ")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not name or not math.isfinite(value):
        raise BadInput(f"{part!r} is no setting with its value: {HOW}")
    key = "_".join(name.lower().replace("_", " ").split())
    setting = sheet.series.setting(key)
    if not setting.low - 1e-9 <= value <= setting.high + 1e-9:
        raise BadInput(
            f"{key} = {value:g} {setting.unit} is not within {setting.low:g} to {setting.high:g}"
        )
    return key, value
