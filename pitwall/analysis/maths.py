"""Maths channels: what the user defines, worked out for whoever looks at it.

The engine belongs to one thread, which calls :meth:`MathsEngine.update` after commits; the window
sets definitions and reads :attr:`MathsEngine.board`, which is replaced whole.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitwall.analysis.maths_channel import MathsChannel
from pitwall.analysis.maths_functions import FUNCTIONS
from pitwall.analysis.maths_parse import CONSTANTS, is_name, understand
from pitwall.analysis.maths_tree import MathsError, Node
from pitwall.store import MARK, Columns, SessionStore
from pitwall.telemetry import BadInput, Catalog, Channel, Group

MOST_DEFINITIONS = 64
_NO_LAPS = np.zeros(0, np.int64)
Laps = Callable[[str], NDArray[np.int64]]
"""Beginnings of a car's laps, int64[k], event time, rising."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A maths channel as the user wrote it.

    Attributes:
        name: how it is called in other expressions; a name as channels have.
        expression: see :mod:`pitwall.analysis.maths_parse`.
        label: as shown; the name where it is empty.
        low, high: limits of its axis; both 0 for those of the data.
    """

    name: str
    expression: str
    label: str = ""
    low: float = 0.0
    high: float = 0.0

    def plain(self) -> dict[str, Any]:
        """Plain values, as settings and layouts keep it."""
        return asdict(self)

    @staticmethod
    def from_plain(doc: Any) -> Definition:
        """Inverse of :meth:`plain`. Raises BadInput; whether the expression can be understood is
        not asked, for that depends on the session."""
        try:
            one = Definition(
                str(doc["name"]),
                str(doc["expression"]),
                str(doc.get("label", "")),
                float(doc.get("low", 0.0)),
                float(doc.get("high", 0.0)),
            )
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadInput(f"not a maths channel: {error!r}") from error
        if not is_name(one.name):
            raise BadInput(f"maths channel {one.name[:40]!r}: not a name")
        if not (math.isfinite(one.low) and math.isfinite(one.high)):
            raise BadInput(f"maths channel {one.name}: its limits are no numbers")
        return one


@dataclass(frozen=True, slots=True)
class Worked:
    """What became of a definition.

    Attributes:
        definition: as given.
        unit: of its values; empty where it could not be understood.
        fault: what is wrong with the expression, and where; None when nothing is.
        constant: its value, when it is made of no channel.
        step: True when it jumps between states.
        note: how it was made that is worth knowing: whose times it has.
    """

    definition: Definition
    unit: str = ""
    fault: MathsError | None = None
    constant: float | None = None
    step: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class MathsBoard:
    """All definitions, as of one version."""

    version: int = 0
    worked: tuple[Worked, ...] = ()


def check(definition: Definition, catalog: Catalog, others: Iterable[Definition]) -> Worked:
    """What a definition would be among ``others``. Never raises."""
    return _worked(definition, catalog, tuple(others))[0]


def _worked(
    definition: Definition, catalog: Catalog, others: tuple[Definition, ...]
) -> tuple[Worked, Node | None]:
    name = definition.name
    try:
        if not is_name(name):
            raise MathsError("a name is letters, digits and _, and begins with a letter")
        if name in FUNCTIONS or name in CONSTANTS:
            raise MathsError(f"{name} means something already")
        if any(channel.name == name for group in catalog.groups for channel in group.channels):
            raise MathsError(f"there is a channel {name} already")
        expressions = {one.name: one.expression for one in others if one.name != name}
        node = understand(definition.expression, catalog, expressions, name)
    except MathsError as error:
        return Worked(definition, fault=error), None
    unit = node.unit.symbol
    if node.op == "number":
        return Worked(definition, unit, constant=node.numbers[0]), None
    places = node.places()
    if not places:
        return Worked(definition, unit, fault=MathsError("it has no value")), None
    groups = tuple(dict.fromkeys(group for group, _ in places))
    note = ""
    if len(groups) > 1:
        first = catalog.group(groups[0])
        note = f"at the times of {first.name} ({first.rate_hz:g} Hz); other groups in between"
    return Worked(definition, unit, step=node.step, note=note), node


class MathsEngine:
    """Works out a session's maths channels.

    Attributes:
        board: replaced whole by :meth:`update`.
        asked: counts what the window asked for.
    """

    def __init__(
        self, store: SessionStore, laps: Laps, definitions: Iterable[Definition] = ()
    ) -> None:
        self.board = MathsBoard()
        self.asked = 0
        self._store = store
        self._laps = laps
        self._lock = threading.Lock()
        self._wanted: tuple[Definition, ...] | None = tuple(definitions)
        self._nodes: dict[str, Node] = {}
        self._groups: dict[str, Group] = {}
        self._channels: dict[tuple[str, str], MathsChannel] = {}
        self._published: object = None

    def set_definitions(self, definitions: Iterable[Definition]) -> None:
        """Work these out from the next round on; any thread. Raises BadInput when two have one
        name, or they are too many."""
        wanted = tuple(definitions)
        if len(wanted) > MOST_DEFINITIONS:
            raise BadInput(f"more than {MOST_DEFINITIONS} maths channels: remove some")
        if len({one.name for one in wanted}) < len(wanted):
            raise BadInput("two maths channels have one name: rename one")
        with self._lock:
            self._wanted = wanted
            self.asked += 1

    def update(self) -> MathsBoard:
        """Work out what is new for whoever asked."""
        with self._lock:
            wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self._take(wanted)
        asked = set(self._store.computed.wanted())
        for key in [key for key in self._channels if key not in asked]:
            del self._channels[key]
        for car, group in asked:
            self._follow(car, group)
        self._publish()
        return self.board

    def _take(self, definitions: tuple[Definition, ...]) -> None:
        catalog = self._store.session.catalog
        worked, nodes = [], {}
        for one in definitions:
            found, node = _worked(one, catalog, definitions)
            worked.append(found)
            if node is not None:
                nodes[MARK + one.name] = node
        groups = {}
        for found in worked:
            name = MARK + found.definition.name
            if name in nodes:
                first = catalog.group(nodes[name].places()[0][0])
                before = self._groups.get(name)
                same = before is not None and self._nodes.get(name) == nodes[name]
                limits = (found.definition.low, found.definition.high)
                if same and before is not None and limits == (0.0, 0.0):
                    channel = before.channels[0]
                    limits = (channel.low, channel.high)
                groups[name] = _group(found, first, limits)
        for key in list(self._channels):
            if self._nodes.get(key[1]) != nodes.get(key[1]):
                del self._channels[key]
        self._nodes, self._groups = nodes, groups
        self.board = MathsBoard(self.board.version + 1, tuple(worked))

    def _follow(self, car: str, group: str) -> None:
        node = self._nodes.get(group)
        if node is None:
            return
        channel = self._channels.get((car, group))
        if channel is None:
            channel = MathsChannel(node, self._groups[group])
        inputs = {name: self._store.columns(car, name) for name in channel.groups}
        held = {name: columns for name, columns in inputs.items() if columns is not None}
        if len(held) < len(inputs):
            return  # the car does not send all that it is made of
        self._channels[car, group] = channel
        laps = self._laps(car) if node.reach.laps else _NO_LAPS
        if channel.follow(held, laps) and channel.columns is not None:
            self._widen(group, channel.columns)

    def _widen(self, name: str, columns: Columns) -> None:
        """The limits of the axis hold what there is, where the user has not given any."""
        found = next(w for w in self.board.worked if MARK + w.definition.name == name)
        if (found.definition.low, found.definition.high) != (0.0, 0.0):
            return
        now = self._groups[name].channels[0]
        between = columns.between(columns.t_lo, columns.t_hi)
        if not between.count[0]:
            return
        low, high = float(between.low[0]), float(between.high[0])
        if now.low < now.high and now.low <= low and high <= now.high:
            return
        if now.low < now.high:
            low, high = min(low, now.low), max(high, now.high)
        self._groups[name] = _group(found, self._groups[name], round_limits(low, high))

    def _publish(self) -> None:
        columns = {
            key: channel.columns
            for key, channel in self._channels.items()
            if channel.columns is not None and channel.columns.blocks
        }
        groups = tuple(self._groups.values())
        state = (groups, {key: id(each) for key, each in columns.items()})
        if state != self._published:
            self._published = state
            self._store.computed.publish(groups, columns)


def _group(found: Worked, first: Group, limits: tuple[float, float]) -> Group:
    """A group of one channel, sampled as ``first`` is."""
    one = found.definition
    channel = Channel(one.name, found.unit, 0.0, *limits, found.step, one.label)
    return Group(MARK + one.name, first.rate_hz, first.chunk_us, (channel,))


def round_limits(low: float, high: float) -> tuple[float, float]:
    """Limits that hold both, at numbers that people read easily."""
    if not high - low > 1e-9 * max(abs(low), abs(high), 1e-3):
        room = abs(low) / 10 or 1.0
        low, high = low - room, high + room
    step = 10.0 ** math.floor(math.log10(high - low))
    for part in (0.1, 0.2, 0.5, 1.0):
        if (high - low) / (step * part) <= 12:
            step *= part
            break
    return min(math.floor(low / step) * step, low), max(math.ceil(high / step) * step, high)
