"""How the source of the data is doing: one immutable value, set by workers, read by the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["file", "joining", "history", "live", "silent", "behind", "ended", "fault"]
"""``file`` a recording at rest; ``joining`` finding out what there is; ``history`` loading the
archive; ``live`` up to date; ``silent`` connected, but nothing arrives; ``behind`` data arrives
late; ``ended`` the session is over and all is here; ``fault`` see the message."""


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the connection at one moment.

    Attributes:
        state: see :data:`State`.
        source: where the data comes from, as shown (a file name, a table's name).
        lag_us: age of the newest data when it arrived, server time; None when unknown.
        age_us: time since anything arrived; None when unknown or not connected.
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

    state: State = "file"
    source: str = ""
    lag_us: int | None = None
    age_us: int | None = None
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
        return self.state in ("joining", "history", "live", "silent", "behind")
