"""Our own CSV: a heading of ``# {json}`` lines, a line of names with units, a row a moment."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from pitwall.formats.lines import Tick, read_lines
from pitwall.formats.source import Block, Survey
from pitwall.formats.table import (
    ROWS,
    Floats,
    Heading,
    LapRow,
    Portion,
    blocks,
    column_names,
    heading_of,
    portions,
)
from pitwall.store import Recording
from pitwall.telemetry import BadInput, Channel, Group
from pitwall.telemetry.clock import from_iso, iso

NAME = "pitwall-csv"
TITLE = "Pitwall CSV"
EXTENSIONS = (".csv",)
_START = '# {"pitwall":'
_FIRST = ("time", "car", "lap")
_MAX_HEADING = 200_000


def sniff(head: bytes) -> float:
    """How sure we are that a file with these first bytes is one of ours, 0..1."""
    return 1.0 if head.removeprefix(b"\xef\xbb\xbf").startswith(_START.encode()) else 0.0


def write(file: IO[str], recording: Recording, laps: Sequence[LapRow], cars: Sequence[str]) -> int:
    """Write the recording's table; returns the number of rows."""
    heading = heading_of(recording)
    for doc in heading.lines(laps):
        file.write("# " + json.dumps(doc, ensure_ascii=False, separators=(",", ":")) + "\n")
    catalog = heading.session.catalog
    names = [name for _, _, name in column_names(catalog)]
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([*_FIRST, *names])
    file.write(line.getvalue())
    count = 0
    for portion in portions(recording, laps, cars):
        columns = [[iso(t) for t in portion.t.tolist()], [_cell(portion.car)] * len(portion.t)]
        columns.append([str(n) for n in portion.lap.tolist()])
        for group in catalog.groups:
            columns += _columns(portion, group)
        file.writelines(",".join(row) + "\n" for row in zip(*columns, strict=True))
        count += len(portion.t)
    return count


def _columns(portion: Portion, group: Group) -> list[list[str]]:
    there = portion.present[group.name].tolist()
    out = []
    for channel, values in zip(group.channels, portion.values[group.name], strict=True):
        texts = map(repr, _shortened(channel, values).tolist())
        out.append([text if is_ else "" for text, is_ in zip(texts, there, strict=True)])
    return out


def _shortened(channel: Channel, values: Floats) -> Floats:
    """Without the digits that come of multiplying steps: 0.1 + 0.2 is written 0.3."""
    if not channel.resolution:
        return values
    digits = max(0, 1 - math.floor(math.log10(channel.resolution)))
    return np.round(values, min(digits + 3, 15))


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n') else text


