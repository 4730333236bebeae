"""Where a second implementation is known to differ from the service, and so from us.

By module, then by test with its parameters, of which the first is the implementation. Each is a
strict expected failure, so that its entry has to go when a new version of the implementation is
right.
"""

from __future__ import annotations

TABLE = {
    "test_batch_write_takes_25[moto]": "moto takes 26 writes in a batch",
    "test_batch_write_refuses_the_same_key_twice[moto]": "moto compares whole items, not keys",
    "test_bad_key_conditions[moto-unused]": "moto does not look for unused values",
    "test_bad_key_conditions[moto-unfinished]": "moto reads a key condition up to a loose AND",
    "test_bad_key_conditions[moto-wrong type]": "moto does not compare key types in conditions",
    "test_bad_key_conditions[ministack-unfinished]": "ministack does not mind a loose AND",
}

_NO_UPDATES = "the stand-in has neither UpdateItem nor UpdateTable: nothing of ours calls them"
STREAMS = {
    "test_creation_times_are_whole_seconds[moto]": "moto's creation times have fractions",
    "test_writing_what_is_there_already_leaves_no_record[moto]": "moto records every write",
    "test_an_update_that_makes_the_item_is_an_insert[moto]": "moto records the empty item as well",
    "test_there_is_nothing_behind_the_last_shard[moto]": "moto always lists its only shard",
    "test_a_page_is_no_longer_than_a_thousand[moto]": "moto knows no limit of a page",
    "test_a_page_holds_one_megabyte[moto]": "moto knows no size of a page",
    "test_a_moment_long_ago_is_the_oldest[moto]": "moto does not know AT_TIMESTAMP",
    "test_a_moment_to_come_is_refused[moto]": "moto does not check iterator requests",
    "test_bad_iterator_requests[moto-at nothing]": "moto does not check iterator requests",
    "test_bad_iterator_requests[moto-after nothing]": "moto fails with its own error, status 500",
    "test_bad_iterator_requests[moto-oldest at]": "moto does not check iterator requests",
    "test_bad_iterator_requests[moto-latest at]": "moto does not check iterator requests",
    "test_bad_iterator_requests[moto-unknown kind]": "moto does not check iterator requests",
    "test_an_unknown_shard_is_not_found[moto]": "moto fails with its own error, status 500",
    "test_an_unknown_stream_is_not_found[moto]": "moto looks for the table, never for the stream",
    "test_garbage_is_no_iterator[moto]": "moto fails with its own error, status 500",
    "test_a_live_streams_view_cannot_be_changed[moto]": "moto says ResourceInUseException",
    "test_off_and_on_again_is_another_stream[moto]": "moto keeps a stream that was switched off",
    "test_a_stream_that_is_off_ends[moto]": "moto cannot describe a stream that is off",
    "test_a_record_says_its_size[ministack]": "ministack says 0 bytes of every record",
    "test_a_page_is_no_longer_than_a_thousand[ministack]": "ministack takes a limit as 1000",
    "test_a_moment_long_ago_is_the_oldest[ministack]": "ministack does not know AT_TIMESTAMP",
    "test_bad_iterator_requests[ministack-oldest at]": "ministack ignores a number too many",
    "test_bad_iterator_requests[ministack-latest at]": "ministack ignores a number too many",
    "test_a_live_streams_view_cannot_be_changed[ministack]": "ministack changes the view",
    "test_an_update_that_makes_the_item_is_an_insert[stand-in]": _NO_UPDATES,
    "test_a_live_streams_view_cannot_be_changed[stand-in]": _NO_UPDATES,
    "test_off_and_on_again_is_another_stream[stand-in]": _NO_UPDATES,
    "test_a_stream_that_is_off_ends[stand-in]": _NO_UPDATES,
}

BY_MODULE = {"test_dynamodb": TABLE, "test_stream_facts": STREAMS}
