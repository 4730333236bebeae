"""Table items and the values they carry, both ways.

Items are in DynamoDB's typed form, ``{"n": {"N": "17"}, ...}``. Binary attributes are ``bytes``
(as boto3's low-level client gives and takes them) or base64 text (as in stream events that a Lambda
gets, and in the wire's JSON): parsing takes either, building makes the one that is asked for. Every
parser raises BadInput, and nothing else, on anything that no builder here would make.
"""

from __future__ import annotations

import json
import math
from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pitwall.cloud import keys
from pitwall.cloud.binary import binary, pack_u16, pack_u32, unpack_u16, unpack_u32
from pitwall.cloud.image import Image
from pitwall.cloud.keys import parse_count
from pitwall.telemetry import (
    BadInput,
    Catalog,
    ClockKind,
    Head,
    Segment,
    Session,
    chunk_crc,
    sample_count,
)
from pitwall.telemetry.names import (
    MAX_LAP,
    MAX_N,
    check_car,
    check_epoch,
    check_group,
    check_session,
    shown,
)

Item = dict[str, dict[str, Any]]
"""One item in typed form."""

WIRE_VERSION = 1
MAX_PAYLOAD = 400 * 1024
"""An item holds no more; a longer payload cannot have come from the table."""
MAX_RUN = 65_536
"""Chunks in one sealed segment."""
MAX_VERSION = 999
"""Of a lap: it is sealed again no oftener."""
_MAX_CATALOG = 300 * 1024
_MAX_PACE = 1000
_U32 = 2**32 - 1
_WRONG = (KeyError, TypeError, AttributeError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True)
class LapEntry:
    """A catalog item: which chunks one car's lap consists of.

    Attributes:
        session, car, lap: which lap.
        t_lo, t_hi: event time of its first and last sample so far, microseconds UTC.
        ranges: runs of n, both ends included, by (group, epoch), ascending.
        sealed: True when every run listed has its sealed segment.
        version: of its sealed laps, from 1: one more each time it was over and yet went on.
    """

    session: str
    car: str
    lap: int
    t_lo: int
    t_hi: int
    ranges: dict[tuple[str, str], tuple[tuple[int, int], ...]]
    sealed: bool
    version: int = 1


def chunk_of(pk: str, sk: str, epoch: str, n: int, crc: int, d: int, payload: bytes) -> Segment:
    """The chunk with these attributes, wherever they were read. Raises BadInput when they are not
    one chunk: keys that disagree, a payload that does not match its crc."""
    series, lap = keys.series_of(pk, epoch)
    t_lo, key_n = keys.parse_chunk_sk(sk)
    if key_n != n or not n:
        raise BadInput(f"chunk {shown(pk)} {sk}: n is {n}")
    if d < 0 or t_lo + d > keys.MAX_T:
        raise BadInput(f"chunk {shown(pk)} {sk}: spans {d} µs")
    if len(payload) > MAX_PAYLOAD:
        raise BadInput(f"chunk {shown(pk)} {sk}: payload of {len(payload)} bytes")
    if chunk_crc(t_lo, payload) != crc:
        raise BadInput(f"chunk {shown(pk)} {sk}: damaged, payload does not match crc {crc:08x}")
    return Segment(series, n, n, lap, t_lo, t_lo + d, (sample_count(payload),), (crc,), payload)


def sealed_of(
    pk: str, epoch: str, n_lo: int, n_hi: int, t_lo: int, d: int, crcs: bytes, counts: bytes,
    payload: bytes,
) -> Segment:  # fmt: skip
    """The sealed segment with these attributes. Raises BadInput when they do not fit together."""
    series, lap = keys.sealed_series_of(pk, epoch)
    run = n_hi - n_lo + 1
    if not 0 < n_lo <= n_hi <= MAX_N or run > MAX_RUN:
        raise BadInput(f"sealed lap {shown(pk)}: n from {n_lo} to {n_hi}")
    if d < 0 or not 0 <= t_lo <= t_lo + d <= keys.MAX_T:
        raise BadInput(f"sealed lap {shown(pk)}: from {t_lo} µs, {d} µs long")
    if len(crcs) != 4 * run or len(counts) != 2 * run:
        raise BadInput(
            f"sealed lap {shown(pk)}: {len(crcs)} bytes of crcs and {len(counts)} of counts for "
            f"{run} chunks"
        )
    each = unpack_u16(counts)
    if 0 in each or sum(each) != sample_count(payload):
        raise BadInput(f"sealed lap {shown(pk)}: counts do not add up to the payload's samples")
    return Segment(series, n_lo, n_hi, lap, t_lo, t_lo + d, each, unpack_u32(crcs), payload)


