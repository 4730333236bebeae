"""Keeps memory within a budget: what nobody looks at is let go of and read back when it is wanted.

Only values go, and only of whole blocks: times, counters, breaks and least and greatest values
stay, so that a car that is paged out has its laps, its holes and a picture of the whole session.
The recording has everything that the store has, because it is committed there first; what goes is
read back once and compared, bit for bit, before it is let go of.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pitwall.store.between import totals_of
from pitwall.store.block import Block
from pitwall.store.columns import Columns
from pitwall.store.page import Fetch, Values
from pitwall.store.session_store import SessionStore
from pitwall.store.shelf import Differs, Line, Shelf
from pitwall.telemetry import Failure, PitwallError

_log = logging.getLogger(__name__)

FRESH_US = 180_000_000
"""The newest samples of every car stay: timing goes on from there."""
ROOM = 0.9
"""Of the budget: down to here pages are put away, so that not every new block starts it again."""
LOOK_S = 1.0
REST_S = 8.0
"""Between two looks at what does not change; a question is answered at once."""
_AT_ONCE = 48
"""Blocks read in one go: a few tens of milliseconds, within which somebody may ask for others."""
_MOST_ASKED = 256
"""Questions that may wait; an older one is forgotten, whoever still looks asks again."""

Ask = tuple[str, str, int, int]
"""(car, group, from, until)."""


@dataclass(frozen=True, slots=True)
class PagerStats:
    """What the pager knows and has done.

    Attributes:
        budget, held: bytes allowed for the store, and in memory.
        away: bytes of values that are in the recording only.
        pages_out, pages_in: blocks let go of, and read back.
        kept: blocks that stay because the recording did not give them back alike.
        slowest_ms: longest time from a question to its answer, of the questions so far.
        trouble: why values cannot be read back; empty while they can.
    """

    budget: int
    held: int = 0
    away: int = 0
    pages_out: int = 0
    pages_in: int = 0
    kept: int = 0
    slowest_ms: float = 0.0
    trouble: str = ""

    @property
    def over(self) -> bool:
        """True when what must stay is more than the budget."""
        return self.held > self.budget


class Pager:
    """Owns the thread ``pitwall-pager``.

    Args:
        store: whose blocks come and go.
        path: the recording that the store is committed to.
        budget: bytes.
        last: groups that go last: those that timing reads.
    """

    def __init__(
        self, store: SessionStore, path: Path, budget: int, last: Iterable[str] = ()
    ) -> None:
        self._store = store
        self._shelf = Shelf(path, store.session)
        self._last = frozenset(last)
        self._looked: dict[str, float] = {}
        """When each car was last looked at; by whoever asks, whole values only."""
        self._wanted: frozenset[str] = frozenset()
        self._asked: dict[Ask, float] = {}
        """Questions in order, and when they were asked; under the condition."""
        self._refused: set[int] = set()
        """Pages, by id, that the recording does not give back; they stay, so ids do not recur."""
        self._kept: list[object] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._budget = budget
        self._stats = PagerStats(budget)
        self._seen: object = None
        self._faults = 0
        """Blocks that others read back by themselves; any thread, only to see that it moves."""
        self._thread = threading.Thread(target=self._run, name="pitwall-pager", daemon=True)

    @property
    def stats(self) -> PagerStats:
        """A snapshot."""
        return replace(self._stats, budget=self._budget)

    def limit(self, budget: int) -> None:
        """Keep within so many bytes from now on. Any thread."""
        with self._changed:
            self._budget = budget
            self._seen = None
            self._changed.notify_all()

    def start(self) -> None:
        """Start the thread; from now on the store asks this pager."""
        self._store.pager = self
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End the thread and let go of the file; True when it ended in time. What is away stays
        away for good."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        ended = not self._thread.is_alive()
        if ended:
            self._shelf.close()
        return ended

    def look_at(self, cars: frozenset[str]) -> None:
        """These cars are on screen: all of them comes back, and stays. Any thread."""
        now = time.monotonic()
        for car in cars | self._wanted:
            self._looked[car] = now
        with self._changed:
            self._wanted = cars
            self._changed.notify_all()

    def ask(self, car: str, group: str, t_lo: int, t_hi: int) -> None:
        """Bring what lies between two times, before anything else; :attr:`SessionStore.pages`
        moves when it is there. Any thread; never waits for the recording."""
        ask = (car, group, t_lo, t_hi)
        with self._changed:
            if ask in self._asked or self._stopping:
                return
            while len(self._asked) >= _MOST_ASKED:
                del self._asked[next(iter(self._asked))]
            self._asked[ask] = time.monotonic()
            self._changed.notify_all()

    # -- the thread -----------------------------------------------------------------------

    def _run(self) -> None:
        rest_s = LOOK_S
        try:
            while not self._stopping:
                if not self._answer() and not self._bring_wanted():
                    rest_s = LOOK_S if self._make_room() else min(2 * rest_s, REST_S)
                    with self._changed:
                        if not self._asked and not self._stopping:
                            self._changed.wait(rest_s)
        except Exception as error:  # noqa: BLE001 - a dead pager must say why, not vanish
            _log.exception("pager stopped")
            self._trouble(f"paging stopped ({error!r})")

    def _answer(self) -> bool:
        """Serve the oldest question. False when there was none."""
        with self._changed:
            if not self._asked:
                return False
            (car, group, t_lo, t_hi), since = next(iter(self._asked.items()))
        self._looked[car] = time.monotonic()
        columns = self._store.columns(car, group)
        away = columns.away(t_lo, t_hi) if columns is not None else ()
        if columns is not None and away:
            self._bring((car, group), columns, away)
        with self._changed:
            self._asked.pop((car, group, t_lo, t_hi), None)
        took = (time.monotonic() - since) * 1000
        self._note(slowest_ms=max(self._stats.slowest_ms, took))
        self._store.paged()
        return True

    def _bring_wanted(self) -> bool:
        """Some of what is away of the cars on screen, newest first. False when nothing is."""
        if self._stats.trouble:
            return False
        for line, columns in self._columns():
            if line[0] not in self._wanted:
                continue
            away = [b for b in columns.blocks if b.page.held is None]
            if away:
                brought = self._bring(line, columns, away[-_AT_ONCE:])
                if brought and len(away) <= _AT_ONCE:
                    self._store.paged()
                return brought
        return False

    def _bring(self, line: Line, columns: Columns, blocks: Iterable[Block]) -> bool:
        todo = list(blocks)
        for at in range(0, len(todo), _AT_ONCE):
            part = todo[at : at + _AT_ONCE]
            try:
                found = self._shelf.read(line, columns.epochs, part)
            except (PitwallError, Differs) as error:
                self._trouble(str(error))
                return False
            for block, values in zip(part, found, strict=True):
                block.page.bring(values)
            self._note(pages_in=self._stats.pages_in + len(part), trouble="")
        return True

    def _make_room(self) -> bool:
        """Put away what is over the budget. False when nothing has changed since the last look."""
        view = self._store.view()
        state = (view.version, self._stats.pages_in, self._faults)
        if state == self._seen:
            return False
        self._seen = state
        held, away = self._measure()
        self._note(held=held, away=away)
        goal = self._budget
        if held <= goal:
            return True
        freed = 0
        for line, columns, blocks in self._candidates():
            if held - freed <= goal * ROOM or self._stopping or self._asked:
                break
            freed += self._put_away(line, columns, blocks, held - freed - int(goal * ROOM))
        _give_back()
        held, away = self._measure()
        self._note(held=held, away=away)
        return True

    def _measure(self) -> tuple[int, int]:
        columns = [c for _, c in self._columns()]
        held = sum(c.nbytes for c in columns)
        away = sum(sum([b.page.size for b in c.blocks if b.page.held is None]) for c in columns)
        return held, away

    def _columns(self) -> Iterator[tuple[Line, Columns]]:
        return iter(self._store.view().columns.items())

    def _candidates(self) -> Iterator[tuple[Line, Columns, list[Block]]]:
        """What may go, first what is missed least: cars that nobody has looked at for longest, and
        of each the groups that timing reads at the end; the oldest blocks first."""
        latest = self._store.latest_us()
        lines = [
            (line[1] in self._last, self._looked.get(line[0], 0.0), line, columns)
            for line, columns in self._columns()
            if line[0] not in self._wanted
        ]
        for *_, line, columns in sorted(lines, key=lambda each: each[:3]):
            if line[0] in self._wanted:
                continue  # it has been chosen since
            blocks = [
                block
                for chapter in columns.chapters
                for block in chapter.blocks
                if block.page.held is not None
                and block.t_hi < latest - FRESH_US
                and id(block.page) not in self._refused
            ]
            if blocks:
                yield line, columns, blocks

    def _put_away(self, line: Line, columns: Columns, blocks: list[Block], most: int) -> int:
        """Let go of so many bytes, at most; how many it were."""
        freed = 0
        epochs = columns.epochs

        def fetch(block: Block) -> Values:
            try:
                found = self._shelf.read(line, epochs, [block])[0]
            except Differs as error:
                raise Failure(f"{line[0]}, {line[1]}: cannot be read back ({error})") from error
            self._faults += 1
            return found

        for at in range(0, len(blocks), _AT_ONCE):
            if freed >= most or self._stopping or self._asked:
                break
            freed += self._put_part(line, columns, blocks[at : at + _AT_ONCE], fetch)
        if freed:
            for chapter in columns.chapters:
                chapter.let_go()
            _unshare(columns)
        return freed

    def _put_part(self, line: Line, columns: Columns, blocks: list[Block], fetch: Fetch) -> int:
        try:
            found = self._shelf.read(line, columns.epochs, blocks)
        except Differs:
            if len(blocks) > 1:
                return sum(self._put_part(line, columns, [block], fetch) for block in blocks)
            self._refuse(blocks[0])
            return 0
        except PitwallError as error:
            self._trouble(str(error))
            return 0
        freed = 0
        for block, values in zip(blocks, found, strict=True):
            page = block.page
            held = page.held
            if held is None:
                continue
            if held.dtype != values.dtype or not np.array_equal(held, values, equal_nan=True):
                self._refuse(block)
                continue
            if page.totals is None:
                page.totals = totals_of([(block, 0, len(block))], len(held))
            block.bins.fold()
            page.put_away(fetch)
            freed += page.size
            self._note(pages_out=self._stats.pages_out + 1)
        return freed

    def _refuse(self, block: Block) -> None:
        self._refused.add(id(block.page))
        self._kept.append(block.page)
        self._note(kept=len(self._kept))

    def _trouble(self, text: str) -> None:
        if text != self._stats.trouble:
            self._note(trouble=text)
            self._store.paged()

    def _note(self, **changes: object) -> None:
        self._stats = replace(self._stats, **changes)  # type: ignore[arg-type]


def _unshare(columns: Columns) -> None:
    """What is loaded in bulk lies in one array, which stays as long as a single block looks into
    it: those that stay get arrays of their own."""
    for chapter in columns.chapters:
        for block in chapter.blocks:
            held = block.page.held
            base = held.base if held is not None else None
            if held is not None and isinstance(base, np.ndarray) and base.nbytes > 2 * held.nbytes:
                block.bins.fold()  # until then they look into it too
                block.page.bring(held.copy())


def _give_back() -> None:
    """The C library keeps what was freed for itself until it is told not to."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def budget_bytes(megabytes: int | None) -> int:
    """Bytes of a budget that was chosen, or without one a third of this machine's memory. Raises
    Failure for one that is too small to work with."""
    if megabytes is None:
        return max(machine_bytes() // 3, SMALLEST_MB * MEGABYTE)
    if megabytes < SMALLEST_MB:
        raise Failure(f"{megabytes} MB for the session are too few: give it {SMALLEST_MB} or more")
    return megabytes * MEGABYTE


SMALLEST_MB = 64
MEGABYTE = 1_000_000
"""As everything on screen counts."""


def machine_bytes() -> int:
    """Physical memory; 8 GB where it cannot be known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 << 30
