"""``pitwall model ...``: the lap model on the command line."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pitwall.telemetry import BadInput, Failure

if TYPE_CHECKING:
    from pitwall.prerace import Laps, LapTrack, Series, Vehicle

_NO_LINE = "no line is known: it takes a whole lap with positions"


def add(verbs: Any) -> None:
    """Add ``model`` and its own verbs to ``verbs``."""
    words = "the model of car and lap"
    model = verbs.add_parser("model", help=words, description=words)
    actions = model.add_subparsers(title="commands", metavar="COMMAND", required=True)
    text = "the lap that a car can do on a recording's line or a track file"
    lap = actions.add_parser("lap", help=text, description=text)
    lap.set_defaults(handler=_lap)
    lap.add_argument("track", type=Path, metavar="S.pitwall|TRACK.csv")
    _vehicle(lap)
    lap.add_argument(
        "--set",
        dest="changes",
        action="append",
        default=[],
        type=_change,
        metavar="SETTING=VALUE",
        help="a setting of the car's series, or a parameter such as mass_kg; may be repeated",
    )
    _day(lap)
    lap.add_argument("--grip", type=_number, default=1.0, help="multiplies the track's grip")
    lap.add_argument("--margin", type=_number, default=0.0, help="m/s kept below corner limits")
    lap.add_argument("--no-boost", action="store_true", help="a hybrid's motor stays off")
    lap.add_argument("--profile", action="store_true", help="the speed along the lap as well")
    lap.add_argument("--json", action="store_true")

    text = "what a vehicle must be like to drive the laps of a car in a recording"
    fit = actions.add_parser("fit", help=text, description=text)
    fit.set_defaults(handler=_fit)
    fit.add_argument("recording", type=Path, metavar="S.pitwall")
    fit.add_argument("--car", required=True, help="whose laps")
    _vehicle(fit)
    _day(fit)
    fit.add_argument("--out", type=Path, metavar="FILE.toml", help="write the fitted vehicle")
    fit.add_argument("--json", action="store_true")


def _vehicle(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--vehicle", required=True, metavar="NAME|FILE.toml", help="one that ships, or a file"
    )


def _day(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--air", type=_number, default=1.2, help="density of the air, kg/m3")


def _lap(args: argparse.Namespace) -> int:
    from pitwall.prerace import Conditions, series_of, simulate, with_values

    car = _car(args.vehicle)
    series = series_of(car)
    changed = car
    for key, value in args.changes:
        if any(setting.key == key for setting in series.settings):
            changed = series.apply(changed, {key: value})
        else:
            changed = with_values(changed, {key: value})
    track = _track(args.track)
    day = Conditions(args.air, args.grip, args.margin, boost=not args.no_boost)
    laps = simulate([car, changed], track, day)
    doc = _report(changed, series, track, laps, dict(args.changes), args.profile)
    if args.json:
        sys.stdout.write(json.dumps(doc, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(_text(doc)) + "\n")
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


def _fit(args: argparse.Namespace) -> int:
    from pitwall.analysis import TimingEngine
    from pitwall.prerace import Conditions, fit_car, simulate_one, track_of_line, write_vehicle
    from pitwall.prerace.practice import enough, practice_laps
    from pitwall.store import open_session

    car = _car(args.vehicle)
    if not args.recording.is_file():
        raise Failure(f"{args.recording}: no such file")
    if args.out is not None and args.out.exists():
        raise BadInput(f"{args.out} exists already: name another file")
    recording, store = open_session(args.recording, read_only=True)
    with recording:
        timing = TimingEngine().update(store)
        if timing.track is None:
            raise BadInput(f"{args.recording}: {_NO_LINE}")
        track = track_of_line(timing.track, store.session.key)
        laps = practice_laps(store, timing, args.car, track)
    day = Conditions(args.air)
    fit = fit_car(car, track, enough(laps), day)
    if args.out is not None:
        with args.out.open("x", encoding="utf-8") as file:
            file.write(write_vehicle(fit.car))
    used = [lap.lap for lap in laps if not lap.dropped]
    best = min(lap.time_us for lap in used if lap.time_us is not None) / 1e6
    doc = {
        "car": args.car,
        "vehicle": car.name,
        "track": track.name,
        "laps": {
            "used": [lap.number for lap in used],
            "dropped": {str(lap.lap.number): lap.dropped for lap in laps if lap.dropped},
        },
        "best_used_s": round(best, 3),
        "before_s": round(float(simulate_one(car, track, day).time_s[0]), 3),
        "fitted_s": round(float(simulate_one(fit.car, track, day).time_s[0]), 3),
        "residual_ms": round(fit.residual_ms, 3),
        "settled": fit.settled,
        "factors": {
            unknown.name: {
                "factor": round(float(fit.factors[i]), 4),
                "noise_sd": round(float(fit.sd[i]), 4),
                "seen": bool(fit.seen[i]),
            }
            for i, unknown in enumerate(fit.unknowns)
        },
        "indistinct": [list(pair) for pair in fit.indistinct()],
    }
    if args.json:
        sys.stdout.write(json.dumps(doc, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(_fit_text(doc)) + "\n")
    return 0


def _fit_text(doc: dict[str, Any]) -> list[str]:
    used, dropped = len(doc["laps"]["used"]), len(doc["laps"]["dropped"])
    out = [
        f"{doc['vehicle']} on {used} laps of car {doc['car']} ({dropped} not used): "
        f"{doc['fitted_s']:.3f} s, was {doc['before_s']:.3f} s; "
        f"best lap {doc['best_used_s']:.3f} s",
        f"speed off by {doc['residual_ms']:.2f} m/s" + ("" if doc["settled"] else "; not settled"),
    ]
    for name, found in doc["factors"].items():
        seen = "" if found["seen"] else ", not seen in these laps"
        out.append(f"{name:<10} x {found['factor']:.3f} (noise {found['noise_sd']:.3f}{seen})")
    out += [f"{a} and {b} are not told from each other" for a, b in doc["indistinct"]]
    return out


def _car(given: str) -> Vehicle:
    from pitwall.prerace import read_vehicle, shipped_vehicle

    return read_vehicle(Path(given)) if given.endswith(".toml") else shipped_vehicle(given)


def _track(path: Path) -> LapTrack:
    from pitwall.analysis import TimingEngine
    from pitwall.prerace import read_track, track_of_line
    from pitwall.store import open_session

    if path.suffix.lower() == ".csv":
        return read_track(path)
    if not path.is_file():
        raise Failure(f"{path}: no such file")
    recording, store = open_session(path, read_only=True)
    with recording:
        line = TimingEngine().update(store).track
        name = store.session.key
    if line is None:
        raise BadInput(f"{path}: {_NO_LINE}")
    return track_of_line(line, name)


def _change(text: str) -> tuple[str, float]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not SETTING=VALUE")
    return key.strip(), _number(value)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value
