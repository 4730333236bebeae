"""A .ld file that Pitwall wrote: its samples at their exact moments, by the trailer behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitwall.formats.lines import Tick
from pitwall.formats.motec import read_records, read_values
from pitwall.formats.motec_layout import Record
from pitwall.formats.motec_write import NONE_32, TRAILER
from pitwall.formats.source import Block, Survey
from pitwall.formats.table import Floats, Heading, blocks
from pitwall.formats.table_csv import survey_of
from pitwall.telemetry import BadInput, Failure
from pitwall.telemetry.clock import from_iso

_MAX_TRAILER = 64 * 1024 * 1024


def has_trailer(path: Path) -> bool:
    """Whether a .ld file ends as ours do."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            if file.tell() < 16:
                return False
            file.seek(-8, 2)
            return file.read(8) == TRAILER
    except OSError as error:
        raise Failure(f"{path}: cannot be read ({error.strerror or error})") from error


class OwnMotec:
    """One exported file: one car."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._heading: Heading | None = None
        self._groups: list[tuple[str, list[Record]]] = []
        self._how: dict[str, list[tuple[int, int]]] = {}
        self._car = ""
        self._zero = 0
        self._laps: list[tuple[int, int]] = []

    def survey(self, tick: Tick | None = None) -> Survey:
        """Read the trailer and check that it fits the channels."""
        try:
            self._parse(self._trailer())
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise BadInput(f"{self.path}: the trailer is not whole ({error!r})") from error
        heading = self._heading
        assert heading is not None
        rows = first = last = 0
        for t, _, _ in self._samples():
            if len(t):
                first = min(first, int(t.min())) if rows else int(t.min())
                last = max(last, int(t.max())) if rows else int(t.max())
                rows += len(t)
        if not rows:
            raise BadInput(f"{self.path}: no samples")
        if tick is not None:
            tick(self.path.stat().st_size)
        return survey_of(heading, (self._car,), rows, first, last)

    def blocks(self, tick: Tick | None = None) -> Iterator[Block]:
        """The samples. The file must have passed :meth:`survey`."""
        heading = self._heading
        assert heading is not None
        starts = np.array([start for start, _ in self._laps], np.int64)
        numbers = np.array([0, *(number for _, number in self._laps)], np.int64)
        car = heading.cars.get(self._car, self._car)
        for t, group, values in self._samples():
            lap = numbers[np.searchsorted(starts, t, "right")]
            there = {group: np.ones(len(t), np.bool_)}
            yield from blocks(car, t, lap, {group: values}, there)
        if tick is not None:
            tick(self.path.stat().st_size)

    def _samples(self) -> Iterator[tuple[NDArray[np.int64], str, dict[str, Floats]]]:
        assert self._heading is not None
        catalog = self._heading.session.catalog
        for name, records in self._groups:
            seconds = np.nan_to_num(read_values(self.path, records[0]), nan=NONE_32)
            micros = np.nan_to_num(read_values(self.path, records[1]), nan=NONE_32)
            real = np.flatnonzero((seconds >= 0) & (micros >= 0))
            t = self._zero + seconds[real].astype(np.int64) * 1_000_000
            t += micros[real].astype(np.int64)
            values = {}
            rest = iter(records[2:])
            for channel, (count, coarse) in zip(
                catalog.group(name).channels, self._how[name], strict=True
            ):
                own = [read_values(self.path, next(rest))[real] for _ in range(count)]
                column = own[0]
                if coarse > 1:
                    # both in whole steps, so that nothing is rounded twice
                    size = channel.resolution * coarse
                    column = (np.rint(own[0] / size) * coarse + own[1]) * channel.resolution
                elif not coarse:
                    column = sum(own[1:], own[0])
                values[channel.name] = column
            yield t, name, values

    def _trailer(self) -> Any:
        with self.path.open("rb") as file:
            file.seek(0, 2)
            size = file.tell()
            file.seek(-16, 2)
            length = int.from_bytes(file.read(8), "little")
            if not 0 < length <= min(size - 16, _MAX_TRAILER):
                raise BadInput(f"{self.path}: offset {size - 16}: the trailer is not whole")
            file.seek(size - 16 - length)
            raw = file.read(length)
        try:
            return json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise BadInput(
                f"{self.path}: offset {size - 16 - length}: the trailer is not JSON"
            ) from error

    def _parse(self, doc: Any) -> None:
        docs = doc["docs"]
        try:
            heading = self._heading = Heading.parse(docs)
        except BadInput as error:
            raise BadInput(f"{self.path}: {error}") from error
        self._car, self._zero = str(doc["of"]), int(doc["zero"])
        records = read_records(self.path)
        self._groups = []
        for entry in (d for d in docs if "ld" in d):
            group = heading.session.catalog.group(str(entry["ld"]))
            first = int(entry["first"])
            how = [(int(p["n"]), int(p["coarse"])) for p in entry["parts"]]
            wide = 2 + sum(n for n, _ in how)
            own = records[first : first + wide]
            counts = {r.count for r in own}
            known = all(0 < n < 4 and (c < 2 or n == 2) for n, c in how)
            whole = len(how) == len(group.channels) and len(own) == wide and known
            if first < 0 or not whole or len(counts) != 1:
                raise BadInput(f"{self.path}: the channels of {group.name} are not those written")
            self._groups.append((group.name, own))
            self._how[group.name] = how
        laps = [(from_iso(d["start"]), int(d["lap"])) for d in docs if "lap_of" in d]
        self._laps = sorted(laps)