def chunk_item(segment: Segment, *, text: bool = False) -> Item:
    """The item of one chunk; ``text`` gives binary as base64. Raises BadInput when it is a run of
    several or has no key."""
    if segment.n_lo != segment.n_hi:
        raise BadInput(f"chunk item of n {segment.n_lo} to {segment.n_hi}: seal it instead")
    s = segment.series
    return {
        "pk": {"S": keys.chunk_pk(s.session, s.group, segment.lap, s.car)},
        "sk": {"S": keys.chunk_sk(segment.t_lo, segment.n_lo)},
        "k": {"S": "c"},
        "e": {"S": s.epoch},
        "n": {"N": str(segment.n_lo)},
        "c": {"N": str(segment.crcs[0])},
        "d": {"N": str(segment.t_hi - segment.t_lo)},
        "p": {"B": _bytes(segment.payload, text)},
    }


def parse_chunk(item: Mapping[str, Any]) -> Segment:
    """The chunk in ``item``. Raises BadInput."""
    try:
        _check_kind(item, "c")
        return chunk_of(
            item["pk"]["S"],
            item["sk"]["S"],
            item["e"]["S"],
            parse_count(item["n"]["N"], MAX_N, "n"),
            parse_count(item["c"]["N"], _U32, "crc"),
            parse_count(item["d"]["N"], keys.MAX_T, "d"),
            binary(item["p"]["B"]),
        )
    except _WRONG as error:
        raise _bad("chunk", item, error) from error


def sealed_item(segment: Segment, version: int = 1, *, text: bool = False) -> Item:
    """The item of a sealed lap (or of a part of it, when it is too big for one item)."""
    s = segment.series
    return {
        "pk": {"S": keys.sealed_pk(s.session, s.group, segment.lap, s.car)},
        "sk": {"S": keys.sealed_sk(s.epoch, segment.n_lo)},
        "k": {"S": "s"},
        "e": {"S": s.epoch},
        "lo": {"N": str(segment.n_lo)},
        "hi": {"N": str(segment.n_hi)},
        "t": {"N": str(segment.t_lo)},
        "d": {"N": str(segment.t_hi - segment.t_lo)},
        "cs": {"B": _bytes(pack_u32(segment.crcs), text)},
        "m": {"B": _bytes(pack_u16(segment.counts), text)},
        "v": {"N": str(version)},
        "p": {"B": _bytes(segment.payload, text)},
    }


def parse_sealed(item: Mapping[str, Any]) -> Segment:
    """The sealed segment in ``item``. Raises BadInput."""
    try:
        _check_kind(item, "s")
        epoch = item["e"]["S"]
        n_lo = parse_count(item["lo"]["N"], MAX_N, "lo")
        if item["sk"]["S"] != keys.sealed_sk(epoch, n_lo):
            raise BadInput(f"sealed lap: sort key {shown(item['sk']['S'])} is not its own")
        parse_count(item["v"]["N"], MAX_N, "v")
        return sealed_of(
            item["pk"]["S"],
            epoch,
            n_lo,
            parse_count(item["hi"]["N"], MAX_N, "hi"),
            parse_count(item["t"]["N"], keys.MAX_T, "t"),
            parse_count(item["d"]["N"], keys.MAX_T, "d"),
            binary(item["cs"]["B"]),
            binary(item["m"]["B"]),
            binary(item["p"]["B"]),
        )
    except _WRONG as error:
        raise _bad("sealed lap", item, error) from error


