"""`pitwall cloud seal`: sealed laps, in table and bucket, of sessions whose producers did not make
them, or not all of them.

What is there is looked at first, and only what is missing or older than the table is made, so the
same again goes on where it was interrupted and does nothing when all is well. The order within a
lap is that of the publisher: items, objects, catalog entry. A lap that was sealed around what has
come since is sealed again as a new version of its items and its object. What the table has not, or
does not give, is looked for in the raw archive.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pitwall.cloud.bundle import WIDTHS
from pitwall.cloud.faults import is_denied
from pitwall.cloud.items import MAX_VERSION, Item, LapEntry, catalog_item, sealed_item
from pitwall.cloud.query import read_catalog, read_heads, read_sealed, read_session, sealed_keys
from pitwall.cloud.seal_bucket import Retrying, SealedObjects
from pitwall.cloud.seal_survey import (
    Car,
    LapRead,
    cars_of,
    lacking,
    open_laps,
    read_lap,
    reasons,
    runs_of,
    with_more,
)
from pitwall.cloud.sealed import seal_lap
from pitwall.cloud.shelf import ArchiveShelf, RawArchive
from pitwall.telemetry import BadInput, Failure, Segment, Session
from pitwall.telemetry.plural import counted

THREADS = 8


@dataclass(slots=True)
class Sealing:
    """What came of it. Belongs to the caller.

    Attributes:
        cars, laps: of the session, as far as sealed or to be sealed.
        complete: laps that were sealed and as they should be.
        sealed: laps that were sealed now; ``again`` of them as a new version.
        items, objects, blocks, bytes: written: sealed items, objects of laps, objects of blocks,
            bytes of objects. In a dry run what would be.
        from_archive: chunks of these laps that the table did not give and the raw archive did;
            ``damaged`` places there that could not be read.
        archive, table: why the raw archive, or the table's chunks, could not be read where they
            were needed; empty otherwise.
        left: (car, lap, why) of laps that cannot be sealed.
    """

    cars: int = 0
    laps: int = 0
    complete: int = 0
    sealed: int = 0
    again: int = 0
    items: int = 0
    objects: int = 0
    blocks: int = 0
    bytes: int = 0
    from_archive: int = 0
    damaged: int = 0
    archive: str = ""
    table: str = ""
    left: list[tuple[str, int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A lap as it is to be: ``fresh`` are the segments of ``segments`` whose items are missing."""

    lap: int
    segments: list[Segment]
    fresh: list[Segment]
    version: int
    again: bool
    fault: str = ""
    """Why it cannot be sealed."""


