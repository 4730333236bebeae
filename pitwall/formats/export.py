"""A recording as a file for other programs: written beside its place and renamed when whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pitwall.formats import motec_write, table_csv, table_parquet
from pitwall.formats.table import LapRow
from pitwall.store import Recording
from pitwall.telemetry import BadInput, Failure
from pitwall.telemetry.plural import counted

EXPORTS = ("csv", "parquet", "ld")


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote.

    Attributes:
        files: the files.
        format: one of :data:`EXPORTS`.
        cars, rows, laps: what is in them.
        notes: remarks for the person who exports.
    """

    files: tuple[Path, ...]
    format: str
    cars: tuple[str, ...]
    rows: int
    laps: int
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """For ``--json``: stable keys."""
        return {
            "files": [str(path) for path in self.files],
            "format": self.format,
            "cars": list(self.cars),
            "rows": self.rows,
            "laps": self.laps,
            "notes": list(self.notes),
        }

    def text(self) -> list[str]:
        """The report as lines for people."""
        names = ", ".join(str(path) for path in self.files)
        return [
            f"{names}: {counted(len(self.cars), 'car')}, {counted(self.rows, 'row')}, "
            f"{counted(self.laps, 'lap')}",
            *self.notes,
        ]


def export(
    recording: Recording,
    out: Path,
    kind: str,
    laps: Sequence[LapRow],
    car: str | None = None,
) -> ExportReport:
    """Write ``recording`` to ``out`` as ``kind``; ``laps`` go along. With ``car`` only that one.
    MoTeC files hold one car: of several each gets a file, with its name before the ending.

    Raises BadInput when ``out`` exists, ``car`` is not there or nothing can be written of it;
    Failure when the disk does not take it.
    """
    present = tuple(dict.fromkeys(series.car for series in recording.series()))
    if car is not None and car not in present:
        raise BadInput(f"car {car} is not in this recording (cars: {', '.join(present) or 'none'})")
    cars = (car,) if car is not None else present
    if not cars:
        raise BadInput("the recording has no samples to export")
    if kind == "ld":
        return _motec(recording, out, laps, cars)
    with Beside(out) as temporary:
        if kind == "csv":
            with temporary.open("w", encoding="utf-8", newline="\n") as text:
                rows = table_csv.write(text, recording, laps, cars)
        elif kind == "parquet":
            with temporary.open("wb") as binary:
                rows = table_parquet.write(binary, recording, laps, cars)
        else:
            raise BadInput(f"{kind}: not a format to export to ({', '.join(EXPORTS)})")
    count = sum(row.car in cars for row in laps)
    return ExportReport((out,), kind, cars, rows, count)


def _motec(
    recording: Recording, out: Path, laps: Sequence[LapRow], cars: Sequence[str]
) -> ExportReport:
    files, notes, rows = [], [], 0
    for car in cars:
        safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in car)
        path = out if len(cars) == 1 else out.with_name(f"{out.stem}-{safe}{out.suffix}")
        with Beside(path) as temporary, temporary.open("wb") as file:
            written, told = motec_write.write(file, recording, laps, car)
        rows += written
        notes += told
        files.append(path)
    count = sum(row.car in cars for row in laps)
    return ExportReport(tuple(files), "ld", tuple(cars), rows, count, tuple(dict.fromkeys(notes)))


class Beside:
    """A file that is written under another name and renamed when the block ends well."""

    def __init__(self, out: Path) -> None:
        if out.exists():
            raise BadInput(f"{out}: exists already; choose another name or remove it")
        if not out.parent.is_dir():
            raise BadInput(f"{out}: there is no folder {out.parent}")
        self._out = out
        self._temporary = out.with_name(f".{out.name}.{os.getpid()}.exporting")

    def __enter__(self) -> Path:
        return self._temporary

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                os.replace(self._temporary, self._out)
        except OSError as problem:
            raise self._failure(problem) from problem
        finally:
            self._temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> Failure:
        return Failure(f"{self._out}: cannot be written ({error.strerror or error})")
