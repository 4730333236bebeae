"""The parts of the feed: one module for each thing that is brought to the panes."""

from pitwall.ui.feeds.context import Context, Panes
from pitwall.ui.feeds.field import FieldFeed
from pitwall.ui.feeds.lines import LinesFeed
from pitwall.ui.feeds.places import place_of
from pitwall.ui.feeds.timeline import TimelineFeed
from pitwall.ui.feeds.traces import TracesFeed

__all__ = [
    "Context",
    "FieldFeed",
    "LinesFeed",
    "Panes",
    "TimelineFeed",
    "TracesFeed",
    "place_of",
]
