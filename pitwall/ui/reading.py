"""What a channel read at a moment: one rule for every pane.

Sample and hold: the newest sample at or before the moment, as it was measured. Nothing is read in a
hole, where the sample before it says nothing any more, nor of what is too old to be called present.
"""

from __future__ import annotations

from dataclasses import dataclass

from pitwall.store import SessionStore
from pitwall.telemetry.clock import SECOND_US

OLD_US = 5 * SECOND_US


@dataclass(frozen=True, slots=True)
class Sample:
    """All channels of a group at one moment.

    Attributes:
        t: event time at which they were measured.
        values: one for each channel of the group; None where that sample has none.
    """

    t: int
    values: tuple[float | None, ...]


def sample_at(store: SessionStore, car: str, group: str, t_us: int) -> Sample | None:
    """What ``group`` of ``car`` read at ``t_us``; None when nothing tells."""
    if not store.ready(car, group, t_us - OLD_US, t_us):
        return None  # paged out; the window looks again when it is back
    columns = store.columns(car, group)
    found = columns.at(t_us) if columns is not None else None
    if columns is None or found is None or t_us - found[0] > OLD_US:
        return None
    # Holes are looked up only where there is room for one.
    if t_us - found[0] > 2 * SECOND_US / max(columns.group.rate_hz, 0.1):
        holes = (hole for hole in store.holes(car) if hole.group == group)
        if any(hole.t_lo < t_us < hole.t_hi for hole in holes):
            return None
    values = tuple(None if v != v else v for v in found[1].tolist())
    return Sample(found[0], values)
