"""``pitwall model lap``: the lap that a car can do, and what a change is worth."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pitwall.commands.answers import print_json, print_lines
from pitwall.commands.model_common import add_day, add_vehicle, car_of, number, track_of
from pitwall.commands.options import verb

if TYPE_CHECKING:
    from pitwall.prerace import Laps, LapTrack, Series, Vehicle


def add(actions: Any) -> None:
    """Add ``lap`` to the verbs of ``model``."""
    lap = verb(
        actions, "lap", _lap, "the lap that a car can do on a recording's line or a track file"
    )
    lap.add_argument("track", type=Path, metavar="S.pitwall|TRACK.csv")
    add_vehicle(lap)
    lap.add_argument(
        "--set",
        dest="changes",
        action="append",
        default=[],
        type=_change,
        metavar="SETTING=VALUE",
        help="a setting of the car's series, or a parameter such as mass_kg; may be repeated",
    )
    add_day(lap)
    lap.add_argument("--grip", type=number, default=1.0, help="multiplies the track's grip")
    lap.add_argument("--margin", type=number, default=0.0, help="m/s kept below corner limits")
    lap.add_argument("--no-boost", action="store_true", help="a hybrid's motor stays off")
    lap.add_argument("--profile", action="store_true", help="the speed along the lap as well")
    lap.add_argument("--json", action="store_true")


def _lap(args: argparse.Namespace) -> int:
    from pitwall.prerace import Conditions, series_of, simulate, with_values

    car = car_of(args.vehicle)
    series = series_of(car)
    changed = car
    for key, value in args.changes:
        if any(setting.key == key for setting in series.settings):
            changed = series.apply(changed, {key: value})
        else:
            changed = with_values(changed, {key: value})
    track = track_of(args.track)
    day = Conditions(args.air, args.grip, args.margin, boost=not args.no_boost)
    laps = simulate([car, changed], track, day)
    doc = _report(changed, series, track, laps, dict(args.changes), args.profile)
    if args.json:
        print_json(doc)
    else:
        print_lines(*_text(doc))
    return 0


def _report(
    car: Vehicle,
    series: Series,
    track: LapTrack,
    laps: Laps,
    changes: dict[str, float],
    profile: bool,
) -> dict[str, Any]:
    v = laps.speed_ms[:, 1]
    left = float(laps.store_j[1])
    doc: dict[str, Any] = {
        "car": car.name,
        "series": series.key,
        "track": track.name,
        "track_length_m": round(track.length_m, 1),
        "changes": changes,
        "time_s": round(float(laps.time_s[1]), 4),
        "gain_s": round(float(laps.time_s[0] - laps.time_s[1]), 4),
        "sectors_s": [round(float(s), 4) for s in laps.sectors_s()[:, 1]],
        "top_ms": round(float(v.max()), 3),
        "slowest_ms": round(float(v.min()), 3),
        "store_left_j": round(left) if math.isfinite(left) else None,
        "breaches": list(series.breaches(car)),
    }
    if profile:
        doc["profile"] = {
            "distance_m": [round(float(s), 2) for s in laps.at_m()],
            "speed_ms": [round(float(speed), 3) for speed in v],
        }
    return doc


def _text(doc: dict[str, Any]) -> list[str]:
    out = [
        f"{doc['car']} on {doc['track']} ({doc['track_length_m']:.0f} m): {doc['time_s']:.3f} s",
        f"top {doc['top_ms'] * 3.6:.1f} km/h, slowest {doc['slowest_ms'] * 3.6:.1f} km/h",
    ]
    if doc["changes"]:
        made = ", ".join(f"{key} = {value:g}" for key, value in doc["changes"].items())
        out.append(f"{made}: {-doc['gain_s']:+.3f} s against the car as it was")
    out += [f"not allowed: {breach}" for breach in doc["breaches"]]
    if "profile" in doc:
        rows = zip(doc["profile"]["distance_m"], doc["profile"]["speed_ms"], strict=True)
        out += [f"{distance:.2f} {speed:.3f}" for distance, speed in rows]
    return out


def _change(text: str) -> tuple[str, float]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not SETTING=VALUE")
    return key.strip(), number(value)
