"""A race whose archive, table and cars have every flaw that single kinds of faults give them."""

from __future__ import annotations

import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from pitwall.cloud import BundleName, LapEntry, form_bundle, seal_lap
from pitwall.stream import Denied, Fault, NotFound
from pitwall.telemetry import Failure, Head, Segment, Series
from pitwall.turbo import ObjectInfo
from tests.simulation.join_kinds import LATE_OBJECTS
from tests.simulation.join_service import ServiceWorld
from tests.unit.stream.rig import SECOND, VirtualTime
from tests.unit.turbo.rig import CATALOG, DRIVER, SESSION, Bucket, Car, Race, Table, lap_at

Chunk = tuple[Series, int]
OnCall = Callable[[str], None]


class EndpointConnectionError(Exception):
    """By the name that the client's own has."""


class JoinBucket(Bucket):
    """A bucket whose objects may be flawed; a flaw counts when somebody meets it."""

    def __init__(self, time: VirtualTime) -> None:
        super().__init__(time)
        self.met: Counter[str] = Counter()
        self.flaws: dict[str, str] = {}
        """By key: what is wrong with an object."""
        self.denied = False
        self.listing_faults: list[Fault] = []
        self.read_faults: list[Fault] = []
        self.on_call: OnCall = lambda point: None
        self.listed: dict[str, tuple[int, str]] = {}
        """Of every object that a listing has shown: size and tag, as they were then."""

    def list(self, prefix: str) -> list[ObjectInfo]:
        self.on_call("listing")
        if self.denied:
            self.met["archive_forbidden"] += 1
            raise Denied("s3:ListBucket")
        if self.listing_faults:
            self.met["archive_listing_fails"] += 1
            raise self.listing_faults.pop()
        for key, kind in self.flaws.items():
            if key.startswith(prefix) and kind in ("lost_object", *LATE_OBJECTS):
                found = self.objects.get(key)
                self.met[kind] += found is None or found[1] > self.time.wall
        shown = super().list(prefix)
        self.listed |= {info.key: (info.size, info.tag) for info in shown}
        return shown

    def get(self, key: str) -> bytes:
        self.on_call("get")
        if self.read_faults:
            self.met["archive_read_fails"] += 1
            raise self.read_faults.pop()
        kind = self.flaws.get(key, "")
        if kind and kind not in LATE_OBJECTS:
            self.met[kind] += 1
        if kind == "vanished_object":
            raise NotFound(key)
        if kind == "forbidden_object":
            raise Denied("s3:GetObject")
        return super().get(key)


class JoinTable(Table):
    """Keyed reads, quick for many laps; the catalog and sealed laps of a producer that writes
    them."""

    def __init__(self) -> None:
        super().__init__()
        self.met: Counter[str] = Counter()
        self.roster_fails = 0
        self.refuses = False
        self.seals = False
        self.told: list[Head] = []
        """The roster as it was read last."""
        self.on_call: OnCall = lambda point: None
        self.laps: dict[tuple[str, int], dict[Chunk, Segment]] = defaultdict(dict)
        """By car and lap."""

    def add(self, segment: Segment) -> None:
        """A chunk was written."""
        self.laps[segment.series.car, segment.lap][segment.series, segment.n_lo] = segment

    def heads(self) -> list[Head]:
        self.on_call("roster")
        if self.roster_fails:
            self.roster_fails -= 1
            self.met["roster_fails"] += 1
            raise Failure("the table is out of reach") from EndpointConnectionError()
        self.told = super().heads()
        return list(self.told)

    def chunks(self, group: str, lap: int, car: str, t_lo: int, t_hi: int) -> Any:
        self.on_call("repair")
        if self.failing:
            self.failing -= 1
            self.met["table_fails"] += 1
            raise Failure("table cannot be reached")
        if self.refuses:
            self.met["table_refuses"] += 1
            raise Failure("access denied: dynamodb:Query")
        out = []
        for key, segment in self.laps.get((car, lap), {}).items():
            if t_lo <= segment.t_lo <= t_hi:
                if key in self.gone:
                    self.met["gone"] += 1
                else:
                    out.append(segment)
        return out, []

    def catalog(self) -> list[LapEntry]:
        return [entry for entry, _ in self._sealed()]

    def sealed(self, entries: Sequence[LapEntry]) -> Any:
        wanted = {(entry.car, entry.lap) for entry in entries}
        found = [s for e, segments in self._sealed() if (e.car, e.lap) in wanted for s in segments]
        return found, []

    def _sealed(self) -> list[tuple[LapEntry, list[Segment]]]:
        """The laps that are over, in runs of n, as far as all of them are there."""
        out = []
        for (car, lap), chunks in self.laps.items() if self.seals else ():
            newest = max(lap for other, lap in self.laps if other == car)
            if lap == newest or self.gone & chunks.keys():
                continue
            for series in {series for series, _ in chunks}:
                mine = [s for (owner, _), s in sorted(chunks.items(), key=by_n) if owner == series]
                sealed = seal_lap(mine, DRIVER, CATALOG.version)
                runs = tuple((s.n_lo, s.n_hi) for s in sealed)
                entry = LapEntry(
                    SESSION.key, car, lap, mine[0].t_lo, mine[-1].t_hi,
                    {(series.group, series.epoch): runs}, True,
                )  # fmt: skip
                out.append((entry, sealed))
        return out


