"""Threads with owners, hand-over to Qt, the frame pump, health and shutdown.

The names here need no Qt; what does lives in its own modules (:mod:`pitwall.runtime.frame_pump`,
:mod:`pitwall.runtime.handover`), so that headless commands can use the rest without a binding.
"""

from pitwall.runtime.detail import READS_PER_SHARD_S, HealthDetail, ShardHealth
from pitwall.runtime.frame_stats import FrameStats, Spread
from pitwall.runtime.health import Health, State
from pitwall.runtime.pace import Load, Pace
from pitwall.runtime.priority import give_way, pass_on_sooner
from pitwall.runtime.refresher import Refresher
from pitwall.runtime.shutdown import Shutdown, Stopped
from pitwall.runtime.stall import StallWatch
from pitwall.runtime.threads import OwnedThread
from pitwall.runtime.usage import ProcessUsage, Usage

__all__ = [
    "give_way",
    "pass_on_sooner",
    "READS_PER_SHARD_S",
    "FrameStats",
    "Health",
    "HealthDetail",
    "Load",
    "OwnedThread",
    "Pace",
    "ProcessUsage",
    "Refresher",
    "ShardHealth",
    "Shutdown",
    "Spread",
    "StallWatch",
    "State",
    "Stopped",
    "Usage",
]
