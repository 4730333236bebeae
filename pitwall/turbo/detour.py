"""What goes on while the stream does not: the way round by the table, and back to a new stream."""

from __future__ import annotations

from pitwall.store import Batch, Source
from pitwall.stream import Fault, ReaderStatus
from pitwall.telemetry import Failure
from pitwall.turbo.kit import Kit
from pitwall.turbo.patience import told
from pitwall.turbo.reading import Reading
from pitwall.turbo.roster import Roster
from pitwall.turbo.splice import Seam
from pitwall.turbo.ways import Ways


class Detour:
    """While the stream stands still, the table's heads say what exists, and keyed reads bring it,
    late. A stream that was switched off and on again has another name. The follower's thread only.
    """

    def __init__(self, kit: Kit, ways: Ways, reading: Reading, roster: Roster) -> None:
        self._kit = kit
        self._ways = ways
        self._reading = reading
        self._roster = roster
        self._due_us = 0
        self._in_the_way = ""
        """What this put into the message last."""

    @property
    def in_the_way(self) -> str:
        """Why the table cannot be read in the stream's place; empty when it can."""
        return self._in_the_way

    def look(self, status: ReaderStatus, now_us: int) -> None:
        """Go round where ``status`` says that the stream brings nothing."""
        tempo = self._ways.tempo
        stuck = now_us - max(status.passed_us, self._roster.answered_us) > tempo.patience_us
        if status.enabled and not stuck:
            self._settle()
            return
        if now_us < self._due_us:
            return
        self._due_us = now_us + tempo.renew_us
        try:
            self._take_heads()
            if status.enabled:
                self._settle()
                return
            source = self._ways.sources.connect()
            listing = source.describe()
            self._settle()
        except (Failure, Fault) as error:
            self._in_the_way = told(error) if isinstance(error, Fault) else str(error)
            self._kit.desk.set(message=self._in_the_way)
            return
        reader = self._reading.reader
        if (reader is not None and listing.stream == reader.stream) or not listing.enabled:
            return
        self._kit.desk.tell("renewed", {"stream": listing.stream})
        self._reading.stop()
        self._reading.start(source, listing, Seam(None, None, ()))

    def _take_heads(self) -> None:
        heads = tuple(self._ways.sources.table.heads())
        received_us = self._kit.time.now_us()
        self._kit.desk.submit(Batch(Source.TABLE, heads=heads, received_us=received_us))

    def _settle(self) -> None:
        """What was in the way is over."""
        desk = self._kit.desk
        if self._in_the_way and desk.status.message == self._in_the_way:
            desk.set(message="")
        self._in_the_way = ""
