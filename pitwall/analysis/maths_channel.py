"""One computed channel of one car, kept up as samples come in.

What has been worked out stays; new samples are worked out with as much of what lies before them as
the expression reaches. Late samples, and laps that begin elsewhere than was thought, are worked out
anew from there on.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis.maths_eval import Frame, evaluate
from pitwall.analysis.maths_tree import Node
from pitwall.store import Columns
from pitwall.store.batch import LATE
from pitwall.store.changes import changed_from
from pitwall.store.columns import Span
from pitwall.store.growth import GrowingColumns
from pitwall.store.samples import Samples
from pitwall.telemetry import Group

Times = NDArray[np.int64]
_NEVER = -(1 << 62)
_FOREVER = 1 << 62


class MathsChannel:
    """A computed channel of a car. Belongs to one thread.

    Attributes:
        columns: what has been worked out; None before anything was.
        group: as the catalog has it.
    """

    def __init__(self, node: Node, group: Group) -> None:
        self.columns: Columns | None = None
        self.group = group
        self._node = node
        self._groups = tuple(dict.fromkeys(place[0] for place in node.places()))
        self._inputs: dict[str, Columns] = {}
        self._laps: Times = np.zeros(0, np.int64)
        self._done = _NEVER
        """Event time up to which values are final."""
        self._growing = self._empty()
        self._last = 0
        """Counter of the run that the newest value is in."""
        self._version = 0

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that it is made of; its times are those of the first."""
        return self._groups

    def follow(self, inputs: Mapping[str, Columns], laps: Times) -> bool:
        """Work out what is new; True when :attr:`columns` are others than before.

        Args:
            inputs: columns of each of :attr:`groups`.
            laps: int64[k], beginnings of the car's laps, rising; none where they are not known.
        """
        axis = inputs[self._groups[0]]
        if self._node.reach.laps:
            if not len(laps):
                laps = np.array([axis.t_lo], np.int64)  # a session without laps is one
        else:
            laps = np.zeros(0, np.int64)
        same = all(inputs[name] is self._inputs.get(name) for name in self._groups)
        if same and np.array_equal(laps, self._laps):
            return False
        since = min(self._redo(inputs), self._other_laps(laps))
        self._inputs, self._laps = {name: inputs[name] for name in self._groups}, laps
        final = self._final(axis)
        if since > self._done:
            changed = self._add(axis, self._done, final)
        else:
            changed = self._again(axis, since, final)
        if changed:
            self._version += 1
            self.columns = self._growing.snapshot(self._version)
        return changed

    # -- what has to be worked out ------------------------------------------------------

    def _redo(self, inputs: Mapping[str, Columns]) -> int:
        """From when on values that are final are others now."""
        since = _FOREVER
        for name in self._groups:
            old, new = self._inputs.get(name), inputs[name]
            at = changed_from(old, new) if old is not new else None
            if old is None or at is None or at > old.t_hi:
                continue
            # Values between two samples hang on both; none are read over a longer silence.
            since = min(since, at - new.limit_us - self._node.reach.ahead_us - 1)
        return since

    def _other_laps(self, laps: Times) -> int:
        both = min(len(laps), len(self._laps))
        other = np.flatnonzero(laps[:both] != self._laps[:both])
        at = int(other[0]) if len(other) else both
        found = [int(each[at]) for each in (laps, self._laps) if at < len(each)]
        return min(found, default=_FOREVER) - self._node.reach.ahead_us - 1

    def _final(self, axis: Columns) -> int:
        """Up to when nothing that comes behind what is here changes a value."""
        reach = self._node.reach
        edge = min(self._inputs[name].t_hi for name in self._groups)
        last = axis.window(0, edge, edge, 0)
        if not len(last.t):
            last = axis.window(0, edge, edge, 1)
            before = last.t[last.t <= edge]
            if not len(before):
                return _NEVER
            edge = int(before[-1])
        limit = edge - reach.ahead_us
        near = axis.window(0, limit, limit, reach.ahead + 1).t
        near = near[near <= limit]
        return int(near[-1 - reach.ahead]) if len(near) > reach.ahead else _NEVER

    def _begin(self, axis: Columns, t: int) -> int:
        """The time from which on samples are needed for the values from ``t`` on."""
        reach = self._node.reach
        at = t - reach.back_us
        for _ in range(reach.laps):
            lap = int(np.searchsorted(self._laps, at, "right")) - 1
            # One sample before a lap tells what it began with.
            at = (int(self._laps[lap]) if lap >= 0 else at) - reach.back_us - 1
        near = axis.window(0, at, at, reach.back + reach.ahead + 3).t
        return int(near[0]) if len(near) else at

    # -- working it out -----------------------------------------------------------------

    def _add(self, axis: Columns, after: int, final: int) -> bool:
        """Values behind ``after``, which are put behind those that are here."""
        if final <= after:
            return False
        begin = self._begin(axis, after) if after > _NEVER else axis.t_lo
        found = self._worked_out(axis, begin, after, final)
        self._done = final
        if found is None:
            return False
        self._growing.insert(found)
        return True

    def _again(self, axis: Columns, since: int, final: int) -> bool:
        """Everything from ``since`` on anew."""
        near = axis.window(0, since, since, self._node.reach.ahead + 2).t
        cut = min(int(near[0]) if len(near) else since, since)
        kept = self.columns.span(_NEVER, cut - 1) if self.columns is not None else None
        self._growing, self._last = self._empty(), 0
        if self.columns is not None and kept is not None and len(kept.t):
            samples, self._last = _samples(self.columns, kept)
            self._growing.insert(samples)
            before = axis.window(0, cut - 1, cut - 1, 1).t
            before = before[before < cut]
            self._done = int(before[-1]) if len(before) else _NEVER
        else:
            self._done = _NEVER
        if self._done == _NEVER or self._done < axis.t_lo:
            found = self._worked_out(axis, axis.t_lo, _NEVER, final)
        else:
            found = self._worked_out(axis, self._begin(axis, self._done), self._done, final)
        if found is not None:
            self._growing.insert(found)
        self._done = max(final, self._done)
        return True

    def _worked_out(self, axis: Columns, begin: int, after: int, final: int) -> Samples | None:
        """Values at ``after < t <= final``, carried on from the one at ``after``."""
        edge = min(self._inputs[name].t_hi for name in self._groups)
        span = axis.span(begin, edge)
        if not len(span.t):
            return None
        frame = Frame(span.t, span.starts, self._laps, self._inputs, self._groups[0])
        # As they will be kept, so that what is no number there is none here.
        v = evaluate(self._node, frame).astype(self._growing.dtype)
        good = np.isfinite(v)
        broken = np.zeros(len(v), np.bool_)
        broken[span.starts] = True
        broken[1:] |= ~good[:-1]
        first = int(np.searchsorted(span.t, after, "right"))
        last = int(np.searchsorted(span.t, final, "right"))
        if first >= last or not good[first:last].any():
            return None
        broken[:1] = True
        joined = first > 0 and not broken[first]
        part = slice(first, last)
        run = np.cumsum(np.concatenate(([not joined], broken[part][1:])))
        code = _codes(axis, span)
        keep = good[part]
        counters = (self._last + 2 * run[keep]).astype(np.int32)
        self._last = int(counters[-1])
        return Samples.of(
            span.t[part][keep],
            v[part][keep][None],
            counters,
            np.zeros(len(counters), np.uint16),
            code[part][keep],
            span.lap[part][keep],
        )

    def _empty(self) -> GrowingColumns:
        growing = GrowingColumns(self.group)
        growing.epoch_index("computed")
        return growing


def _samples(columns: Columns, span: Span) -> tuple[Samples, int]:
    """Values that are kept, as they go into new columns, and the counter of their last run."""
    run = np.zeros(len(span.t), np.int64)
    run[span.starts] = 1
    counters = (2 * np.cumsum(run)).astype(np.int32)
    epoch = np.zeros(len(span.t), np.uint16)
    code = _codes(columns, span)
    return Samples.of(span.t, span.values, counters, epoch, code, span.lap), int(counters[-1])


def _codes(columns: Columns, span: Span) -> NDArray[np.uint8]:
    """uint8[n], as sample columns keep it: which leg brought each sample, and whether late."""
    code = np.empty(len(span.t), np.uint8)
    for a, z, source in span.sources:
        code[a:z] = source.code
    for first, last in columns.late(int(span.t[0]), int(span.t[-1])):
        since, until = span.t.searchsorted(first, "left"), span.t.searchsorted(last, "right")
        code[since:until] |= LATE
    return code