class SessionSealer:
    """Seals one session.

    Args:
        clients: DynamoDB and S3.
        table, bucket: of the session; without a bucket only items are made.
        session: its key.
        dry_run: look, and write nothing.
        say: told in one line of each car.
        wait: waits so many seconds before a call is made again.
        archive: raw objects, for what the table has not or does not give; None without.

    Raises:
        BadInput: the table has no such session.
        Failure: table or bucket cannot be read or written.
    """

    def __init__(
        self,
        clients: Any,
        table: str,
        bucket: str,
        session: str,
        *,
        dry_run: bool = False,
        say: Callable[[str], None] = lambda line: None,
        wait: Callable[[float], object] = time.sleep,
        archive: RawArchive | None = None,
    ) -> None:
        self._dynamodb = clients.dynamodb
        self._table = table
        self._dry_run = dry_run
        self._say = say
        self._call = Retrying(wait)
        self._archive = archive
        self._shelf: ArchiveShelf | None = None
        self._session: Session = read_session(self._dynamodb, table, session)
        self._groups = [group.name for group in self._session.catalog.groups]
        self._objects: SealedObjects | None = None
        if bucket:
            self._objects = SealedObjects(clients.s3, bucket, session, self._call, dry_run=dry_run)
        self._done = Sealing()

    def run(self, cars: Sequence[str] = ()) -> Sealing:
        """Seal what can be, of ``cars`` or of all."""
        key = self._session.key
        known = cars_of(
            read_heads(self._dynamodb, self._table, key, []),
            read_catalog(self._dynamodb, self._table, key, []),
        )
        strange = set(cars) - {car.name for car in known}
        if strange:
            names = ", ".join(car.name for car in known) or "none"
            raise BadInput(f"{key}: no car {', '.join(sorted(strange))}; there are: {names}")
        if self._objects is not None:
            self._objects.list()
        if self._archive is not None:
            self._shelf = ArchiveShelf(self._archive, self._session, known, self._say)
        with ThreadPoolExecutor(THREADS, "pitwall-seal") as pool:
            try:
                for car in known:
                    if not cars or car.name in cars:
                        self._car(car, pool)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
            finally:
                if self._shelf is not None:
                    self._shelf.close()
        if self._objects is not None:
            self._done.bytes = self._objects.bytes
        if self._shelf is not None:
            self._done.archive, self._done.damaged = self._shelf.fault, self._shelf.damaged
        return self._done

    # ------------------------------------------------------------------ one car

    def _car(self, car: Car, pool: ThreadPoolExecutor) -> None:
        done = self._done
        before = (done.sealed, done.objects + done.blocks, len(done.left))
        todo = open_laps(car)
        held: dict[int, list[Segment]] = {}
        """Sealed segments by lap, as far as they are at hand."""
        for lap, entry in car.entries.items():
            if lap not in todo and self._lacks(car.name, entry):
                held[lap] = self._read([entry])
                if not _covers(entry, held[lap]):
                    todo.add(lap)  # the catalog speaks of items that are not there
        reads = self._look(car, todo, pool)
        left = reasons(car, reads)
        # nothing is known of the lap after the last: it is only looked at
        left = {lap: why for lap, why in left.items() if reads[lap].chunks or lap <= car.last_lap}
        # a lap that the producer skipped is none
        ready = [each for lap, each in reads.items() if lap not in left and each.chunks]
        entries = {lap: entry for lap, entry in car.entries.items() if lap not in todo}
        for lap, entry in entries.items():
            if lap in held:
                self._put_lap(car.name, lap, held[lap], entry.version)
        for made in pool.map(partial(self._sealed, car), ready):
            if made.fault:
                left[made.lap] = made.fault
                continue
            held[made.lap] = made.segments
            entries[made.lap] = self._write(car, made, pool)
        self._blocks(car.name, entries, set(left), held)
        done.cars += 1
        done.laps += len(entries) + len(left)
        done.complete += len(entries) - (done.sealed - before[0])
        done.left += [(car.name, lap, left[lap]) for lap in sorted(left)]
        sealed, objects, gone = (
            done.sealed - before[0], done.objects + done.blocks - before[1],
            len(done.left) - before[2],
        )  # fmt: skip
        words = "to write" if self._dry_run else "written"
        self._say(
            f"car {car.name}: {counted(len(entries), 'lap')} sealed, {sealed} of them now, "
            f"{counted(objects, 'object')} {words}, {counted(gone, 'lap')} left"
        )

    def _look(self, car: Car, todo: set[int], pool: ThreadPoolExecutor) -> dict[int, LapRead]:
        """What there is of the laps ``todo``: in the table, and where that is not all, in the raw
        archive."""
        read = partial(
            read_lap, self._dynamodb, self._table, self._session.key, self._groups, car.name
        )
        refused: Failure | None = None
        reads: dict[int, LapRead] = {}
        try:
            reads = {each.lap: each for each in pool.map(read, sorted(todo))}
        except Failure as failure:
            if self._shelf is None or not is_denied(failure.__cause__):
                raise
            refused = failure
            reads = {lap: LapRead(lap, {}, {}) for lap in todo}
        if self._shelf is None or not lacking(car, reads):
            return reads
        if refused is not None:
            self._done.table = str(refused)
        out = {}
        for lap, each in reads.items():
            out[lap], more = with_more(each, self._shelf.take(car.name, lap))
            self._done.from_archive += more
        if refused is not None and self._shelf.fault:
            raise refused  # neither gives anything
        return out

    def _sealed(self, car: Car, read: LapRead) -> _Sealed:
        """The lap as it is to be; what is there already and right is kept."""
        segments: list[Segment] = []
        fresh: list[Segment] = []
        replaced = False
        for series, chunks in read.chunks.items():
            before = [segment for segment, _ in read.sealed.get(series, ())]
            kept = _cover(chunks, before)
            if kept:
                segments += kept
                continue
            catalog = self._session.catalog
            try:
                made = seal_lap(chunks, catalog.group(series.group), catalog.version)
            except BadInput as error:
                return _Sealed(read.lap, [], [], 0, False, str(error))
            replaced |= bool(before)
            segments += made
            fresh += made
        entry = car.entries.get(read.lap)
        version = max(read.version, entry.version if entry and entry.sealed else 1, 1)
        epochs = {segment.series.epoch for segment in segments}
        there = self._objects
        in_bucket = there is not None and any(
            there.version(car.name, epoch, read.lap) for epoch in epochs
        )
        again = bool(fresh) and (replaced or in_bucket or bool(entry and entry.sealed))
        version = min(version + again, MAX_VERSION)
        return _Sealed(read.lap, segments, fresh, version, again)

    def _write(self, car: Car, made: _Sealed, pool: ThreadPoolExecutor) -> LapEntry:
        items = [sealed_item(segment, made.version) for segment in made.fresh]
        for _ in pool.map(self._put_item, items):
            self._done.items += 1
        self._put_lap(car.name, made.lap, made.segments, made.version)
        ranges: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        for s in sorted(made.segments, key=lambda s: s.n_lo):
            ranges[s.series.group, s.series.epoch].append((s.n_lo, s.n_hi))
        entry = LapEntry(
            self._session.key,
            car.name,
            made.lap,
            min(s.t_lo for s in made.segments),
            max(s.t_hi for s in made.segments),
            {name: tuple(runs) for name, runs in ranges.items()},
            True,
            made.version,
        )
        if car.entries.get(made.lap) != entry:
            self._put_item(catalog_item(entry))
            self._done.sealed += 1
            self._done.again += made.again
        return entry

    def _put_lap(self, car: str, lap: int, segments: Sequence[Segment], version: int) -> None:
        """The lap's objects that are missing or older."""
        there = self._objects
        for epoch, mine in _by_epoch(segments).items():
            if there is not None and not there.has(car, epoch, lap, version):
                mine = sorted(mine, key=_order)
                self._done.objects += there.put_lap(car, epoch, lap, mine, version)

    def _blocks(
        self,
        car: str,
        entries: Mapping[int, LapEntry],
        left: set[int],
        held: dict[int, list[Segment]],
    ) -> None:
        """Blocks of laps that are all sealed, when a lap after them is: as the publisher does."""
        there = self._objects
        if there is None:
            return
        laps: dict[str, list[int]] = defaultdict(list)
        for lap in sorted(entries):
            for epoch in {epoch for _, epoch in entries[lap].ranges}:
                laps[epoch].append(lap)
        for epoch, mine in laps.items():
            for width in WIDTHS:
                for first in sorted({lap // width * width for lap in mine}):
                    last = first + width - 1
                    within = [lap for lap in mine if first <= lap <= last]
                    if last >= mine[-1] or there.has_block(car, epoch, first, last):
                        continue
                    if any(first <= lap <= last for lap in left):
                        continue
                    lacking = [entries[lap] for lap in within if lap not in held]
                    for segment in self._read(lacking):
                        held.setdefault(segment.lap, []).append(segment)
                    block = [
                        s
                        for lap in within
                        for s in sorted(held.get(lap, ()), key=_order)
                        if s.series.epoch == epoch
                    ]
                    if all(_covers(entries[lap], held.get(lap, ())) for lap in within):
                        block.sort(key=_order)
                        self._done.blocks += there.put_block(car, first, last, block)

    # ------------------------------------------------------------------ small things

    def _lacks(self, car: str, entry: LapEntry) -> bool:
        """Whether an object of a sealed lap is missing or older than its items."""
        there = self._objects
        if there is None:
            return False
        epochs = {epoch for _, epoch in entry.ranges}
        return not all(there.has(car, epoch, entry.lap, entry.version) for epoch in epochs)

    def _read(self, entries: Sequence[LapEntry]) -> list[Segment]:
        return read_sealed(self._dynamodb, self._table, sealed_keys(entries))[0] if entries else []

    def _put_item(self, item: Item) -> None:
        if not self._dry_run:
            self._call(
                f"table {self._table}",
                lambda: self._dynamodb.put_item(TableName=self._table, Item=item),
            )


def _order(segment: Segment) -> tuple[int, str, int]:
    return segment.lap, segment.series.group, segment.n_lo


def _by_epoch(segments: Iterable[Segment]) -> dict[str, list[Segment]]:
    out: dict[str, list[Segment]] = defaultdict(list)
    for segment in segments:
        out[segment.series.epoch].append(segment)
    return out


def _cover(chunks: Sequence[Segment], there: Sequence[Segment]) -> list[Segment]:
    """The sealed segments of ``there`` that hold exactly ``chunks``; none when they do not."""
    wanted = {chunk.n_lo: chunk.crcs[0] for chunk in chunks}
    kept: list[Segment] = []
    for segment in there:
        numbers = range(segment.n_lo, segment.n_hi + 1)
        if all(wanted.get(n) == crc for n, crc in zip(numbers, segment.crcs, strict=True)):
            kept.append(segment)
            for n in numbers:
                del wanted[n]
    return kept if not wanted else []


def _covers(entry: LapEntry, segments: Iterable[Segment]) -> bool:
    """Whether ``segments`` are all that the entry speaks of."""
    there: dict[tuple[str, str], list[Segment]] = defaultdict(list)
    for segment in segments:
        there[segment.series.group, segment.series.epoch].append(segment)
    for name, runs in entry.ranges.items():
        found = set(runs_of(sorted(there[name], key=lambda s: s.n_lo)))
        if not all(any(a <= lo and hi <= z for a, z in found) for lo, hi in runs):
            return False
    return True
