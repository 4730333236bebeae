"""Where on the track a car was."""

from __future__ import annotations

import numpy as np

from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.feeds.context import Context
from pitwall.ui.plot.choice import position_channels

OLD_PLACE_US = 5 * SECOND_US


def place_of(context: Context, car: str | None, t_us: int | None) -> tuple[float, float] | None:
    """Where a car was, in metres; None when nothing near that time is known."""
    store = context.inputs.store
    place = position_channels(store.session.catalog)
    if car is None or t_us is None or place is None or context.track is None:
        return None
    group, lat, lon = place
    if not store.ready(car, group, t_us - OLD_PLACE_US, t_us):
        return None  # paged out; the window looks again when it is back
    columns = store.columns(car, group)
    found = columns.at(t_us) if columns is not None else None
    if found is None or t_us - found[0] > OLD_PLACE_US:
        return None
    values = found[1].astype(np.float64)
    if not np.isfinite(values[[lat, lon]]).all():
        return None
    x, y = context.track.to_xy(values[[lat]], values[[lon]])
    return float(x[0]), float(y[0])
