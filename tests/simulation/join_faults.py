"""What single steps of a joining schedule do to archive, stream, table and cars."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable

from pitwall.stream import Retryable
from tests.simulation.join_kinds import LATE_OBJECTS, OBJECTS
from tests.simulation.join_race import JoinRace, identity
from tests.simulation.network import ANY
from tests.simulation.troubles import TROUBLES
from tests.unit.stream.rig import SECOND
from tests.unit.turbo.rig import SESSION, Car

MAX_SHARDS = 6
MAX_CARS = 6
LATE = "late"
"""The car that comes late and is gone before anybody joins."""


def befall(race: JoinRace, kind: str, rng: random.Random) -> None:
    """Let ``kind`` happen now; where it needs something that is not there, nothing happens."""
    if kind in OBJECTS:
        _object(race, kind, rng)
    elif kind in TROUBLES:
        _trouble(race, kind, rng)
    else:
        _DOES[kind](race, rng)


# ---------------------------------------------------------------- the archive


def _object(race: JoinRace, kind: str, rng: random.Random) -> None:
    """An object of the lines that would be due by and by, flawed."""
    due = race.time.wall + 40 * SECOND
    late = max(race.time.wall, race.joined_us) + rng.randint(3, 40) * SECOND
    seen = late if kind in LATE_OBJECTS else 0
    if kind == "late_alone":
        # Nothing else has what is in it.
        race.table.gone.update(
            identity(line.data) for line in race.pending if line.arrival_us <= due
        )
        _forget(race)
    change = _CHANGES.get(kind, lambda data, rng: data)
    key = race.flush_archive(lambda data: change(data, rng), seen, due)
    if not key:
        return
    race.bucket.flaws[key] = kind
    if kind == "lost_object":
        del race.bucket.objects[key]
    elif kind == "repeated_object":
        again = key.replace("pitwall-1-", "pitwall-2-")
        race.bucket.objects[again] = race.bucket.objects[key]


def _garbled(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(10, len(data))
    return data[:at] + bytes([data[at] ^ rng.randint(1, 255)]) + data[at + 1 :]


def _cut_content(data: bytes, rng: random.Random) -> bytes:
    content = gzip.decompress(data)
    return gzip.compress(content[: rng.randint(len(content) // 2, len(content) - 2)], mtime=0)


def _garbage_line(data: bytes, rng: random.Random) -> bytes:
    lines = gzip.decompress(data).splitlines(keepends=True)
    lines.insert(rng.randint(0, len(lines)), rng.choice((b"@@ \xff\x00\n", b'{"pk":', b"[]\n")))
    return gzip.compress(b"".join(lines), mtime=0)


def _foreign_lines(data: bytes, rng: random.Random) -> bytes:
    lines = gzip.decompress(data)
    other = lines.replace(SESSION.key.encode(), b"2026-09-20-other-r1")
    return gzip.compress(other + lines if rng.random() < 0.5 else lines + other, mtime=0)


_CHANGES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "truncated": lambda data, rng: data[: rng.randint(10, len(data) - 1)],
    "garbled": _garbled,
    "cut_content": _cut_content,
    "garbage_line": _garbage_line,
    "foreign_lines": _foreign_lines,
    "no_delimiters": lambda data, rng: gzip.compress(
        gzip.decompress(data).replace(b"\n", b""), mtime=0
    ),
    "not_packed": lambda data, rng: gzip.decompress(data),
    "two_members": lambda data, rng: data + data,
}


def _repeated_lines(race: JoinRace, rng: random.Random) -> None:
    some = [line for line in race.pending if rng.random() < 0.3]
    race.met["repeated_lines"] += len(some) > 0
    race.pending += some


def _reordered_lines(race: JoinRace, rng: random.Random) -> None:
    """Some lines wait for a later object than those after them."""
    for line in race.pending:
        if rng.random() < 0.3:
            line.arrival_us += rng.randint(20, 90) * SECOND
            race.met["reordered_lines"] += 1


def _lost_lines(race: JoinRace, rng: random.Random) -> None:
    kept = [line for line in race.pending if rng.random() < 0.8]
    race.met["lost_lines"] += len(kept) < len(race.pending)
    race.pending = kept


def _lost_stretch(race: JoinRace, rng: random.Random) -> None:
    """Nothing of a car gets to the archive for a while."""
    car = rng.choice(list(race.cars.values()))
    first, last = car.n, car.n + rng.randint(3, 60)
    lost = race.flaws.lose

    def lose(series: object, n: int) -> bool:
        mine = getattr(series, "car", "") == car.name and getattr(series, "epoch", "") == car.epoch
        race.met["lost_stretch"] += mine and first < n <= last
        return (mine and first < n <= last) or lost(series, n)  # type: ignore[arg-type]

    race.flaws.lose = lose


def _sealed_cut(race: JoinRace, rng: random.Random) -> None:
    for key in race.seal_laps()[:1]:
        data, seen = race.bucket.objects[key]
        race.bucket.objects[key] = (data[: rng.randint(1, len(data) - 1)], seen)
        race.bucket.flaws[key] = "sealed_cut"


def _sealed_again(race: JoinRace, rng: random.Random) -> None:
    """The newest version of a lap is good, the one before it is not."""
    for key in race.seal_laps():
        data, seen = race.bucket.objects[key]
        version = int(key[key.rindex("-v") + 2 : -4])
        newer = key[: key.rindex("-v")] + f"-v{version + 100}.seg"
        race.bucket.objects[newer] = (data, seen)
        race.bucket.flaws[newer] = "sealed_again"
        race.sealed_chunks[newer] = race.sealed_chunks.pop(key)
        race.bucket.objects[key] = (data[: len(data) // 3], seen)


def _archive_listing_fails(race: JoinRace, rng: random.Random) -> None:
    race.bucket.listing_faults += [Retryable("503")] * rng.randint(1, 5)


def _archive_read_fails(race: JoinRace, rng: random.Random) -> None:
    race.bucket.read_faults += [Retryable("503")] * rng.randint(1, 5)


def _archive_forbidden(race: JoinRace, rng: random.Random) -> None:
    race.bucket.denied = True


# ---------------------------------------------------------------- the stream


def _trouble(race: JoinRace, kind: str, rng: random.Random) -> None:
    operations, (low, high), seconds = TROUBLES[kind]
    chosen = operations if rng.random() < 0.5 else (rng.choice(operations),)
    race.world.network.trouble(kind, chosen, rng.randint(low, high), rng.uniform(*seconds))


def _offline(race: JoinRace, rng: random.Random) -> None:
    race.world.network.trouble("offline", ANY, 1 << 30, rng.uniform(3, 15))


def _expired(race: JoinRace, rng: random.Random) -> None:
    race.world.client.expired_before_us = race.time.wall


def _split(race: JoinRace, rng: random.Random) -> None:
    if len(race.world.open_ids) < MAX_SHARDS:
        race.world.rotate(rng.randrange(len(race.world.open_ids)), 2, rng.choice((0.0, 2.0)))
        race.met["split"] += 1


def _merge(race: JoinRace, rng: random.Random) -> None:
    if len(race.world.open_ids) < 2:
        race.world.rotate(0, 2)
    race.world.merge(rng.randrange(len(race.world.open_ids) - 1))
    race.met["merge"] += 1


def _rotated_together(race: JoinRace, rng: random.Random) -> None:
    for slot in range(len(race.world.open_ids)):
        race.world.rotate(slot)
    race.met["rotated_together"] += 1


def _listed_late(race: JoinRace, rng: random.Random) -> None:
    race.world.rotate(rng.randrange(len(race.world.open_ids)), 1, rng.uniform(3, 25))
    race.met["listed_late"] += 1


def _missing_from_listing(race: JoinRace, rng: random.Random) -> None:
    race.world.network.flicker_until_us = race.time.wall + 60 * SECOND
    race.world.rotate(rng.randrange(len(race.world.open_ids)))


def _trimmed(race: JoinRace, rng: random.Random) -> None:
    stream = race.world.stream
    for name in list(stream.shards):
        shard = stream.shards[name]
        count = rng.randint(1, 200)
        race.met["trimmed"] += stream.trim(name, count) > 0
        shard.gone = shard.gone or (shard.last is not None and not shard.changes)


def _poison(race: JoinRace, rng: random.Random) -> None:
    for i in range(rng.randint(1, 3)):
        item = {
            "pk": {"S": f"{SESSION.key}#driver#001#1"},
            "sk": {"S": f"broken-{race.time.wall}-{i}"},
            "k": {"S": "c"},
        }
        race.world.put(item, item["pk"]["S"])
    race.met["poison"] += 1


def _switched_off_and_on(race: JoinRace, rng: random.Random) -> None:
    race.world.switch(on=False)
    race.advance(1.0)
    race.world.switch(on=True)
    race.met["switched_off_and_on"] += 1


def _written_twice(race: JoinRace, rng: random.Random) -> None:
    race.twice = rng.randint(1, 6)


# ---------------------------------------------------------------- the table and the cars


def _table_fails(race: JoinRace, rng: random.Random) -> None:
    race.table.failing = rng.randint(1, 4)


def _table_refuses(race: JoinRace, rng: random.Random) -> None:
    race.table.refuses = True


def _roster_fails(race: JoinRace, rng: random.Random) -> None:
    race.table.roster_fails = rng.randint(1, 5)


def _gone(race: JoinRace, rng: random.Random) -> None:
    if race.written:
        race.table.gone.update(rng.sample(list(race.written), k=min(6, len(race.written))))


def _lost_everywhere(race: JoinRace, rng: random.Random) -> None:
    """The newest chunks of a car never get to the archive, and stream and table lose them."""
    car = rng.choice(list(race.cars.values()))
    first = max(car.n - rng.randint(0, 5), 1)
    chunks = {
        (series, n)
        for series, n in race.written
        if (series.car, series.epoch) == (car.name, car.epoch) and n >= first
    }
    if not chunks:
        return
    race.table.gone |= chunks
    race.pending = [line for line in race.pending if identity(line.data) not in chunks]
    _forget(race)
    race.met["lost_everywhere"] += 1


def _forget(race: JoinRace) -> None:
    """The stream loses all it has."""
    race.forgotten |= race.written.keys()
    stream = race.world.stream
    for name, shard in stream.shards.items():
        stream.trim(name, len(shard.changes))


def _reboot(race: JoinRace, rng: random.Random) -> None:
    name = rng.choice([name for name, car in race.cars.items() if car.name != LATE])
    car = race.cars[name]
    if car.n == 0 or car.ended or len(race.cars) > MAX_CARS:
        return
    race.release(car.name, car.epoch)
    if rng.random() < 0.5:
        race.end(name)
    else:
        car.ended = True
    boots = sum(other.name == car.name for other in race.cars.values())
    race.cars[f"{car.name}/{boots}"] = Car(car.name, f"e{boots + 1}")
    race.met["reboot"] += 1


def _late_car(race: JoinRace, rng: random.Random) -> None:
    """A car comes late and retires, its data still in the archive's buffer."""
    if LATE in race.cars:
        return
    race.cars[LATE] = Car(LATE, "e9")
    race.advance(rng.uniform(2, 6))
    race.end(LATE)
    race.met["late_car"] += race.cars[LATE].n > 0


