"""Our own Parquet: the same table, its heading as JSON in the file's metadata.

Cells are float64; beside each group stands a column that says where it has a sample at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from pitwall.formats.lines import Tick
from pitwall.formats.source import Block, Survey
from pitwall.formats.table import (
    ROWS,
    Heading,
    LapRow,
    blocks,
    column_names,
    heading_of,
    portions,
)
from pitwall.formats.table_csv import survey_of
from pitwall.store import Recording
from pitwall.telemetry import BadInput, Catalog, Failure

NAME = "pitwall-parquet"
TITLE = "Pitwall Parquet"
EXTENSIONS = (".parquet",)
_KEY = "pitwall"
_CARS = 1000


def sniff(head: bytes) -> float:
    """How sure we are that a file with these first bytes is one of ours, 0..1."""
    return 0.9 if head.startswith(b"PAR1") else 0.0


def write(
    file: IO[bytes], recording: Recording, laps: Sequence[LapRow], cars: Sequence[str]
) -> int:
    """Write the recording's table; returns the number of rows."""
    from arro3.core import Array, RecordBatch, RecordBatchReader
    from arro3.io import write_parquet

    heading = heading_of(recording)
    schema = _schema(heading, laps)
    count = 0

    def batches() -> Iterator[RecordBatch]:
        nonlocal count
        for portion in portions(recording, laps, cars):
            columns = [
                Array([portion.car] * len(portion.t), schema.field("car").type),
                Array.from_numpy(portion.lap.astype(np.int32)),
                Array.from_numpy(portion.t).cast(schema.field("time").type),
            ]
            for group in heading.session.catalog.groups:
                columns.append(Array.from_numpy(np.ascontiguousarray(portion.present[group.name])))
                columns += [
                    Array.from_numpy(np.ascontiguousarray(row))
                    for row in portion.values[group.name]
                ]
            count += len(portion.t)
            yield RecordBatch.from_arrays(columns, schema=schema)

    write_parquet(
        RecordBatchReader.from_batches(schema, batches()),
        file,
        compression="zstd(3)",
        max_row_group_size=1 << 17,
    )
    return count


def _schema(heading: Heading, laps: Sequence[LapRow]) -> Any:
    from arro3.core import DataType, Field, Schema

    catalog = heading.session.catalog
    fields = [
        Field("car", DataType.string(), nullable=False),
        Field("lap", DataType.int32(), nullable=False),
        Field("time", DataType.timestamp("us", tz="UTC"), nullable=False),
    ]
    names = iter(column_names(catalog))
    for group in catalog.groups:
        fields.append(Field(f"has.{group.name}", DataType.bool(), nullable=False))
        for channel in group.channels:
            _, _, name = next(names)
            unit = {"unit": channel.unit}
            fields.append(Field(name, DataType.float64(), nullable=False, metadata=unit))
    text = json.dumps(heading.lines(laps), ensure_ascii=False)
    return Schema(fields, metadata={_KEY: text})


class ParquetTable:
    """One exported file: all its cars."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._heading: Heading | None = None

    def survey(self, tick: Tick | None = None) -> Survey:
        """Read heading and every row."""
        rows = first = last = 0
        seen: dict[str, None] = {}
        for part in self._parts(tick):
            seen[part[0]] = None
            lo, hi = int(part[1].min()), int(part[1].max())
            first = min(first, lo) if rows else lo
            last = max(last, hi) if rows else hi
            rows += len(part[1])
            if len(seen) > _CARS:
                raise BadInput(f"{self.path}: more than {_CARS} cars")
        if self._heading is None or not rows:
            raise BadInput(f"{self.path}: no rows")
        return survey_of(self._heading, tuple(seen), rows, first, last)

    def blocks(self, tick: Tick | None = None) -> Iterator[Block]:
        """The samples. The file must have passed :meth:`survey`."""
        for car, t, lap, values, present in self._parts(tick):
            assert self._heading is not None
            yield from blocks(self._heading.cars.get(car, car), t, lap, values, present)

    def _parts(self, tick: Tick | None) -> Iterator[Any]:
        """(car, t, lap, values, present) of runs of rows of one car."""
        if not self.path.is_file():
            raise BadInput(f"{self.path}: no such file")
        done = 0
        reading = self._batches()
        while True:
            try:
                batch = next(reading, None)
            except BadInput:
                raise
            except OSError as error:
                raise Failure(f"{self.path}: cannot be read ({error.strerror or error})") from error
            # the library's own errors, and its panics, which are no Exception
            except BaseException as error:
                if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError)):
                    raise
                what = (str(error).splitlines() or [""])[0][:120]
                raise BadInput(
                    f"{self.path}: the Parquet data is cut off or damaged ({what}); copy the file "
                    "again"
                ) from error
            if batch is None:
                return
            yield from batch
            done += 1
            if tick is not None:
                tick(min(done * ROWS, self.path.stat().st_size))

    def _batches(self) -> Iterator[list[Any]]:
        from arro3.io import read_parquet

        reader = read_parquet(self.path, batch_size=ROWS)
        text = (reader.schema.metadata_str or {}).get(_KEY)
        if text is None:
            raise BadInput(
                f"{self.path}: a Parquet file that Pitwall did not write; only those are read"
            )
        try:
            docs = json.loads(text)
            heading = self._heading = Heading.parse(docs if isinstance(docs, list) else [])
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{self.path}: the heading is not JSON ({error})") from error
        except BadInput as error:
            raise BadInput(f"{self.path}: {error}") from error
        catalog = heading.session.catalog
        want = _names(catalog)
        if list(reader.schema.names) != want:
            raise BadInput(f"{self.path}: its columns are not those of its heading")
        for batch in reader:
            yield list(self._split(batch, catalog))

    def _split(self, batch: Any, catalog: Catalog) -> Iterator[Any]:
        from arro3.core import DataType

        cars = batch.column("car").to_pylist()
        lap = batch.column("lap").to_numpy().astype(np.int64)
        t = batch.column("time").cast(DataType.int64()).to_numpy().astype(np.int64)
        values, present = {}, {}
        names = iter(column_names(catalog))
        for group in catalog.groups:
            has = batch.column(f"has.{group.name}").to_numpy()
            present[group.name] = np.asarray(has, np.bool_)
            values[group.name] = {
                c.name: batch.column(next(names)[2]).to_numpy().astype(np.float64)
                for c in group.channels
            }
        edges = [0, *(i for i in range(1, len(cars)) if cars[i] != cars[i - 1]), len(cars)]
        for a, b in zip(edges[:-1], edges[1:], strict=True):
            if b > a:
                yield (
                    str(cars[a]),
                    t[a:b],
                    lap[a:b],
                    {g: {k: v[a:b] for k, v in of.items()} for g, of in values.items()},
                    {g: v[a:b] for g, v in present.items()},
                )


def _names(catalog: Catalog) -> list[str]:
    names = iter(column_names(catalog))
    out = ["car", "lap", "time"]
    for group in catalog.groups:
        out.append(f"has.{group.name}")
        out += [next(names)[2] for _ in group.channels]
    return out
