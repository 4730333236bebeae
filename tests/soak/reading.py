"""An independent reading of both ends: the table by keys over its URL, the recording by SQL.

Neither uses the rooms that moved the data; only payloads are unpacked with the codec that both
ends share, to compare what is in them sample by sample.
"""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pitwall.telemetry import Catalog, decode_many
from tests.contract.clients import client

Line = tuple[str, str, str]
"""(car, group, epoch)."""


@dataclass(frozen=True, slots=True)
class TableChunk:
    """A chunk item."""

    n: int
    t_lo: int
    crc: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the recording's segments."""

    n_lo: int
    n_hi: int
    t_lo: int
    crcs: tuple[int, ...]
    payload: bytes


class Mismatch(AssertionError):
    """The recording is not what the table holds."""


def table_chunks(endpoint: str, table: str, session: str) -> dict[Line, dict[int, TableChunk]]:
    """Every chunk of a session, by keyed reads alone: heads name cars and laps, no catalog is
    believed. Raises Mismatch when the table contradicts its own heads."""
    dynamodb = client("dynamodb", endpoint)
    out: dict[Line, dict[int, TableChunk]] = {}
    for head in _query(dynamodb, table, f"{session}#head"):
        car, _, epoch = head["sk"]["S"].partition("#")
        for group, number in head["h"]["M"].items():
            found: dict[int, TableChunk] = {}
            for lap in range(int(head["l"]["N"]) + 2):
                for item in _query(dynamodb, table, f"{session}#{group}#{lap:03d}#{car}"):
                    if item["e"]["S"] == epoch:
                        chunk = _chunk(item)
                        found[chunk.n] = chunk
            if sorted(found) != list(range(1, int(number["N"]) + 1)):
                raise Mismatch(f"table: {car} {group}: {len(found)} chunks, head says {number}")
            out[car, group, epoch] = found
    return out


def _query(dynamodb: Any, table: str, pk: str) -> Iterator[dict[str, Any]]:
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": pk}},
        ConsistentRead=True,
    )
    for page in pages:
        yield from page["Items"]


def _chunk(item: dict[str, Any]) -> TableChunk:
    t_text, _, n_text = item["sk"]["S"].partition("#")
    t_lo, n, crc, payload = int(t_text), int(n_text), int(item["c"]["N"]), item["p"]["B"]
    if _crc(t_lo, payload) != crc or n != int(item["n"]["N"]):
        raise Mismatch(f"table: {item['pk']} {item['sk']} is damaged")
    return TableChunk(n, t_lo, crc, payload)


def _crc(t_lo: int, payload: bytes) -> int:
    return zlib.crc32(struct.pack("<q", t_lo) + payload)


def recording_rows(path: Path) -> tuple[Catalog, dict[Line, list[Row]]]:
    """Everything in the recording's segments table, in order of row ids. Raises Mismatch when
    SQLite finds the file damaged."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        fault = db.execute("PRAGMA integrity_check").fetchone()[0]
        if fault != "ok":
            raise Mismatch(f"recording: {fault}")
        catalog = Catalog.from_json(db.execute("SELECT json FROM catalogs").fetchone()[0])
        lines: dict[int, Line] = {
            sid: (car, group, epoch)
            for sid, car, group, epoch in db.execute("SELECT id, car, grp, epoch FROM series")
        }
        rows: dict[Line, list[Row]] = {line: [] for line in lines.values()}
        for row_id, n_hi, t_lo, crcs, payload in db.execute(
            "SELECT id, n_hi, t_lo, crcs, payload FROM segments ORDER BY id"
        ):
            numbers = struct.unpack(f"<{len(crcs) // 4}I", crcs)
            n_lo = row_id & 0xFFFFFFFF
            rows[lines[row_id >> 32]].append(Row(n_lo, n_hi, t_lo, numbers, payload))
        return catalog, rows
    finally:
        db.close()


def held(path: Path) -> set[tuple[Line, int]]:
    """Every (series, n) in a recording. Raises Mismatch when one is there twice."""
    _, rows = recording_rows(path)
    return {(line, n) for line, of_line in rows.items() for n in _numbers(line, of_line)}


def _numbers(line: Line, rows: list[Row]) -> list[int]:
    numbers = [n for row in rows for n in range(row.n_lo, row.n_hi + 1)]
    if len(set(numbers)) != len(numbers):
        twice = sorted(n for n in set(numbers) if numbers.count(n) > 1)
        raise Mismatch(f"recording: {line}: n {twice[:5]} is there more than once")
    return numbers


def compare(endpoint: str, table: str, session: str, path: Path) -> int:
    """Check that the recording holds what the table holds: the same chunks, each once, with the
    same crc, the same sample times and the same values. Returns the number of chunks.

    Raises Mismatch, which says where.
    """
    want = table_chunks(endpoint, table, session)
    catalog, got = recording_rows(path)
    empty = {line for line, chunks in want.items() if not chunks}
    if want.keys() - empty != {line for line, rows in got.items() if rows}:
        raise Mismatch(f"series differ: {sorted(want.keys() - empty)} and {sorted(got)}")
    for line in want.keys() - empty:
        compare_line(line, want[line], got[line], catalog)
    return sum(map(len, want.values()))


def compare_line(
    line: Line, want: dict[int, TableChunk], rows: list[Row], catalog: Catalog
) -> None:
    """One series of :func:`compare`."""
    numbers = _numbers(line, rows)
    if sorted(numbers) != sorted(want):
        lost = sorted(want.keys() - set(numbers))
        more = sorted(set(numbers) - want.keys())
        raise Mismatch(f"{line}: lost {lost[:5]} ({len(lost)}), too many {more[:5]} ({len(more)})")
    for row in rows:
        for n, crc in zip(range(row.n_lo, row.n_hi + 1), row.crcs, strict=True):
            if want[n].crc != crc:
                raise Mismatch(f"{line}: n {n} has crc {crc:08x}, the table {want[n].crc:08x}")
        if row.n_lo == row.n_hi and _crc(row.t_lo, row.payload) != row.crcs[0]:
            raise Mismatch(f"{line}: n {row.n_lo}: the payload is not its crc's")
    group = catalog.group(line[1])
    ordered = [want[n] for n in sorted(want)]
    times, values = _samples(ordered, group, catalog.version)
    got_times, got_values = _samples(sorted(rows, key=lambda row: row.n_lo), group, catalog.version)
    if not np.array_equal(times, got_times):
        raise Mismatch(f"{line}: sample times differ")
    if not np.array_equal(values, got_values, equal_nan=True):
        raise Mismatch(f"{line}: values differ")


def _samples(parts: list[Any], group: Any, version: int) -> tuple[Any, Any]:
    counts, samples, bad = decode_many([part.payload for part in parts], group, version)
    if bad:
        raise Mismatch(f"a payload cannot be read: {bad}")
    starts = np.repeat(np.array([part.t_lo for part in parts], np.int64), counts)
    return samples.t + starts, samples.values
