"""From step to step and from state to state: what the session is called, and since when it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pitwall.store import Ledger
from pitwall.stream import ReaderStatus
from pitwall.telemetry import Head
from pitwall.turbo.kit import Kit
from pitwall.turbo.roster import Roster
from pitwall.turbo.splice import complete, targets_of
from pitwall.turbo.status import LOADING, Phase
from pitwall.turbo.verdict import Judge, Verdict
from pitwall.turbo.ways import Ways

OFFLINE_TRIES = 4
"""Calls of the joining in vain, two seconds and more, after which we are offline."""


class Phases:
    """Keeps the status's phase, and tells of its changes. The follower's thread only."""

    def __init__(self, kit: Kit, ways: Ways, roster: Roster) -> None:
        self._kit = kit
        self._desk = kit.desk
        self._ways = ways
        self._roster = roster
        self._began = kit.time.monotonic()
        self._judge = Judge(ways.tempo)
        self._step = Phase.PROBING
        """The step of loading that trouble interrupted last."""

    def other_ways(self) -> None:
        """The session is read otherwise from now on, and judged by that tempo."""
        self._judge = Judge(self._ways.tempo)

    def awoke(self, now: float) -> None:
        """See :meth:`Judge.awoke`."""
        self._judge.awoke(now)

    def history_is_here(self) -> None:
        """Archive and repairs are in the recording."""
        seconds = self._kit.time.monotonic() - self._began
        self._desk.set(time_to_history_s=seconds)
        self._desk.tell(
            "history", {"seconds": seconds, "chunks": self._desk.store.ledger().applied}
        )

    def waiting(self, reason: str, tries: int) -> None:
        """A call of the joining is made again and again, or has been answered (0 tries)."""
        phase = self._desk.status.phase
        self._desk.set(message=reason)
        if phase in LOADING:
            self._step = phase
        if tries >= OFFLINE_TRIES:
            self._enter(Verdict(Phase.OFFLINE, reason), {})
        elif not tries and phase is Phase.OFFLINE:
            self._enter(Verdict(self._step), {})

    def look(self, status: ReaderStatus, now_us: int, in_the_way: str) -> None:
        """What to call the state of things at server time ``now_us``; ``in_the_way`` is why the
        table cannot stand in for the stream."""
        ledger = self._desk.store.ledger()
        now = self._kit.time.monotonic()
        if self._desk.status.time_to_live_s is None:
            if not self._roster.complete(ledger):
                self._desk.set(progress=self._roster.share(ledger))
                trouble = self._judge.trouble(status, now)
                self._enter(trouble or Verdict(Phase.STREAM), {})
                return
            self._first_live(ledger, now)
        elif not self._desk.status.seam_proved and self._seam_proved(ledger):
            # What had been given up has come after all.
            self._desk.set(seam_proved=True)
        heads = list(self._desk.store.heads().values())
        promised = targets_of(heads, self._kit.session.key)
        age_us = self._quiet_us(status, heads, now_us)
        verdict = self._judge.verdict(
            status,
            now,
            over=bool(heads) and all(head.ended for head in heads) and complete(ledger, promised),
            quiet_us=age_us,
            unread_us=now_us - status.passed_us,
            joined_us=now_us - self._roster.answered_us,
        )
        if verdict.phase is Phase.STREAM_OFF and in_the_way:
            verdict = replace(verdict, why=in_the_way)
        self._desk.set(age_us=age_us)
        self._enter(verdict, {"age_us": age_us, "lag_us": status.lag_us})

    def _first_live(self, ledger: Ledger, now: float) -> None:
        if self._desk.status.time_to_history_s is None and not self._kit.cancel.is_set():
            self.history_is_here()  # without an archive, the stream and the table brought it
        seconds = now - self._began
        self._desk.set(
            phase=Phase.LIVE,
            why="",
            progress=1.0,
            text="",
            time_to_live_s=seconds,
            seam_proved=self._seam_proved(ledger),
        )
        self._desk.tell("live", {"seconds": seconds, "missing": ledger.missing})

    def _quiet_us(self, status: ReaderStatus, heads: Sequence[Head], now_us: int) -> int:
        """Since the newest head came. One that was read just now may have lain there for long: who
        joins a source that is silent has read its last head a moment ago."""
        joined_us = now_us - self._roster.answered_us
        read_us = joined_us if status.head_age_us is None else status.head_age_us
        newest_us = max((head.t for head in self._roster.heads), default=0)
        if any(head.t > newest_us for head in heads):
            return read_us  # one has come since
        if not heads or (status.shift_us is None and self._kit.session.replay):
            return read_us
        lag_us = (status.shift_us or 0) + (status.source_lag_us or 0)
        came_us = now_us - self._kit.session.due_us(newest_us) - lag_us
        # While older data is still being read, its heads' age is not the source's doing.
        looked_us = min(now_us - status.passed_us, joined_us)
        silent_us = self._ways.tempo.silent_us
        return max(came_us, read_us) if came_us - looked_us > silent_us else read_us

    def _seam_proved(self, ledger: Ledger) -> bool:
        # Without a roster nothing says what there should be.
        return self._ways.sources.decoder is None and self._roster.seam_proved(ledger)

    def _enter(self, verdict: Verdict, details: Mapping[str, object]) -> None:
        """Take over a verdict; a change of phase is told."""
        desk = self._desk
        before = desk.status.phase
        desk.set(phase=verdict.phase, why=verdict.why)
        if verdict.phase is before:
            return
        name = "reached" if verdict.phase in LOADING else verdict.phase.value
        desk.tell(name, {**details, "why": verdict.why} if verdict.why else details)
