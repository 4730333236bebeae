"""What came of advice, as part of a file of setup sheets: so that a car's next session knows it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pitwall.prerace.log import ADVICE, SCORE, Logged, Score, entry_text, log_in, score_key
from pitwall.telemetry import BadInput, Failure

TABLE = "advice"
_PROMISE = ("mean_s", "lo_s", "hi_s", "parameter_sd", "seed", "draws", "version")
_OUTCOME = ("obtained_s", "sd_s")


def log_toml(log: Sequence[tuple[Logged, Score | None]]) -> str:
    """TOML text, an ``[[advice]]`` for each advice that its laps have judged; empty without one."""
    out = []
    for entry, score in log:
        if score is None:
            continue
        out += [
            f"[[{TABLE}]]",
            f"car = {json.dumps(entry.car)}",
            f"written_us = {entry.written_us}",
            f"class = {json.dumps(entry.trust.value)}",
            f"sheet = {json.dumps(entry.sheet)}",
        ]
        out += [f"{name} = {getattr(entry, name)!r}" for name in _PROMISE]
        out += [f"{name} = {getattr(score, name)!r}" for name in _OUTCOME]
        out += [f"held = {json.dumps(score.held)}", f"told = {json.dumps(score.told)}"]
        out.append(f"[{TABLE}.values]")
        out += [f"{key} = {float(value)!r}" for key, value in entry.values.items()]
        out.append("")
    return "\n".join(out)


def read_log(path: Path) -> dict[str, str]:
    """The judged advices of a TOML file as entries for a recording's table; none in a CSV file.
    Raises BadInput for one that is none, Failure when the file cannot be read."""
    if path.suffix.lower() == ".csv":
        return {}
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8-sig")).get(TABLE, [])
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{path}: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise BadInput(f"{path}: advice must be tables, [[{TABLE}]]")
    out: dict[str, str] = {}
    for row in rows:
        out |= _entries(dict(row), path)
    return out


def _entries(row: dict[str, Any], path: Path) -> dict[str, str]:
    outcome = {name: row.pop(name, None) for name in (*_OUTCOME, "held", "told")}
    row["trust"] = row.pop("class", None)
    place = f"{row.get('car')}/{row.get('written_us')}"
    judged = {"advice": ADVICE + place, **outcome}
    meta = {ADVICE + place: json.dumps(row), SCORE + place: json.dumps(judged)}
    try:
        ((entry, score),) = log_in(meta)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    assert score is not None
    return {entry.key: entry_text(entry), score_key(entry): entry_text(score)}
