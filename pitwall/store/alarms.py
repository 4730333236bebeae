"""Alarms on arrival: every rule over every car, whenever there is something new.

The engine belongs to one thread, which calls :meth:`AlarmEngine.update` after commits; the window
reads :attr:`AlarmEngine.board`, which is replaced whole, and asks for changes, which that thread
carries out with its next round.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pitwall.store.alarm_log import Arrival, Logged
from pitwall.store.alarm_rules import MOST_RULES, Rule
from pitwall.store.alarm_watch import Watch, acknowledged
from pitwall.store.columns import Columns
from pitwall.store.edits import Edit
from pitwall.telemetry import BadInput, Channel, PitwallError
from pitwall.telemetry.clock import NowUs, now_us

Find = Callable[[str], tuple[str, int, Channel] | None]
"""By name of a channel: its group, its column there, and the channel."""
Save = Callable[[tuple[Edit, ...]], None]


@dataclass(frozen=True, slots=True)
class Alarm:
    """One line of the log.

    Attributes:
        entry: what happened.
        rule: the rule as it was then.
        unit: of the rule's channel.
        current: False for a rule that is not among the rules any more.
    """

    entry: Logged
    rule: Rule
    unit: str
    current: bool

    @property
    def going(self) -> bool:
        """True while it has not ended, as far as is known."""
        return self.entry.t_hi is None and not self.entry.withdrawn and self.current

    @property
    def unseen(self) -> bool:
        """True for what nobody has acknowledged; history needs none."""
        told = self.entry.arrival is not Arrival.HISTORY
        return told and self.entry.acknowledged_us is None and not self.entry.withdrawn


@dataclass(frozen=True, slots=True)
class AlarmBoard:
    """What is to be known of the alarms, as of one round.

    Attributes:
        version: counts changes.
        rules: as they are.
        alarms: in order of event time.
        unknown: channels of rules that this session does not have.
        dropped: entries that are counted only.
        trouble: why something could not be kept, in one line; empty when all is well.
    """

    version: int = 0
    rules: tuple[Rule, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    unknown: tuple[str, ...] = ()
    dropped: int = 0
    trouble: str = ""

    @property
    def going(self) -> tuple[Alarm, ...]:
        """Those that have not ended."""
        return tuple(alarm for alarm in self.alarms if alarm.going)

    @property
    def unseen(self) -> tuple[Alarm, ...]:
        """Those that nobody has acknowledged."""
        return tuple(alarm for alarm in self.alarms if alarm.unseen)


@dataclass(slots=True)
class _Asked:
    """What the window wants; under the lock."""

    rules: tuple[Rule, ...] | None = None
    seen: set[int] = field(default_factory=set)


class AlarmEngine:
    """Watches a session.

    Attributes:
        board: replaced whole by :meth:`update`.
        asked: counts what the window asked for.
    """

    def __init__(
        self,
        cars: Callable[[], Iterable[str]],
        columns: Callable[[str, str], Columns | None],
        find: Find,
        *,
        rules: Iterable[Rule] = (),
        log: Iterable[Logged] = (),
        save: Save | None = None,
        told: bool = True,
        now: NowUs = now_us,
    ) -> None:
        """
        Args:
            cars: the cars of the session.
            columns: their samples by (car, group), computed ones included.
            find: see :data:`Find`.
            rules: to begin with.
            log: what the recording holds.
            save: keeps edits; may raise PitwallError, and may block: it is called by
                :meth:`update`. None when nothing can be kept.
            told: False over a file at rest: nobody is told anything, so nothing is kept but what
                is acknowledged.
            now: this machine's clock.
        """
        self.board = AlarmBoard()
        self.asked = 0
        self._cars = cars
        self._columns = columns
        self._find = find
        self._save = save
        self._told = told
        self._now = now
        self._lock = threading.Lock()
        self._wanted = _Asked(rules=tuple(rules))
        self._rules: tuple[Rule, ...] = ()
        self._watches: dict[tuple[object, str], Watch] = {}
        self._log = list(log)
        """Entries of the recording that no watch has taken up."""
        self._parsed: dict[str, Rule] = {}
        self._trouble = ""

    # -- any thread -----------------------------------------------------------------------

    def set_rules(self, rules: Iterable[Rule]) -> None:
        """Watch for these from the next round on. Raises BadInput for one that is wrong."""
        wanted = tuple(rules)
        if len(wanted) > MOST_RULES:
            raise BadInput(f"more than {MOST_RULES} alarms: remove some")
        for rule in wanted:
            if rule.fault():
                raise BadInput(f"alarm {rule.title}: {rule.fault()}")
        if len({rule.condition for rule in wanted}) < len(wanted):
            raise BadInput("two alarms that go off alike: change or remove one")
        with self._lock:
            self._wanted.rules = wanted
            self.asked += 1

    def acknowledge(self, ids: Iterable[int]) -> None:
        """Somebody has seen these."""
        with self._lock:
            self._wanted.seen |= set(ids)
            self.asked += 1

    # -- the engine's thread --------------------------------------------------------------

    def update(self) -> AlarmBoard:
        """Scan what is new; the board afterwards."""
        with self._lock:
            wanted, self._wanted = self._wanted, _Asked()
        edits: list[Edit] = []
        changed = wanted.rules is not None
        if wanted.rules is not None:
            self._take(wanted.rules)
        unknown = []
        for rule in self._rules:
            place = self._find(rule.channel)
            if place is None:
                unknown.append(rule.channel)
                continue
            for car in self._cars():
                if rule.watches(car):
                    edits += self._follow(rule, car, place)
        if wanted.seen:
            ids, now_us = frozenset(wanted.seen), self._now()
            for watch in self._watches.values():
                edits += watch.acknowledge(ids, now_us)
            edits += acknowledged(self._log, ids, now_us)
        before = self._trouble
        self._keep(edits)
        alarms = self._alarms()
        board = self.board
        dropped = sum(watch.dropped for watch in self._watches.values())
        now = (self._rules, alarms, tuple(dict.fromkeys(unknown)), dropped, self._trouble)
        was = (board.rules, board.alarms, board.unknown, board.dropped, before)
        if changed or now != was:
            self.board = AlarmBoard(board.version + 1, *now)
        return self.board

    def _take(self, rules: tuple[Rule, ...]) -> None:
        """Other rules. Watches of those that go off alike stay; of the others only what somebody
        was told of."""
        self._rules = rules
        conditions = {rule.condition for rule in rules}
        for key in [key for key in self._watches if key[0] not in conditions]:
            watch = self._watches.pop(key)
            kept = [e for e in watch.entries if e.arrival is not Arrival.HISTORY]
            self._log += kept + watch.waiting()
        for rule in rules:
            for (condition, car), watch in list(self._watches.items()):
                if condition != rule.condition:
                    continue
                watch.rule = rule
                if not rule.watches(car):
                    self._log += [e for e in watch.entries if e.arrival is not Arrival.HISTORY]
                    self._log += watch.waiting()
                    del self._watches[condition, car]

    def _follow(self, rule: Rule, car: str, place: tuple[str, int, Channel]) -> list[Edit]:
        columns = self._columns(car, place[0])
        key = (rule.condition, car)
        watch = self._watches.get(key)
        if columns is None:
            return []
        if watch is None:
            mine = [e for e in self._log if e.car == car and self._of(e, rule)]
            self._log = [e for e in self._log if e not in mine]
            watch = self._watches[key] = Watch(rule, car, mine, told=self._told)
        return watch.follow(columns, place[1]) if watch.behind(columns) else []

    def _of(self, entry: Logged, rule: Rule) -> bool:
        parsed = self._rule(entry)
        return parsed is not None and parsed.condition == rule.condition

    def _rule(self, entry: Logged) -> Rule | None:
        rule = self._parsed.get(entry.rule)
        if rule is None:
            try:
                rule = self._parsed[entry.rule] = Rule.from_text(entry.rule)
            except BadInput:
                return None
        return rule

    def _alarms(self) -> tuple[Alarm, ...]:
        found: list[Alarm] = []
        for watch in self._watches.values():
            place = self._find(watch.rule.channel)
            unit = place[2].unit if place is not None else ""
            found += [Alarm(entry, watch.rule, unit, True) for entry in watch.entries]
            found += [Alarm(entry, watch.rule, unit, True) for entry in watch.waiting()]
        for entry in self._log:
            rule = self._rule(entry)
            if rule is not None:
                place = self._find(rule.channel)
                found.append(Alarm(entry, rule, place[2].unit if place else "", False))
        return tuple(sorted(found, key=lambda alarm: (alarm.entry.t_lo, alarm.entry.id)))

    def _keep(self, edits: list[Edit]) -> None:
        if not edits:
            return
        if self._save is None:
            self._trouble = "this recording cannot be written: alarms are not kept"
            return
        try:
            self._save(tuple(edits))
            self._trouble = ""
        except PitwallError as error:
            self._trouble = f"alarms are not kept: {error}"
