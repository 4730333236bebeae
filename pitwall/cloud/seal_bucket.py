"""The sealed objects of one session: which there are, and how those that are missing get there."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pitwall.cloud.bundle import LATE, WIDTHS, bundle_name, form_objects, sealed_prefix
from pitwall.cloud.faults import explain, is_passing
from pitwall.telemetry import Failure, Segment

_TRIES = 6
_FIRST_WAIT_S = 0.2


class Retrying:
    """Makes calls again that may pass. Used by several threads.

    Args:
        wait: waits so many seconds before a call is made again.
    """

    def __init__(self, wait: Callable[[float], object]) -> None:
        self._wait = wait

    def __call__(self, what: str, call: Callable[[], Any]) -> Any:
        """What ``call`` gives. Raises Failure, one line that names ``what``."""
        pause = _FIRST_WAIT_S
        for left in range(_TRIES - 1, -1, -1):
            try:
                return call()
            except Exception as error:  # botocore's errors: told in one line unless they pass
                if not left or not is_passing(error):
                    raise Failure(f"{what}: {explain(error)}") from error
                self._wait(pause * (0.5 + random.random() / 2))
                pause *= 2
        raise AssertionError("unreachable")


class SealedObjects:
    """One session's objects in a bucket.

    Args:
        s3: a client.
        bucket: its name.
        session: key.
        call: makes the calls.
        dry_run: count what would be written, and write nothing.

    Attributes:
        bytes: of the objects written.
    """

    def __init__(self, s3: Any, bucket: str, session: str, call: Retrying, *, dry_run: bool):
        self.bytes = 0
        self._s3 = s3
        self._bucket = bucket
        self._session = session
        self._call = call
        self._dry_run = dry_run
        self._there: dict[tuple[str, str, int, int], dict[int, int]] = defaultdict(dict)
        """By car, epoch, first and last lap: newest version of each part."""

    def list(self) -> None:
        """Look what there is."""
        request: dict[str, Any] = {"Bucket": self._bucket, "Prefix": sealed_prefix(self._session)}
        while True:
            page = self._call(f"bucket {self._bucket}", lambda: self._s3.list_objects_v2(**request))
            for each in page.get("Contents") or ():
                name = bundle_name(self._session, each["Key"])
                if name is not None:
                    parts = self._there[name.car, name.epoch, name.first, name.last]
                    parts[name.part] = max(parts.get(name.part, 0), name.version)
            token = page.get("NextContinuationToken")
            if not page.get("IsTruncated") or not token:
                return
            request["ContinuationToken"] = token

    def version(self, car: str, epoch: str, lap: int) -> int:
        """The newest version of the lap: 0 for none, 1 for one in a block alone."""
        own = max(self._there[car, epoch, lap, lap].values(), default=0)
        return own or int(self._block_of(car, epoch, lap))

    def has(self, car: str, epoch: str, lap: int, version: int) -> bool:
        """Whether the lap is there in this version or a newer one."""
        parts = self._there[car, epoch, lap, lap]
        first = 1 in parts or self._block_of(car, epoch, lap)
        return first and (version == 1 or max(parts.values(), default=0) >= version)

    def has_block(self, car: str, epoch: str, first: int, last: int) -> bool:
        """Whether the block of these laps is there."""
        return 1 in self._there[car, epoch, first, last]

    def put_lap(
        self, car: str, epoch: str, lap: int, segments: Sequence[Segment], version: int
    ) -> int:
        """Write a lap's objects; how many."""
        part = LATE * version if self._block_of(car, epoch, lap) else 1
        return self._put(car, lap, lap, segments, part, version)

    def put_block(self, car: str, first: int, last: int, segments: Sequence[Segment]) -> int:
        """Write a block's objects; how many."""
        return self._put(car, first, last, segments, 1, 1)

    def _block_of(self, car: str, epoch: str, lap: int) -> bool:
        return any(1 in self._there[car, epoch, lap // w * w, lap // w * w + w - 1] for w in WIDTHS)

    def _put(
        self, car: str, first: int, last: int, segments: Sequence[Segment], part: int, version: int
    ) -> int:
        objects = form_objects(car, first, last, segments, part, version)
        for key, body in objects:
            self.bytes += len(body)
            if not self._dry_run:
                put = partial(self._s3.put_object, Bucket=self._bucket, Key=key, Body=body)
                self._call(f"bucket {self._bucket}", put)
            name = bundle_name(self._session, key)
            if name is not None:
                self._there[car, name.epoch, first, last][name.part] = name.version
        return len(objects)
