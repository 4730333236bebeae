"""Track files: CSV with a header, one row for each point of the lap.

``distance_m`` and either ``curvature_1pm`` or ``x_m`` and ``y_m`` must be there; ``line_m`` (beside
the centre line, left positive) is driven instead of ``x_m`` and ``y_m`` where it is given.
``banking_deg``, ``grade_pct``, ``grip`` and ``drag_zone`` (0 or 1) may be.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.prerace.line import SMOOTH_M, STEP_M, curvature_of
from pitwall.telemetry import BadInput, Failure

COLUMNS = (
    "distance_m",
    "x_m",
    "y_m",
    "line_m",
    "curvature_1pm",
    "banking_deg",
    "grade_pct",
    "grip",
    "drag_zone",
)
_MAX_ROWS = 200_000


def read_track(
    path: Path, step_m: float = STEP_M, smooth_m: float = SMOOTH_M, length_m: float | None = None
) -> LapTrack:
    """The track of a CSV file on an even mesh nearest to ``step_m``.

    A lap ends one row's distance after the last row, or at ``length_m``. Positions are smoothed by
    ``smooth_m``; curvature is taken as it is. Raises BadInput for what is not such a file and
    Failure when it cannot be read.
    """
    columns = _columns(path)
    way = columns["distance_m"]
    if len(way) < 8 or (np.diff(way) <= 0).any() or way[0] != 0:
        raise BadInput(f"{path}: distance_m must rise from 0 over eight rows or more")
    whole = float(way[-1] + (way[-1] - way[-2])) if length_m is None else length_m
    if not way[-1] < whole < 1e6:
        raise BadInput(f"{path}: a lap of {whole} m does not hold its rows")
    if "curvature_1pm" in columns:
        n = max(round(whole / step_m), 8)
        step = whole / n
        at = np.arange(n, dtype=np.float64) * step
        curvature = _along(at, way, columns["curvature_1pm"], whole)
    elif "x_m" in columns and "y_m" in columns:
        curvature, length = curvature_of(*_driven(columns), step_m, smooth_m)
        step = length / len(curvature)
        # the other columns are along the file's own distance
        at = np.arange(len(curvature), dtype=np.float64) * (whole / len(curvature))
    else:
        raise BadInput(f"{path}: needs curvature_1pm, or x_m and y_m")

    def other(name: str, without: float) -> Floats:
        values = columns.get(name)
        return np.full(len(at), without) if values is None else _along(at, way, values, whole)

    return LapTrack.of(
        path.stem,
        step,
        curvature,
        banking=np.radians(other("banking_deg", 0.0)),
        grade=np.arctan(other("grade_pct", 0.0) / 100),
        grip=other("grip", 1.0),
        drag_zone=other("drag_zone", 0.0) >= 0.5,
    )


def _along(at: Floats, way: Floats, values: Floats, whole: float) -> Floats:
    ring = np.append(values, values[0])
    return np.asarray(np.interp(at, np.append(way, whole), ring), np.float64)


def _driven(columns: dict[str, Floats]) -> tuple[Floats, Floats]:
    x, y = columns["x_m"], columns["y_m"]
    if "line_m" not in columns:
        return x, y
    dx, dy = np.roll(x, -1) - np.roll(x, 1), np.roll(y, -1) - np.roll(y, 1)
    size = np.maximum(np.hypot(dx, dy), 1e-9)
    return x - columns["line_m"] * dy / size, y + columns["line_m"] * dx / size


def _columns(path: Path) -> dict[str, Floats]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = [name.strip() for name in next(rows, [])]
            wanted = [(i, name) for i, name in enumerate(header) if name in COLUMNS]
            if "distance_m" not in header or len({name for _, name in wanted}) != len(wanted):
                raise BadInput(f"{path}:1: the header needs distance_m, and each name once")
            found: dict[str, list[float]] = {name: [] for _, name in wanted}
            for number, row in enumerate(rows, start=2):
                if not row:
                    continue
                if number > _MAX_ROWS:
                    raise BadInput(f"{path}:{number}: more than {_MAX_ROWS} rows")
                for i, name in wanted:
                    found[name].append(_number(row, i, name, path, number))
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: not a CSV file ({error})") from error
    return {name: np.array(values, np.float64) for name, values in found.items()}


def _number(row: list[str], i: int, name: str, path: Path, line: int) -> float:
    try:
        value = float(row[i])
    except (IndexError, ValueError) as error:
        raise BadInput(f"{path}:{line}: {name} is not a number") from error
    if not np.isfinite(value):
        raise BadInput(f"{path}:{line}: {name} is {value}")
    return value
