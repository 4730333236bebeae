"""S3's API, path style, as far as Pitwall uses it: XML answers over an object store."""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
from email.utils import formatdate
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

from pitwall.cloud.local.errors import AwsError
from pitwall.cloud.local.objects import ObjectStore, StoredObject
from pitwall.cloud.local.server import Request, Response

_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_KEPT = ("content-encoding", "cache-control", "content-disposition", "content-language")
_LISTING = {
    "list-type", "prefix", "delimiter", "max-keys", "start-after", "continuation-token",
    "encoding-type", "fetch-owner",
}  # fmt: skip
_READ_BACK = {"x-id", "response-content-type", "partnumber"}
_SIGNED = "X-Amz-"
"""What an URL's signature is made of begins so; whether it lets in is looked at elsewhere."""


class S3:
    """The operations over an object store."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    @staticmethod
    def operation(request: Request) -> str:
        """The name of the call that a request makes, for faults."""
        bucket, _, key = request.path[1:].partition("/")
        method = request.method
        if key:
            names = {"GET": "GetObject", "PUT": "PutObject"}
            return names.get(method, f"{method.capitalize()}Object")
        if not bucket:
            return "ListBuckets"
        return {"GET": "ListObjectsV2", "PUT": "CreateBucket"}.get(method, "HeadBucket")

    def call(self, request: Request) -> Response:
        """Answer one request; refusals come as S3's XML error."""
        try:
            return self._call(request)
        except AwsError as error:
            return error_response(error, request)

    def _call(self, request: Request) -> Response:
        bucket, _, key = request.path[1:].partition("/")
        pairs = parse_qsl(request.query, keep_blank_values=True)
        query = {name: value for name, value in pairs if not name.startswith(_SIGNED)}
        operation = self.operation(request)
        unknown = set(query) - (_LISTING if operation == "ListObjectsV2" else _READ_BACK)
        if unknown:
            raise _unsupported(f"{operation}: {', '.join(sorted(unknown))}")
        if operation == "ListObjectsV2":
            return self._list(bucket, query)
        if operation in ("GetObject", "HeadObject"):
            return self._read(request, bucket, key)
        if operation == "PutObject":
            return self._put(request, bucket, key)
        if operation == "DeleteObject":
            self._objects.delete(bucket, key)
            return Response(204)
        if operation == "CreateBucket":
            self._objects.create(bucket)
            return Response(200, headers={"Location": f"/{bucket}"})
        if operation == "HeadBucket" and request.method == "HEAD":
            self._objects.check(bucket)
            return Response(200)
        raise _unsupported(f"{request.method} {request.path}")

    def _put(self, request: Request, bucket: str, key: str) -> Response:
        headers = request.headers
        if "x-amz-copy-source" in headers:
            raise _unsupported("CopyObject")
        if len(key.encode()) > 1024:
            raise AwsError("KeyTooLongError", "Your key is too long")
        data = request.body
        encoding = [part.strip() for part in headers.get("content-encoding", "").split(",")]
        if "aws-chunked" in encoding:
            data = _unchunk(data)
            encoding.remove("aws-chunked")
        md5 = headers.get("content-md5")
        if md5 is not None and md5 != _md5(data):
            raise AwsError(
                "BadDigest", "The Content-MD5 you specified did not match what we received."
            )
        kept = {name: headers[name] for name in headers if name.startswith("x-amz-meta-")}
        kept |= {name: headers[name] for name in _KEPT if name in headers}
        kept.pop("content-encoding", None)
        if any(encoding):
            kept["content-encoding"] = ",".join(filter(None, encoding))
        stored = self._objects.put(
            bucket,
            key,
            data,
            content_type=headers.get("content-type", "binary/octet-stream"),
            headers=kept,
            only_new=headers.get("if-none-match") == "*",
        )
        return Response(200, headers={"ETag": f'"{stored.etag}"'})

    def _read(self, request: Request, bucket: str, key: str) -> Response:
        stored = self._objects.get(bucket, key)
        headers = {
            "ETag": f'"{stored.etag}"',
            "Last-Modified": formatdate(stored.modified_us // 1_000_000, usegmt=True),
            "Accept-Ranges": "bytes",
            "Content-Type": stored.content_type,
            **stored.headers,
        }
        wanted = request.headers.get("if-match")
        if wanted is not None and wanted.strip('"') not in (stored.etag, "*"):
            raise AwsError(
                "PreconditionFailed",
                "At least one of the pre-conditions you specified did not hold",
                412,
            )
        status, data = 200, stored.data
        bounds = _range(request.headers.get("range"), stored)
        if bounds is not None:
            low, high = bounds
            status, data = 206, data[low:high]
            headers["Content-Range"] = f"bytes {low}-{high - 1}/{len(stored.data)}"
        return Response(status, data, headers)

    def _list(self, bucket: str, query: dict[str, str]) -> Response:
        if query.get("list-type") != "2":
            self._objects.check(bucket)
            raise _unsupported("ListObjects version 1")
        limit_text = query.get("max-keys", "1000")
        if not limit_text.isdecimal():
            raise AwsError("InvalidArgument", "max-keys must be an integer")
        limit = min(int(limit_text), 1000)
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        start, token = query.get("start-after", ""), query.get("continuation-token")
        after = start if token is None else _untoken(token)
        page = self._objects.list(bucket, prefix, after, limit, delimiter)
        last = page.last if limit else None
        url = query.get("encoding-type") == "url"

        def shown(text: str) -> str:
            return quote(text, safe="/-_.!*'()~") if url else escape(text)

        lines = [
            f"<ListBucketResult {_XMLNS}><Name>{escape(bucket)}</Name>",
            f"<Prefix>{shown(prefix)}</Prefix><MaxKeys>{limit}</MaxKeys>",
            f"<KeyCount>{len(page.objects) + len(page.prefixes)}</KeyCount>",
            f"<IsTruncated>{'false' if last is None else 'true'}</IsTruncated>",
        ]
        if delimiter:
            lines.append(f"<Delimiter>{shown(delimiter)}</Delimiter>")
        if start:
            lines.append(f"<StartAfter>{shown(start)}</StartAfter>")
        if url:
            lines.append("<EncodingType>url</EncodingType>")
        if token is not None:
            lines.append(f"<ContinuationToken>{escape(token)}</ContinuationToken>")
        if last is not None:
            lines.append(f"<NextContinuationToken>{_token(last)}</NextContinuationToken>")
        for key, stored in page.objects:
            lines.append(
                f"<Contents><Key>{shown(key)}</Key>"
                f"<LastModified>{_moment(stored.modified_us)}</LastModified>"
                f"<ETag>&quot;{stored.etag}&quot;</ETag><Size>{len(stored.data)}</Size>"
                f"<StorageClass>STANDARD</StorageClass></Contents>"
            )
        lines += [
            f"<CommonPrefixes><Prefix>{shown(common)}</Prefix></CommonPrefixes>"
            for common in page.prefixes
        ]
        lines.append("</ListBucketResult>")
        body = _HEAD + "".join(lines).encode()
        return Response(200, body, {"Content-Type": "application/xml"})


def error_response(error: AwsError, request: Request) -> Response:
    """A refusal in S3's XML shape."""
    body = (
        f"<Error><Code>{escape(error.type)}</Code><Message>{escape(error.message)}</Message>"
        f"<Resource>{escape(request.path)}</Resource><RequestId>0</RequestId></Error>"
    )
    return Response(error.status, _HEAD + body.encode(), {"Content-Type": "application/xml"})


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _unsupported(what: str) -> AwsError:
    return AwsError("NotImplemented", f"not supported here: {what}", 501)


def _moment(us: int) -> str:
    moment = datetime.datetime.fromtimestamp(us // 1_000_000, datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{us // 1000 % 1000:03d}Z"


def _token(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).decode()


def _untoken(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, ValueError):
        raise AwsError("InvalidArgument", "The continuation token provided is incorrect") from None


def _range(text: str | None, stored: StoredObject) -> tuple[int, int] | None:
    """Half-open bounds of a Range header; None for the whole, as for a malformed one."""
    size = len(stored.data)
    if text is None or not text.startswith("bytes=") or "," in text:
        return None
    first, dash, last = text[6:].strip().partition("-")
    if not dash or not (first or last) or not (first + last).isdecimal():
        return None
    if not first:
        low, high = max(size - int(last), 0), size
    else:
        low, high = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < low:
            return None
    if low >= size:
        raise AwsError("InvalidRange", "The requested range is not satisfiable", 416)
    return low, high


def _unchunk(body: bytes) -> bytes:
    """The payload of an ``aws-chunked`` body; its signatures and trailers are not checked."""
    out: list[bytes] = []
    at = 0
    while True:
        end = body.find(b"\r\n", at)
        try:
            size = int(body[at:end].split(b";")[0], 16) if end >= 0 else -1
        except ValueError:
            size = -1
        start = end + 2
        if size < 0 or start + size > len(body):
            raise AwsError("IncompleteBody", "The chunked body is not well-formed")
        if size == 0:
            return b"".join(out)
        out.append(body[start : start + size])
        at = start + size + 2
