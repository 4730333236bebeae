"""Sealed laps in the bucket: all groups of one car's lap as one object, so that a whole race is a
few hundred requests.

An object holds frames, one after the other: one line of JSON (the sealed item's attributes without
``p`` and ``v``, plus pk, sk and ``b``, the payload's length), newline, payload.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
_KEY = re.compile(r"([^/]+)/(\d{3,})-([^/]+)-(\d{1,6})-v(\d{1,9})\.seg")


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


@dataclass(frozen=True, slots=True)
class BundleName:
    """What an object's key says.

    Attributes:
        session, car, lap, epoch: whose lap, of which boot of the producer.
        part: from 1; parts of a lap hold different segments.
        version: from 1; a newer version replaces the older ones of its part.
    """

    session: str
    car: str
    lap: int
    epoch: str
    part: int = 1
    version: int = 1

    @property
    def key(self) -> str:
        """``sealed/<session>/<car>/<LLL>-<epoch>-<part>-v<version>.seg``, the car percent-encoded
        as in an URL, so that a slash in it stays its own."""
        return (
            f"{sealed_prefix(self.session, self.car)}{keys.lap_text(self.lap)}-{self.epoch}-"
            f"{self.part}-v{self.version}.seg"
        )

    @property
    def place(self) -> tuple[str, int, str, int]:
        """What versions of the same part have in common."""
        return self.car, self.lap, self.epoch, self.part


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
    car, lap, epoch, part, version = found.groups()
    return BundleName(session, unquote(car), int(lap), epoch, int(part), int(version))


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
    """Collects the sealed segments of each car's lap until the lap is over. Used by one thread.

    A lap that goes on after it was over is written as further parts.
    """

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], list[Segment]] = {}
        self._parts: dict[tuple[str, int, str], int] = {}

    def add(
        self, car: str, lap: int, segments: Sequence[Segment], over: bool
    ) -> list[tuple[str, bytes]]:
        """Take ``segments`` of a lap; the objects, by key, that it comes to when it is ``over``."""
        held = self._open.setdefault((car, lap), [])
        held += segments
        if not over:
            return []
        del self._open[car, lap]
        # in an order of their own: who closes first is chance
        held.sort(key=lambda segment: (segment.series.epoch, segment.series.group, segment.n_lo))
        out: list[tuple[str, bytes]] = []
        for part in _parted(held):
            series = part[0].series
            place = (car, lap, series.epoch)
            number = self._parts[place] = self._parts.get(place, 0) + 1
            name = BundleName(series.session, car, lap, series.epoch, number)
            out.append((name.key, form_bundle(part)))
        return out


def _parted(segments: Sequence[Segment]) -> list[list[Segment]]:
    parts: list[list[Segment]] = []
    size = 0
    for segment in segments:
        same = parts and parts[-1][0].series.epoch == segment.series.epoch
        if not same or size + len(segment.payload) > PART:
            parts.append([])
            size = 0
        parts[-1].append(segment)
        size += len(segment.payload)
    return parts
