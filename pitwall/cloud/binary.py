"""Binary attributes: bytes or base64 text, and the arrays of whole numbers in sealed laps."""

from __future__ import annotations

from array import array
from binascii import a2b_base64
from sys import byteorder

from pitwall.telemetry import BadInput


def binary(value: object) -> bytes:
    """The bytes of a binary attribute in either form. Raises ValueError or TypeError."""
    if type(value) is bytes:
        return value
    if isinstance(value, str):
        return a2b_base64(value, strict_mode=True)
    raise TypeError(f"binary attribute is a {type(value).__name__}")


def pack_u32(values: tuple[int, ...]) -> bytes:
    """Little-endian u32 each. Raises BadInput when one does not fit."""
    return _pack("I", values)


def pack_u16(values: tuple[int, ...]) -> bytes:
    """Little-endian u16 each. Raises BadInput when one does not fit."""
    return _pack("H", values)


def unpack_u32(data: bytes) -> tuple[int, ...]:
    """Little-endian u32 each."""
    return _unpack("I", data)


def unpack_u16(data: bytes) -> tuple[int, ...]:
    """Little-endian u16 each."""
    return _unpack("H", data)


def _pack(code: str, values: tuple[int, ...]) -> bytes:
    try:
        packed = array(code, values)
    except OverflowError as error:
        raise BadInput(f"counts or crcs of a segment: {error}") from error
    if byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _unpack(code: str, data: bytes) -> tuple[int, ...]:
    values = array(code)
    values.frombytes(data)
    if byteorder == "big":
        values.byteswap()
    return tuple(values)
