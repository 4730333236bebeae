"""Watches what the program claims while it joins, and compares it with the truth of that moment."""

from __future__ import annotations

import json

from pitwall.store import Ledger
from tests.simulation.join_race import Chunk, JoinRace
from tests.unit.turbo.rig import Joined, series_of

ARCHIVE = "archive:"


class Witness:
    """Of all runs of one schedule; ``lies`` is what was claimed and not so."""

    def __init__(self, race: JoinRace) -> None:
        self._race = race
        self.lies: list[str] = []
        self._joined: Joined
        self._promised: set[Chunk] = set()
        self._known: dict[str, str] = {}
        self._gets = 0

    def joins(self, joined: Joined) -> None:
        """The program is started."""
        self._joined = joined
        self._promised = set()
        self._known = {
            name[len(ARCHIVE) :]: token
            for name, token in joined.recorder.recording.checkpoints().items()
            if name.startswith(ARCHIVE)
        }
        self._gets = len(self._race.bucket.gets)

    def hears(self, event: str) -> None:
        """Something is told."""
        if event == "joined":
            self._promised = {
                (series_of(head.car, head.epoch), n)
                for head in self._race.table.told
                for n in range(1, head.n["driver"] + 1)
            }
        elif event == "live":
            self._live()
        elif event == "ended":
            self._over()
        self._complete(event)

    def looks(self) -> None:
        """At the end of a run."""
        self._complete("end of run")
        for key in self._race.bucket.gets[self._gets :]:
            token = self._known.get(key)
            if token is None or key not in self._race.bucket.objects:
                continue
            size, tag = self._race.bucket.listed[key]
            if token == json.dumps({"size": size, "tag": tag}, separators=(",", ":")):
                self.lies.append(f"{key} was loaded before, and is fetched again")

    # -- claims

    def _live(self) -> None:
        """Everything that the roster promised is here or named; the seam is proved when it is."""
        ledger = self._joined.store.ledger()
        open_ = self._promised - applied(ledger) - named(ledger)
        if open_:
            self.lies.append(f"live without {_some(open_)}")
        proved = self._joined.status.seam_proved
        absent = self._promised - applied(ledger)
        ends = self._joined.follower._roster.archive_ends
        behind = {(series, n) for series, n in absent if n > ends.get(series, 0)}
        if proved and behind:
            self.lies.append(f"seam proved without {_some(behind)}")
        if self._joined.plain:
            if proved:
                self.lies.append("seam proved without a contract")
        elif not proved and not absent:
            self.lies.append("seam not proved with everything here")

    def _over(self) -> None:
        ledger = self._joined.store.ledger()
        known = {(head.car, head.epoch) for head in self._joined.store.heads().values()}
        running = [
            car.name
            for car in self._race.cars.values()
            if (car.name, car.epoch) in known and not car.ended
        ]
        if running:
            self.lies.append(f"ended with {running} on the track")
        mine = {
            (series, n)
            for series, n in self._race.written
            if (series.car, series.epoch) in known and series.car not in self._race.silent
        }
        if missing := mine - applied(ledger) - named(ledger):
            self.lies.append(f"ended without {_some(missing)}")

    def _complete(self, when: str) -> None:
        """Complete is only said of a session whose heads promise what is here."""
        ledger = self._joined.store.ledger()
        if not ledger.closes:
            self.lies.append(f"{when}: the books do not close")
        if not ledger.complete:
            return
        here = applied(ledger)
        promised = {
            (series_of(head.car, head.epoch), n)
            for head in self._joined.store.heads().values()
            for n in range(1, head.n["driver"] + 1)
        }
        if absent := promised - here:
            self.lies.append(f"{when}: complete without {_some(absent)}")
        if bare := {series.car for series, _ in here} & self._race.silent:
            self.lies.append(f"{when}: complete, though nothing bounds {sorted(bare)}")


def applied(ledger: Ledger) -> set[Chunk]:
    """Chunks that the books say are here."""
    return {
        (series, n)
        for series, books in ledger.series.items()
        for lo, hi in books.received
        for n in range(lo, hi + 1)
    }


def named(ledger: Ledger) -> set[Chunk]:
    """Chunks that gap rows name."""
    return {
        (series, n)
        for series, books in ledger.series.items()
        for gap in books.gaps
        for n in range(gap.n_lo, gap.n_hi + 1)
    }


def _some(chunks: set[Chunk]) -> str:
    first = sorted((series.car, series.epoch, n) for series, n in chunks)
    return f"{len(first)} chunks: {first[:3]}"