def head_item(head: Head) -> Item:
    """The item of a head."""
    return {
        "pk": {"S": keys.head_pk(check_session(head.session))},
        "sk": {"S": keys.head_sk(check_car(head.car), check_epoch(head.epoch))},
        "k": {"S": "h"},
        "f": {"N": str(head.t_first)},
        "t": {"N": str(head.t)},
        "l": {"N": str(head.lap)},
        "h": {"M": {group: {"N": str(n)} for group, n in head.n.items()}},
        "x": {"BOOL": head.ended},
    }


def parse_head(item: Mapping[str, Any]) -> Head:
    """The head in ``item``. Raises BadInput."""
    try:
        _check_kind(item, "h")
        session = _owner(item, "#head")
        car, _, epoch = item["sk"]["S"].partition("#")
        return Head(
            session,
            check_car(car),
            check_epoch(epoch),
            parse_count(item["f"]["N"], keys.MAX_T, "f"),
            parse_count(item["t"]["N"], keys.MAX_T, "t"),
            parse_count(item["l"]["N"], MAX_LAP, "l"),
            {
                check_group(group): parse_count(n["N"], MAX_N, "h")
                for group, n in item["h"]["M"].items()
            },
            _flag(item["x"]["BOOL"]),
        )
    except _WRONG as error:
        raise _bad("head", item, error) from error


def catalog_item(entry: LapEntry) -> Item:
    """The catalog item of one car's lap."""
    return {
        "pk": {"S": keys.catalog_pk(check_session(entry.session))},
        "sk": {"S": keys.catalog_sk(check_car(entry.car), entry.lap)},
        "k": {"S": "l"},
        "t": {"N": str(entry.t_lo)},
        "u": {"N": str(entry.t_hi)},
        "g": {
            "M": {
                f"{group}#{epoch}": {"S": ",".join(f"{lo}-{hi}" for lo, hi in runs)}
                for (group, epoch), runs in entry.ranges.items()
            }
        },
        "z": {"BOOL": entry.sealed},
        "v": {"N": str(entry.version)},
    }


def parse_catalog(item: Mapping[str, Any]) -> LapEntry:
    """The catalog entry in ``item``. Raises BadInput."""
    try:
        _check_kind(item, "l")
        car, _, lap = item["sk"]["S"].partition("#")
        ranges: dict[tuple[str, str], tuple[tuple[int, int], ...]] = {}
        for name, runs in item["g"]["M"].items():
            group, _, epoch = name.partition("#")
            ranges[check_group(group), check_epoch(epoch)] = _runs(runs["S"])
        return LapEntry(
            _owner(item, "#catalog"),
            check_car(car),
            keys.parse_lap(lap),
            parse_count(item["t"]["N"], keys.MAX_T, "t"),
            parse_count(item["u"]["N"], keys.MAX_T, "u"),
            ranges,
            _flag(item["z"]["BOOL"]),
            parse_count(item["v"]["N"], MAX_VERSION, "v") if "v" in item else 1,
        )
    except _WRONG as error:
        raise _bad("catalog", item, error) from error


def session_item(session: Session) -> Item:
    """The item that lists a session."""
    driven = {"o": {"N": str(session.driven_us)}} if session.driven_us else {}
    pace = {"r": {"N": _decimal(session.pace)}} if session.pace != 1.0 else {}
    return {
        **driven,
        **pace,
        "pk": {"S": keys.SESSIONS_PK},
        "sk": {"S": session.key},
        "k": {"S": "m"},
        "title": {"S": session.title},
        "catalog": {"S": session.catalog.to_json()},
        "t": {"N": str(session.started_us)},
        "s": {"N": _decimal(session.length_s)},
        "clock": {"S": session.clock.value},
        "sim": {"BOOL": session.simulated},
        "v": {"N": str(WIRE_VERSION)},
    }


