"""What reads the stream, over all the streams that a table has had."""

from __future__ import annotations

from collections.abc import Mapping

from pitwall.stream import Decode, Listing, Reader, ReaderStatus, StreamSource
from pitwall.turbo.archive import CHECKPOINT
from pitwall.turbo.decode import Decoder
from pitwall.turbo.kit import Kit
from pitwall.turbo.renewed import NOTHING, on_top_of
from pitwall.turbo.splice import Seam
from pitwall.turbo.ways import Ways

STOP_S = 5.0


class Reading:
    """Owns the reader. The follower's thread changes it, any may look."""

    def __init__(self, kit: Kit, ways: Ways) -> None:
        self._kit = kit
        self._ways = ways
        self._now: tuple[Reader, ReaderStatus] | None = None
        """The reader, and what those of earlier streams had come to."""

    @property
    def reader(self) -> Reader | None:
        """What reads the stream; None before."""
        return self._now[0] if self._now else None

    @property
    def status(self) -> ReaderStatus | None:
        """The newest, with counters since following began; None before."""
        now = self._now
        return on_top_of(now[1], now[0].status) if now else None

    @property
    def saved(self) -> Mapping[str, str]:
        """Checkpoints of shards that an earlier start left."""
        return {k: v for k, v in self._kit.saved.items() if not k.startswith(CHECKPOINT)}

    def start(self, source: StreamSource, listing: Listing, seam: Seam) -> None:
        """Read ``source`` from now on, from ``seam`` where nothing is saved."""
        kit, sources = self._kit, self._ways.sources
        before = self.status or NOTHING
        reader = Reader(
            source,
            kit.recorder,
            self._decoder(),
            listing=listing,
            anchor_us=seam.anchor_us,
            saved=self.saved,
            server=sources.server,
            time=kit.time,
            pool=kit.make_pool("pitwall-stream-io", self._ways.tempo.stream_threads),
            rng=kit.rng,
            on_event=kit.on_event,
            pace=sources.by_table.pace if sources.by_table else None,
            due=kit.session.due_us,
        )
        self._now = reader, before
        if kit.spawn:
            reader.start()

    def stop(self) -> None:
        """End the reader's thread, where it has one."""
        if self._now is not None and self._kit.spawn:
            self._now[0].stop(STOP_S)

    def _decoder(self) -> Decode:
        kit, decoder = self._kit, self._ways.sources.decoder
        if decoder is None:
            return Decoder(kit.session.key, kit.session.catalog, self._ways.laps.note)
        # It goes by what is in the store: all that the reader before it handed over must be there.
        kit.desk.flush()
        return decoder()
