"""One rule over one car: what was scanned, what was found, and what late data changes of it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

import numpy as np

from pitwall.store.alarm_log import Arrival, Logged, PutAlarm
from pitwall.store.alarm_rules import Rule
from pitwall.store.alarm_scan import IDLE, Episode, beyond, scan
from pitwall.store.batch import LATE, Source
from pitwall.store.changes import changed_from
from pitwall.store.columns import Columns, Window
from pitwall.store.edits import Edit
from pitwall.store.notes import new_id

MOST_ENTRIES = 500
"""Kept for each rule and car; of more the oldest are counted only."""
_FOREVER = 1 << 62
_NEVER = -_FOREVER
_STEP_BACK_US = 10_000_000


class Watch:
    """Follows one channel of one car.

    Attributes:
        rule: what is watched for.
        car: whose.
        entries: found so far, in order of time.
        dropped: entries beyond :data:`MOST_ENTRIES` that are counted only.
    """

    def __init__(self, rule: Rule, car: str, known: list[Logged], *, told: bool) -> None:
        """
        Args:
            rule: what to watch for.
            car: whose.
            known: entries of the recording's log, which are taken up again when they are found.
            told: whether what is found is told to somebody; False over a file at rest.
        """
        self.rule = rule
        self.car = car
        self.entries: list[Logged] = []
        self.dropped = 0
        self._known = known
        self._told = told
        self._columns: Columns | None = None
        self._index = 0
        self._upto = _NEVER
        """Event time of the newest sample that was scanned."""
        self._state = IDLE

    def behind(self, columns: Columns) -> bool:
        """Whether there may be something to scan."""
        return columns is not self._columns

    def follow(self, columns: Columns, index: int) -> list[Edit]:
        """Scan what is new in ``columns``, channel ``index``; what is to be written."""
        if index != self._index:
            self._columns, self._index, self._upto, self._state = None, index, _NEVER, IDLE
        since = changed_from(self._columns, columns)
        first = self._columns is None
        self._columns = columns
        if since is None:
            return []
        if since > self._upto:
            edits = self._forward(columns, first=first)
        else:
            edits = self._again(columns, since)
        while len(self.entries) > MOST_ENTRIES:
            self.entries.pop(0)
            self.dropped += 1
        return edits

    def acknowledge(self, ids: frozenset[int], now_us: int) -> list[Edit]:
        """Somebody has seen these; what is to be written."""
        return acknowledged(self.entries, ids, now_us) + acknowledged(self._known, ids, now_us)

    def waiting(self) -> list[Logged]:
        """Entries of the log that were not found in the data; it may not be here yet."""
        return list(self._known)

    def _forward(self, columns: Columns, *, first: bool) -> list[Edit]:
        margin = 1 if self._upto > _NEVER else 0
        window = columns.window(self._index, self._upto + 1, _FOREVER, margin)
        starts = np.asarray(window.starts)
        t, v = window.t[margin:], np.asarray(window.v[margin:], np.float64)
        starts = starts[starts >= margin] - margin
        episodes, self._state = scan(self.rule, self._state, t, v, starts)
        if len(t):
            self._upto = int(t[-1])
        edits: list[Edit] = []
        for one in episodes:
            last = self.entries[-1] if self.entries else None
            if last is not None and last.t_hi is None and last.t_lo == one.t_lo:
                new = _renewed(last, one)
                if new.t_hi is not None and self._kept(new):
                    edits.append(PutAlarm(new))
                self.entries[-1] = new
                continue
            over = first and one.t_hi is not None
            edits += self._add(one, columns, missed=False, over=over)
        return edits

    def _again(self, columns: Columns, since: int) -> list[Edit]:
        """Late data from ``since`` on: everything that it may have to do with is scanned anew."""
        at = self._restart(columns, since)
        window = columns.window(self._index, at, _FOREVER)
        v = np.asarray(window.v, np.float64)
        episodes, self._state = scan(self.rule, IDLE, window.t, v, np.asarray(window.starts))
        before_us = self._upto
        self._upto = max(self._upto, int(window.t[-1]) if len(window.t) else _NEVER)
        old = [entry for entry in self.entries if entry.t_lo >= at]
        self.entries = [entry for entry in self.entries if entry.t_lo < at]
        edits: list[Edit] = []
        for one in episodes:
            same = next((entry for entry in old if _meet(entry, one)), None)
            if same is None:
                edits += self._add(one, columns, missed=one.raised_us <= before_us, over=False)
                continue
            old.remove(same)
            new = replace(_renewed(same, one), withdrawn=False)
            self.entries.append(new)
            if replace(new, worst=same.worst) != same and self._kept(new):
                edits.append(PutAlarm(new))
        for entry in old:  # said once, and not so: it stays, and says that
            if self._kept(entry):
                self.entries.append(replace(entry, withdrawn=True))
                if not entry.withdrawn:
                    edits.append(PutAlarm(self.entries[-1]))
        self.entries.sort(key=lambda entry: entry.t_lo)
        return edits

    def _restart(self, columns: Columns, since: int) -> int:
        """A time before ``since`` at which the machine was idle, whatever it knew then."""
        at = since - self.rule.delay_us - columns.limit_us - 1
        back = _STEP_BACK_US
        while True:
            covering = [e.t_lo for e in self.entries if e.t_lo <= since and _end(e) >= at]
            at = min([at, *covering])
            if at <= columns.t_lo:
                return columns.t_lo
            if at in covering:
                return at
            window = columns.window(self._index, at, at, 1)
            if not self._carries_on(window, at):
                return at
            at -= back
            back *= 2

    def _carries_on(self, window: Window, at: int) -> bool:
        """Whether values are beyond on both sides of ``at``, in one run."""
        v = np.asarray(window.v, np.float64)
        later = np.flatnonzero(window.t >= at)
        if not len(later) or later[0] == 0:
            return False
        i = int(later[0])
        over = beyond(self.rule, v[i - 1 : i + 1])
        joined = i not in window.starts.tolist()
        return joined and bool((over > 0).all() or not np.isfinite(over).all())

    def _add(self, one: Episode, columns: Columns, *, missed: bool, over: bool) -> list[Edit]:
        known = next((entry for entry in self._known if _meet(entry, one)), None)
        if known is not None:
            self._known.remove(known)
            new = replace(_renewed(known, one), withdrawn=False)
            self.entries.append(new)
            return [PutAlarm(new)] if self._told and new != known else []
        arrival = _arrival(columns, one.raised_us)
        if arrival is Arrival.LIVE and missed:
            arrival = Arrival.LATE
        if arrival is Arrival.LIVE and (over or not self._told):
            arrival = Arrival.HISTORY
        entry = Logged(
            new_id(),
            self.rule.to_text(),
            self.car,
            one.t_lo,
            one.t_hi,
            one.raised_us,
            one.worst,
            arrival,
        )
        self.entries.append(entry)
        return [PutAlarm(entry)] if self._kept(entry) else []

    def _kept(self, entry: Logged) -> bool:
        """Whether it belongs into the recording: history is found again with the data."""
        seen = entry.acknowledged_us is not None
        return seen or (self._told and entry.arrival is not Arrival.HISTORY)


def acknowledged(entries: list[Logged], ids: frozenset[int], now_us: int) -> list[Edit]:
    """Mark those of ``entries`` as seen; what is to be written."""
    edits: list[Edit] = []
    for i, entry in enumerate(entries):
        if entry.id in ids and entry.acknowledged_us is None:
            entries[i] = replace(entry, acknowledged_us=now_us)
            edits.append(PutAlarm(entries[i]))
    return edits


def _renewed(entry: Logged, one: Episode) -> Logged:
    return replace(entry, t_lo=one.t_lo, t_hi=one.t_hi, raised_us=one.raised_us, worst=one.worst)


def _end(entry: Logged) -> int:
    return entry.t_hi if entry.t_hi is not None else _FOREVER


def _meet(entry: Logged, one: Episode) -> bool:
    until = one.t_hi if one.t_hi is not None else _FOREVER
    return entry.t_lo < until and one.t_lo < _end(entry)


def _arrival(columns: Columns, t: int) -> Arrival:
    """How the sample at ``t`` had come."""
    block = columns.blocks[bisect_right(columns.blocks, t, key=lambda b: b.t_lo) - 1]
    code = block.piece(max(int(block.t.searchsorted(t, "right")) - 1, 0))[3]
    if code & LATE:
        return Arrival.LATE
    source = Source.of_code(code)
    if source is Source.TABLE:
        # A repair of what was before the stream began is a part of the history.
        legs = (leg for _, leg in columns.sources(columns.t_lo, t))
        return Arrival.LATE if Source.STREAM in legs else Arrival.HISTORY
    return Arrival.LIVE if source is Source.STREAM else Arrival.HISTORY
