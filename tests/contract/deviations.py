"""Where a second implementation is known to differ from the service, and so from us.

By module, then by test with its parameters, of which the first is the implementation. Each is a
strict expected failure, so that its entry has to go when a new version of the implementation is
right.
"""

from __future__ import annotations

NEVER_ANSWERS = "kinesalite never answers where no record is that young"
"""These are not even run: each would wait until its caller gives up."""

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

_OWN_ERROR = "fails with its own error, status 500"
_UNCHECKED = "does not check iterator requests"
KINESIS = {
    "test_a_key_lies_where_its_md5_is[simulator]": "the simulator hashes by crc32, onto 32 bits",
    "test_numbers_are_long_and_rise[moto]": "moto counts 1, 2, 3",
    "test_listings_come_in_pages[moto]": "moto's token does not stand for the stream alone",
    "test_a_token_stands_for_the_stream[moto]": "moto's token does not stand for the stream alone",
    "test_listing_behind_a_shard[moto]": "moto ignores ExclusiveStartShardId",
    "test_a_time_to_come_is_refused[moto]": _UNCHECKED,
    "test_a_page_is_no_longer_than_ten_thousand[moto]": "moto knows no limit of a page",
    "test_a_page_holds_ten_megabytes[moto]": "moto knows no size of a page",
    "test_bad_iterator_requests[moto-at nothing]": _OWN_ERROR,
    "test_bad_iterator_requests[moto-after nothing]": _OWN_ERROR,
    "test_bad_iterator_requests[moto-oldest at]": _UNCHECKED,
    "test_bad_iterator_requests[moto-latest at]": _UNCHECKED,
    "test_bad_iterator_requests[moto-no time]": _OWN_ERROR,
    "test_bad_iterator_requests[moto-no number]": _OWN_ERROR,
    "test_a_number_of_another_shard_is_refused[moto]": _UNCHECKED,
    "test_garbage_is_no_iterator[moto-word]": _OWN_ERROR,
    "test_garbage_is_no_iterator[moto-base64]": _OWN_ERROR,
    "test_a_mangled_iterator_is_none[moto]": "moto's iterators are plain text",
    "test_listings_come_in_pages[ministack]": "ministack does not know its own token",
    "test_a_token_stands_for_the_stream[ministack]": "ministack does not know its own token",
    "test_a_time_to_come_is_refused[ministack]": _UNCHECKED,
    "test_a_page_is_no_longer_than_ten_thousand[ministack]": "ministack takes it as 10,000",
    "test_a_page_holds_ten_megabytes[ministack]": "ministack knows no size of a page",
    "test_bad_iterator_requests[ministack-at nothing]": _UNCHECKED,
    "test_bad_iterator_requests[ministack-after nothing]": _UNCHECKED,
    "test_bad_iterator_requests[ministack-oldest at]": _UNCHECKED,
    "test_bad_iterator_requests[ministack-latest at]": _UNCHECKED,
    "test_bad_iterator_requests[ministack-no number]": _UNCHECKED,
    "test_a_number_of_another_shard_is_refused[ministack]": _UNCHECKED,
    "test_garbage_is_no_iterator[ministack-word]": "ministack calls it expired",
    "test_garbage_is_no_iterator[ministack-base64]": "ministack calls it expired",
    "test_a_mangled_iterator_is_none[ministack]": "ministack calls it expired",
    "test_listings_come_in_pages[kinesalite]": "kinesalite lists everything at once",
    "test_a_token_stands_for_the_stream[kinesalite]": "kinesalite lists everything at once",
    "test_a_stream_may_be_named_by_its_arn[kinesalite]": "kinesalite is older than StreamARN",
    "test_a_time_after_everything_waits_for_the_next[kinesalite]": NEVER_ANSWERS,
    "test_behind_is_more_than_nothing_while_records_wait[kinesalite]": "kinesalite says 0",
    "test_a_page_holds_ten_megabytes[kinesalite]": "kinesalite knows no size of a page",
    "test_bad_iterator_requests[kinesis-local-oldest at]": "kinesis-local ignores the number",
    "test_bad_iterator_requests[kinesis-local-latest at]": "kinesis-local ignores the number",
    "test_bad_iterator_requests[kinesis-local-unknown]": "kinesis-local: SerializationException",
    "test_a_number_of_another_shard_is_refused[kinesis-local]": _UNCHECKED,
    "test_garbage_is_no_iterator[kinesis-local-word]": _OWN_ERROR,
    "test_garbage_is_no_iterator[kinesis-local-base64]": _OWN_ERROR,
    "test_a_token_lives_five_minutes[kinesalite]": "kinesalite lists everything at once",
    "test_a_token_lives_five_minutes[kinesis-local]": "kinesis-local's tokens live on",
    "test_what_is_too_old_goes_without_a_word[kinesis-local]": "kinesis-local trims nothing",
}

