"""Sealed laps in the bucket: all groups of a car's lap as one object, and blocks of 4, 16 and 64
laps as one object again, so that a whole race is a few hundred requests.

An object holds frames, one after the other: one line of JSON (the sealed item's attributes without
``p`` and ``v``, plus pk, sk and ``b``, the payload's length), newline, payload.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote, unquote

import msgspec

from pitwall.cloud import keys
from pitwall.cloud.binary import pack_u16, pack_u32
from pitwall.cloud.items import sealed_of
from pitwall.telemetry import BadInput, Segment
from pitwall.telemetry.names import check_session, shown

PREFIX = "sealed/"
MAX_OBJECT = 64 * 1024 * 1024
"""Bytes of an object that parsing accepts."""
PART = 8 * 1024 * 1024
"""Bytes of payload from which a lap is written as several objects."""
_MAX_FRONT = 1024 * 1024
WIDTHS = (4, 16, 64)
"""Laps of the blocks; each block's laps begin at a multiple of its width."""
LATE = 1000
"""Parts from this number on were written after their lap's block and are not in it: those of
version v count from v thousand."""
_KEY = re.compile(r"([^/]+)/(\d{3,4})-(\d{3,4})-([^/]+)-(\d{1,7})-v(\d{1,9})\.seg")


class _Front(msgspec.Struct, frozen=True):
    """The line before each payload."""

    pk: str
    sk: str
    k: str
    e: str
    lo: int
    hi: int
    t: int
    d: int
    cs: bytes
    m: bytes
    b: int


_front = msgspec.json.Decoder(_Front)
_encoder = msgspec.json.Encoder()


class BundleName(NamedTuple):
    """What an object's key says.

    Attributes:
        session, car, epoch: whose laps, of which boot of the producer.
        first, last: its laps; the same for a lap's own object.
        part: from 1; parts of the same laps hold different segments.
        version: from 1; a newer version replaces the older ones of its part.
    """

    session: str
    car: str
    first: int
    last: int
    epoch: str
    part: int = 1
    version: int = 1

    @property
    def key(self) -> str:
        """``sealed/<session>/<car>/<LLL>-<LLL>-<epoch>-<part>-v<version>.seg``, the car
        percent-encoded as in an URL, so that a slash in it stays its own."""
        return (
            f"{sealed_prefix(self.session, self.car)}{self.first:03d}-{self.last:03d}-"
            f"{self.epoch}-{self.part}-v{self.version}.seg"
        )


@dataclass(frozen=True, slots=True)
class Bundle:
    """What an object held.

    Attributes:
        segments: as far as it could be read.
        fault: why the rest could not be read; empty when all could.
        offset: where the rest begins.
    """

    segments: list[Segment]
    fault: str = ""
    offset: int = 0


@lru_cache(256)
def sealed_prefix(session: str, car: str = "") -> str:
    """Prefix of a session's sealed laps in the bucket, of one car's when it is given."""
    start = f"{PREFIX}{check_session(session)}/"
    return f"{start}{quote(car, safe='')}/" if car else start


def bundle_name(session: str, key: str) -> BundleName | None:
    """What ``key`` says; None when it is no bundle's of ``session``."""
    start = sealed_prefix(session)
    found = _KEY.fullmatch(key, len(start)) if key.startswith(start) else None
    if found is None:
        return None
    car, first, last, epoch, part, version = found.groups()
    car = unquote(car) if "%" in car else car
    return BundleName(session, car, int(first), int(last), epoch, int(part), int(version))


def form_bundle(segments: Iterable[Segment]) -> bytes:
    """The object of ``segments``, in their order."""
    parts: list[bytes] = []
    for segment in segments:
        s = segment.series
        front = _Front(
            keys.sealed_pk(s.session, s.group, segment.lap, s.car),
            keys.sealed_sk(s.epoch, segment.n_lo),
            "s",
            s.epoch,
            segment.n_lo,
            segment.n_hi,
            segment.t_lo,
            segment.t_hi - segment.t_lo,
            pack_u32(segment.crcs),
            pack_u16(segment.counts),
            len(segment.payload),
        )
        parts += [_encoder.encode(front), b"\n", segment.payload]
    return b"".join(parts)


def parse_bundle(data: bytes) -> Bundle:
    """The segments in an object, up to the first fault. Raises nothing."""
    segments: list[Segment] = []
    if len(data) > MAX_OBJECT:
        return Bundle(segments, f"sealed object of {len(data)} bytes: at most {MAX_OBJECT}")
    at = 0
    while at < len(data):
        try:
            segment, past = _frame(data, at)
        except BadInput as error:
            return Bundle(segments, str(error), at)
        segments.append(segment)
        at = past
    return Bundle(segments, offset=at)


