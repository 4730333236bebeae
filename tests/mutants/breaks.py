"""The breaks. Each is a change of text in one or two places and names the tests that must fail."""

from __future__ import annotations

from dataclasses import dataclass

FIND = "tests/unit/stream/test_cases_discovery.py::"
ITER = "tests/unit/stream/test_cases_iterators.py::"
KEEP = "tests/unit/stream/test_cases_checkpoint.py::"
DATA = "tests/unit/stream/test_cases_data.py::"
CALL = "tests/unit/stream/test_dynamodb.py::"
SEAM = "tests/unit/turbo/test_splice.py::"
JOIN = "tests/simulation/test_joining.py::"
TURBO = "tests/unit/turbo/test_cases.py::"
DECODE = "tests/unit/turbo/test_decode.py::"
CLOUD = "tests/unit/cloud/test_cases.py::"


@dataclass(frozen=True, slots=True)
class Edit:
    """``old``, which stands exactly once in ``file`` of the package, becomes ``new``."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Break:
    """One deliberate mistake.

    Attributes:
        name: of the mutant.
        says: what it does wrong.
        edits: the change.
        tests: those that must notice, as pytest names them, from the project's folder.
    """

    name: str
    says: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


BREAKS = (
    # ------------------------------------------------------------ those of the design
    Break(
        "max-sequence",
        "the stream is read from the newest that the archive has of any car",
        (
            Edit(
                "turbo/splice.py",
                "anchor = min([now_us, *known]) - overlap_us",
                "anchor = max([0, *known]) - overlap_us",
            ),
        ),
        (SEAM + "test_the_stream_is_read_from_before_the_slowest_car",),
    ),
    Break(
        "at-for-after",
        "a place is found again at the last record instead of after it",
        (Edit("stream/dynamodb.py", '"AFTER_SEQUENCE_NUMBER"', '"AT_SEQUENCE_NUMBER"'),),
        (
            ITER + "test_case_34_offline_for_a_while_after_a_night_of_sleep",
            ITER + "test_case_43_only_numbers_that_were_read_are_read_after",
        ),
    ),
    Break(
        "last-batch-dropped",
        "the records of an answer without a next iterator are dropped",
        (
            Edit(
                "stream/reader.py",
                "        page = fetched.page\n",
                "        page = fetched.page\n"
                "        page = page if page.next_iterator else Page((), None)\n",
            ),
        ),
        (ITER + "test_case_22_the_last_page_of_a_shard_is_kept",),
    ),
    Break(
        "children-latest",
        "children are opened at the present",
        (
            Edit(
                "stream/tree.py",
                "self._anchor if anchored and by_time else HORIZON",
                "self._anchor if anchored and by_time else replace(HORIZON, "
                "anchor=Anchor.TIME, at_us=now_us)",
            ),
            Edit(
                "stream/tree.py",
                "from dataclasses import dataclass\n",
                "from dataclasses import dataclass, replace\n",
            ),
            Edit("stream/tree.py", "import HORIZON, ", "import HORIZON, Anchor, "),
        ),
        (
            FIND + "test_case_18_a_child_is_read_from_its_first_record",
            FIND + "test_case_17_started_at_now_in_the_middle_of_a_split",
        ),
    ),
    Break(
        "no-overlap",
        "the stream is read from exactly where the archive ends",
        (
            Edit(
                "turbo/splice.py",
                "anchor = min([now_us, *known]) - overlap_us",
                "anchor = min([now_us, *known])",
            ),
        ),
        (SEAM + "test_the_stream_is_read_from_before_the_slowest_car",),
    ),
    Break(
        "no-roster",
        "only cars that the archive has are known of at the start",
        (
            Edit(
                "turbo/joining.py",
                "heads = tuple(self._patience(self._ways.sources.table.heads))",
                "heads = tuple(self._patience(self._ways.sources.table.heads)[:0])",
            ),
        ),
        (JOIN + "test_case_83_a_car_that_is_nowhere_but_in_the_buffer_and_has_retired",),
    ),
    # ------------------------------------------------------------ finding shards
    Break(
        "page-lost",
        "a listing of which a page failed counts as a listing",
        (
            Edit(
                "stream/dynamodb.py",
                "            doc = self._description(**asked)\n            for",
                "            try:\n"
                "                doc = self._description(**asked)\n"
                "            except Retryable:\n"
                "                return Listing(self._arn, True, tuple(shards.values()))\n"
                "            for",
            ),
        ),
        (
            CALL + "test_case_13_a_lost_page_loses_the_listing",
            FIND + "test_case_13_a_listing_is_complete_or_dropped",
        ),
    ),
    Break(
        "token-ignored",
        "a listing goes on behind its last shard instead of at its token",
        (
            Edit(
                "stream/dynamodb.py",
                "            token = following\n",
                "            token = max(shards, default=following)\n",
            ),
        ),
        (
            CALL + "test_case_15_the_token_counts_and_not_the_last_shard",
            CALL + "test_case_12_a_page_without_shards_is_not_the_last",
        ),
    ),
    Break(
        "parent-not-awaited",
        "children are read beside their parents",
        (
            Edit(
                "stream/lineage.py",
                "        if not all(finished(p) for p in known):\n            return Ready.WAIT\n",
                "",
            ),
        ),
        (
            FIND + "test_case_07_a_child_is_not_read_before_its_parent_is_drained",
            FIND + "test_case_08_three_generations_listed_at_the_start_are_read_in_order",
        ),
    ),
    Break(
        "second-parent-ignored",
        "a merged shard waits for one of its parents",
        (
            Edit(
                "stream/lineage.py",
                "        parents = node.info.parents\n",
                "        parents = node.info.parents[:1]\n",
            ),
        ),
        (FIND + "test_case_09_a_merged_shard_waits_for_both_parents",),
    ),
    Break(
        "first-listing-trusted",
        "a child whose parent one listing lacks is begun at once",
        (Edit("stream/lineage.py", "ORPHAN_LISTINGS = 2", "ORPHAN_LISTINGS = 1"),),
        (FIND + "test_case_08_the_first_listing_alone_does_not_start_a_child",),
    ),
    Break(
        "children-by-listing-only",
        "nobody asks for the children of a shard that ended",
        (
            Edit(
                "stream/control.py",
                "        if seeks:\n            self._busy = True\n",
                "        if seeks and self._listing_due <= now:\n            self._busy = True\n",
            ),
        ),
        (FIND + "test_case_20_a_rotation_adds_less_than_two_seconds",),
    ),
    Break(
        "stall-untold",
        "nothing is said of children that do not show up",
        (
            Edit(
                "stream/control.py",
                "            if seek is not None and not seek.told:",
                "            if seek is not None and seek.told:",
            ),
        ),
        (FIND + "test_case_01_child_listed_late_is_found_and_the_stall_is_told",),
    ),
    Break(
        "one-failure-for-all",
        "while one shard fails, no other is read",
        (
            Edit(
                "stream/reader.py",
                "        due.sort(key=lambda s: s.due)\n",
                "        if any(s.faults for s in self._tree.shards.values()):\n"
                "            due = [s for s in due if s.faults]\n",
            ),
        ),
        (FIND + "test_case_14_one_shard_that_never_opens_holds_up_no_other",),
    ),
    # ------------------------------------------------------------ places
    Break(
        "empty-is-the-end",
        "a page without records ends the shard",
        (
            Edit(
                "stream/reader.py",
                "        page = fetched.page\n",
                "        page = fetched.page\n"
                "        page = page if page.records else Page((), None)\n",
            ),
        ),
        (ITER + "test_case_41_two_hundred_empty_pages_are_not_the_end",),
    ),
    Break(
        "listed-end-is-the-end",
        "an empty page of a shard that listings know to be closed ends it",
        (
            Edit(
                "stream/reader.py",
                "        page = fetched.page\n",
                "        page = fetched.page\n"
                "        if shard.state is State.DRAINING and not page.records:\n"
                "            page = Page((), None)\n",
            ),
        ),
        (ITER + "test_case_24_a_closed_shard_may_give_empty_pages_before_its_last_records",),
    ),
    Break(
        "expiry-at-the-horizon",
        "an expired place is begun anew from the oldest record",
        (
            Edit(
                "stream/recover.py",
                "        # The place is known: after the last record taken, or where the shard was "
                "opened.\n        shard.iterator = None\n",
                "        shard.reopen(HORIZON)\n",
            ),
        ),
        (
            ITER + "test_case_30_expired_while_the_laptop_slept",
            ITER + "test_case_32_expiry_repeats_nothing",
        ),
    ),
    Break(
        "latest-for-a-time",
        "what is to be read from a time on is read from the newest record on",
        (
            Edit(
                "stream/dynamodb.py",
                '{"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": moment(position.at_us)}',
                '{"ShardIteratorType": "LATEST"}',
            ),
        ),
        (
            DATA + "test_case_82_what_is_written_right_after_the_start_is_there",
            FIND + "test_case_19_a_reader_of_the_present_never_asks_for_latest",
        ),
    ),
    Break(
        "local-time",
        "times without a zone are asked for",
        (
            Edit(
                "stream/moments.py",
                "    return _EPOCH + timedelta(microseconds=at_us)\n",
                "    return _EPOCH.replace(tzinfo=None) + timedelta(microseconds=at_us)\n",
            ),
        ),
        (DATA + "test_case_85_the_same_records_in_every_time_zone",),
    ),
    Break(
        "not-found-is-gone",
        "the first answer that a shard is not there ends it",
        (
            Edit(
                "stream/recover.py",
                "    if not _gone(shard, fault, now_us):\n        return",
                "    if False:\n        return",
            ),
        ),
        (ITER + "test_case_35_not_found_once_rebuilds_the_iterator",),
    ),
    Break(
        "gap-swallowed",
        "what was trimmed is passed over in silence",
        (
            Edit(
                "stream/trouble.py",
                "        self._report.lost(shard, from_us, 0, _TOO_OLD)\n",
                "",
            ),
        ),
        (
            ITER + "test_case_37_a_checkpoint_behind_the_horizon_is_a_gap_and_goes_on",
            ITER + "test_case_37_a_service_that_does_not_say_what_it_trimmed",
        ),
    ),
    Break(
        "gap-without-an-end",
        "the first record after a loss does not end it",
        (
            Edit(
                "stream/trouble.py",
                "            self._report.found_again(shard.id, first_us)\n",
                "            pass\n",
            ),
        ),
        (ITER + "test_case_37_a_checkpoint_behind_the_horizon_is_a_gap_and_goes_on",),
    ),
    Break(
        "repeats-unseen",
        "a service that gives the same page for ever is asked for ever",
        (Edit("stream/trouble.py", "_REPEATS = 3", "_REPEATS = 10**9"),),
        (
            ITER + "test_case_39_a_shard_that_repeats_itself_is_told_of_and_asked_less_and_less",
            ITER + "test_case_39_a_page_that_comes_again_and_again_is_got_out_of",
        ),
    ),
    Break(
        "sleep-unseen",
        "the machine slept, and nothing is done about it",
        (Edit("stream/wake.py", "SUSPEND_US = 30 * ", "SUSPEND_US = 10**9 * "),),
        (
            ITER + "test_case_30_expired_while_the_laptop_slept",
            ITER + "test_case_34_a_machine_whose_clock_runs_on_in_sleep",
        ),
    ),
    Break(
        "refused-place-trusted",
        "behind a place that was refused nothing is looked for",
        (
            Edit(
                "stream/trouble.py",
                "        elif shard.doubt_us and first_us >= shard.doubt_us:\n",
                "        elif 0 > shard.doubt_us:\n",
            ),
        ),
        (ITER + "test_case_42_what_was_trimmed_behind_a_refused_position_is_told",),
    ),
    Break(
        "silent-trim-unseen",
        "what a service trims without a word is not missed",
        (
            Edit(
                "stream/tree.py",
                "        return 0 < self.retention_us < now_us",
                "        return 0 > self.retention_us > now_us",
            ),
        ),
        (ITER + "test_case_37_a_service_that_does_not_say_what_it_trimmed",),
    ),
    Break(
        "forgotten-blocks-its-children",
        "a shard that leaves the listings while it waits for its parent waits for ever",
        (
            Edit(
                "stream/lineage.py",
                "        for node in self.nodes.values():\n            known",
                "        for node in [self.nodes[s.id] for s in listing.shards]:\n"
                "            known",
            ),
        ),
        (
            FIND
            + "test_case_05_a_shard_that_leaves_the_listings_while_it_waits_holds_up_no_children",
        ),
    ),
    Break(
        "replaced-stream-merged",
        "shards of another stream under the same name are taken for ours",
        (
            Edit(
                "stream/control.py",
                "        if listing.stream != self._tree.stream:\n",
                "        if not listing.stream:\n",
            ),
        ),
        (FIND + "test_case_16_another_stream_under_the_same_name_is_not_taken_for_ours",),
    ),
    Break(
        "refused-position-at-the-present",
        "a position that is refused is replaced by the present",
        (
            Edit(
                "stream/recover.py",
                "        shard.reopen(at_time(shard.anchored_us - OVERLAP_US))\n",
                "        shard.reopen(at_time(shard.verified_us + 60 * SECOND_US))\n",
            ),
        ),
        (ITER + "test_case_42_a_refused_position_is_never_replaced_by_the_newest",),
    ),
    # ------------------------------------------------------------ what is kept
    Break(
        "checkpoint-before-apply",
        "places are committed before the records up to them",
        (
            Edit(
                "stream/outbox.py",
                "        pages = [shard.taken for",
                "        self._sink.submit(Batch(Source.STREAM, checkpoints={\n"
                "            s.id: checkpoint.dump(s.token(self._tree.stream, s.taken))\n"
                "            for s in shards\n"
                "        }))\n"
                "        pages = [shard.taken for",
            ),
        ),
        (
            KEEP + "test_case_45_a_crash_with_a_full_queue_loses_nothing",
            KEEP + "test_case_44_what_comes_after_a_loss_does_not_cover_it",
        ),
    ),
    Break(
        "end-before-its-records",
        "a shard's end is committed before its last records",
        (
            Edit(
                "stream/outbox.py",
                "        pages = [shard.taken for",
                "        ends = [s for s in shards if s.taken is not None and s.taken.ends]\n"
                "        if ends:\n"
                "            self._sink.submit(Batch(Source.STREAM, checkpoints={\n"
                "                s.id: checkpoint.dump(s.token(self._tree.stream, s.taken))\n"
                "                for s in ends\n"
                "            }))\n"
                "        pages = [shard.taken for",
            ),
        ),
        (
            ITER
            + "test_case_25_a_crash_between_the_last_records_and_the_end_replays_nothing_twice",
            KEEP + "test_case_61_killed_at_every_step_of_a_rotation",
        ),
    ),
    Break(
        "refused-is-dropped",
        "pages that the writer has no room for are dropped",
        (
            Edit(
                "stream/outbox.py",
                "                self.blocked_since = now\n            return False\n",
                "                self.blocked_since = now\n            return True\n",
            ),
        ),
        (
            KEEP + "test_case_46_a_writer_that_takes_nothing_for_a_minute_loses_nothing",
            KEEP + "test_case_44_a_batch_that_the_writer_refuses_is_offered_again",
        ),
    ),
    Break(
        "idle-shard-unsaved",
        "a shard that had nothing yet leaves nothing behind",
        (
            Edit(
                "stream/shard.py",
                "        # The anchor is kept before the first read: an idle shard must survive a "
                "restart too.\n        self.unsaved = True\n",
                "",
            ),
            Edit(
                "stream/outbox.py",
                "        if taken.records or taken.ends:\n            return True\n        return",
                "        if taken.records or taken.ends or True:\n"
                "            return bool(taken.records or taken.ends)\n        return",
            ),
        ),
        (KEEP + "test_case_52_an_idle_shard_survives_a_restart",),
    ),
    Break(
        "finished-read-again",
        "a shard that was read to its end is open after a restart",
        (
            Edit(
                "stream/shard.py",
                '"finished": State.FINISHED',
                '"finished": State.OPEN',
            ),
        ),
        (
            FIND
            + "test_case_06_a_finished_shard_is_not_read_again_and_is_forgotten_only_in_the_end",
            KEEP + "test_case_62_a_shard_is_known_by_its_name_alone",
        ),
    ),
    Break(
        "quarantine-dropped",
        "a record that cannot be read leaves no trace",
        (Edit("stream/intake.py", "            poison.append(value)\n", "            pass\n"),),
        (KEEP + "test_case_57_poison_is_kept_raw_and_stops_nothing",),
    ),
    Break(
        "balked-is-skipped",
        "a record at which decoding fails is passed over",
        (
            Edit(
                "stream/guard.py",
                "            tries = self._tries.pop(record.sequence, 0) + 1\n",
                "            return None\n"
                "            tries = self._tries.pop(record.sequence, 0) + 1\n",
            ),
        ),
        (
            KEEP + "test_case_56_an_error_that_passes_costs_nothing",
            KEEP
            + "test_case_56_a_record_that_cannot_be_applied_stops_its_shard_and_then_goes_aside",
        ),
    ),
    Break(
        "duplicate-applied-twice",
        "a chunk that is here already is applied again",
        (
            Edit(
                "store/intake.py",
                "        unknown = account.received.missing(segment.n_lo, segment.n_hi)\n",
                "        unknown = [(segment.n_lo, segment.n_hi)]\n",
            ),
        ),
        (
            TURBO + "test_case_58_two_readers_of_one_recording",
            JOIN + "test_case_72_duplicates_are_applied_once",
        ),
    ),
    # ------------------------------------------------------------ numbers, times, load
    Break(
        "numbers-as-text",
        "sequence numbers are compared as text",
        (
            Edit(
                "stream/checkpoint.py",
                "        return int(sequence) > int(than)\n",
                "        return sequence > than\n",
            ),
        ),
        (
            DATA + "test_case_64_sequence_numbers_that_grow_a_digit",
            "tests/unit/stream/test_parts.py::test_case_64_numbers_compare_as_numbers",
        ),
    ),
    Break(
        "own-clock",
        "this machine's clock counts as the service's",
        (
            Edit(
                "stream/skew.py",
                "        return self._time.now_us() + (self.offset_us or 0)\n",
                "        return self._time.now_us()\n",
            ),
        ),
        (DATA + "test_case_68_lag_is_right_whatever_this_machines_clock_says",),
    ),
    Break(
        "lag-of-an-idle-stream-grows",
        "lag is the time since the newest head",
        (
            Edit(
                "stream/report.py",
                "            lag_us=lag.lag_us,\n",
                "            lag_us=head_age_us,\n",
            ),
        ),
        (DATA + "test_case_67_an_idle_stream_is_idle_and_not_late",),
    ),
    Break(
        "clock-step-unseen",
        "a producer's clock that is set looks like lag for the rest of the race",
        (
            Edit(
                "stream/lag.py",
                "        if before is None or _stepped(",
                "        if before is None or None is max(",
            ),
        ),
        (DATA + "test_case_70_a_producers_clock_that_is_set_is_no_lag",),
    ),
    Break(
        "crowd-untold",
        "nothing is said when others use up the stream's limit",
        (Edit("stream/crowd.py", "_MANY = 5", "_MANY = 10**6"),),
        (DATA + "test_case_87_others_reading_the_stream_are_told_of_while_they_do",),
    ),
    Break(
        "refused-asks-on",
        "a reader that is refused asks as often as before",
        (Edit("stream/trouble.py", "_SLOWEST = 8.0", "_SLOWEST = 1.0"),),
        (DATA + "test_case_87_a_reader_that_is_refused_asks_less_often",),
    ),
    Break(
        "too-many-reads",
        "shards are read ten times a second",
        (Edit("stream/pace.py", "    poll: float = 0.21\n", "    poll: float = 0.1\n"),),
        (
            "tests/unit/stream/test_reader.py::"
            "test_no_shard_is_read_more_than_five_times_in_any_second",
        ),
    ),
    # ------------------------------------------------------------ archive, table, clients
    Break(
        "head-not-compared",
        "history counts as complete without a look at the heads",
        (
            Edit(
                "turbo/splice.py",
                "    return all(not unexplained(ledger, series, n) for series, n in "
                "targets.items())\n",
                "    return True\n",
            ),
        ),
        (SEAM + "test_complete_speaks_of_every_series",),
    ),
    Break(
        "left-over-keys-ignored",
        "keys that the table left over are not asked for again",
        (
            Edit(
                "cloud/batch_read.py",
                "UnprocessedKeys",
                "UnprocessedKeysIgnored",
            ),
        ),
        (CLOUD + "test_case_78_keys_left_over_are_asked_for_again",),
    ),
    Break(
        "no-way-round-a-firewall",
        "a blocked endpoint of the account's own is the end",
        (
            Edit(
                "cloud/endpoints.py",
                '    return host if _ACCOUNTS_OWN.match(host) else ""\n',
                '    return ""\n',
            ),
        ),
        (CLOUD + "test_case_86_a_firewall_that_knows_only_the_regions_endpoint",),
    ),
    Break(
        "odd-records-forgotten",
        "what is not usual in a long page (heads, repeats, damage) is dropped",
        (Edit("stream/intake.py", "records = together.left", "records = ()"),),
        (DECODE + "test_the_last_of_many_heads_says_what_they_all_said",),
    ),
    Break(
        "neighbours-mixed-up",
        "of pages taken together, each gets what was in another",
        (
            Edit(
                "turbo/decode.py",
                "zip(pages, read, gathered, strict=True)",
                "zip(pages, read, gathered[::-1], strict=True)",
            ),
        ),
        (DECODE + "test_pages_taken_together_are_as_if_taken_one_by_one",),
    ),
    Break(
        "samples-off-by-one-start",
        "unpacked samples are handed over with the times of the first chunk of all",
        (Edit("turbo/gather.py", "Samples(t[lo:hi] - start,", "Samples(t[lo:hi] - int(t_lo[0]),"),),
        (DECODE + "test_pages_taken_together_are_as_if_taken_one_by_one",),
    ),
)
