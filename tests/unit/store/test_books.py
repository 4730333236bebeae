"""Whatever arrives in whatever order, the recording holds each chunk once and the books close."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pitwall.store import Batch, Gap, Quarantined, Recording, SessionStore, Source, load
from pitwall.store.accounts import LATE_US
from pitwall.telemetry import Segment
from tests.unit.store.helpers import CHUNK_US, SESSION, head, one, run, series, times, values

LINES = [series("11", "a"), series("11", "b"), series("7", "a")]
MOST = 30
Line = st.sampled_from(range(len(LINES)))
N = st.integers(1, MOST)
SOURCES = st.sampled_from([Source.ARCHIVE, Source.STREAM, Source.TABLE])


@dataclass
class Model:
    """One series, naively: what each n holds, and counts."""

    held: dict[int, tuple[int, Source]] = field(default_factory=dict)  # n -> (salt, source)
    head: int = 0
    has_head: bool = False
    quarantined: set[int] = field(default_factory=set)
    duplicates: int = 0
    late: int = 0
    conflicts: set[tuple[int, int]] = field(default_factory=set)
    gaps: dict[int, str] = field(default_factory=dict)
    known: bool = False

    def apply(self, n: int, salt: int, source: Source) -> None:
        self.known = True
        if n not in self.held:
            self.held[n] = (salt, source)
        elif self.held[n][0] == salt or (n, salt) in self.conflicts:
            self.duplicates += 1
        else:
            self.conflicts.add((n, salt))


class Traffic(RuleBasedStateMachine):
    """Chunks, runs, repeats, conflicts, damage, heads, gaps, reopening, packing."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "x.pitwall"
        self.recording = Recording.create(self.path, SESSION)
        self.store = SessionStore(SESSION)
        self.models = [Model() for _ in LINES]
        self.records: set[bytes] = set()
        self.shard = 0

    def teardown(self) -> None:
        if hasattr(self, "recording"):
            self.recording.close()
            shutil.rmtree(self.folder)

    def submit(self, *batches: Batch) -> None:
        self.shard += 1
        marked = [replace(b, checkpoints={"s": str(self.shard)}) for b in batches]
        self.store.commit(self.recording.apply(*marked))

    def newest(self, line: int) -> int:
        return max((int(times(n)[-1]) for n in self.models[line].held), default=0)

    def expect(self, line: int, segment: Segment, salt: int, source: Source) -> None:
        model = self.models[line]
        fresh = [n for n in range(segment.n_lo, segment.n_hi + 1) if n not in model.held]
        # Runs of unknown chunks are booked one after the other.
        while fresh:
            end = next((i for i in range(1, len(fresh)) if fresh[i] != fresh[0] + i), len(fresh))
            piece, fresh = fresh[:end], fresh[end:]
            t_hi = int(times(piece[-1])[-1])
            before = max(self.newest(line), self.booked)
            if source is Source.STREAM and t_hi < before - LATE_US:
                model.late += len(piece)
            self.booked = max(before, t_hi)
        for n in range(segment.n_lo, segment.n_hi + 1):
            model.apply(n, salt, source)

    @rule(line=Line, numbers=st.lists(N, min_size=1, max_size=6), source=SOURCES)
    def chunks(self, line: int, numbers: list[int], source: Source) -> None:
        segments = [one(n, LINES[line]) for n in numbers]
        for segment in segments:
            self.booked = 0
            self.expect(line, segment, 0, source)
        self.submit(Batch(source, tuple(segments)))

    @rule(line=Line, a=N, b=N, source=SOURCES)
    def a_run(self, line: int, a: int, b: int, source: Source) -> None:
        segment = run(range(min(a, b), max(a, b) + 1), LINES[line])
        self.booked = 0
        self.expect(line, segment, 0, source)
        self.submit(Batch(source, (segment,)))

    @rule(line=Line, n=N, salt=st.integers(1, 2), source=SOURCES)
    def another_chunk_under_the_same_name(
        self, line: int, n: int, salt: int, source: Source
    ) -> None:
        segment = one(n, LINES[line], salt=salt)
        self.booked = 0
        self.expect(line, segment, salt, source)
        self.submit(Batch(source, (segment,)))

    @rule(line=Line, n=N, source=SOURCES)
    def a_damaged_chunk(self, line: int, n: int, source: Source) -> None:
        good = one(n, LINES[line])
        raw = bytes([*good.payload[:-1], good.payload[-1] ^ 1])
        self.submit(Batch(source, (replace(good, payload=raw),)))
        self.book_damage(line, n, b"crc" + bytes([line]) + raw)

    @rule(line=Line, n=N)
    def an_unreadable_record(self, line: int, n: int) -> None:
        record = Quarantined(Source.STREAM, "shard", "no payload", b"?%d" % n, LINES[line], n)
        self.submit(Batch(Source.STREAM, quarantined=(record,)))
        self.book_damage(line, n, b"rec" + bytes([line, n]))

    def book_damage(self, line: int, n: int, key: bytes) -> None:
        self.records.add(key)
        self.models[line].quarantined.add(n)

    @rule(line=Line, n=st.integers(0, MOST))
    def a_head(self, line: int, n: int) -> None:
        of = LINES[line]
        self.submit(Batch(Source.TABLE, heads=(head(n, of.car, of.epoch),)))
        model = self.models[line]
        model.head = max(model.head, n)
        model.has_head = True
        model.known |= model.head > 0

    @rule(line=Line, a=N, b=N, reason=st.sampled_from(["gone", "expired"]))
    def a_gap(self, line: int, a: int, b: int, reason: str) -> None:
        lo, hi = min(a, b), max(a, b)
        self.submit(Batch(Source.TABLE, gaps=(Gap(LINES[line], lo, hi, 0, 0, reason),)))
        model = self.models[line]
        model.known = True
        model.gaps |= dict.fromkeys(range(lo, hi + 1), reason)

    @rule()
    def reopen(self) -> None:
        before = self.recording.ledger()
        self.recording.close()
        self.recording = Recording.open(self.path)
        self.store = load(self.recording)
        # Order of appearance and every number.
        assert self.recording.ledger() == before
        assert list(self.recording.ledger().series) == list(before.series)

    @rule(everything=st.booleans())
    def pack(self, everything: bool) -> None:
        self.recording.compact(everything=everything)

    @invariant()
    def books_close(self) -> None:
        if not hasattr(self, "recording"):
            return
        ledger = self.recording.ledger()
        assert ledger.closes
        assert self.store.ledger() == ledger or self.store.version == 0
        sums = dict.fromkeys(["expected", "applied", "missing", "duplicates", "late"], 0)
        for of, model in zip(LINES, self.models, strict=True):
            books = ledger.series.get(of)
            if books is None:
                assert not model.known
                continue
            expected = max(model.head, max(model.held, default=0))
            absent = set(range(1, expected + 1)) - set(model.held)
            assert books.expected == expected
            assert books.applied == len(model.held)
            assert members(books.received) == set(model.held)
            assert members(books.absent) == absent
            assert members(books.missing) == absent - model.quarantined
            assert books.missing_count == len(absent - model.quarantined)
            assert books.quarantined_only == len(absent & model.quarantined)
            assert books.duplicates == model.duplicates
            assert books.conflicts == len(model.conflicts)
            assert books.late == model.late
            assert books.named == len(absent & set(model.gaps))
            open_gaps = {n: g.reason for g in books.gaps for n in range(g.n_lo, g.n_hi + 1)}
            assert open_gaps == {n: r for n, r in model.gaps.items() if n not in model.held}
            for source in Source:
                count = sum(s is source for _, s in model.held.values())
                assert books.by_source[source] == count
            assert books.tail == max(model.held, default=0)
            frontier = 0
            while frontier + 1 in model.held:
                frontier += 1
            assert ledger.frontier(of) == books.frontier == frontier
            assert books.provable == (model.has_head or not model.held)
            sums["expected"] += expected
            sums["applied"] += len(model.held)
            sums["missing"] += len(absent - model.quarantined)
            sums["duplicates"] += model.duplicates
            sums["late"] += model.late
        assert {name: getattr(ledger, name) for name in sums} == sums
        assert ledger.quarantined == len(self.records) == len(self.recording.quarantine())
        assert ledger.conflicts == sum(len(m.conflicts) for m in self.models)
        assert ledger.repaired == ledger.by_source[Source.TABLE]
        assert (not ledger.complete) or ledger.missing == 0
        assert self.recording.checkpoints() == ({"s": str(self.shard)} if self.shard else {})

    @invariant()
    def each_chunk_is_there_once(self) -> None:
        if not hasattr(self, "recording"):
            return
        for of, model in zip(LINES, self.models, strict=True):
            held = [
                n
                for row in self.recording.read_segments(of)
                for n in range(row.segment.n_lo, row.segment.n_hi + 1)
            ]
            assert held == sorted(model.held)
        for car in ("11", "7"):
            wanted = []
            for of, model in zip(LINES, self.models, strict=True):
                if of.car != car:
                    continue
                for n, (salt, source) in model.held.items():
                    speeds = np.float32(values(n, salt)[0]).tolist()
                    wanted += [
                        (t, v, source) for t, v in zip(times(n).tolist(), speeds, strict=True)
                    ]
            window = self.store.window(car, "driver", 0, 0, 2**62)
            sources = [s for a, z, s in window.sources for _ in range(a, z)]
            got = list(zip(window.t.tolist(), window.v.tolist(), sources, strict=True))
            assert sorted(got) == sorted(wanted)
            assert window.t.tolist() == sorted(window.t.tolist())


def members(intervals: object) -> set[int]:
    return {n for lo, hi in intervals for n in range(lo, hi + 1)}  # type: ignore[attr-defined]


assert MOST * CHUNK_US > 2 * LATE_US  # late must be possible
TestTraffic = Traffic.TestCase
TestTraffic.settings = settings(max_examples=25, stateful_step_count=25)
