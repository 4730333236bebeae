"""Joins a session: roster, history, the seam, and the stream from there.

In this order, because each step covers what the one before cannot: the shards and the roster are
taken before the archive is listed, so whatever is not in the archive's list is still in the stream
or in the table; the stream is read from before the archive's end; what neither brings is read from
the table by key; what the table has not is named.
"""

from __future__ import annotations

from collections.abc import Mapping

from pitwall.store import Batch, Source
from pitwall.stream import Listing, StreamSource
from pitwall.telemetry import Failure, Series
from pitwall.telemetry.clock import SECOND_US
from pitwall.turbo.gather import Tail
from pitwall.turbo.kit import Kit
from pitwall.turbo.patience import Patience
from pitwall.turbo.permitted import check_readable, is_refusal
from pitwall.turbo.phases import Phases
from pitwall.turbo.reading import Reading
from pitwall.turbo.roster import Roster
from pitwall.turbo.splice import Seam
from pitwall.turbo.status import Phase
from pitwall.turbo.ways import Ways

_TRIM_US = 1800 * SECOND_US
"""Not counted on of what a stream says that it keeps: it goes while the rest is read."""


class Joining:
    """The way from nothing to a stream that is being read. The follower's thread only."""

    def __init__(
        self, kit: Kit, ways: Ways, roster: Roster, reading: Reading, phases: Phases
    ) -> None:
        self._kit = kit
        self._desk = kit.desk
        self._ways = ways
        self._roster = roster
        self._reading = reading
        self._phases = phases
        self._patience = Patience(kit.time, kit.rng, kit.stop, phases.waiting)
        self._reach_us = ways.tempo.reach_us

    def run(self) -> None:
        """Join. Raises Failure (one clear line) where that cannot be, Stopped when told to."""
        self._desk.set(phase=Phase.PROBING, text="looking for the stream")
        source, listing = self._connect()
        if listing.retention_us:
            self._reach_us = listing.retention_us - _TRIM_US
        self._call_roster(listing)
        seam = self._find_seam(self._load_archive())
        self._reading.start(source, listing, seam)
        self._repair_older(seam)
        self._desk.set(phase=Phase.STREAM, text="catching up with the stream")
        if seam.archive_to_us is not None or self._desk.status.bytes:
            self._phases.history_is_here()
        self._ways.mender.note(self._desk.store.ledger(), self._roster.answered_us)

    def _connect(self) -> tuple[StreamSource, Listing]:
        """The stream, or the table in its place where the stream is refused."""
        otherwise = self._ways.sources.otherwise
        try:
            source = self._patience(self._ways.sources.connect)
            listing = self._patience(source.describe)
            if otherwise is not None:
                check_readable(source, listing)
            return source, listing
        except Failure as failure:
            if otherwise is None or not is_refusal(failure.__cause__):
                raise
            reason = str(failure)
        self._ways.take(otherwise(), self._ways.tempo)
        self._phases.other_ways()
        source = self._patience(self._ways.sources.connect)
        listing = self._patience(source.describe)
        self._desk.tell("by-table", {"reason": reason})
        return source, listing

    def _call_roster(self, listing: Listing) -> None:
        self._desk.set(phase=Phase.ROSTER, text="reading the roster")
        server = self._ways.sources.server
        # Server time before the roster is read: whatever is written later is in the stream.
        asked_us = server.now_us()
        heads = tuple(self._patience(self._ways.sources.table.heads))
        self._roster.take(heads, asked_us, server.now_us())
        received_us = self._kit.time.now_us()
        self._desk.submit(Batch(Source.TABLE, heads=heads, received_us=received_us))
        self._desk.flush()
        self._desk.tell(
            "joined",
            {
                "session": self._kit.session.key,
                "cars": len({head.car for head in heads}),
                "shards": len(listing.shards),
                "chunks": sum(self._roster.targets.values()),
            },
        )
        table = self._ways.sources.by_table
        if table is not None and table.limited():
            self._desk.tell("limited", {"reason": table.limited()})

    def _load_archive(self) -> Mapping[Series, Tail]:
        history, sources = self._ways.history, self._ways.sources
        held = self._desk.store.ledger()
        resumed = held.applied > 0
        few = sum(hole.size for hole in self._roster.missing()) < self._ways.tempo.archive_from
        # Of what no head speaks of nothing is known to be missing: the archive is looked at each
        # time, for what came late may be nowhere else any more.
        known = self._roster.speaks_of_all(held) and sources.decoder is None
        if history is None or (resumed and few and known):
            return {}
        self._desk.set(phase=Phase.ARCHIVE, text="listing the archive")
        loaded = history.load(
            self._roster.heads,
            self._roster.asked_us,
            self._roster.raw_since,
            held=held if resumed else None,
            shown=True,
        )
        self._desk.flush()
        self._roster.archive_was_read()
        return loaded.tails

    def _find_seam(self, tails: Mapping[Series, Tail]) -> Seam:
        sources, overlap_us = self._ways.sources, self._ways.tempo.overlap_us
        if sources.decoder is not None:
            return Seam(None, None, ())
        if sources.by_table is not None and not self._kit.cancel.is_set():
            return Seam(None, None, ())  # every series is gone on with where the books end
        if self._kit.cancel.is_set():
            self._kit.check()
            return Seam(self._roster.asked_us - overlap_us, None, ())
        seam = self._roster.seam(tails, self._reach_us)
        self._desk.set(
            anchor_us=seam.anchor_us,
            archive_to_us=seam.archive_to_us,
            seam_us=None if seam.anchor_us is None else seam.anchor_us + overlap_us,
        )
        return seam

    def _repair_older(self, seam: Seam) -> None:
        """Keyed reads of every hole that the stream will not bring."""
        if self._kit.cancel.is_set():
            return
        older = self._roster.inner_holes() if self._reading.saved else list(seam.older)
        older += self._roster.given_up(older)
        if not older:
            return
        self._desk.set(
            phase=Phase.REPAIR, text=f"reading {sum(h.size for h in older)} chunks by key"
        )
        self._ways.mender.mend(older)
