"""`pitwall cloud seal`: sealed laps, in table and bucket, of sessions whose producers did not make
them, or not all of them.

What is there is looked at first, and only what is missing or older than the table is made, so the
same again goes on where it was interrupted and does nothing when all is well. The order within a
lap is that of the publisher: items, objects, catalog entry. A lap that was sealed around what has
come since is sealed again as a new version of its items and its object.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pitwall.cloud.bundle import LATE, WIDTHS, bundle_name, form_objects, sealed_prefix
from pitwall.cloud.faults import explain, is_passing
from pitwall.cloud.items import MAX_VERSION, Item, LapEntry, catalog_item, sealed_item
from pitwall.cloud.query import read_catalog, read_heads, read_sealed, read_session, sealed_keys
from pitwall.cloud.seal_survey import Car, LapRead, cars_of, open_laps, read_lap, reasons, runs_of
from pitwall.cloud.sealed import seal_lap
from pitwall.telemetry import BadInput, Failure, Segment, Session

THREADS = 8
_TRIES = 6
_FIRST_WAIT_S = 0.2


@dataclass(slots=True)
class Sealing:
    """What came of it. Belongs to the caller.

    Attributes:
        cars, laps: of the session, as far as sealed or to be sealed.
        complete: laps that were sealed and as they should be.
        sealed: laps that were sealed now; ``again`` of them as a new version.
        items, objects, blocks, bytes: written: sealed items, objects of laps, objects of blocks,
            bytes of objects. In a dry run what would be.
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
    ) -> None:
        self._dynamodb = clients.dynamodb
        self._s3 = clients.s3 if bucket else None
        self._table = table
        self._bucket = bucket
        self._dry_run = dry_run
        self._say = say
        self._wait = wait
        self._session: Session = read_session(self._dynamodb, table, session)
        self._groups = [group.name for group in self._session.catalog.groups]
        self._there: dict[tuple[str, str, int, int], dict[int, int]] = defaultdict(dict)
        """By car, epoch, first and last lap: newest version of each part in the bucket."""
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
        if self._s3 is not None:
            self._list()
        with ThreadPoolExecutor(THREADS, "pitwall-seal") as pool:
            try:
                for car in known:
                    if not cars or car.name in cars:
                        self._car(car, pool)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
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
        read = partial(
            read_lap, self._dynamodb, self._table, self._session.key, self._groups, car.name
        )
        reads = {each.lap: each for each in pool.map(read, sorted(todo))}
        left = reasons(car, reads)
        # nothing is known of the lap after the last: it is only looked at
        left = {lap: why for lap, why in left.items() if reads[lap].chunks or lap <= car.last_lap}
        # a lap that the producer skipped is none
        ready = [each for lap, each in reads.items() if lap not in left and each.chunks]
        entries = {lap: entry for lap, entry in car.entries.items() if lap not in todo}
        for lap, entry in entries.items():
            if lap in held:
                self._objects(car.name, lap, held[lap], entry.version)
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
            f"car {car.name}: {len(entries)} laps sealed, {sealed} of them now, {objects} objects "
            f"{words}, {gone} laps left"
        )

    def _sealed(self, car: Car, read: LapRead) -> _Sealed:
        """The lap as it is to be; what is there already and right is kept."""
        segments: list[Segment] = []
        fresh: list[Segment] = []
        replaced = False
        for series, chunks in read.chunks.items():
            there = [segment for segment, _ in read.sealed.get(series, ())]
            kept = _cover(chunks, there)
            if kept:
                segments += kept
                continue
            catalog = self._session.catalog
            try:
                made = seal_lap(chunks, catalog.group(series.group), catalog.version)
            except BadInput as error:
                return _Sealed(read.lap, [], [], 0, False, str(error))
            replaced |= bool(there)
            segments += made
            fresh += made
        entry = car.entries.get(read.lap)
        version = max(read.version, entry.version if entry and entry.sealed else 1, 1)
        in_bucket = any(
            self._version(car.name, epoch, read.lap) for epoch in {s.series.epoch for s in segments}
        )
        again = bool(fresh) and (replaced or in_bucket or bool(entry and entry.sealed))
        version = min(version + again, MAX_VERSION)
        return _Sealed(read.lap, segments, fresh, version, again)

    def _write(self, car: Car, made: _Sealed, pool: ThreadPoolExecutor) -> LapEntry:
        items = [sealed_item(segment, made.version) for segment in made.fresh]
        for _ in pool.map(self._put_item, items):
            self._done.items += 1
        self._objects(car.name, made.lap, made.segments, made.version)
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

    def _objects(self, car: str, lap: int, segments: Sequence[Segment], version: int) -> None:
        """The lap's objects that are missing or older."""
        if self._s3 is None:
            return
        for epoch, mine in _by_epoch(segments).items():
            if self._has(car, epoch, lap, version):
                continue
            part = LATE * version if self._block_of(car, epoch, lap) else 1
            self._done.objects += self._put_objects(car, lap, lap, mine, part, version)

    def _blocks(
        self,
        car: str,
        entries: Mapping[int, LapEntry],
        left: set[int],
        held: dict[int, list[Segment]],
    ) -> None:
        """Blocks of laps that are all sealed, when a lap after them is: as the publisher does."""
        if self._s3 is None:
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
                    if last >= mine[-1] or 1 in self._there[car, epoch, first, last]:
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
                        self._done.blocks += self._put_objects(car, first, last, block, 1, 1)

    # ------------------------------------------------------------------ what is there

    def _list(self) -> None:
        """What the bucket has of the session's sealed laps."""
        key = self._session.key
        request: dict[str, Any] = {"Bucket": self._bucket, "Prefix": sealed_prefix(key)}
        while True:
            page = self._call(
                f"bucket {self._bucket}",
                lambda: self._s3.list_objects_v2(**request),  # type: ignore[union-attr]
            )
            for each in page.get("Contents") or ():
                name = bundle_name(key, each["Key"])
                if name is not None:
                    parts = self._there[name.car, name.epoch, name.first, name.last]
                    parts[name.part] = max(parts.get(name.part, 0), name.version)
            token = page.get("NextContinuationToken")
            if not page.get("IsTruncated") or not token:
                return
            request["ContinuationToken"] = token

    def _version(self, car: str, epoch: str, lap: int) -> int:
        """The newest version of the lap in the bucket: 0 for none, 1 for one in a block alone."""
        own = max(self._there[car, epoch, lap, lap].values(), default=0)
        return own or int(self._block_of(car, epoch, lap))

    def _has(self, car: str, epoch: str, lap: int, version: int) -> bool:
        parts = self._there[car, epoch, lap, lap]
        first = 1 in parts or self._block_of(car, epoch, lap)
        return first and (version == 1 or max(parts.values(), default=0) >= version)

    def _block_of(self, car: str, epoch: str, lap: int) -> bool:
        return any(1 in self._there[car, epoch, lap // w * w, lap // w * w + w - 1] for w in WIDTHS)

    def _lacks(self, car: str, entry: LapEntry) -> bool:
        """Whether an object of a sealed lap is missing or older than its items."""
        if self._s3 is None:
            return False
        epochs = {epoch for _, epoch in entry.ranges}
        return not all(self._has(car, epoch, entry.lap, entry.version) for epoch in epochs)

    def _read(self, entries: Sequence[LapEntry]) -> list[Segment]:
        return read_sealed(self._dynamodb, self._table, sealed_keys(entries))[0] if entries else []

    # ------------------------------------------------------------------ writing

    def _put_item(self, item: Item) -> None:
        if not self._dry_run:
            self._call(
                f"table {self._table}",
                lambda: self._dynamodb.put_item(TableName=self._table, Item=item),
            )

    def _put_objects(
        self, car: str, first: int, last: int, segments: list[Segment], part: int, version: int
    ) -> int:
        """Write the objects of ``segments``; how many."""
        objects = form_objects(car, first, last, sorted(segments, key=_order), part, version)
        for key, body in objects:
            self._done.bytes += len(body)
            if not self._dry_run:
                self._call(
                    f"bucket {self._bucket}",
                    lambda key=key, body=body: self._s3.put_object(  # type: ignore[misc, union-attr]
                        Bucket=self._bucket, Key=key, Body=body
                    ),
                )
            name = bundle_name(self._session.key, key)
            if name is not None:
                self._there[car, name.epoch, first, last][name.part] = name.version
        return len(objects)

    def _call(self, what: str, call: Callable[[], Any]) -> Any:
        pause = _FIRST_WAIT_S
        for left in range(_TRIES - 1, -1, -1):
            try:
                return call()
            except Exception as error:  # botocore's errors: told in one line unless they pass
                if not left or not is_passing(error):
                    raise Failure(f"{what}: {explain(error)}") from error
                self._wait(pause * (0.5 + random.random() / 2))
                pause *= 2
        raise AssertionError("unreachable")


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