def _frame(data: bytes, at: int) -> tuple[Segment, int]:
    """The segment whose frame begins at ``at``, and where the frame ends."""
    end = data.find(b"\n", at, at + _MAX_FRONT)
    if end < 0:
        raise BadInput("sealed object: ends within a frame's first line")
    try:
        front = _front.decode(data[at:end])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadInput(f"sealed object {shown(data[at : at + 60])}: {error}") from error
    past = end + 1 + front.b
    if front.b < 0 or past > len(data):
        raise BadInput(f"sealed object {shown(front.pk)}: ends within a payload")
    if front.k != "s" or front.sk != keys.sealed_sk(front.e, front.lo):
        raise BadInput(f"sealed object {shown(front.pk)} {shown(front.sk)}: not as written")
    payload = data[end + 1 : past]
    segment = sealed_of(
        front.pk, front.e, front.lo, front.hi, front.t, front.d, front.cs, front.m, payload
    )
    return segment, past


class Bundler:
    """Collects the sealed segments of each car's lap until the lap is over, then its laps until
    their block is. Used by one thread; holds at most the laps of one widest block of each car.

    A block is written when the first lap after it is over. A lap that goes on after it was over is
    written again, as a new version that holds all of it; when its block is written already, what
    came late is an object of its own.

    Args:
        resumed: (car, epoch) of producers that an earlier process wrote laps of. Blocks with such
            laps are not written: they would hide the objects of laps that are not held here.
    """

    def __init__(self, resumed: Iterable[tuple[str, str]] = ()) -> None:
        self._open: dict[tuple[str, int], list[Segment]] = {}
        self._from: dict[tuple[str, str], int | None] = dict.fromkeys(resumed)
        """By car and epoch: the first lap that is held, None before there is one."""
        self._held: dict[tuple[str, str], dict[int, list[Segment]]] = {}
        """By car and epoch: laps that are over, of the widest block that is not written yet."""
        self._newest: dict[tuple[str, str], int] = {}

    def add(
        self, car: str, lap: int, segments: Sequence[Segment], over: bool, version: int = 1
    ) -> list[tuple[str, bytes]]:
        """Take ``segments`` of a lap; the objects, by key, that it comes to when it is ``over``,
        for the ``version``-th time. Of an object in several parts the first one comes last: where
        it is, the others are."""
        held = self._open.setdefault((car, lap), [])
        held += segments
        if not over:
            return []
        del self._open[car, lap]
        # in an order of their own: who closes first is chance
        held.sort(key=lambda segment: (segment.series.epoch, segment.series.group, segment.n_lo))
        out: list[tuple[str, bytes]] = []
        for epoch, mine in groupby(held, lambda segment: segment.series.epoch):
            out += self._over(car, lap, epoch, list(mine), version)
        return out

    def _over(
        self, car: str, lap: int, epoch: str, segments: list[Segment], version: int
    ) -> list[tuple[str, bytes]]:
        who = (car, epoch)
        since = self._from.get(who, 0)
        if since is None:
            since = self._from[who] = lap
        newest = self._newest.get(who, lap)
        held = self._held.setdefault(who, {})
        if lap // WIDTHS[0] < newest // WIDTHS[0] or (version > 1 and lap not in held):
            return form_objects(car, lap, lap, segments, LATE * version, version)
        whole = held.setdefault(lap, [])
        whole += segments
        out = form_objects(car, lap, lap, whole, 1, version)
        for width in WIDTHS:
            first = newest // width * width
            last = first + width - 1
            if last < lap and first >= since:
                block = [s for n in sorted(held) if first <= n <= last for s in held[n]]
                out += form_objects(car, first, last, block, 1, 1)
        widest = lap // WIDTHS[-1] * WIDTHS[-1]
        for n in [n for n in held if n < widest]:
            del held[n]
        self._newest[who] = max(newest, lap)
        return out


def form_objects(
    car: str, first: int, last: int, segments: Sequence[Segment], part: int, version: int
) -> list[tuple[str, bytes]]:
    """Keys and content of the objects that hold ``segments``, of one epoch, as parts from ``part``
    on; the first part comes last."""
    out: list[tuple[str, bytes]] = []
    for number, some in enumerate(_parted(segments), part):
        series = some[0].series
        name = BundleName(series.session, car, first, last, series.epoch, number, version)
        out.append((name.key, form_bundle(some)))
    return out[::-1]


def _parted(segments: Sequence[Segment]) -> list[list[Segment]]:
    parts: list[list[Segment]] = []
    size = 0
    for segment in segments:
        if not parts or size + len(segment.payload) > PART:
            parts.append([])
            size = 0
        parts[-1].append(segment)
        size += len(segment.payload)
    return parts