class CsvTable:
    """One exported file: all its cars."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._heading: Heading | None = None

    def survey(self, tick: Tick | None = None) -> Survey:
        """Read heading and every row."""
        rows = 0
        first = last = 0
        seen: dict[str, None] = {}
        for car, t, _, _, _ in self._portions(tick):
            seen[car] = None
            lo, hi = int(t.min()), int(t.max())
            first = min(first, lo) if rows else lo
            last = max(last, hi) if rows else hi
            rows += len(t)
        heading = self._heading
        if heading is None or not rows:
            raise BadInput(f"{self.path}: no rows after the heading")
        return survey_of(heading, tuple(seen), rows, first, last)

    def blocks(self, tick: Tick | None = None) -> Iterator[Block]:
        """The samples. The file must have passed :meth:`survey`."""
        for car, t, lap, values, present in self._portions(tick):
            yield from blocks(self._original(car), t, lap, values, present)

    def _original(self, car: str) -> str:
        assert self._heading is not None
        return self._heading.cars.get(car, car)

    def _portions(
        self, tick: Tick | None
    ) -> Iterator[
        tuple[
            str,
            NDArray[np.int64],
            NDArray[np.int64],
            dict[str, dict[str, Floats]],
            dict[str, NDArray[np.bool_]],
        ]
    ]:
        docs: list[dict[str, object]] = []
        where: list[tuple[str, str]] = []
        cars: dict[str, None] = {}
        rows: list[list[str]] = []
        numbers: list[int] = []
        for number, text in read_lines(self.path, tick):
            if text.startswith("# ") and not where:
                docs.append(self._doc(number, text))
                continue
            if not where:
                where = self._named(number, text, docs)
                continue
            fields = text.split(",") if '"' not in text else next(csv.reader([text]), [])
            if len(fields) != len(where) + len(_FIRST):
                raise BadInput(
                    f"{self.path}:{number}: {len(fields)} fields where "
                    f"{len(where) + len(_FIRST)} are expected; the row is cut off or damaged"
                )
            if rows and (fields[1] != rows[-1][1] or len(rows) >= ROWS):
                yield self._portion(rows, numbers, where)
                rows, numbers = [], []
            if fields[1] not in cars and len(cars) > 1000:
                raise BadInput(f"{self.path}:{number}: more than 1000 cars")
            cars[fields[1]] = None
            rows.append(fields)
            numbers.append(number)
        if rows:
            yield self._portion(rows, numbers, where)

    def _doc(self, number: int, text: str) -> dict[str, object]:
        try:
            doc = json.loads(text[2:])
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{self.path}:{number}: not a line of the heading ({error})") from error
        if not isinstance(doc, dict) or number > _MAX_HEADING:
            raise BadInput(f"{self.path}:{number}: not a line of the heading")
        return doc

    def _named(
        self, number: int, text: str, docs: list[dict[str, object]]
    ) -> list[tuple[str, str]]:
        """(group, channel) of each column."""
        try:
            heading = self._heading = Heading.parse(docs)
        except BadInput as error:
            raise BadInput(f"{self.path}:1: {error}") from error
        catalog = heading.session.catalog
        columns = column_names(catalog)
        try:
            names = next(csv.reader([text], strict=True), [])
        except csv.Error as error:
            raise BadInput(f"{self.path}:{number}: not a row ({error})") from error
        if names != [*_FIRST, *(name for _, _, name in columns)]:
            raise BadInput(
                f"{self.path}:{number}: the names of the columns are not those of the heading; "
                "keep the file as it was exported"
            )
        return [(g, catalog.group(g).channels[i].name) for g, i, _ in columns]

    def _portion(
        self, rows: list[list[str]], numbers: list[int], where: list[tuple[str, str]]
    ) -> tuple[
        str,
        NDArray[np.int64],
        NDArray[np.int64],
        dict[str, dict[str, Floats]],
        dict[str, NDArray[np.bool_]],
    ]:
        times, laps = [], []
        for number, row in zip(numbers, rows, strict=True):
            try:
                times.append(from_iso(row[0]))
                laps.append(int(row[2]))
            except (BadInput, ValueError, OverflowError) as error:
                raise BadInput(
                    f"{self.path}:{number}: time {row[0][:40]!r} and lap {row[2][:10]!r} are not "
                    "as exported"
                ) from error
        values: dict[str, dict[str, Floats]] = {}
        present: dict[str, NDArray[np.bool_]] = {}
        for k, (group, channel) in enumerate(where):
            texts = [row[k + len(_FIRST)] for row in rows]
            there = np.array([text != "" for text in texts], np.bool_)
            try:
                column = np.array([text or "nan" for text in texts], np.float64)
            except ValueError:
                column = self._bad(numbers, texts, channel)
            before = present.setdefault(group, there)
            if not np.array_equal(before, there):
                at = numbers[int(np.argmax(before != there))]
                raise BadInput(
                    f"{self.path}:{at}: {channel}: a cell is empty where others of group {group} "
                    "are not; a missing value is written nan"
                )
            values.setdefault(group, {})[channel] = column
        lap = np.clip(np.array(laps, np.int64), 0, 1 << 40)
        return rows[0][1], np.array(times, np.int64), lap, values, present

    def _bad(self, numbers: list[int], texts: list[str], channel: str) -> Floats:
        for number, text in zip(numbers, texts, strict=True):
            try:
                float(text or "nan")
            except ValueError:
                raise BadInput(
                    f"{self.path}:{number}: {channel} {text[:40]!r} is not a number"
                ) from None
        raise BadInput(f"{self.path}:{numbers[0]}: {channel} is not a column of numbers")


def survey_of(heading: Heading, cars: tuple[str, ...], rows: int, first: int, last: int) -> Survey:
    """The survey of a table of ours."""
    session = heading.session
    return Survey(
        cars=tuple(heading.cars.get(car, car) for car in cars),
        groups=session.catalog.groups,
        clock=session.clock,
        t_first=first,
        t_last=last,
        rows=rows,
        meta=heading.meta,
        session=session,
        labels={heading.cars.get(car, car): car for car in cars},
    )
