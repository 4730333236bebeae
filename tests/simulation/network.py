"""What goes wrong between the program and the services."""

from __future__ import annotations

import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

from tests.simulation.clock import SECOND, VirtualTime
from tests.simulation.service import (
    Doc,
    Refused,
    Request,
    Shard,
    cut_off,
    no_answer,
    unreachable,
)
from tests.simulation.service.client import Answer

READS_PER_S = 5
LISTINGS_PER_S = {"DescribeStream": 10, "ListShards": 1000, "DescribeStreamSummary": 20}
"""As the services' quota pages have them, each operation by itself."""
LISTINGS = tuple(LISTINGS_PER_S)
ANY = ("GetRecords", "GetShardIterator", *LISTINGS)
_TELLING = {
    "ExpiredIteratorException": "expired",
    "TrimmedDataAccessException": "trimmed",
    "ResourceNotFoundException": "not_found",
}


@dataclass(slots=True)
class Trouble:
    """Something that is wrong for a while.

    Attributes:
        kind: by which it is counted when it bites.
        operations: which calls it touches.
        left: how often it can bite.
        until_us: true time when it is over.
        seen: calls that it has looked at.
    """

    kind: str
    operations: tuple[str, ...]
    left: int
    until_us: int
    seen: int = 0


class Network:
    """See :class:`tests.simulation.service.Network`.

    Args:
        time: moves while calls are under way.
        rng: of latencies and choices.
        throttle: the service's word for too many calls.
        bad_request: its word for requests that cannot be.
        catch_up: lets the world move on to true time.
    """

    def __init__(
        self,
        time: VirtualTime,
        rng: random.Random,
        *,
        throttle: tuple[str, ...],
        bad_request: str,
        catch_up: Callable[[], None],
        null_next: bool,
    ) -> None:
        self.met: Counter[str] = Counter()
        self.over_limit = 0
        """Calls beyond what a shard or a stream serves in a second."""
        self.latency_s = (0.004, 0.04)
        self.flicker_until_us = 0
        self.count_listings = True
        """Off where pages are shorter than any service's."""
        self._time = time
        self._rng = rng
        self._throttle = throttle
        self._bad_request = bad_request
        self._catch_up = catch_up
        self._null_next = null_next
        self._troubles: list[Trouble] = []
        self._last: dict[str, Doc] = {}
        """The newest page with records of each shard, as it was sent."""
        self._sent: dict[str, deque[float]] = defaultdict(deque)
        self._listing = 0
        """Counts listings; the pages of one share a number."""
        self._missing: dict[str, int] = {}
        """The one listing that lacked a shard."""

    def trouble(self, kind: str, operations: tuple[str, ...], left: int, seconds: float) -> None:
        """Something goes wrong from now on."""
        until = self._time.true_us + round(seconds * SECOND)
        self._troubles.append(Trouble(kind, operations, left, until))

    def calm(self) -> None:
        """Everything is well again."""
        self._troubles.clear()
        self.flicker_until_us = 0
        self.latency_s = (0.004, 0.04)

    def forget_calls(self) -> None:
        """The machine's clocks have jumped: what was sent before is further away than they say."""
        self._sent.clear()

    # -- the way of a call

    def carry(self, request: Request, answer: Answer) -> Doc:
        """There and back."""
        self._count(request)
        if request.operation in LISTINGS and not request.detail:
            self._listing += 1
        self._travel()
        self._catch_up()
        doc = self._before(request)
        if doc is None:
            try:
                doc = answer()
            except Refused as refused:
                self._tell(refused)
                self._travel()
                raise
            doc = self._after(request, doc)
        self._travel()
        if self._null_next and "Records" in doc:
            doc.setdefault("NextShardIterator", None)
        return doc

    def page(self, shards: list[Shard]) -> list[Shard]:
        """Without those that this listing happens to lack: never the same in two listings."""
        if self._time.true_us >= self.flicker_until_us:
            return shards
        listing = self._listing
        left = [s for s in shards if not self._overlooked(s.id, listing)]
        if len(left) < len(shards):
            self.met["missing_from_listing"] += 1
        return left

    def _overlooked(self, shard: str, listing: int) -> bool:
        if crc32(f"{shard} {listing}".encode()) % 3 == 0:
            self._missing.setdefault(shard, listing)
        return self._missing.get(shard) == listing

    def _travel(self) -> None:
        lo, hi = self.latency_s
        self._time.elapse(self._rng.uniform(lo, hi))

    def _count(self, request: Request) -> None:
        if request.operation == "GetRecords":
            key, most = request.shard, READS_PER_S
        elif request.operation in LISTINGS and self.count_listings:
            key, most = request.operation, LISTINGS_PER_S[request.operation]
        else:
            return
        sent, now = self._sent[key], self._time.monotonic()
        while sent and sent[0] <= now - 1.0:
            sent.popleft()
        sent.append(now)
        # One more is no breach: a shard that was opened first is read that much later.
        self.over_limit += len(sent) > most + 1

    def _tell(self, refused: Refused) -> None:
        kind = _TELLING.get(refused.code)
        if kind:
            self.met[kind] += 1

    # -- what goes wrong

    def _biting(self, request: Request) -> list[Trouble]:
        if not self._troubles:
            return []
        now = self._time.true_us
        self._troubles = [t for t in self._troubles if t.left > 0 and t.until_us > now]
        return [t for t in self._troubles if request.operation in t.operations]

    def _bite(self, trouble: Trouble) -> None:
        trouble.left -= 1
        self.met[trouble.kind] += 1

    def _before(self, request: Request) -> Doc | None:
        """May raise, or give an answer that does not come from the service."""
        for trouble in self._biting(request):
            kind = trouble.kind
            trouble.seen += 1
            if kind == "throttled":
                self._bite(trouble)
                raise Refused(self._rng.choice(self._throttle), "Rate exceeded")
            if kind == "slow":
                self._bite(trouble)
                self._time.elapse(self._rng.uniform(1.0, 6.0))
            if kind == "two_readers" and trouble.seen % 3 == 0:
                self._bite(trouble)
                raise Refused(self._throttle[0], "More than two readers of the shard")
            if kind == "server_error":
                self._bite(trouble)
                raise Refused(
                    self._rng.choice(("InternalServerError", "ServiceUnavailable")), "try again"
                )
            if kind == "offline":
                self._bite(trouble)
                raise unreachable()
            if kind == "unknown_iterator":
                self._bite(trouble)
                raise Refused("ResourceNotFoundException", "Invalid ShardId in ShardIterator")
            if kind == "refused_position" and request.detail == "AFTER_SEQUENCE_NUMBER":
                self._bite(trouble)
                raise Refused(
                    self._bad_request, "It encodes shardId-000000000438 while used with another"
                )
            if kind == "refused_time" and request.detail == "AT_TIMESTAMP":
                self._bite(trouble)
                raise Refused(self._bad_request, "Unknown ShardIteratorType AT_TIMESTAMP")
            if kind == "lost_listing_page" and request.detail:
                self._bite(trouble)
                raise Refused("InternalServerError", "the page is lost")
            if kind == "sparse":
                self._bite(trouble)
                return {"Records": [], "NextShardIterator": request.detail}
            last = self._last.get(request.shard)
            again = last is not None and last["NextShardIterator"] == request.detail
            if kind in ("repeated_page", "stuck_page") and last is not None and again:
                # The page that led here.
                self._bite(trouble)
                return dict(last)
            if kind == "empty_listing_page" and not request.detail and not request.shard:
                self._bite(trouble)
                return _empty_listing()
        return None

    def _after(self, request: Request, doc: Doc) -> Doc:
        """May raise although the service did its part, or change what it said."""
        for trouble in self._biting(request):
            kind = trouble.kind
            if kind == "lost_answer":
                self._bite(trouble)
                raise self._rng.choice((no_answer, cut_off))()
            if kind == "torn":
                self._bite(trouble)
                return {}
            if kind == "no_records_key" and not doc["Records"] and "NextShardIterator" in doc:
                self._bite(trouble)
                del doc["Records"]
            elif kind == "stuck_token" and request.detail:
                self._bite(trouble)
                _stuck(doc, request.detail)
        if (
            request.operation == "GetRecords"
            and doc.get("Records")
            and ("NextShardIterator" in doc)
        ):
            self._last[request.shard] = dict(doc)
        return doc


def _empty_listing() -> Doc:
    # The token lies before every shard: the page is empty, the listing goes on.
    return {
        "StreamDescription": {
            "StreamStatus": "ENABLED",
            "Shards": [],
            "LastEvaluatedShardId": "shardId-" + "0" * 20,
        }
    }


def _stuck(doc: Doc, token: str) -> None:
    if "StreamDescription" in doc:
        doc["StreamDescription"]["LastEvaluatedShardId"] = token
    else:
        doc["NextToken"] = token
