"""What can happen in a schedule, by kind."""

from __future__ import annotations

from tests.simulation.laptop import CRASHES

DYNAMODB, KINESIS = "dynamodb", "kinesis"
SOURCES = (DYNAMODB, KINESIS)

CALLS = (
    "throttled",
    "two_readers",
    "server_error",
    "offline",
    "unknown_iterator",
    "refused_position",
    "lost_listing_page",
    "sparse",
    "repeated_page",
    "stuck_page",
    "lost_answer",
    "torn",
    "no_records_key",
    "stuck_token",
    "slow",
    "expired",
)
"""Of calls to either service."""
CALLS_DYNAMODB = ("refused_time", "empty_listing_page", "fresh_trimmed")
OF_LISTINGS = ("lost_listing_page", "stuck_token", "empty_listing_page")
"""Complete listings are rare: these come early, or never meet one."""
TREE = ("split", "rotated_together", "listed_late", "missing_from_listing", "end_listed_late")
"""Of the shards."""
TREE_DYNAMODB = ("switched_off_and_on",)
TREE_KINESIS = ("merge",)
RECORDS = ("times_step_back", "longer_numbers", "poison", "removal")
RECORDS_KINESIS = ("written_twice",)
MACHINE = ("slept", "clock_set", "back_pressure", "disk_full", *CRASHES)
LOSSY = ("trimmed", "gone", "slept_past_retention")
"""After these something may really be lost, and must then be named."""
SETUPS = ("wrong_clock", "lingering_end", "null_iterator")
"""For the whole of a schedule."""
SETUPS_DYNAMODB = ("no_timestamp", "no_shard_filter")

PLANNED = {
    DYNAMODB: (*CALLS, *CALLS_DYNAMODB, *TREE, *TREE_DYNAMODB, *RECORDS, *MACHINE),
    KINESIS: (*CALLS, *TREE, *TREE_KINESIS, *RECORDS, *RECORDS_KINESIS, *MACHINE),
}
SETUP = {DYNAMODB: (*SETUPS, *SETUPS_DYNAMODB), KINESIS: SETUPS}
KINDS = tuple(
    dict.fromkeys(
        (*PLANNED[DYNAMODB], *PLANNED[KINESIS], *LOSSY, *SETUP[DYNAMODB], *SETUP[KINESIS])
    )
)
"""Every kind; each is counted when it has had an effect, not when it was planned."""
