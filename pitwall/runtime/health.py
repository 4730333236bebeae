"""How the source of the data is doing: one immutable value, set by workers, read by the window."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What can be said of the source. The gravest comes first: of several that hold at a moment
    the first one here is shown, in the window as in headless lines, under the same name."""

    FAULT = "fault"
    """Following has stopped; the message says why."""
    ENDED = "ended"
    """Every car has said its last and all of it is here."""
    OFFLINE = "offline"
    """No call succeeds: no network, no service, or no permission any more."""
    STREAM_OFF = "stream-off"
    """The table's stream is switched off; what comes is read from the table."""
    THROTTLED = "throttled"
    """The service refuses calls because other readers use up its limit, and it holds us up."""
    JOINING = "joining"
    """Finding out what there is."""
    HISTORY = "history"
    """Loading what was before."""
    BEHIND = "behind"
    """There is newer data, and we have not read it yet."""
    SILENT = "silent"
    """We have read everything, and the source sends nothing."""
    LATE = "late"
    """We have read everything, and the source's data reaches the service late."""
    LIVE = "live"
    """Up to date."""
    FILE = "file"
    """A recording at rest."""

    @property
    def word(self) -> str:
        """As the header says it."""
        return _WORDS.get(self, self.value.upper())

    @property
    def says(self) -> str:
        """One sentence for the banner and the headless lines; empty where there is no news."""
        return _SAYS.get(self, "")

    @property
    def grave(self) -> bool:
        """True where the window says it in a banner."""
        return self in _GRAVE

    @property
    def current(self) -> bool:
        """True while everything that the service has is here, so that "complete" is known."""
        return self in (State.ENDED, State.SILENT, State.LATE, State.LIVE, State.FILE)


_WORDS = {State.HISTORY: "LOADING", State.STREAM_OFF: "STREAM OFF"}
_SAYS = {
    State.ENDED: "every car has said its last, and all of it is here",
    State.OFFLINE: "no call succeeds; what is newer is not known",
    State.STREAM_OFF: "the table's stream is switched off",
    State.THROTTLED: "the service refuses calls for now; what is shown falls behind",
    State.BEHIND: "there is newer data that we have not read yet",
    State.SILENT: "we have read everything there is, and the source sends nothing",
    State.LATE: "we have read everything there is; the source's data reaches the service late",
}
_GRAVE = frozenset(
    {State.OFFLINE, State.STREAM_OFF, State.THROTTLED, State.BEHIND, State.SILENT, State.LATE}
)
_AT_REST = frozenset({State.FILE, State.ENDED, State.FAULT})


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the connection at one moment.

    Attributes:
        state: see :class:`State`.
        unfinished: what was before has not been loaded yet, whatever the state.
        source: where the data comes from, as shown (a file name, a table's name).
        lag_us: age of the newest data when it arrived, server time; None when unknown.
        age_us: time since anything arrived; None when unknown or not connected.
        shift_us: server time minus event time of a source whose clock is its own; 0 for one that
            keeps server time, None when not known.
        shards_open, shards_total: stream shards being read now, and known so far.
        rotations: shards that ended and were followed into their children.
        history_done: 0..1 of the archive loaded; None when there is none to load.
        history_text: what the loader is doing, in words.
        archive_to_us: event time up to which the archive reached; None without archive.
        seam_us: event time where archive and stream meet; None without one.
        seam_proved: True when the ledger shows nothing missing across the seam.
        clock_offset_us: this machine's clock minus server time; None when not measured.
        retries: requests repeated so far.
        message: one line for the user; empty when there is nothing to say.
    """

    state: State = State.FILE
    unfinished: bool = False
    source: str = ""
    lag_us: int | None = None
    age_us: int | None = None
    shift_us: int | None = None
    shards_open: int = 0
    shards_total: int = 0
    rotations: int = 0
    history_done: float | None = None
    history_text: str = ""
    archive_to_us: int | None = None
    seam_us: int | None = None
    seam_proved: bool = False
    clock_offset_us: int | None = None
    retries: int = 0
    message: str = ""

    @property
    def connected(self) -> bool:
        """True when data may still arrive by itself."""
        return self.state not in _AT_REST

    @property
    def fresh(self) -> bool:
        """True while the newest data here is the newest there is, or is still being loaded."""
        return self.connected and (self.state.current or self.loading)

    @property
    def loading(self) -> bool:
        """True while what was before is still being loaded, so that the newest data here is not
        live and a hole need not be one."""
        return self.state in (State.JOINING, State.HISTORY) or (self.unfinished and self.connected)