def car_comes(race: JoinRace) -> None:
    """One that nobody has heard of."""
    if "new" not in race.cars:
        race.cars["new"] = Car("new", "e1")
        race.met["car_loading"] += 1


def _heads_stall(race: JoinRace, rng: random.Random) -> None:
    car = rng.choice(list(race.cars.values()))
    race.stalled[car.name] = race.time.wall + rng.randint(3, 20) * SECOND


def _written_late(race: JoinRace, rng: random.Random) -> None:
    race.late[rng.choice(list(race.cars.values())).name] = rng.randint(2, 8) * SECOND


_DOES: dict[str, Callable[[JoinRace, random.Random], None]] = {
    "repeated_lines": _repeated_lines,
    "reordered_lines": _reordered_lines,
    "lost_lines": _lost_lines,
    "lost_stretch": _lost_stretch,
    "sealed_cut": _sealed_cut,
    "sealed_again": _sealed_again,
    "archive_listing_fails": _archive_listing_fails,
    "archive_read_fails": _archive_read_fails,
    "archive_forbidden": _archive_forbidden,
    "offline": _offline,
    "expired": _expired,
    "split": _split,
    "merge": _merge,
    "rotated_together": _rotated_together,
    "listed_late": _listed_late,
    "missing_from_listing": _missing_from_listing,
    "trimmed": _trimmed,
    "poison": _poison,
    "switched_off_and_on": _switched_off_and_on,
    "written_twice": _written_twice,
    "table_fails": _table_fails,
    "table_refuses": _table_refuses,
    "roster_fails": _roster_fails,
    "gone": _gone,
    "lost_everywhere": _lost_everywhere,
    "reboot": _reboot,
    "late_car": _late_car,
    "heads_stall": _heads_stall,
    "written_late": _written_late,
}
