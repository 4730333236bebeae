"""The ways by which a session is read at the moment: another set when the first is refused."""

from __future__ import annotations

from pitwall.turbo.history import History
from pitwall.turbo.kit import Kit
from pitwall.turbo.laps import LapIndex
from pitwall.turbo.mender import Mender
from pitwall.turbo.sources import ArchiveLeg, Sources
from pitwall.turbo.status import Tempo
from pitwall.turbo.table_history import TableHistory


class Ways:
    """What reads a session's sources. The follower's thread replaces it, any may look.

    Attributes:
        sources: where the session comes from.
        tempo: times and amounts, as these sources need them.
        laps: which lap a chunk is in.
        history: loads what there is already; None where nothing can.
        mender: asks for what is missing.
    """

    def __init__(self, kit: Kit, sources: Sources, tempo: Tempo) -> None:
        self._kit = kit
        self.laps = LapIndex()
        self.history: ArchiveLeg | None = None
        self.take(sources, tempo)

    def take(self, sources: Sources, tempo: Tempo) -> None:
        """Read ``sources`` from now on."""
        kit, table = self._kit, sources.by_table
        self.sources = sources
        self.tempo = tempo
        if table is not None:
            self.tempo = tempo.of_table()
            self.laps = table.laps
            self.history = TableHistory(table.table, kit.desk, self.laps, kit.cancel)
        elif sources.bucket is not None:
            self.history = (sources.history or History)(
                sources.bucket,
                kit.session,
                kit.desk,
                kit.recorder,
                self.laps,
                kit.cancel,
                kit.saved,
                kit.make_pool,
                kit.rng,
                self.tempo,
            )
        self.mender = Mender(
            sources.table, kit.session.key, kit.desk, self.laps, kit.make_pool, self.tempo
        )
