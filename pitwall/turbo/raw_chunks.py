"""Single chunks out of the raw archive, as they were written: what is sealed afterwards is made of
them."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import msgspec

from pitwall.cloud import Line, archived
from pitwall.cloud.lines import MAX_LINE
from pitwall.stream import Fault, SystemTime, Time
from pitwall.telemetry import BadInput, Failure, Segment
from pitwall.turbo.archive import patient
from pitwall.turbo.choose import hours
from pitwall.turbo.framing import Damaged, Framer
from pitwall.turbo.inflate import inflate
from pitwall.turbo.objects import Bucket
from pitwall.turbo.patience import told

_THREADS = 4
_AHEAD = 8
"""Objects that are fetched before they are wanted."""
_PORTION = 5_000

T = TypeVar("T")
_decoder = msgspec.json.Decoder(Line)


class RawChunks:
    """Reads raw objects; see :class:`pitwall.cloud.seal_session.RawArchive`.

    Args:
        bucket: the archive.
        prefix: of Firehose's objects.
        time: clocks.

    Attributes:
        damaged: places that could not be read so far.
    """

    def __init__(self, bucket: Bucket, prefix: str = "raw/", time: Time | None = None) -> None:
        self.damaged = 0
        self._bucket = bucket
        self._prefix = prefix
        self._time = time or SystemTime()
        self._rng = random.Random()

    def chunks(
        self, session: str, spans: Sequence[tuple[int, int]], wanted: Callable[[str, int], bool]
    ) -> Iterator[list[Segment]]:
        """The session's chunks of cars and laps that are ``wanted``, in portions, of what arrived
        within ``spans`` (microseconds UTC). Raises Failure, also in the middle."""
        ours = session + "#"
        out: list[Segment] = []
        for data in self._objects(spans):
            for line in self._lines(data):
                if not line.pk.startswith(ours):
                    continue
                try:
                    segment = archived(line).segment
                except BadInput:
                    self.damaged += 1
                    continue
                if wanted(segment.series.car, segment.lap):
                    out.append(segment)
                if len(out) >= _PORTION:
                    yield out
                    out = []
        yield out

    def _objects(self, spans: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        """Contents of the objects, in order of arrival; some are fetched ahead."""
        cancel = threading.Event()
        waiting: deque[Future[bytes]] = deque()
        with ThreadPoolExecutor(_THREADS, "pitwall-raw-chunks") as pool:
            try:
                for hour in hours(spans):
                    find = partial(self._bucket.list, self._prefix + hour)
                    for info in self._patient(find, cancel):
                        get = partial(self._bucket.get, info.key)
                        waiting.append(pool.submit(self._patient, get, cancel))
                        if len(waiting) >= _AHEAD:
                            yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            except Fault as fault:
                raise Failure(told(fault)) from fault.__cause__
            finally:
                cancel.set()
                for each in waiting:
                    each.cancel()

    def _patient(self, read: Callable[[], T], cancel: threading.Event) -> T:
        return patient(read, cancel, self._time, self._rng)

    def _lines(self, data: bytes) -> Iterator[Line]:
        framer: Framer[Line] = Framer(_line, partial(_decoded, _decoder.decode_lines))
        try:
            for block in inflate(data):
                yield from self._whole(framer.feed(block))
        except BadInput:
            self.damaged += 1
        yield from self._whole(framer.end())

    def _whole(self, found: Iterator[Line | Damaged]) -> Iterator[Line]:
        for each in found:
            if isinstance(each, Damaged):
                self.damaged += 1
            else:
                yield each


def _line(piece: bytes) -> Line:
    if len(piece) > MAX_LINE:
        raise BadInput(f"line of {len(piece)} bytes: at most {MAX_LINE}")
    return _decoded(_decoder.decode, piece)


def _decoded(decode: Callable[[bytes], T], piece: bytes) -> T:
    try:
        return decode(piece)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadInput(f"no archive line: {error}") from error
