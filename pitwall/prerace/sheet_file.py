"""Setup sheets as files: TOML, one sheet or several, and CSV, a row for each setting."""

from __future__ import annotations

import csv
import io
import math
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pitwall.prerace.sheet import Sheet
from pitwall.prerace.vehicle_file import read_vehicle, write_vehicle
from pitwall.telemetry import BadInput, Failure

COLUMNS = ("car", "from_lap", "vehicle", "setting", "value", "unit", "note")
_KEYS = {"car", "from_lap", "vehicle", "note", "settings"}
_MAX_BYTES = 1 << 20


def read_sheets(path: Path, written_us: int) -> tuple[Sheet, ...]:
    """The sheets of a TOML or CSV file. A ``vehicle`` that ends in ``.toml`` is a file beside it,
    which goes into the sheet. Raises BadInput with place and cure, Failure when it cannot be read.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"{path}: larger than setup sheets can be")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 text") from error
    rows = _csv_rows(text, path) if path.suffix.lower() == ".csv" else _toml_rows(text, path)
    return tuple(_sheet(row, path, written_us) for row in rows)


def write_toml(sheets: Sequence[Sheet]) -> str:
    """TOML text that :func:`read_sheets` reads back."""
    out = []
    for sheet in sheets:
        out += [
            "[[sheet]]",
            f"car = {_quoted(sheet.car)}",
            f"from_lap = {sheet.from_lap}",
            f"vehicle = {_quoted(sheet.vehicle)}",
        ]
        if sheet.note:
            out.append(f"note = {_quoted(sheet.note)}")
        out.append("[sheet.settings]")
        units = {s.key: s.unit for s in sheet.series.settings}
        out += [f"{k} = {float(v)!r}  # {units[k]}" for k, v in sheet.values.items()]
        out.append("")
    return "\n".join(out)


def write_csv(sheets: Sequence[Sheet]) -> str:
    """CSV text that :func:`read_sheets` reads back, a row for each setting."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for sheet in sheets:
        for setting in sheet.series.settings:
            if setting.key in sheet.values:
                value = repr(float(sheet.values[setting.key]))
                writer.writerow(
                    (sheet.car, sheet.from_lap, sheet.vehicle, setting.key, value)
                    + (setting.unit, sheet.note)
                )
    return out.getvalue()


def _toml_rows(text: str, path: Path) -> list[dict[str, Any]]:
    try:
        doc = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{path}: {error}") from error
    rows = doc.get("sheet", [doc])
    if not isinstance(rows, list) or not rows or not all(isinstance(r, dict) for r in rows):
        raise BadInput(f"{path}: needs a setup sheet, or several under [[sheet]]")
    return rows


def _csv_rows(text: str, path: Path) -> list[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text))
    missing = set(COLUMNS) - {"unit", "note"} - set(reader.fieldnames or ())
    if missing:
        raise BadInput(f"{path}: no column {sorted(missing)[0]!r}: needed are {', '.join(COLUMNS)}")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in reader:
        where = f"{path}: line {reader.line_num}"
        try:
            lap, value = int(row["from_lap"] or ""), float(row["value"] or "")
        except ValueError as error:
            raise BadInput(f"{where}: {error}") from error
        key = (row["car"] or "", str(lap))
        sheet = found.setdefault(
            key,
            {
                "car": row["car"],
                "from_lap": lap,
                "vehicle": row["vehicle"],
                "note": row.get("note") or "",
                "settings": {},
            },
        )
        if sheet["vehicle"] != row["vehicle"]:
            raise BadInput(f"{where}: another vehicle than in the lines before of the same sheet")
        sheet["settings"][row["setting"]] = value
    if not found:
        raise BadInput(f"{path}: no setting in it")
    return list(found.values())


def _sheet(row: dict[str, Any], path: Path, written_us: int) -> Sheet:
    unknown = set(row) - _KEYS
    if unknown:
        raise BadInput(f"{path}: {sorted(unknown)[0]} is not known; known are {sorted(_KEYS)}")
    for key, kind in (("car", str), ("from_lap", int), ("vehicle", str), ("settings", dict)):
        if not isinstance(row.get(key), kind) or isinstance(row.get(key), bool):
            raise BadInput(f"{path}: {key} is missing or not what belongs there")
    values = {}
    for key, value in row["settings"].items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            raise BadInput(f"{path}: {key} = {value!r} is not a number")
        values[key] = float(value)
    vehicle, toml = row["vehicle"], ""
    if vehicle.endswith(".toml"):
        toml = write_vehicle(read_vehicle(path.parent / vehicle))
    note = str(row.get("note", ""))
    try:
        return Sheet(row["car"], row["from_lap"], vehicle, values, written_us, note, "", toml)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error


def _quoted(text: str) -> str:
    safe = (c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)
    return '"' + "".join("\\" + c if c in '"\\' else c for c in safe) + '"'
