"""Objects in buckets: what an archive is made of."""

from __future__ import annotations

import hashlib
import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass, field

from pitwall.cloud.local.errors import AwsError


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object.

    Attributes:
        data: its bytes.
        etag: MD5 of the bytes, hexadecimal, without quotes.
        modified_us: when it became visible.
        content_type: as given by the writer.
        headers: further headers to give back (``x-amz-meta-*``, ``content-encoding``).
    """

    data: bytes
    etag: str
    modified_us: int
    content_type: str = "binary/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a listing, in key order.

    Attributes:
        objects: (key, object) pairs.
        prefixes: common prefixes up to the delimiter.
        last: key or prefix to continue after; None when complete.
    """

    objects: list[tuple[str, StoredObject]]
    prefixes: list[str]
    last: str | None


class ObjectStore:
    """Buckets of objects; any thread may call.

    Args:
        now_us: the clock that stamps objects.
    """

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._lock = threading.Lock()
        self._buckets: dict[str, dict[str, StoredObject]] = {}
        self._keys: dict[str, list[str]] = {}

    def create(self, bucket: str) -> bool:
        """Make a bucket; False when it was there."""
        with self._lock:
            if bucket in self._buckets:
                return False
            self._buckets[bucket] = {}
            self._keys[bucket] = []
            return True

    def buckets(self) -> list[str]:
        """Names of all buckets."""
        with self._lock:
            return sorted(self._buckets)

    def count(self) -> int:
        """Objects in all buckets."""
        with self._lock:
            return sum(len(keys) for keys in self._keys.values())

    def check(self, bucket: str) -> None:
        """Raises NoSuchBucket when the bucket does not exist."""
        with self._lock:
            self._bucket(bucket)

    def put(
        self,
        bucket: str,
        key: str,
        data: bytes,
        modified_us: int | None = None,
        content_type: str = "binary/octet-stream",
        headers: dict[str, str] | None = None,
        only_new: bool = False,
    ) -> StoredObject:
        """Store an object in place of any other under that key.

        Args:
            bucket, key: where.
            data: its bytes.
            modified_us: when it became visible; now when None.
            content_type, headers: given back on reading.
            only_new: refuse to replace (``If-None-Match: *``).

        Raises:
            AwsError: NoSuchBucket, PreconditionFailed.
        """
        stored = StoredObject(
            data,
            hashlib.md5(data, usedforsecurity=False).hexdigest(),
            self._now_us() if modified_us is None else modified_us,
            content_type,
            headers or {},
        )
        with self._lock:
            objects = self._bucket(bucket)
            if key not in objects:
                insort(self._keys[bucket], key)
            elif only_new:
                raise AwsError(
                    "PreconditionFailed",
                    "At least one of the pre-conditions you specified did not hold",
                    412,
                )
            objects[key] = stored
        return stored

    def get(self, bucket: str, key: str) -> StoredObject:
        """An object.

        Raises:
            AwsError: NoSuchBucket, NoSuchKey.
        """
        with self._lock:
            stored = self._bucket(bucket).get(key)
        if stored is None:
            raise AwsError("NoSuchKey", "The specified key does not exist.", 404)
        return stored

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; no error when there is none."""
        with self._lock:
            if self._bucket(bucket).pop(key, None) is not None:
                keys = self._keys[bucket]
                del keys[bisect_left(keys, key)]

    def list(
        self, bucket: str, prefix: str = "", after: str = "", limit: int = 1000, delimiter: str = ""
    ) -> Listing:
        """Keys in order, those with the delimiter after the prefix rolled up.

        Args:
            bucket: where.
            prefix: only keys beginning with it.
            after: only keys after it; a rolled-up prefix given here skips all that it stands for.
            limit: most objects and prefixes together.
            delimiter: usually ``/`` or none.

        Raises:
            AwsError: NoSuchBucket.
        """
        found: list[tuple[str, StoredObject]] = []
        prefixes: list[str] = []
        last: str | None = None
        with self._lock:
            objects = self._bucket(bucket)
            keys = self._keys[bucket]
            at = max(bisect_left(keys, prefix), bisect_right(keys, after) if after else 0)
            if after and delimiter and after.endswith(delimiter) and len(after) > len(prefix):
                at = max(at, _past(keys, after))
            while at < len(keys) and keys[at].startswith(prefix):
                if len(found) + len(prefixes) >= limit:
                    return Listing(found, prefixes, last)
                key = keys[at]
                cut = key.find(delimiter, len(prefix)) if delimiter else -1
                if cut >= 0:
                    last = key[: cut + len(delimiter)]
                    prefixes.append(last)
                    at = _past(keys, last)
                else:
                    last = key
                    found.append((key, objects[key]))
                    at += 1
        return Listing(found, prefixes, None)

    def _bucket(self, bucket: str) -> dict[str, StoredObject]:
        objects = self._buckets.get(bucket)
        if objects is None:
            raise AwsError("NoSuchBucket", "The specified bucket does not exist", 404)
        return objects


def _past(keys: list[str], prefix: str) -> int:
    cut = len(prefix)
    return bisect_right(keys, prefix, key=lambda key: key[:cut])
