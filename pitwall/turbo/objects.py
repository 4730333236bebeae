"""The archive's bucket, behind a small protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from pitwall.stream import NotFound, Retryable, ServerClock, Time, call

MAX_STORED = 512 << 20
"""Bytes of an object that is fetched; Firehose writes at most 128 MiB."""
_MAX_PAGES = 10_000


class ObjectInfo(NamedTuple):
    """A listed object: its key, its size in bytes, and the tag that changes with its content."""

    key: str
    size: int
    tag: str


def size_of(objects: Iterable[ObjectInfo]) -> int:
    """Bytes of all of them."""
    return sum(info.size for info in objects)


class Bucket(Protocol):
    """Listing and fetching. Calls block, come from several threads, and raise Fault."""

    def list(self, prefix: str) -> list[ObjectInfo]:
        """All objects under ``prefix``, by key."""
        ...

    def get(self, key: str) -> bytes:
        """The whole of one object."""
        ...


class S3Bucket:
    """One bucket. ``client`` gives an S3 client; it is asked on the thread that reads."""

    def __init__(
        self, client: Callable[[], Any], bucket: str, server: ServerClock, time: Time
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._server = server
        self._time = time

    def list(self, prefix: str) -> list[ObjectInfo]:
        """All pages."""
        out: list[ObjectInfo] = []
        request: dict[str, Any] = {"Bucket": self._bucket, "Prefix": prefix}
        for _ in range(_MAX_PAGES):
            page = self._call("list_objects_v2", request)
            out += [
                ObjectInfo(str(item["Key"]), int(item["Size"]), str(item.get("ETag", "")))
                for item in page.get("Contents") or ()
            ]
            token = page.get("NextContinuationToken")
            if not page.get("IsTruncated") or not token:
                return out
            if token == request.get("ContinuationToken"):
                raise Retryable(f"listing of {prefix} does not advance")
            request["ContinuationToken"] = token
        raise Retryable(f"listing of {prefix} has more than {_MAX_PAGES} pages")

    def get(self, key: str) -> bytes:
        """One object. A body that breaks off is Retryable."""
        answer = self._call("get_object", {"Bucket": self._bucket, "Key": key})
        length = int(answer.get("ContentLength") or 0)
        if length > MAX_STORED:
            raise NotFound(f"{key}: {length} bytes, more than {MAX_STORED} are not fetched")
        body = answer["Body"]
        try:
            data: bytes = body.read()
        except Exception as error:
            if isinstance(error, OSError) or type(error).__module__.startswith(
                ("botocore", "urllib3", "http")
            ):
                raise Retryable(f"{key}: {type(error).__name__}: {error}") from error
            raise
        finally:
            body.close()
        return data

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        client = self._client()
        return call(client, getattr(client, operation), request, self._server, self._time)
