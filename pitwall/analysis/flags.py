"""When the track was not free, and who stopped: what official timing says of it, by lap.

Where nobody says anything, nothing is known: that a lap was slow makes it no caution.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pitwall.analysis.laps import Lap
from pitwall.store import SessionStore
from pitwall.telemetry.official import (
    OFFICIAL_META,
    Official,
    OfficialFlag,
    OfficialLap,
    TableClock,
    official_from_json,
)

_SLOW = re.compile(r"yellow|safety|caution|fcy|fy\b|\bvsc|\bsc\b|scdeployed|warm-up|code ?60", re.I)
_RED = re.compile(r"\bred\b|\brf\b", re.I)
_GREEN = re.compile(r"green|all ?clear|\bgf\b|\bclear\b", re.I)


@dataclass(frozen=True, slots=True)
class Caution:
    """Laps on which the track was not free.

    Attributes:
        first, last: numbers of the leader's laps.
        word: ``caution`` or ``red``.
    """

    first: int
    last: int
    word: str


@dataclass(frozen=True, slots=True)
class RaceControl:
    """What official timing adds to the laps that were measured.

    Attributes:
        laps: by ``(car, number)``.
        stops: numbers of the laps that ended in the pits, by car.
        cautions: in order.
        spans: the same where the table says when: event time and word.
    """

    laps: Mapping[tuple[str, int], OfficialLap] = field(default_factory=dict)
    stops: Mapping[str, frozenset[int]] = field(default_factory=dict)
    cautions: tuple[Caution, ...] = ()
    spans: tuple[tuple[int, int, str], ...] = ()

    def word(self, lap: Lap) -> str:
        """``caution`` or ``red`` for a lap on which the track was not free; empty otherwise."""
        official = self.laps.get((lap.car, lap.number))
        if official is not None and (word := flag_word(official.flag)) not in ("", "green"):
            return word
        for caution in self.cautions:
            if caution.first <= lap.number <= caution.last:
                return caution.word
        for lo, hi, word in self.spans:
            if lap.t_end is not None and lo < lap.t_end and hi > lap.t_start:
                return word
        return ""


def race_control(store: SessionStore) -> RaceControl:
    """What the official timing of a session says; empty where there is none. Raises BadInput for
    an entry that cannot be read."""
    tables = official_from_json(store.meta(OFFICIAL_META))
    laps: dict[tuple[str, int], OfficialLap] = {}
    stops: dict[str, set[int]] = {}
    for table in tables:
        for lap in table.laps:
            if lap.number is not None:
                laps.setdefault((lap.car, lap.number), lap)
                if lap.pit:
                    stops.setdefault(lap.car, set()).add(lap.number)
        for stop in table.stops:
            stops.setdefault(stop.car, set()).add(stop.lap)
    cautions, spans = _cautions(tables, laps.values())
    return RaceControl(
        laps, {car: frozenset(numbers) for car, numbers in stops.items()}, cautions, spans
    )


def flag_word(text: str) -> str:
    """``caution``, ``red`` or ``green`` as a timing table writes it; empty for anything else."""
    if _RED.search(text):
        return "red"
    if _SLOW.search(text):
        return "caution"
    return "green" if _GREEN.search(text) else ""


def _cautions(
    tables: Iterable[Official], laps: Iterable[OfficialLap]
) -> tuple[tuple[Caution, ...], tuple[tuple[int, int, str], ...]]:
    by_lap: list[Caution] = []
    spans: list[tuple[int, int, str]] = []
    for table in tables:
        changes = [f for f in table.flags if flag_word(f.state)]
        for i, flag in enumerate(changes):
            after = changes[i + 1] if i + 1 < len(changes) else None
            word = flag_word(flag.state)
            if word == "green":
                continue
            if flag.lap is not None:
                last = after.lap if after is not None and after.lap is not None else flag.lap
                by_lap.append(Caution(flag.lap, max(last, flag.lap), word))
            elif table.clock is TableClock.UTC and flag.at_us is not None:
                spans.append((flag.at_us, _until(after), word))
    by_lap += _of_laps(laps) if not by_lap else []
    return tuple(sorted(set(by_lap), key=lambda c: (c.first, c.last))), tuple(spans)


def _until(after: OfficialFlag | None) -> int:
    return after.at_us if after is not None and after.at_us is not None else 1 << 62


def _of_laps(laps: Iterable[OfficialLap]) -> list[Caution]:
    """Runs of laps that at least half of the cars ended under one flag."""
    votes: dict[int, list[str]] = {}
    for lap in laps:
        if lap.number is not None and lap.flag:
            votes.setdefault(lap.number, []).append(flag_word(lap.flag))
    runs: list[Caution] = []
    for number in sorted(votes):
        words = votes[number]
        word = next((w for w in ("red", "caution") if 2 * words.count(w) >= len(words)), "")
        if not word:
            continue
        if runs and runs[-1].last == number - 1 and runs[-1].word == word:
            runs[-1] = Caution(runs[-1].first, number, word)
        else:
            runs.append(Caution(number, number, word))
    return runs