def parse_session(item: Mapping[str, Any]) -> Session:
    """The session in ``item``. Raises BadInput."""
    try:
        _check_kind(item, "m")
        if item["pk"]["S"] != keys.SESSIONS_PK:
            raise BadInput(f"session item under {shown(item['pk']['S'])}")
        version = parse_count(item["v"]["N"], MAX_N, "v")
        if version != WIRE_VERSION:
            raise BadInput(f"session written in wire version {version}: update pitwall to read it")
        catalog, title = _text(item["catalog"]["S"]), _text(item["title"]["S"])
        if len(catalog) > _MAX_CATALOG or len(title) > 400:
            raise BadInput("session item: catalog or title too long")
        return Session(
            check_session(item["sk"]["S"]),
            title,
            Catalog.from_json(catalog),
            parse_count(item["t"]["N"], keys.MAX_T, "t"),
            _seconds(item["s"]["N"]),
            ClockKind(item["clock"]["S"]),
            _flag(item["sim"]["BOOL"]),
            parse_count(item["o"]["N"], keys.MAX_T, "o") if "o" in item else 0,
            _pace(item["r"]["N"]) if "r" in item else 1.0,
        )
    except _WRONG as error:
        raise _bad("session", item, error) from error


def kind_of(item: Mapping[str, Any]) -> str:
    """The item's ``k``: c, s, h, l or m; empty when it has none, as items of other producers do."""
    try:
        kind = item["k"]["S"]
    except _WRONG:
        return ""
    return kind if isinstance(kind, str) else ""


def raw_of(item: object) -> bytes:
    """``item`` as JSON with binary in base64: what a quarantine keeps of it, whatever it is."""
    if isinstance(item, Image):
        return bytes(item.raw)
    try:
        return json.dumps(item, default=_plain, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        return repr(item).encode(errors="backslashreplace")


def _bytes(data: bytes, text: bool) -> bytes | str:
    return b2a_base64(data, newline=False).decode("ascii") if text else data


def _plain(value: object) -> str:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return b2a_base64(value, newline=False).decode("ascii")
    return repr(value)


def _where(item: object) -> str:
    parts = []
    for name in ("pk", "sk"):
        try:
            parts.append(shown(item[name]["S"]))  # type: ignore[index]
        except _WRONG:
            parts.append(f"without {name}")
    return " ".join(parts)


def _bad(what: str, item: object, error: Exception) -> BadInput:
    reason = f"attribute {error} is missing" if isinstance(error, KeyError) else shown(str(error))
    return BadInput(f"{what} item {_where(item)}: {reason}")


def _check_kind(item: Mapping[str, Any], kind: str) -> None:
    if item["k"]["S"] != kind:
        raise BadInput(f"item {_where(item)}: kind {shown(item['k']['S'])}, not {kind!r}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{shown(value)} is not text")
    return value


def _owner(item: Mapping[str, Any], suffix: str) -> str:
    pk = item["pk"]["S"]
    if not pk.endswith(suffix):
        raise BadInput(f"key {shown(pk)}: not <session>{suffix}")
    return check_session(pk[: -len(suffix)])


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{shown(value)} is not true or false")
    return value


def _runs(text: str) -> tuple[tuple[int, int], ...]:
    runs = []
    last = 0
    for part in text.split(",", MAX_RUN):
        lo_text, _, hi_text = part.partition("-")
        lo, hi = parse_count(lo_text, MAX_N, "n"), parse_count(hi_text, MAX_N, "n")
        if not last < lo <= hi:
            raise BadInput(f"n-ranges {shown(text)}: not ascending")
        runs.append((lo, hi))
        last = hi
    return tuple(runs)


def _decimal(seconds: float) -> str:
    if not math.isfinite(seconds) or not 0 <= seconds < 1e9:
        raise BadInput(f"session length {seconds} s")
    return str(int(seconds)) if seconds == int(seconds) else f"{seconds:.6f}".rstrip("0")


def _pace(text: str) -> float:
    pace = _seconds(text)
    if not 0 < pace <= _MAX_PACE:
        raise BadInput(f"pace {pace:g}: more than 0 and at most {_MAX_PACE}")
    return pace


def _seconds(text: str) -> float:
    whole, _, part = text.partition(".")
    if not (text.isascii() and whole.isdigit() and len(text) < 40 and (part or "0").isdigit()):
        raise BadInput(f"seconds {shown(text)}: not a plain number")
    return float(text)