def by_n(item: tuple[Chunk, Segment]) -> int:
    return item[0][1]


class JoinRace(Race):
    """Cars whose clocks, heads and retries are their own."""

    def __init__(self, cars: Sequence[str], shards: int, seed: int, source: str) -> None:
        super().__init__(cars, shards, seed)
        self.world: Any = ServiceWorld(self.time, shards, source, seed)
        self.bucket: JoinBucket = JoinBucket(self.time)
        self.table: JoinTable = JoinTable()
        self.met: Counter[str] = Counter()
        self.clock_us: dict[str, int] = {}
        """By car: its clock minus the service's."""
        self.joined_us = 0
        """True time when somebody joins first."""
        self.silent: set[str] = set()
        """Cars that write no head, ever."""
        self.stalled: dict[str, int] = {}
        """By car: true time before which it writes no head."""
        self.late: dict[str, int] = {}
        """By car: how long the next chunk is tried in vain, microseconds."""
        self._held: dict[tuple[str, str], tuple[Segment, int]] = {}
        self.sealed_chunks: dict[str, set[Chunk]] = {}
        """By key of a sealed object."""
        self._sealed: dict[str, AbstractSet[int]] = {}
        self._versions: Counter[str] = Counter()
        self.forgotten: set[Chunk] = set()
        """What the stream had lost before anybody could know that it does."""
        self.twice = 0
        """Records that the stream gets once more."""

    # -- producers

    def event_us(self, car: Car) -> int:
        return self.time.wall + self.clock_us.get(car.name, 0)

    def accepted(self, car: Car) -> int:
        held = self._held.get((car.name, car.epoch))
        return held[0].n_lo - 1 if held else car.n

    def put(self, segment: Segment) -> None:
        car = segment.series.car
        key = car, segment.series.epoch
        late = self.late.pop(car, 0)
        if late and key not in self._held:
            self._held[key] = (segment, self.time.wall + late)
            self.met["written_late"] += 1
            return
        self._write(segment)
        held = self._held.get(key)
        if held is not None and held[1] <= self.time.wall:
            self.release(*key)

    def release(self, car: str, epoch: str) -> None:
        """What was tried again is written at last."""
        held = self._held.pop((car, epoch), None)
        if held is not None:
            self._write(held[0])

    def _write(self, segment: Segment) -> None:
        self.table.add(segment)
        super().put(segment)
        if self.twice:
            self.twice -= 1
            self.met["written_twice"] += 1
            self.world.put_again()

    def head(self, car: Car, ended: bool = False) -> None:
        if ended:
            self.release(car.name, car.epoch)
        if car.name in self.silent:
            self.met["without_heads"] += 1
            return
        if not ended and car.n and self.stalled.get(car.name, 0) > self.time.wall:
            self.met["heads_stall"] += 1
            return
        super().head(car, ended)

    # -- time

    def jump(self, seconds: float) -> None:
        """The laptop sleeps, and nobody drives meanwhile."""
        self.time.sleep(seconds)
        self._next_write = self.time.wall + SECOND
        self._next_flush = self.time.wall + 30 * SECOND

    def doze(self, seconds: float, parked_s: float = 0.0) -> None:
        """The laptop sleeps for so long, and longer while nobody drives."""
        mono = self.time.mono
        self.advance(seconds)
        self.time.mono = mono
        if parked_s:
            self.jump(parked_s)

    # -- the archive

    def in_archive(self, *, unlisted: bool = False) -> set[Chunk]:
        """What somebody who reads all objects that listings have shown finds there, as far as they
        are sound; with ``unlisted`` those too that nobody has looked for."""
        out: set[Chunk] = set()
        for key in self.bucket.objects if unlisted else self.bucket.listed:
            kind = self.bucket.flaws.get(key, "")
            if key in self.sealed_chunks and kind != "sealed_cut":
                out |= self.sealed_chunks[key]
            if key.startswith("raw/") and kind in ("", *LATE_OBJECTS, "two_members"):
                data = zlib.decompress(self.bucket.objects[key][0], 31)
                out |= {identity(line) for line in data.splitlines()}
        return out

    def seal_laps(self) -> list[str]:
        """Write the laps that are over as sealed objects, those to which something has come as new
        versions, but not what the archive loses; the keys."""
        now = lap_at(self.time.wall)
        keys = []
        for (car, lap), chunks in self.table.laps.items():
            if lap >= now or self.clock_us.get(car):
                continue
            for series in {series for series, _ in chunks}:
                mine = {
                    n: s for (owner, n), s in sorted(chunks.items(), key=by_n) if owner == series
                }
                name = f"{series} {lap}"
                if any(self.flaws.lose(series, n) for n in mine):
                    continue
                if self._sealed.get(name) == mine.keys():
                    continue
                self._sealed[name] = mine.keys()
                self._versions[name] += 1
                key = BundleName(
                    SESSION.key, car, lap, lap, series.epoch, 1, self._versions[name]
                ).key
                body = form_bundle(seal_lap(list(mine.values()), DRIVER, CATALOG.version))
                self.bucket.objects[key] = (body, self.time.wall)
                self.sealed_chunks[key] = {(series, n) for n in mine}
                keys.append(key)
        return keys


def identity(line: bytes) -> Chunk:
    """Which chunk a line of the archive is."""
    doc = json.loads(line)
    session, group, _, car = doc["pk"].split("#")
    return Series(session, car, group, doc["e"]), doc["n"]
