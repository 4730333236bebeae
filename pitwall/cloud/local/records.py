"""A change of an item, and how it is told: in a JSON answer, or as a function's event."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from pitwall.cloud.local.items import KeySchema, decode_json, encode_json

INSERT, MODIFY, REMOVE = "INSERT", "MODIFY", "REMOVE"

# Odd, so that multiplying by it mixes the bits of a number and keeps numbers apart.
_EVENT_MIX = 0x9E3779B97F4A7C15F39CC0605CEDC835
_EVENT_MASK = (1 << 128) - 1


class Record(NamedTuple):
    """One change of one item.

    Attributes:
        sequence: its number, rising over the log.
        created_us: when it entered the log.
        event: ``INSERT``, ``MODIFY`` or ``REMOVE``.
        pk, sk: the item's key in sorting form.
        image: JSON of the item as it became; empty for ``REMOVE``.
        size: bytes that count for pages.
    """

    sequence: int
    created_us: int
    event: str
    pk: Any
    sk: Any
    image: bytes
    size: int


class RecordWriter:
    """Tells records of one stream.

    Args:
        arn: the stream's name.
        region: AWS region shown.
        schema: the table's key.
        view: what is told of an item: ``NEW_IMAGE``, or ``KEYS_ONLY``.
    """

    def __init__(self, arn: str, region: str, schema: KeySchema, view: str = "NEW_IMAGE") -> None:
        self._arn = arn
        self._region = region
        self._view = view
        self._images = view == "NEW_IMAGE"
        self._schema = schema
        self._salt = zlib.crc32(arn.encode()) << 96

    def event(self, records: Iterable[Record]) -> dict[str, Any]:
        """Records as the event that a Lambda function is given.

        The same members as :meth:`encode` gives, and ``eventSourceARN``; built directly because
        decoding them from JSON takes twice as long, and history is made of many.
        """
        salt, region, arn = self._salt, self._region, self._arn
        keys = self._schema.attributes
        rows: list[dict[str, Any]] = []
        for sequence, created_us, event, pk, sk, image, size in records:
            change: dict[str, Any] = {
                "ApproximateCreationDateTime": created_us // 1_000_000,
                "Keys": keys(pk, sk),
            }
            if image and self._images:
                change["NewImage"] = decode_json(image)
            change["SequenceNumber"] = str(sequence)
            change["SizeBytes"] = size
            change["StreamViewType"] = self._view
            rows.append(
                {
                    "eventID": f"{(sequence * _EVENT_MIX ^ salt) & _EVENT_MASK:032x}",
                    "eventName": event,
                    "eventVersion": "1.1",
                    "eventSource": "aws:dynamodb",
                    "awsRegion": region,
                    "dynamodb": change,
                    "eventSourceARN": arn,
                }
            )
        return {"Records": rows}

    def encode(self, records: Iterable[Record]) -> bytes:
        """Records as the JSON list that GetRecords answers with."""
        region = encode_json(self._region)
        salt = self._salt
        keys = self._key_encoder()
        view = self._view.encode()
        out: list[bytes] = []
        for sequence, created_us, event, pk, sk, image, size in records:
            if not self._images:
                image = b""
            out.append(
                b'{"eventID":"%032x","eventName":"%b","eventVersion":"1.1",'
                b'"eventSource":"aws:dynamodb","awsRegion":%b,'
                b'"dynamodb":{"ApproximateCreationDateTime":%d,"Keys":%b,%b%b%b'
                b'"SequenceNumber":"%d","SizeBytes":%d,"StreamViewType":"%b"}}'
                % (
                    (sequence * _EVENT_MIX ^ salt) & _EVENT_MASK,
                    event.encode(),
                    region,
                    created_us // 1_000_000,
                    keys(pk, sk),
                    b'"NewImage":' if image else b"",
                    image,
                    b"," if image else b"",
                    sequence,
                    size,
                    view,
                )
            )
        return b"[%b]" % b",".join(out)

    def _key_encoder(self) -> Callable[[Any, Any], bytes]:
        schema = self._schema
        if schema.sk is None or schema.pk.type + schema.sk.type != "SS":
            return lambda pk, sk: encode_json(schema.attributes(pk, sk))
        pk_name, sk_name = encode_json(schema.pk.name), encode_json(schema.sk.name)

        def texts(pk: str, sk: str) -> bytes:
            return b'{%b:{"S":%b},%b:{"S":%b}}' % (
                pk_name,
                encode_json(pk),
                sk_name,
                encode_json(sk),
            )

        return texts
