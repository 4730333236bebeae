"""Races as TOML files: what a race is made of, its tyres, and strategies to compare."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pitwall.strategy.cautions import CautionModel, caution_model
from pitwall.strategy.montecarlo import Chances
from pitwall.strategy.race import Compound, PitLoss, Race, Stop, Strategy, check
from pitwall.telemetry import BadInput, Failure

_MAX_BYTES = 1 << 20
_PIT = ("green", "slow", "safety")
_TOP = {"race", "tyres", "pit", "chances", "strategy"}


@dataclass(frozen=True, slots=True)
class RaceFile:
    """A race, what chance does, and the strategies to compare."""

    race: Race
    chances: Chances
    strategies: tuple[Strategy, ...]


def read_race(path: Path) -> RaceFile:
    """A race file. Raises BadInput with the key that is wrong, Failure when it cannot be read."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"{path}: larger than a race file can be")
        doc = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{path}: {error}") from error
    try:
        return _race_file(doc)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error


def _race_file(doc: dict[str, Any]) -> RaceFile:
    unknown = sorted(set(doc) - _TOP)
    if unknown:
        raise BadInput(f"{unknown[0]} is not known; known are {', '.join(sorted(_TOP))}")
    known = {f.name for f in fields(Race)} - {"compounds", *_PIT}
    values = _numbers(_table(doc, "race"), known, "race")
    for needed in ("laps", "base_s"):
        if needed not in values:
            raise BadInput(f"race.{needed} is missing")
    if values["laps"] != int(values["laps"]):
        raise BadInput(f"race.laps = {values['laps']} is not a number of laps")
    tyres = {
        name: Compound(**_numbers(row, {f.name for f in fields(Compound)}, f"tyres.{name}"))
        for name, row in _table(doc, "tyres").items()
    }
    pit: dict[str, Any] = {}
    for name, row in _table(doc, "pit").items():
        if name not in _PIT:
            raise BadInput(f"pit.{name} is not known; known are {', '.join(_PIT)}")
        parts = _numbers(row, {"into_s", "out_s"}, f"pit.{name}")
        if len(parts) != 2:
            raise BadInput(f"pit.{name} needs into_s and out_s")
        pit[name] = PitLoss(**parts)
    laps = int(values.pop("laps"))
    race = Race(laps=laps, compounds=tyres or {"": Compound()}, **values, **pit)
    strategies = tuple(_strategy(row) for row in doc.get("strategy", []))
    for strategy in strategies:
        check(race, strategy)
    return RaceFile(race, _chances(_table(doc, "chances")), strategies)


def _chances(row: dict[str, Any]) -> Chances:
    given = dict(row)
    key = given.pop("cautions", "none")
    model: CautionModel = caution_model(str(key))
    known = {"lap_sd_s", "stand_sd_s", "wear_sd_s", "lap_m"}
    return Chances(model, **_numbers(given, known, "chances"))


def _strategy(row: Any) -> Strategy:
    if not isinstance(row, dict):
        raise BadInput("strategy: must be tables, [[strategy]]")
    stops = []
    for stop in row.get("stops", []):
        if not isinstance(stop, dict) or not isinstance(stop.get("lap"), int):
            raise BadInput("strategy.stops: each needs a lap and a tyre")
        fuel = stop.get("fuel_kg", 0.0)
        if not _is_number(fuel):
            raise BadInput(f"strategy.stops: fuel_kg = {fuel!r} is not a number")
        stops.append(Stop(stop["lap"], str(stop.get("tyre", "")), float(fuel)))
    age = row.get("age", 0.0)
    if not _is_number(age):
        raise BadInput(f"strategy.age = {age!r} is not a number")
    return Strategy(str(row.get("start", "")), tuple(stops), float(age))


def _table(doc: dict[str, Any], key: str) -> dict[str, Any]:
    value = doc.get(key, {})
    if not isinstance(value, dict):
        raise BadInput(f"{key} must be a table")
    return value


def _numbers(row: Any, known: set[str], where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise BadInput(f"{where} must be a table")
    for key, value in row.items():
        if key not in known:
            raise BadInput(f"{where}.{key} is not known; known are {', '.join(sorted(known))}")
        if not _is_number(value):
            raise BadInput(f"{where}.{key} = {value!r} is not a number")
    return {key: float(value) for key, value in row.items()}


def _is_number(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(float(value))  # type: ignore[arg-type]
