"""Vehicle files: TOML that mirrors :class:`pitwall.prerace.vehicle.Vehicle`, in SI units.

Engine speeds are in rpm there (``speeds_rpm``, ``shift_rpm``), because that is how everybody has
them; the records hold rad/s. A key that is not known is an error: a setting that is silently not
read would be believed to act.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pitwall.prerace.vehicle import (
    Aero,
    Brakes,
    Driver,
    Engine,
    Gearbox,
    Motor,
    Tyre,
    Vehicle,
    Wheel,
)
from pitwall.telemetry import BadInput, Failure
from pitwall.telemetry.resources import resource_path

_RPM = 2 * math.pi / 60
_PARTS: dict[str, type] = {
    "front": Tyre,
    "rear": Tyre,
    "aero": Aero,
    "gearbox": Gearbox,
    "wheel": Wheel,
    "brakes": Brakes,
    "engine": Engine,
    "motor": Motor,
    "driver": Driver,
}
_IN_RPM = {"speeds_rpm": "speeds_rad_s", "shift_rpm": "shift_rad_s"}
_MAX_BYTES = 1 << 20

T = TypeVar("T")


def shipped_vehicles() -> tuple[str, ...]:
    """Names of the cars in ``resources/vehicles``."""
    return tuple(sorted(p.stem for p in resource_path("vehicles").glob("*.toml")))


@cache
def shipped_vehicle(name: str) -> Vehicle:
    """One of them, read once: every setup sheet asks for its own.

    Raises BadInput for a name that is not there.
    """
    if name not in shipped_vehicles():
        raise BadInput(f"no vehicle {name!r}: there are {', '.join(shipped_vehicles())}")
    return read_vehicle(resource_path("vehicles", f"{name}.toml"))


def read_vehicle(path: Path) -> Vehicle:
    """The car of a TOML file. Raises BadInput with the key that is wrong, Failure when the file
    cannot be read."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"{path}: larger than a vehicle file can be")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 text") from error
    return parse_vehicle(text, str(path))


def parse_vehicle(text: str, where: str) -> Vehicle:
    """The car of TOML text; ``where`` is named in errors. Raises BadInput."""
    try:
        doc = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{where}: {error}") from error
    values: dict[str, Any] = {}
    for key, value in doc.items():
        if key in _PARTS:
            if not isinstance(value, dict):
                raise BadInput(f"{where}: {key} must be a table")
            values[key] = _record(_PARTS[key], value, f"{where}: {key}.")
        else:
            values[key] = value
    try:
        return _record(Vehicle, values, f"{where}: ")
    except BadInput as error:
        text = str(error)
        raise BadInput(text if text.startswith(where) else f"{where}: {text}") from error


def write_vehicle(car: Vehicle) -> str:
    """TOML text that :func:`parse_vehicle` reads back as an equal car."""
    lines = [f"{key} = {_toml(value)}" for key, value in _own(car)]
    for part in _PARTS:
        record = getattr(car, part)
        if record is not None:
            lines += ["", f"[{part}]", *(f"{key} = {_toml(value)}" for key, value in _own(record))]
    return "\n".join(lines) + "\n"


def _record(kind: type[T], values: dict[str, Any], where: str) -> T:
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    given: dict[str, Any] = {}
    for key, value in values.items():
        name = _IN_RPM.get(key, key)
        if name not in known or (key == name and name in _IN_RPM.values()):
            raise BadInput(f"{where}{key} is not known; known are {', '.join(_names(kind))}")
        given[name] = _value(known[name].type, value, f"{where}{key}")
        if key in _IN_RPM:
            given[name] = tuple(v * _RPM for v in given[name])
    for name, field in known.items():
        if name not in given and field.default is MISSING:
            raise BadInput(f"{where}{_file_name(name)} is missing")
    return kind(**given)


def _names(kind: type) -> list[str]:
    return [_file_name(f.name) for f in fields(kind)]


def _file_name(name: str) -> str:
    return {v: k for k, v in _IN_RPM.items()}.get(name, name)


def _value(annotation: Any, value: Any, where: str) -> Any:
    """A value of the file as the record's field wants it; the annotations are texts."""
    wanted = str(annotation)
    if wanted == "str":
        if isinstance(value, str) and value and len(value) <= 200:
            return value
    elif wanted == "bool":
        if isinstance(value, bool):
            return value
    elif wanted.startswith("tuple"):
        if isinstance(value, list) and all(_is_number(v) for v in value):
            return tuple(float(v) for v in value)
    elif wanted.startswith("float"):
        if _is_number(value):
            return float(value)
    else:
        return value  # a part, already a record
    raise BadInput(f"{where} = {value!r} is not what belongs there")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _own(record: Any) -> list[tuple[str, Any]]:
    out = []
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name in _PARTS or value is None:
            continue
        if field.name in _IN_RPM.values():
            value = tuple(v / _RPM for v in value)
        out.append((_file_name(field.name), value))
    return out


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(_escaped(c) for c in value) + '"'
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return repr(float(value))


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    return char if char.isprintable() else f"\\U{ord(char):08x}"
