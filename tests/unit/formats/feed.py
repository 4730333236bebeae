"""A car whose samples arrive in bursts, with the truth of when they were taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

T0 = 1_757_184_000_000_000
LENGTH = 3000.0


@dataclass(frozen=True)
class Feed:
    """Samples in order: moment taken and received (seconds from T0), way, speed."""

    taken: np.ndarray
    received: np.ndarray
    way: np.ndarray
    speed: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray


def burst_feed(
    seconds: float = 600.0,
    rate_hz: float = 4.0,
    stall: tuple[float, float] | None = None,
    seed: int = 1,
) -> Feed:
    """A car on a ring of 3 km; bursts every 2.5 s, each sample a little late in its burst.

    Within ``stall`` (from, to) nothing is received; what was taken meanwhile comes after it.
    """
    rng = np.random.default_rng(seed)
    fine = np.arange(0, seconds, 0.01)
    speed = 40 + 15 * np.sin(fine / 7.0) + 5 * np.sin(fine / 2.3)
    way = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2 * 0.01)])
    taken = np.cumsum(rng.uniform(0.6, 1.4, int(seconds * rate_hz))) / rate_hz
    taken = taken[taken < seconds - 3]
    sent = np.ceil(taken / 2.5) * 2.5 + 0.25 + rng.exponential(0.03, len(taken))
    # most samples of a burst are late, the last ones hardly
    quick = rng.random(len(taken)) < 0.25
    sent = np.where(quick, taken + 0.25 + rng.exponential(0.04, len(taken)), sent)
    if stall is not None:
        sent = np.where((sent > stall[0]) & (sent < stall[1]), stall[1], sent)
    received = np.maximum.accumulate(np.round(sent, 3))
    # one stamp for each sample: a millisecond apart at least
    steps = np.arange(len(received)) * 0.001
    received = np.maximum.accumulate(received - steps) + steps
    at = np.interp(taken, fine, way)
    angle = at / LENGTH * 2 * np.pi
    radius = LENGTH / (2 * np.pi)
    return Feed(
        taken,
        received,
        at,
        np.interp(taken, fine, speed),
        33.5 + radius * np.sin(angle) / 111_195,
        -86.6 + radius * np.cos(angle) / (111_195 * np.cos(np.radians(33.5))),
    )


def stamp(seconds: float) -> str:
    us = T0 + round(seconds * 1e6)
    moment = datetime.fromtimestamp(us // 1_000_000, UTC).replace(microsecond=us % 1_000_000)
    return moment.isoformat().replace("+00:00", "Z")


def rows(feed: Feed) -> list[str]:
    """Lines of the three-column table."""
    out = ["meta_time,telemetry_name,telemetry_value"]
    for i, received in enumerate(feed.received):
        at = stamp(float(received))
        out.append(f"{at},speed,{feed.speed[i] * 3.6:.3f}")
        out.append(f"{at},Laptrigger_lapdist_dls,{feed.way[i] % LENGTH:.0f}")
        out.append(f"{at},VBOX_Lat_Min,{feed.latitude[i]:.7f}")
        out.append(f"{at},VBOX_Long_Minutes,{feed.longitude[i]:.7f}")
        out.append(f"{at},aps,50.0")
    return out
