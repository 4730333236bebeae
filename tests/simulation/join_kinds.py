"""What can happen while a session is joined, by kind."""

from __future__ import annotations

from tests.simulation import kinds

LATE_OBJECTS = ("late_object", "late_alone")
"""The second has what nothing else has any more."""
OBJECTS = (
    *LATE_OBJECTS,
    "truncated",
    "garbled",
    "cut_content",
    "garbage_line",
    "foreign_lines",
    "no_delimiters",
    "not_packed",
    "two_members",
    "repeated_object",
    "lost_object",
    "vanished_object",
    "forbidden_object",
)
"""Of single raw objects of the archive."""
LINES = ("repeated_lines", "reordered_lines", "lost_lines", "lost_stretch")
"""Of the way from the table to the archive, for a while."""
BUCKET = ("archive_listing_fails", "archive_read_fails", "archive_forbidden")
"""Of the calls to the bucket."""
SEALED = ("sealed_cut", "sealed_again")
"""Of sealed laps, where there are any."""
STREAM = (
    "throttled",
    "two_readers",
    "server_error",
    "offline",
    "lost_answer",
    "torn",
    "sparse",
    "repeated_page",
    "expired",
    "split",
    "rotated_together",
    "listed_late",
    "missing_from_listing",
    "trimmed",
    "poison",
)
STREAM_DYNAMODB = ("switched_off_and_on",)
STREAM_KINESIS = ("merge", "written_twice")
TABLE = ("table_fails", "table_refuses", "roster_fails", "gone", "lost_everywhere")
CARS = ("reboot", "late_car", "heads_stall", "written_late")
POINTS = ("connect", "roster", "listing", "get", "submit", "repair", "open", "read")
"""Calls at which something befalls the machine: every step of a hand-over makes one of them."""
CRASHES = tuple(f"crash_{point}" for point in POINTS)
SLEEPS = ("slept_listing", "slept_get", "slept_read", "slept_past_retention")
LOADING = ("rotated_loading", "car_loading", "cancelled", "stopped_loading")
"""While an object is fetched."""
DISK = ("back_pressure", "disk_full")
BEFORE = ("roster_fails", "table_refuses", "table_fails", *BUCKET, "disk_full")
"""In place when the program is started, if they are to happen while it runs."""
SETUPS = ("sealed_laps", "wrong_clock", "cars_clock", "without_heads", "no_bucket")
"""For the whole of a schedule."""
SECOND = "second_start"
"""The program was ended in order and is started again: every schedule that has several starts."""
FOREIGN = "foreign"
"""Items of a producer that keeps none of the contract: such schedules are of this kind alone,
besides what happens to the stream and the machine."""

FOREIGN_ALONE = (
    *STREAM,
    *STREAM_KINESIS,
    *(f"crash_{point}" for point in ("connect", "submit", "open", "read")),
    "slept_read",
    "slept_past_retention",
    *DISK,
)
"""What happens to those."""

STRIKES = (*CRASHES, *SLEEPS, "slept_repair", *LOADING)
"""What befalls a call."""
MACHINE = (*STRIKES, *DISK)
OF_REPAIRS = ("table_fails", "table_refuses", "slept_repair")
"""What needs a keyed read."""


def planned(source: str) -> tuple[str, ...]:
    """What a schedule over a service draws from."""
    stream = STREAM_DYNAMODB if source == kinds.DYNAMODB else STREAM_KINESIS
    return (*OBJECTS, *LINES, *BUCKET, *STREAM, *stream, *TABLE, *CARS, *MACHINE)


KINDS = tuple(
    dict.fromkeys(
        (
            *planned(kinds.DYNAMODB),
            *planned(kinds.KINESIS),
            *SEALED,
            *SETUPS,
            SECOND,
            FOREIGN,
        )
    )
)
"""Every kind; each is counted when it has had an effect, not when it was planned."""