_NO_END = "moto's closed shards never end"
_STAYS = "moto goes on writing into closed shards"
_GONE = "ministack drops a parent together with its records"
KINESIS_SHARDS = {
    "test_a_split_loses_nothing[moto]": _NO_END,
    "test_numbers_of_children_lie_behind_the_parents[moto]": "moto counts from 1 in each shard",
    "test_only_open_shards_are_counted[moto]": "moto counts 1",
    "test_the_end_comes_after_the_last_records[moto]": _NO_END,
    "test_a_reader_that_waits_at_the_tip_learns_of_the_end[moto]": _NO_END,
    "test_a_parent_without_records_ends_too[moto]": _NO_END,
    "test_a_closed_shard_can_be_opened_anywhere[moto]": _NO_END,
    "test_the_latest_of_a_closed_shard_is_its_end[moto]": _NO_END,
    "test_the_last_page_names_the_children[moto]": _NO_END,
    "test_a_child_can_be_read_before_its_parent_is[moto]": _STAYS,
    "test_a_merge_loses_nothing[moto]": _STAYS,
    "test_both_parents_of_a_merge_name_the_child[moto]": _NO_END,
    "test_three_generations[moto]": _STAYS,
    "test_listings_of_many_generations_come_in_pages[moto-1]": "moto does not know its own token",
    "test_listings_of_many_generations_come_in_pages[moto-2]": "moto does not know its own token",
    "test_a_split_closes_the_parent_and_opens_two_children[ministack]": _GONE,
    "test_a_split_loses_nothing[ministack]": _GONE,
    "test_numbers_of_children_lie_behind_the_parents[ministack]": _GONE,
    "test_the_end_comes_after_the_last_records[ministack]": _GONE,
    "test_a_reader_that_waits_at_the_tip_learns_of_the_end[ministack]": _GONE,
    "test_a_parent_without_records_ends_too[ministack]": _GONE,
    "test_a_closed_shard_can_be_opened_anywhere[ministack]": _GONE,
    "test_the_latest_of_a_closed_shard_is_its_end[ministack]": _GONE,
    "test_the_last_page_names_the_children[ministack]": _GONE,
    "test_a_merge_has_two_parents[ministack]": _GONE,
    "test_a_merge_loses_nothing[ministack]": _GONE,
    "test_both_parents_of_a_merge_name_the_child[ministack]": _GONE,
    "test_three_generations[ministack]": _GONE,
    "test_listings_of_many_generations_come_in_pages[ministack-1]": _GONE,
    "test_listings_of_many_generations_come_in_pages[ministack-2]": _GONE,
    "test_the_last_page_names_the_children[kinesalite]": "kinesalite is older than ChildShards",
    "test_both_parents_of_a_merge_name_the_child[kinesalite]": (
        "kinesalite is older than ChildShards"
    ),
    "test_numbers_of_children_lie_behind_the_parents[kinesis-local]": (
        "kinesis-local ends every shard with the same number"
    ),
}

BY_MODULE = {
    "test_dynamodb": TABLE,
    "test_stream_facts": STREAMS,
    "test_kinesis_facts": KINESIS,
    "test_kinesis_shards": KINESIS_SHARDS,
}
