"""How calls go wrong, by kind: which, how often, and for how long."""

from __future__ import annotations

from tests.simulation.network import ANY, LISTINGS

_READ = ("GetRecords",)
TROUBLES: dict[str, tuple[tuple[str, ...], tuple[int, int], tuple[float, float]]] = {
    "throttled": (("GetRecords", *LISTINGS[:2]), (1, 10), (10, 30)),
    "two_readers": (_READ, (60, 90), (15, 30)),
    "server_error": (ANY, (1, 6), (10, 30)),
    "unknown_iterator": (_READ, (1, 9), (30, 60)),
    "refused_position": (("GetShardIterator",), (1, 2), (30, 60)),
    "refused_time": (("GetShardIterator",), (1, 1), (30, 60)),
    "lost_listing_page": (LISTINGS[:2], (3, 3), (60, 90)),
    "sparse": (_READ, (3, 40), (30, 60)),
    "repeated_page": (_READ, (1, 2), (30, 60)),
    "stuck_page": (_READ, (4, 8), (30, 60)),
    "lost_answer": (ANY, (1, 5), (20, 60)),
    "torn": (ANY, (1, 3), (20, 60)),
    "no_records_key": (_READ, (2, 5), (20, 60)),
    "stuck_token": (LISTINGS[:2], (1, 1), (60, 90)),
    "empty_listing_page": (("DescribeStream",), (1, 1), (60, 90)),
    "slow": (ANY, (3, 8), (20, 60)),
}
"""Calls touched, how often, and for how many seconds."""
